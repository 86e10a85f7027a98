"""The mapping's own failures brought into the form of letters, one a record, so that one replay serves all."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from msk_toolkit.aws.bucket import Bucket
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError, ToolkitError
from msk_toolkit.forward.dead_letters import RecordRefusal, letter, letter_name
from msk_toolkit.forward.decode import MalformedEventError, decode
from msk_toolkit.redrive.concurrently import concurrently
from msk_toolkit.redrive.failures import DiscardedBatch, Range, UnknownFormError, discarded_batch, read_failure
from msk_toolkit.redrive.request import Counts

# Lambda names its failure objects so.
FAILURES = "aws/lambda/"
IMPORTED = "adopted/"

# Yields the records of a range in the mapping's form, some at a time.
Fetch = Callable[[Range, Deadline], Iterable[list[dict[str, Any]]]]
# First and next offset of each partition of a topic.
OffsetSpans = Callable[[str, Deadline], dict[int, tuple[int, int]]]


class NotificationsError(ToolkitError):
    """Notices that were not adopted; each of the others was."""


class ImportResult(NamedTuple):
    """How far it came.

    Args:
        waiting: failure objects that were looked at and are still there.
        unreadable: names of objects of another form.
        finished: whether every object was looked at.
    """

    counts: Counts
    waiting: int
    unreadable: list[str]
    finished: bool


def import_objects(
    bucket: Bucket, *, write: bool, enough: Callable[[], bool], now: Callable[[], float]
) -> ImportResult:
    """Write a letter for each record of each failure object, then move the object to ``adopted/``.

    A letter that is there already stays: it knows more about why.

    Args:
        write: without it nothing is written or moved.
        enough: whether to stop, also within an object.

    Raises:
        AwsError: S3 refused; an object that was not finished stays and is adopted again.
    """
    counts = Counts()
    unreadable: list[str] = []
    waiting = 0
    for entry in bucket.entries(FAILURES):
        if enough():
            return ImportResult(counts, waiting, unreadable, finished=False)
        try:
            failure = read_failure(bucket.read(entry.name))
            if failure.event is None:
                raise UnknownFormError("no payload")  # S3 always gets one
            letters = list(letters_of(failure, failure.event, now))
        except (UnknownFormError, MalformedEventError):
            unreadable.append(entry.name)
            continue
        waiting += 1
        if write:
            written = concurrently(lambda made: bucket.write_new(*made), letters, enough)
            counts += Counts(adopted=written.count(True))
            if None in written:
                return ImportResult(counts, waiting, unreadable, finished=False)
            bucket.move(entry.name, IMPORTED + entry.name)
            waiting -= 1
    return ImportResult(counts, waiting, unreadable, finished=True)


def import_notifications(
    bucket: Bucket,
    notices: list[Any],
    fetch: Fetch,
    deadline: Deadline,
    *,
    write: bool,
    enough: Callable[[], bool],
    now: Callable[[], float],
) -> Counts:
    """Write a letter for each record that the notices name and Kafka still has; one that fails keeps no other back.

    Args:
        enough: whether to stop, also within a notice.

    Raises:
        NoticesError: not all of them are adopted, so that a queue brings them again. What is written stays, and again
            changes nothing.
    """

    def put(failure: DiscardedBatch, event: dict[str, Any]) -> int:
        letters = list(letters_of(failure, event, now))
        written = concurrently(lambda made: bucket.write_new(*made), letters if write else [], enough)
        if None in written:
            raise AwsError("the time is used up")
        return written.count(True)

    def adopt(notice: Any) -> Counts:
        failure = discarded_batch(notice)
        if failure.event is not None:
            # A notice with its payload needs no broker.
            return Counts(adopted=put(failure, failure.event))
        counts = Counts()
        for wanted in failure.ranges:
            found = 0
            for records in fetch(wanted, deadline):
                found += len(records)
                event = {**failure.source, "records": {f"{wanted.topic}-{wanted.partition}": records}}
                counts += Counts(adopted=put(failure, event))
            counts += Counts(gone=wanted.last - wanted.first + 1 - found)
        return counts

    counts = Counts()
    problems = []
    for number, notice in enumerate(notices, 1):
        try:
            counts += adopt(notice)
        except UnknownFormError as error:
            problems.append(f"number {number} is not the mapping's: {error}")
        except ToolkitError as error:
            problems.append(f"number {number}: {error}")
    if problems:
        said = "; ".join(problems[:5])
        raise NotificationsError(
            f"{len(problems)} of {len(notices)} notices are not adopted, each of the others is: {said}"
        )
    return counts


def letters_of(failure: DiscardedBatch, event: dict[str, Any], now: Callable[[], float]) -> Iterator[tuple[str, bytes]]:
    """Name and content of a letter for each record of the event.

    Raises:
        MalformedEventError: it is no event of a mapping.
    """
    refusal = RecordRefusal(
        reason="mapping",
        detail=f"the event source mapping gave it up: {failure.condition}",
        target="",
        attempts=failure.invocations,
        code=failure.condition,
    )
    batch = decode(event)
    for records in batch.partitions.values():
        for record in records:
            yield letter_name(record, batch.cluster), letter(record, batch, refusal, now())
