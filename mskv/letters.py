"""What ``mskv letters`` asks the redrive function, and what its answers mean."""

import json
from typing import Any, NamedTuple

import click

from mskv import exits
from mskv.access import Access, FunctionFailedError, open_access
from mskv.approval import approve
from mskv.aws.letters import find_letters, letter_prefix
from mskv.errors import NotReachedError
from mskv.facts import Unavailable
from mskv.options import Output
from mskv.output import Result, aligned, printable, rendered
from mskv.place import Place
from mskv.progress import Progress, progress

_FUNCTION = "RedriveFunction"


class Selection(NamedTuple):
    """Which letters; everything that is empty selects all."""

    topic: str = ""
    reason: str = ""
    since: str = ""

    @property
    def event(self) -> dict[str, Any]:
        """The fields of a request."""
        return {name: value for name, value in self._asdict().items() if value}


class Position(NamedTuple):
    """Where a record is in Kafka."""

    topic: str
    partition: int
    offset: int


def counted(place: Place, reporter: Progress, selection: Selection) -> Result:
    """The letters by topic, partition and reason; a problem if there are any.

    Raises:
        UsageError: the stack does not forward the topic, and no letter is of it.
    """
    access = open_access(place, reporter)
    answer = access.invoke(_FUNCTION, {"action": "list", **selection.event}, "listing the dead letters")
    groups = answer.get("groups", [])
    if not groups:
        access.check_topic(selection.topic)
    return Result(answer, _table(answer), exits.PROBLEM if groups else exits.OK)


def shown(place: Place, reporter: Progress, position: Position, *, payload: bool) -> Result:
    """The letters of one record, as JSON: their fields differ by reason.

    Raises:
        UsageError: no letter is of this record.
    """
    access = open_access(place, reporter)
    names = _names(access, position)
    letters = []
    for name in names:
        event = {"action": "inspect", "name": name, "payload": payload}
        letters.append(access.invoke(_FUNCTION, event, f"reading {name}")["letter"])
    data = letters[0] if len(letters) == 1 else letters
    return Result(data, json.dumps(data, indent=2, ensure_ascii=False), exits.OK)


def replay_approved(place: Place, selection: Selection, rate: float, output: Output, *, yes: bool) -> int:
    """Show what a replay would send, have it approved, send it. Returns the exit status.

    Raises:
        UsageError: the stack does not forward the topic, or nobody is there to approve.
    """
    event = {"action": "replay", "records_per_second": rate, **selection.event}
    with progress() as reporter:
        access = open_access(place, reporter)
        answer = access.invoke(_FUNCTION, {**event, "dry_run": True}, "looking what a replay would send")
    if not answer.get("groups") and not answer.get("waiting"):
        access.check_topic(selection.topic)
        return _print(Result(answer, _table(answer), exits.OK), output)
    click.echo(printable(_table(answer)), err=output in {"json", "yaml"})
    if not yes:
        approve("Send these letters again?")
    with progress() as reporter:
        replayed = access._replace(progress=reporter).invoke(_FUNCTION, {**event, "dry_run": False}, "replaying")
    return _print(Result(replayed, _replay_text(replayed), _replay_status(replayed)), output)


def parse_record(text: str) -> Position:
    """``topic/partition/offset``.

    Raises:
        UsageError: it is something else.
    """
    topic, _, rest = text.partition("/")
    partition, _, offset = rest.partition("/")
    if not topic or not partition.isdecimal() or not offset.isdecimal():
        raise click.UsageError(f"{text} is not TOPIC/PARTITION/OFFSET, such as orders/3/1042")
    return Position(topic, int(partition), int(offset))


def _names(access: Access, position: Position) -> list[str]:
    bucket = access.stack.physical_ids("AWS::S3::Bucket").get("DeadLetterBucket")
    if bucket is None:
        raise NotReachedError(f"{access.stack.name} has no DeadLetterBucket", "deploy this version of the template")
    prefix = letter_prefix(access.stack.parameters.get("ClusterArn", ""), *position)
    names = find_letters(access.client, bucket, prefix)
    if isinstance(names, Unavailable):
        raise FunctionFailedError(f"{names.call}: {names.text}")
    if not names:
        raise click.UsageError(f"no dead letter waits for {'/'.join(map(str, position))}")
    return names


def _table(answer: dict[str, Any]) -> str:
    groups = answer.get("groups", [])
    lines = ["no dead letters wait"]
    if groups:
        rows = [["TOPIC", "PARTITION", "LETTERS", "REASON", "OLDEST", "TARGET"], *map(_row, groups)]
        lines = [aligned(rows)]
    if answer.get("waiting"):
        lines.append(f"{answer['waiting']} failure objects of the mapping are not imported yet: a replay imports them")
    lines += [f"unreadable: {name}" for name in answer.get("unreadable", [])]
    lines += [f"no target: {text}" for text in answer.get("without_target", [])]
    if answer.get("stopped"):
        lines.append(f"incomplete: {answer['stopped']}")
    return "\n".join(lines)


def _row(group: dict[str, Any]) -> list[str]:
    partition = group.get("partition")
    reason = " ".join(filter(None, [group["reason"], group.get("code", "")]))
    return [
        group["topic"],
        "-" if partition is None else str(partition),
        f"{group['letters']:,}",
        reason,
        group.get("oldest") or "-",
        group["target"],
    ]


def _replay_text(answer: dict[str, Any]) -> str:
    done = answer.get("done", {})
    lines = [f"{done.get('delivered', 0):,} delivered, {done.get('refused', 0):,} refused again"]
    if done.get("imported"):
        lines.append(f"{done['imported']:,} imported from the mapping's failures")
    if answer.get("continues"):
        lines.append("the function goes on by itself: `mskv letters` shows what is left")
    elif answer.get("stopped"):
        lines.append(f"stopped: {answer['stopped']}")
    return "\n".join(lines)


def _replay_status(answer: dict[str, Any]) -> int:
    unfinished = answer.get("done", {}).get("refused") or answer.get("stopped") or answer.get("without_target")
    return exits.PROBLEM if unfinished else exits.OK


def _print(result: Result, output: Output) -> int:
    click.echo(rendered(result, output))
    return result.exit_status
