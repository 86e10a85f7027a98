"""The mapping's own failures brought into the form of letters, one a record, so that one replay serves all."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from msk_toolkit.aws.bucket import Bucket
from msk_toolkit.deadline import Deadline
from msk_toolkit.forward.dead_letters import Refusal, letter, letter_name
from msk_toolkit.forward.decode import MalformedEventError, decode
from msk_toolkit.redrive.failures import GivenUp, Range, UnknownFormError, given_up, read_failure
from msk_toolkit.redrive.request import Counts

# Lambda names its failure objects so.
FAILURES = "aws/lambda/"
ADOPTED = "adopted/"

# Yields the records of a range in the mapping's form, some at a time.
Fetch = Callable[[Range, Deadline], Iterable[list[dict[str, Any]]]]


class Adoption(NamedTuple):
    """How far it came.

    Args:
        records: by failure object: how many records it holds; in a dry run too.
        unreadable: names of objects of another form.
        finished: whether every object was looked at.
    """

    counts: Counts
    records: dict[str, int]
    unreadable: list[str]
    finished: bool


def adopt_objects(bucket: Bucket, *, write: bool, enough: Callable[[], bool], now: Callable[[], float]) -> Adoption:
    """Write a letter for each record of each failure object, then move the object to ``adopted/``.

    A letter that is there already stays: it knows more about why.

    Args:
        write: without it nothing is written or moved.
        enough: whether to stop.

    Raises:
        AwsError: S3 refused; an object that was not finished stays and is adopted again.
    """
    counts = Counts()
    unreadable: list[str] = []
    records: dict[str, int] = {}
    for entry in bucket.entries(FAILURES):
        if enough():
            return Adoption(counts, records, unreadable, finished=False)
        try:
            failure = read_failure(bucket.read(entry.name))
            if failure.event is None:
                raise UnknownFormError("no payload")  # S3 always gets one
            letters = list(_letters(failure, failure.event, now))
        except (UnknownFormError, MalformedEventError):
            unreadable.append(entry.name)
            continue
        records[entry.name] = len(letters)
        if write:
            counts += Counts(adopted=_write(bucket, letters))
            bucket.move(entry.name, ADOPTED + entry.name)
    return Adoption(counts, records, unreadable, finished=True)


def adopt_notices(
    bucket: Bucket, notices: list[Any], fetch: Fetch, deadline: Deadline, *, write: bool, now: Callable[[], float]
) -> Counts:
    """Write a letter for each record that the notices name and Kafka still has.

    Raises:
        UnknownFormError: one of them is no notice.
        ToolkitError: Kafka or S3 refused or can't be reached; what is written stays, and again changes nothing.
    """
    counts = Counts()
    for failure in [given_up(notice) for notice in notices]:
        # A notice with its payload needs no broker.
        ranges = failure.ranges if failure.event is None else []
        if failure.event is not None and write:
            counts += Counts(adopted=_write(bucket, _letters(failure, failure.event, now)))
        for wanted in ranges:
            asked = wanted.last - wanted.first + 1
            found = 0
            for records in fetch(wanted, deadline):
                found += len(records)
                event = {**failure.source, "records": {f"{wanted.topic}-{wanted.partition}": records}}
                if write:
                    counts += Counts(adopted=_write(bucket, _letters(failure, event, now)))
            counts += Counts(gone=asked - found)
    return counts


def _letters(failure: GivenUp, event: dict[str, Any], now: Callable[[], float]) -> Iterator[tuple[str, bytes]]:
    refusal = Refusal(
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


def _write(bucket: Bucket, letters: Iterable[tuple[str, bytes]]) -> int:
    return sum(bucket.write_new(name, body) for name, body in letters)
