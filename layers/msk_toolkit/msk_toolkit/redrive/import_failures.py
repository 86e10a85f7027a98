"""What a mapping discarded, imported as letters, one per record, so that one replay serves all."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from msk_toolkit.aws.bucket import Bucket, Entry, ObjectTooLargeError
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError, ToolkitError
from msk_toolkit.forward.dead_letters import RecordRefusal, letter, letter_name
from msk_toolkit.forward.decode import MalformedEventError, decode
from msk_toolkit.redrive.concurrently import TIME_IS_USED_UP, OutOfTime, concurrently
from msk_toolkit.redrive.failures import DiscardedBatch, Range, UnknownFormError, discarded_batch, read_failure
from msk_toolkit.redrive.request import Counts
from msk_toolkit.redrive.scope import ForeignError, Scope
from msk_toolkit.settings.forwarder import RecordIdForm

# Lambda names its failure objects so.
FAILURES = "aws/lambda/"
# The name of earlier versions' action; objects that exist keep it.
IMPORTED = "adopted/"
_PROBLEMS_SHOWN = 5

# Yields the records of a range in the mapping's form, some at a time.
Fetch = Callable[[Range, Deadline], Iterable[list[dict[str, Any]]]]
# First and next offset of each partition of a topic.
OffsetSpans = Callable[[str, Deadline], dict[int, tuple[int, int]]]
# Name and content of an object.
NamedBody = tuple[str, bytes]


class NotificationsError(ToolkitError):
    """Failure notifications that were not imported; all others were."""


class ImportContext(NamedTuple):
    """What every import works with.

    Args:
        write: without it nothing is written or moved.
        out_of_time: whether to stop, also within an object.
        now: seconds since 1970.
        scope: whose discarded records are imported; those of others are left where they are.
        record_ids: the form of the letters' ids.
        cluster_name: what the ids of a self-managed cluster's records begin with.
    """

    bucket: Bucket
    write: bool
    out_of_time: OutOfTime
    now: Callable[[], float]
    scope: Scope
    record_ids: RecordIdForm = "position"
    cluster_name: str = ""

    def write_new(self, objects: list[NamedBody]) -> list[bool | None]:
        """Write the objects that are not there yet: whether it was new, or None where there was no time.

        Raises:
            AwsError: S3 refused.
        """
        return concurrently(lambda named: self.bucket.write_new(*named), objects, self.out_of_time)

    def letters_of(self, failure: DiscardedBatch, event: dict[str, Any]) -> Iterator[NamedBody]:
        """Name and content of a letter for each record of the event.

        Raises:
            MalformedEventError: it is not a mapping's event.
        """
        refusal = RecordRefusal(
            reason="mapping",
            detail=f"discarded by the event source mapping: {failure.condition}",
            target="",
            attempts=failure.invocations,
            code=failure.condition,
        )
        batch = decode(event, self.record_ids, self.cluster_name)
        for records in batch.partitions.values():
            for record in records:
                yield letter_name(record, batch.cluster), letter(record, batch, refusal, self.now())


class ImportResult(NamedTuple):
    """How far an import came.

    Args:
        waiting: failure objects that were read and are still there.
        unreadable: names of objects of another form.
        finished: whether every object was read.
        foreign: objects of another cluster, mapping or topic, each with the reason; they were left.
    """

    counts: Counts
    waiting: int
    unreadable: list[str]
    finished: bool
    foreign: list[str]


def import_objects(context: ImportContext) -> ImportResult:
    """Write a letter for each record of each failure object, then move the object to ``adopted/``.

    A letter that is there already stays: it says more about the reason.

    Raises:
        AwsError: S3 refused; an object that was not finished stays and is imported again.
    """
    counts = Counts()
    unreadable: list[str] = []
    foreign: list[str] = []
    waiting = 0
    for entry in context.bucket.entries(FAILURES):
        if context.out_of_time():
            return ImportResult(counts, waiting, unreadable, finished=False, foreign=foreign)
        try:
            letters = _letters_in(context, entry)
        except ForeignError as error:
            foreign.append(f"{entry.name}: {error}")
            continue
        if letters is None:
            unreadable.append(entry.name)
            continue
        waiting += 1
        if not context.write:
            continue
        written = context.write_new(letters)
        counts += Counts(imported=written.count(True))
        if None in written:
            return ImportResult(counts, waiting, unreadable, finished=False, foreign=foreign)
        context.bucket.move(entry.name, IMPORTED + entry.name)
        waiting -= 1
    return ImportResult(counts, waiting, unreadable, finished=True, foreign=foreign)


def _letters_in(context: ImportContext, entry: Entry) -> list[NamedBody] | None:
    """The letters of a failure object; None where it is of another form.

    Raises:
        ForeignError: it is of another cluster, mapping or topic.
    """
    try:
        failure = read_failure(context.bucket.read(entry.name))
        if failure.event is None:
            return None  # an S3 destination always gets the payload
        context.scope.check(failure)
        return list(context.letters_of(failure, failure.event))
    except (UnknownFormError, MalformedEventError, ObjectTooLargeError):
        return None


def import_notifications(context: ImportContext, notifications: list[Any], fetch: Fetch, deadline: Deadline) -> Counts:
    """Write a letter for each record that the failure notifications name and Kafka still has.

    One that fails does not block the others. In a dry run ``gone`` is counted, and nothing is written.

    Args:
        deadline: for fetching records.

    Raises:
        NotificationsError: not all of them were imported, so that a queue redelivers them. What was written stays, and
            writing it again changes nothing.
    """
    counts = Counts()
    problems = []
    for number, notification in enumerate(notifications, 1):
        try:
            counts += _import_notification(context, notification, fetch, deadline)
        except UnknownFormError as error:
            problems.append(f"number {number} is not a mapping's failure notification: {error}")
        except ToolkitError as error:
            problems.append(f"number {number}: {error}")
    if problems:
        shown = "; ".join(problems[:_PROBLEMS_SHOWN])
        raise NotificationsError(
            f"{len(problems)} of {len(notifications)} failure notifications were not imported, the others were: {shown}"
        )
    return counts


def _import_notification(context: ImportContext, notification: Any, fetch: Fetch, deadline: Deadline) -> Counts:
    failure = discarded_batch(notification)
    context.scope.check(failure)
    if failure.event is not None:
        # With its payload it needs no broker.
        return Counts(imported=_write_letters(context, failure, failure.event))
    counts = Counts()
    for discarded in failure.ranges:
        fetched = 0
        for records in fetch(discarded, deadline):
            fetched += len(records)
            event = {**failure.source, "records": {f"{discarded.topic}-{discarded.partition}": records}}
            counts += Counts(imported=_write_letters(context, failure, event))
        counts += Counts(gone=discarded.last - discarded.first + 1 - fetched)
    return counts


def _write_letters(context: ImportContext, failure: DiscardedBatch, event: dict[str, Any]) -> int:
    """Write a letter for each record of the event; answers how many of them are new.

    Raises:
        AwsError: S3 refused, or there was no time for all of them.
        MalformedEventError: it is not a mapping's event.
    """
    letters = list(context.letters_of(failure, event))
    if not context.write:
        return 0
    written = context.write_new(letters)
    if None in written:
        raise AwsError(TIME_IS_USED_UP)
    return written.count(True)
