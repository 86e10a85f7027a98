"""What ``mskv connect`` asks the connect function, and the client files that it writes."""

import os
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from mskv import exits
from mskv.access import FunctionFailedError, open_access
from mskv.answers import ConnectAnswer, ConnectMode, ModeUse
from mskv.approval import approve
from mskv.options import Output
from mskv.output import Result, aligned, print_before_approval, print_result
from mskv.place import Place
from mskv.progress import Progress, progress

_FUNCTION = "ConnectFunction"
# Only its owner may read what holds a password.
_FILE_MODE, _FOLDER_MODE = 0o600, 0o700
# In every auth mode; with SCRAM there are more.
_FILES = ("client.properties", "kcat.conf")


def described(place: Place, reporter: Progress) -> Result:
    """The auth modes and findings."""
    access = open_access(place, reporter)
    whole, answer = access.invoke(_FUNCTION, {"action": "describe"}, "asking MSK about the cluster", ConnectAnswer)
    rows = [["AUTH MODE", "STATE", "VANTIQ", "FORWARDER"], *map(_mode_row, answer.auth_modes)]
    reasons = [f"{mode.mode}: {mode.vantiq.reason}" for mode in answer.auth_modes]
    text = "\n".join([aligned(rows), *_findings(answer)])
    return Result(whole, text, _status(answer), wide="\n".join([text, *reasons]))


def write_files(place: Place, reporter: Progress, folder: Path, *, password: bool, force: bool) -> Result:
    """Write the client files.

    Raises:
        UsageError: git would track them, or files of these names are there (nothing was written), or the folder can't
            be written to.
        FunctionFailedError: the function made no files.
    """
    if not force:
        refuse_tracked(folder, _FILES)
    include = ["password"] if password else []
    access = open_access(place, reporter)
    _, answer = access.invoke(_FUNCTION, {"include": include}, "asking for the client files", ConnectAnswer)
    files = answer.client.files if answer.client else {}
    if not files:
        reasons = "; ".join(_findings(answer)) or "the function made none"
        raise FunctionFailedError(f"no client files: {reasons}; `mskv connect` shows the auth modes")
    if not force:
        refuse_tracked(folder, files)
        _refuse_existing(folder, files)
    try:
        folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        paths = [str(_write(folder / Path(name).name, text)) for name, text in files.items()]
    except OSError as error:
        raise click.UsageError(f"can't write {error.filename or folder}: {error.strerror}") from error
    # Not the answer itself, which holds the password.
    findings = _findings(answer)
    return Result({"files": paths, "findings": findings}, "\n".join([*paths, *findings]), _status(answer))


def register_approved(
    place: Place, name: str, topics: Sequence[str], output: Output, *, renew_secret: bool, yes: bool
) -> int:
    """Show the plan for Vantiq's source, have it approved, register and test it. Returns the exit status.

    Raises:
        UsageError: nobody is there to approve.
    """
    event = {"source": {"name": name, "topics": list(topics)}, "renew_secret": renew_secret}
    with progress() as reporter:
        access = open_access(place, reporter)
        whole, answer = access.invoke(_FUNCTION, {"action": "plan", **event}, "planning in Vantiq", ConnectAnswer)
    if answer.registration is None or _status(answer) != exits.OK:
        return print_result(_registration(whole, answer), output)
    print_before_approval("\n".join([answer.registration.table, *_findings(answer)]), output)
    if not yes:
        approve("Register this in Vantiq?")
    with progress() as reporter:
        again = access._replace(progress=reporter)
        doing = "registering and testing"
        whole, answer = again.invoke(_FUNCTION, {"action": "register", **event}, doing, ConnectAnswer)
    return print_result(_registration(whole, answer), output)


def refuse_tracked(folder: Path, names: Iterable[str]) -> None:
    """A folder in a git checkout must have all of these files ignored by it.

    Raises:
        UsageError: git would track one.
    """
    # Git takes a path through a symbolic link for one outside of the checkout.
    folder = folder.resolve()
    existing = next(path for path in (folder, *folder.parents) if path.is_dir())
    tracked = [name for name in names if _is_tracked(existing, folder / name)]
    if tracked:
        raise click.UsageError(
            f"git would track {', '.join(tracked)} in {folder}, and the files hold a password: use a folder outside of "
            "the checkout, add it to .gitignore, or use --force"
        )


def _is_tracked(existing: Path, path: Path) -> bool:
    command = ["git", "-C", str(existing), "check-ignore", "--quiet", str(path)]
    try:
        status = subprocess.run(command, capture_output=True, timeout=30, check=False).returncode
    except (OSError, subprocess.TimeoutExpired):
        return False  # without git nothing is tracked
    # 0: ignored. 1: would be tracked. 128: not a checkout.
    return status == 1


def _refuse_existing(folder: Path, files: dict[str, str]) -> None:
    existing = sorted(name for name in files if os.path.lexists(folder / Path(name).name))
    if existing:
        raise click.UsageError(f"{folder} already has {', '.join(existing)}: use another folder, or --force")


def _write(path: Path, text: str) -> Path:
    # A new file from the start: an old one may be readable by others.
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE), "w", encoding="utf-8") as file:
        file.write(text)
    return path


def _mode_row(mode: ConnectMode) -> list[str]:
    return [mode.mode, mode.state, _use(mode.vantiq), _use(mode.forwarder)]


def _use(use: ModeUse) -> str:
    if not use.usable:
        return "no"
    return "yes" if use.known else "yes (from documents, not tried)"


def _findings(answer: ConnectAnswer) -> list[str]:
    return [f"{finding.severity}: {finding.subject}: {finding.text}" for finding in answer.findings]


def _status(answer: ConnectAnswer) -> int:
    errors = [finding for finding in answer.findings if finding.severity == "error"]
    return exits.PROBLEM if errors else exits.OK


def _registration(whole: Any, answer: ConnectAnswer) -> Result:
    lines = _findings(answer)
    if answer.registration is None:
        return Result(whole, "\n".join(["nothing was planned", *lines]), exits.PROBLEM)
    return Result(whole, "\n".join([answer.registration.table, *lines]), _status(answer))
