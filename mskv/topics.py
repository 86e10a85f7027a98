"""What ``mskv topics`` asks the topics function, and what its answers mean."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from mskv import exits
from mskv.access import Access, open_access
from mskv.answers import ExportAnswer, ExportedTopic, TopicsAnswer, TopicsPlan, TopicStep
from mskv.approval import approve
from mskv.aws.letters import cluster_of
from mskv.options import Output
from mskv.output import Result, print_before_approval, print_result, printable
from mskv.place import Place
from mskv.progress import Progress, progress
from mskv.topics_file import topics_file

_FUNCTION = "TopicsFunction"
_WITHOUT_CHANGE = {"unchanged", "refused"}
_DONE = {"planned", "applied", "checked", "deleted"}


def planned(place: Place, reporter: Progress, only: Sequence[str]) -> Result:
    """The plan; a problem if the function refuses a part of it."""
    return _ask(open_access(place, reporter), {"action": "plan", "only": list(only)}, "planning")


def checked(place: Place, reporter: Progress, only: Sequence[str]) -> Result:
    """Whether the cluster differs from the declaration; a problem if it does."""
    return _ask(open_access(place, reporter), {"action": "check", "only": list(only)}, "comparing")


def deleted(place: Place, reporter: Progress, names: Sequence[str], although: Sequence[str]) -> Result:
    """Delete topics; the caller has confirmed their names."""
    deletions = [{"topic": name, "confirm": name, "although": list(although)} for name in names]
    access = open_access(place, reporter)
    return _ask(access, {"action": "delete", "delete": deletions}, "deleting")


def apply_approved(place: Place, plan_file: Path | None, only: Sequence[str], output: Output, *, yes: bool) -> int:
    """Show a plan, have it approved, apply exactly that plan. Returns the exit status.

    Raises:
        UsageError: the file holds no plan, or nobody is there to approve.
    """
    with progress() as reporter:
        access = open_access(place, reporter)
        if plan_file:
            plan = read_plan(plan_file)
            # It may have been made for some of the declared topics.
            only = [step.topic for step in _steps(plan)]
            text = "\n".join(changes(plan)) or "the plan changes nothing"
        else:
            planned = _ask(access, {"action": "plan", "only": list(only)}, "planning")
            plan, text = planned.data.get("plan"), planned.text
            if planned.exit_status != exits.OK or not changes(plan):
                return _print_refused(planned, output)
    print_before_approval(text, output)
    if not yes:
        approve(f"Apply this to {place.stack}?")
    with progress() as reporter:
        event = {"action": "apply", "plan": plan, "only": list(only)}
        applied = _ask(access._replace(progress=reporter), event, "applying")
    return print_result(applied, output)


def _print_refused(planned: Result, output: Output) -> int:
    """Print a plan that is not applied, and how to apply what nothing is wrong with."""
    status = print_result(planned, output)
    steps = _steps(planned.data.get("plan"))
    others = [step.topic for step in steps if step.action not in _WITHOUT_CHANGE]
    if others and any(step.action == "refused" for step in steps):
        command = " ".join(["mskv topics apply", *(f"--only {topic}" for topic in others)])
        click.echo(f"nothing was changed; without the refused topics: {command}", err=True)
    return status


def exported(place: Place, reporter: Progress, only: Sequence[str], file: Path | None, *, force: bool) -> Result:
    """The cluster's topics as a topics.yaml, on standard output or in a file; a problem if one can't be read.

    Raises:
        UsageError: the file is there already, or can't be written.
    """
    if file and file.exists() and not force:
        raise click.UsageError(f"{file} exists: use another name, or --force")
    access = open_access(place, reporter)
    topics, problems = _all_topics(access, only)
    data = {"topics": [msgspec.structs.asdict(topic) for topic in topics], "problems": problems}
    text = topics_file(topics, f"{cluster_of(access.stack.parameters)} by the stack {place.stack}")
    status = exits.PROBLEM if problems else exits.OK
    if file is None:
        click.echo("".join(f"not exported: {printable(problem)}\n" for problem in problems), err=True, nl=False)
        return Result(data, text.rstrip("\n"), status)
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"can't write {file}: {error.strerror}") from error
    notes = [" ".join(f"{topic.name}: {topic.note}".split()) for topic in topics if topic.note]
    lines = [f"{file}: {len(topics):,} topics", *notes, *[f"not exported: {problem}" for problem in problems]]
    return Result({"file": str(file), **data}, "\n".join(lines), status)


def _all_topics(access: Access, only: Sequence[str]) -> tuple[list[ExportedTopic], list[str]]:
    """Every topic, and a sentence for each that can't be read, in as many invocations as it takes."""
    topics: list[ExportedTopic] = []
    problems: dict[str, None] = {}
    event: dict[str, Any] = {"action": "export", "only": list(only)}
    while True:
        doing = f"reading the topics of the cluster ({len(topics):,} so far)"
        _, answer = access.invoke(_FUNCTION, event, doing, ExportAnswer)
        topics += answer.topics
        problems |= dict.fromkeys(answer.problems)
        if answer.next_after <= event.get("after", ""):
            return topics, list(problems)
        event["after"] = answer.next_after


def read_plan(file: Path) -> Any:
    """The plan in the output of ``topics plan -o json``, or by itself.

    Raises:
        UsageError: there is none.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise click.UsageError(f"{file} can't be read as JSON: {error}") from error
    plan = content.get("plan", content) if isinstance(content, dict) else None
    try:
        msgspec.convert(plan, TopicsPlan)
    except msgspec.ValidationError as error:
        text = f"{file} holds no plan ({error}): write one with `mskv topics plan -o json > plan.json`"
        raise click.UsageError(text) from error
    return plan


def changes(plan: Any) -> list[str]:
    """What a plan would change: the action and topic of each step."""
    return [f"{step.action} {step.topic}" for step in _steps(plan) if step.action not in _WITHOUT_CHANGE]


def _steps(plan: Any) -> list[TopicStep]:
    return msgspec.convert(plan, TopicsPlan).steps if plan else []


def _ask(access: Access, event: dict[str, Any], doing: str) -> Result:
    whole, answer = access.invoke(_FUNCTION, event, doing, TopicsAnswer)
    return Result(whole, answer.table, exits.PROBLEM if _is_problem(answer) else exits.OK)


def _is_problem(answer: TopicsAnswer) -> bool:
    """Something was not done, would be refused, or differs from the declaration."""
    steps = answer.plan.steps if answer.plan else []
    would_be_refused = any(step.action == "refused" for step in steps)
    return answer.status not in _DONE or bool(answer.problems) or would_be_refused or any(answer.drift.values())
