"""Problems made from causes: the registry's row gives meaning, remedy, command and owner."""

from collections.abc import Sequence
from typing import Any

from msk_toolkit.causes import Cause
from msk_toolkit.diagnose.finding import Severity
from msk_toolkit.path_causes import PathCause
from msk_toolkit.status.facts import StackFacts
from msk_toolkit.status.model import Part, Problem
from msk_toolkit.version import document_url

_RUNBOOK = "docs/runbook.md"


def runbook(cause: str) -> str:
    """The address of the runbook's section about a cause."""
    return document_url(f"{_RUNBOOK}#{cause}")


def command(stack: StackFacts, text: str) -> str:
    """A command of mskv complete with what it needs to find the stack; any other command as it is."""
    return f"{text} {stack.option}".rstrip() if text.startswith("mskv ") else text


def path_problem(
    stack: StackFacts, cause: PathCause, severity: Severity, part: Part, *, topics: Sequence[str] = (), **fields: Any
) -> Problem:
    """A problem of the path; ``fields`` are further fields, or replace those of the cause."""
    complete: dict[str, Any] = {
        "sentence": cause.meaning,
        "remedy": cause.remedy,
        "command": command(stack, _command_of(cause, topics)),
        "owner": cause.owner.value,
        "runbook": runbook(cause),
        **fields,
    }
    return Problem(severity=severity, part=part, cause=cause.value, topics=list(topics), **complete)


def _command_of(cause: PathCause, topics: Sequence[str]) -> str:
    if len(topics) == 1:
        return cause.command_for(topics[0])
    # A command takes one topic, and without one it shows them all.
    return cause.command if not topics else cause.command_for(topics[0])


def owner_of(cause: Cause | None) -> str:
    """Who can fix a probe's cause; empty where it has none."""
    return cause.owner.value if cause is not None else ""
