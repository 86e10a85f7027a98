"""What ``mskv connect`` asks the connect function, and the client files that it writes."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from mskv import exits
from mskv.access import FunctionFailedError, open_access
from mskv.answers import ConnectAnswer, ConnectMode, ModeUse, RoundTrip
from mskv.approval import approve
from mskv.options import Output
from mskv.output import Result, aligned, print_before_approval, print_result
from mskv.place import Place
from mskv.private_files import make_folder, new_file, refuse_existing, refuse_tracked
from mskv.progress import Progress, progress

_FUNCTION = "ConnectFunction"
_HELD = "a password"
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


def poller_access(place: Place, reporter: Progress) -> Result:
    """What the mappings' pollers need on topics and groups, to be pasted; comments say what to heed.

    Raises:
        FunctionFailedError: the deployed function does not say it.
    """
    access = open_access(place, reporter)
    whole, answer = access.invoke(_FUNCTION, {"action": "describe"}, "asking MSK about the cluster", ConnectAnswer)
    if answer.pollers is None:
        raise FunctionFailedError("the function says nothing of the pollers: deploy this version of the template")
    lines = [f"# {note}" for note in answer.pollers.notes]
    lines += answer.pollers.acls
    if answer.pollers.statements:
        lines.append(json.dumps(answer.pollers.statements, indent=2))
    return Result(whole["pollers"], "\n".join(lines), exits.OK)


def write_files(place: Place, reporter: Progress, folder: Path, *, password: bool, force: bool) -> Result:
    """Write the client files.

    Raises:
        UsageError: git would track them, or files of these names are there (nothing was written), or the folder can't
            be written to.
        FunctionFailedError: the function made no files.
    """
    if not force:
        refuse_tracked(folder, _FILES, _HELD)
    include = ["password"] if password else []
    access = open_access(place, reporter)
    _, answer = access.invoke(_FUNCTION, {"include": include}, "asking for the client files", ConnectAnswer)
    files = answer.client.files if answer.client else {}
    if not files:
        reasons = "; ".join(_findings(answer)) or "the function made none"
        raise FunctionFailedError(f"no client files: {reasons}; `mskv connect` shows the auth modes")
    if not force:
        refuse_tracked(folder, files, _HELD)
        refuse_existing(folder, files)
    try:
        make_folder(folder)
        paths = [str(_write(folder / Path(name).name, text)) for name, text in files.items()]
    except OSError as error:
        raise click.UsageError(f"can't write {error.filename or folder}: {error.strerror}") from error
    # Not the answer itself, which holds the password.
    findings = _findings(answer)
    return Result({"files": paths, "findings": findings}, "\n".join([*paths, *findings]), _status(answer))


def source_event(name: str, topics: Sequence[str], *, renew_secret: bool) -> dict[str, Any]:
    """What to register: a source that consumes topics, and their targets."""
    return {"source": {"name": name, "topics": list(topics)}, "renew_secret": renew_secret}


# What the forwarder sends to.
TARGETS_EVENT: dict[str, Any] = {"targets_only": True}


def register_approved(place: Place, event: dict[str, Any], output: Output, *, yes: bool) -> int:
    """Show the plan for Vantiq, have it approved, register, and test a source. Returns the exit status.

    Raises:
        UsageError: nobody is there to approve.
    """
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
        doing = "registering"
        if "source" in event:
            doing = "registering, and sending a test message"
        whole, answer = again.invoke(_FUNCTION, {"action": "register", **event}, doing, ConnectAnswer)
    return print_result(_registration(whole, answer), output)


def _write(path: Path, text: str) -> Path:
    with new_file(path) as file:
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
    test = answer.registration.test
    if test:
        lines.insert(0, _test_line(test))
    return Result(whole, "\n".join([answer.registration.table, *lines]), _status(answer))


def _test_line(test: RoundTrip) -> str:
    if test.received:
        return f"test: a message was sent to {test.topic} through the source, and received through it"
    if test.published:
        return f"test: a message was sent to {test.topic} through the source, and not received"
    return f"test: no message was sent to {test.topic}"
