"""What ``mskv topics`` asks the topics function, and what its answers mean."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from mskv import exits
from mskv.access import Access, open_access
from mskv.approval import approve
from mskv.options import Output
from mskv.output import Result, printable, rendered
from mskv.place import Place
from mskv.progress import Progress, progress

_FUNCTION = "TopicsFunction"
_DONE = {"planned", "applied", "checked", "deleted"}


def planned(place: Place, reporter: Progress, only: Sequence[str]) -> Result:
    """The plan; a problem if the function refuses a part of it."""
    return _result(_ask(open_access(place, reporter), {"action": "plan", "only": list(only)}, "planning"))


def checked(place: Place, reporter: Progress, only: Sequence[str]) -> Result:
    """Whether the cluster differs from the declaration; a problem if it does."""
    answer = _ask(open_access(place, reporter), {"action": "check", "only": list(only)}, "comparing")
    result = _result(answer)
    if any(answer["drift"].values()):
        return result._replace(exit_status=exits.PROBLEM)
    return result


def deleted(place: Place, reporter: Progress, names: Sequence[str], although: Sequence[str]) -> Result:
    """Delete topics; the caller has confirmed their names."""
    deletions = [{"topic": name, "confirm": name, "although": list(although)} for name in names]
    access = open_access(place, reporter)
    return _result(_ask(access, {"action": "delete", "delete": deletions}, "deleting"))


def apply_approved(place: Place, plan_file: Path | None, only: Sequence[str], output: Output, *, yes: bool) -> int:
    """Show a plan, have it approved, apply exactly that plan. Returns the exit status.

    Raises:
        UsageError: the file holds no plan, or nobody is there to approve.
    """
    with progress() as reporter:
        access = open_access(place, reporter)
        if plan_file:
            plan, text = read_plan(plan_file.read_text(encoding="utf-8")), ""
        else:
            answer = _ask(access, {"action": "plan", "only": list(only)}, "planning")
            plan, text = answer["plan"], answer["table"]
            if answer["status"] != "planned" or not changes(plan):
                return _print(_result(answer), output)
    if text:
        # JSON on standard output is the result alone.
        click.echo(printable(text), err=output in {"json", "yaml"})
    if not yes:
        approve(f"Apply this to {place.stack}?")
    with progress() as reporter:
        answer = _ask(access._replace(progress=reporter), {"action": "apply", "plan": plan}, "applying")
    return _print(_result(answer), output)


def read_plan(text: str) -> dict[str, Any]:
    """The plan in the output of ``topics plan -o json``, or by itself.

    Raises:
        UsageError: there is none.
    """
    try:
        content = json.loads(text)
    except ValueError as error:
        raise click.UsageError(f"the plan is not JSON: {error}") from error
    plan = content.get("plan", content) if isinstance(content, dict) else None
    if not isinstance(plan, dict) or not isinstance(plan.get("steps"), list):
        raise click.UsageError("the file holds no plan: write one with `mskv topics plan -o json > plan.json`")
    return plan


def changes(plan: dict[str, Any]) -> list[str]:
    """The topics that a plan would change."""
    return [step["topic"] for step in plan["steps"] if step["action"] not in {"unchanged", "refused"}]


def _ask(access: Access, event: dict[str, Any], doing: str) -> dict[str, Any]:
    answer: dict[str, Any] = access.invoke(_FUNCTION, event, doing)
    return answer


def _result(answer: dict[str, Any]) -> Result:
    return Result(answer, answer["table"], exits.OK if answer["status"] in _DONE else exits.PROBLEM)


def _print(result: Result, output: Output) -> int:
    click.echo(rendered(result, output))
    return result.exit_status
