"""What ``mskv connect`` asks the connect function, and the client files that it writes."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from mskv import exits
from mskv.access import open_access
from mskv.approval import approve
from mskv.errors import NotReachedError
from mskv.options import Output
from mskv.output import Result, aligned, printable, rendered
from mskv.place import Place
from mskv.progress import Progress, progress

_FUNCTION = "ConnectFunction"
# Only its owner may read what holds a password.
_FILE_MODE, _FOLDER_MODE = 0o600, 0o700


def described(place: Place, reporter: Progress) -> Result:
    """The auth modes and findings."""
    answer = open_access(place, reporter).invoke(_FUNCTION, {"action": "describe"}, "asking MSK about the cluster")
    rows = [["AUTH MODE", "STATE", "VANTIQ", "FORWARDER"], *map(_mode_row, answer["auth_modes"])]
    reasons = [f"{mode['mode']}: {mode['vantiq']['reason']}" for mode in answer["auth_modes"]]
    text = "\n".join([aligned(rows), *_findings(answer)])
    return Result(answer, text, _status(answer), wide="\n".join([text, *reasons]))


def write_files(place: Place, reporter: Progress, folder: Path, *, password: bool, force: bool) -> Result:
    """Write the client files.

    Raises:
        UsageError: git would track them, or files of these names are there; nothing was written.
        NotReachedError: the function made no files.
    """
    if not force:
        refuse_tracked(folder)
    include = ["password"] if password else []
    answer = open_access(place, reporter).invoke(_FUNCTION, {"include": include}, "asking for the client files")
    files = (answer.get("client") or {}).get("files") or {}
    if not files:
        reasons = "; ".join(_findings(answer)) or "the function gave none"
        raise NotReachedError(f"no client files: {reasons}", "mskv connect shows the auth modes")
    if not force:
        _refuse_existing(folder, files)
    folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    paths = [_write(folder / Path(name).name, text) for name, text in files.items()]
    # Not the answer itself, which holds the password.
    return Result([str(path) for path in paths], "\n".join(map(str, paths)), _status(answer))


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
        answer = access.invoke(_FUNCTION, {"action": "plan", **event}, "planning in Vantiq")
    if answer["registration"] is None or _status(answer) != exits.OK:
        return _print(_registration(answer), output)
    click.echo(printable(answer["registration"]["table"]), err=output in {"json", "yaml"})
    if not yes:
        approve("Register this in Vantiq?")
    with progress() as reporter:
        again = access._replace(progress=reporter)
        answer = again.invoke(_FUNCTION, {"action": "register", **event}, "registering and testing")
    return _print(_registration(answer), output)


def refuse_tracked(folder: Path) -> None:
    """A folder in a git checkout must be ignored by it.

    Raises:
        UsageError: git would track its files.
    """
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.is_dir())
    command = ["git", "-C", str(existing), "check-ignore", "--quiet", str(folder.absolute() / "client.properties")]
    try:
        status = subprocess.run(command, capture_output=True, timeout=30, check=False).returncode
    except (OSError, subprocess.TimeoutExpired):
        return  # without git nothing is tracked
    # 0: ignored. 1: would be tracked. 128: not a checkout.
    if status == 1:
        raise click.UsageError(
            f"git would track the files in {folder}, and they hold a password: use a folder outside of the checkout, "
            "add it to .gitignore, or use --force"
        )


def _refuse_existing(folder: Path, files: dict[str, str]) -> None:
    existing = sorted(name for name in files if (folder / name).exists())
    if existing:
        raise click.UsageError(f"{folder} already has {', '.join(existing)}: use another folder, or --force")


def _write(path: Path, text: str) -> Path:
    # A new file from the start: an old one may be readable by others.
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE), "w", encoding="utf-8") as file:
        file.write(text)
    return path


def _mode_row(mode: dict[str, Any]) -> list[str]:
    return [mode["mode"], mode["state"], _use(mode["vantiq"]), _use(mode["forwarder"])]


def _use(use: dict[str, Any]) -> str:
    if not use["usable"]:
        return "no"
    return "yes" if use["known"] else "yes (from documents, not tried)"


def _findings(answer: dict[str, Any]) -> list[str]:
    return [f"{finding['severity']}: {finding['subject']}: {finding['text']}" for finding in answer["findings"]]


def _status(answer: dict[str, Any]) -> int:
    errors = [finding for finding in answer["findings"] if finding["severity"] == "error"]
    return exits.PROBLEM if errors else exits.OK


def _registration(answer: dict[str, Any]) -> Result:
    registration = answer["registration"]
    lines = _findings(answer)
    status = _status(answer)
    if registration is None:
        return Result(answer, "\n".join(["nothing was planned", *lines]), exits.PROBLEM)
    return Result(answer, "\n".join([registration["table"], *lines]), status)


def _print(result: Result, output: Output) -> int:
    click.echo(rendered(result, output))
    return result.exit_status
