"""What ``mskv letters`` asks the redrive function, and what its answers mean."""

import json
import time
from datetime import UTC, datetime
from typing import Any, NamedTuple

import click
import msgspec

from mskv import exits
from mskv.access import POLICY, Access, open_access
from mskv.answers import LetterAnswer, LetterGroup, RedriveAnswer
from mskv.approval import approve
from mskv.aws.letters import cluster_of, find_letters, letter_prefix
from mskv.errors import NotReachedError
from mskv.facts import Unavailable
from mskv.letter_records import as_record, letter_text
from mskv.options import Output
from mskv.output import Result, aligned, print_before_approval, print_result
from mskv.place import Place
from mskv.progress import Progress, progress
from mskv.replay_log import ReplayLog
from mskv.selection import Selection

_FUNCTION = "RedriveFunction"


class Position(NamedTuple):
    """Where a record is in Kafka."""

    topic: str
    partition: int
    offset: int


def counted(place: Place, reporter: Progress, selection: Selection) -> Result:
    """The letters by topic, partition and reason; a problem if there are any, or more may wait.

    Raises:
        UsageError: the stack does not forward the topic, and no letter is of it.
    """
    access = open_access(place, reporter)
    event = {"action": "list", **selection.event}
    whole, answer = access.invoke(_FUNCTION, event, "listing the dead letters", RedriveAnswer)
    if not answer.groups:
        access.check_topic(selection.topic)
    return _listed(whole, answer)


def shown(place: Place, reporter: Progress, position: Position, *, payload: bool) -> Result:
    """The letters of one record with Vantiq's own message; key, value and headers if ``payload``.

    Raises:
        UsageError: no letter is of this record.
    """
    access = open_access(place, reporter)
    data: list[Any] = []
    texts: list[str] = []
    for name in _names(access, position):
        # Without the payload the function leaves Vantiq's message out, too: it may quote the record.
        event = {"action": "inspect", "name": name, "payload": True}
        _, answer = access.invoke(_FUNCTION, event, f"reading {name}", LetterAnswer)
        try:
            record = as_record(name, answer.letter, payload=payload)
        except ValueError:
            content = {field: value for field, value in answer.letter.items() if payload or field != "event"}
            data.append(content)
            texts.append(json.dumps(content, indent=2, ensure_ascii=False))
        else:
            data.append(record)
            texts.append(letter_text(record))
    return Result(data[0] if len(data) == 1 else data, "\n\n".join(texts), exits.OK)


def replay_approved(place: Place, selection: Selection, rate: float, output: Output, *, yes: bool) -> int:
    """Show what a replay would send, have it approved, send it. Returns the exit status.

    Raises:
        UsageError: the stack does not forward the topic, or nobody is there to approve.
    """
    event = {"action": "replay", "records_per_second": rate, **selection.event}
    with progress() as reporter:
        access = open_access(place, reporter)
        doing = "listing what a replay would send"
        whole, answer = access.invoke(_FUNCTION, {**event, "dry_run": True}, doing, RedriveAnswer)
    if not (answer.groups or answer.waiting or answer.stopped):
        access.check_topic(selection.topic)
        return print_result(_listed(whole, answer), output)
    print_before_approval(_table(answer), output)
    if not yes:
        approve("Send these letters again?")
    with progress() as reporter:
        again = access._replace(progress=reporter)
        letters = sum(group.letters for group in answer.groups)
        began = datetime.now(UTC)
        whole, answer = again.invoke(_FUNCTION, {**event, "dry_run": False}, _replaying(letters, rate), RedriveAnswer)
        if answer.continues:
            whole, answer = _followed(again, whole, answer, began)
    return print_result(Result(whole, _replay_text(answer), _replay_status(answer)), output)


def _replaying(letters: int, rate: float) -> str:
    minutes = letters / rate / 60
    if minutes < 2:
        return f"replaying {letters:,} letters, {rate:g} per second"
    return f"replaying {letters:,} letters, {rate:g} per second: at least {minutes:,.0f} min"


def _followed(access: Access, whole: Any, answer: RedriveAnswer, began: datetime) -> tuple[Any, RedriveAnswer]:
    """The end of a replay that the function continues by itself, from its log."""
    follow = ReplayLog(access.client, access.stack, began, time.monotonic, time.sleep)
    for hop in follow.hops():
        answer = msgspec.structs.replace(
            answer,
            done=hop.counts,
            stopped=hop.stopped,
            continues=hop.continues,
            # An invocation looks behind where the one before has ended.
            unreadable=list(dict.fromkeys([*answer.unreadable, *hop.unreadable])),
            without_target=list(dict.fromkeys([*answer.without_target, *hop.without_target])),
        )
        counts = f"{hop.counts.delivered:,} delivered, {hop.counts.refused:,} refused again"
        access.progress.say(f"replaying: {counts} (invocation {hop.number + 1} has ended)")
    return {**whole, **msgspec.to_builtins(answer)}, answer


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
    prefix = letter_prefix(cluster_of(access.stack.parameters), *position)
    names = find_letters(access.client, bucket, prefix)
    if isinstance(names, Unavailable):
        raise NotReachedError(f"{names.call}: {names.text}", POLICY)
    if not names:
        raise click.UsageError(f"no dead letter waits for {'/'.join(map(str, position))}")
    return names


def _listed(whole: Any, answer: RedriveAnswer) -> Result:
    waits = answer.groups or answer.waiting or answer.unreadable or answer.stopped
    return Result(whole, _table(answer), exits.PROBLEM if waits else exits.OK)


def _table(answer: RedriveAnswer) -> str:
    lines = []
    if answer.groups:
        rows = [["TOPIC", "PARTITION", "LETTERS", "REASON", "OLDEST", "TARGET"], *map(_row, answer.groups)]
        lines.append(aligned(rows))
    if answer.waiting:
        lines.append(f"{answer.waiting} failure objects of the mapping are not imported yet: a replay imports them")
    lines += _left(answer)
    if answer.stopped:
        lines.append(f"incomplete: {answer.stopped}")
    return "\n".join(lines) or "no dead letters wait"


def _left(answer: RedriveAnswer) -> list[str]:
    """What no replay can send."""
    unreadable = [f"unreadable: {name}" for name in answer.unreadable]
    return unreadable + [f"no target: {text}" for text in answer.without_target]


def _row(group: LetterGroup) -> list[str]:
    partition = "-" if group.partition is None else str(group.partition)
    reason = f"{group.reason} {group.code}".strip()
    return [group.topic, partition, f"{group.letters:,}", reason, group.oldest or "-", group.target]


def _replay_text(answer: RedriveAnswer) -> str:
    done = answer.done
    lines = [f"{done.delivered:,} delivered, {done.refused:,} refused again"]
    if done.imported:
        lines.append(f"{done.imported:,} imported from the mapping's failures")
    if done.gone:
        lines.append(f"{done.gone:,} of the mapping's failures are no longer in Kafka: they are lost")
    lines += _left(answer)
    if answer.continues:
        lines.append("not finished: the function continues by itself; `mskv letters` shows what is left")
    elif answer.stopped:
        lines.append(f"stopped: {answer.stopped}")
    return "\n".join(lines)


def _replay_status(answer: RedriveAnswer) -> int:
    done = answer.done
    unfinished = done.refused or done.gone or answer.stopped or answer.without_target or answer.unreadable
    return exits.PROBLEM if unfinished else exits.OK
