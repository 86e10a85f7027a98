"""What an invocation's end means for its batch: done, again, or dead."""

from collections.abc import Collection
from enum import Enum
from typing import Any

import msgspec

from local.event_source_mapping.event import Partition, Record
from local.event_source_mapping.mapping import Mapping


class PartialReading(Enum):
    """Which records are retried after a partial batch response; the documentation leaves it open."""

    LISTED_ONLY = "listed-only"
    FROM_FIRST = "from-first"


class Condition(Enum):
    """Why records go to the on-failure destination."""

    RETRIES = "RetryAttemptsExhausted"
    AGE = "RecordAgeExceeded"


class Batch(msgspec.Struct, frozen=True):
    """Records for one invocation; ``attempts`` says how often they were tried before."""

    records: tuple[Record, ...]
    attempts: int = 0


class Answered(msgspec.Struct, frozen=True):
    """The function returned; ``response`` is its decoded JSON."""

    response: Any


class Failed(msgspec.Struct, frozen=True):
    """The function raised, timed out or could not be started."""

    text: str


class Dead(msgspec.Struct, frozen=True):
    """Records that are not tried again."""

    batch: Batch
    condition: Condition


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Every record of the batch is in exactly one of these; ``again`` is to be invoked in its order."""

    done: tuple[Record, ...] = ()
    again: tuple[Batch, ...] = ()
    dead: tuple[Dead, ...] = ()


def without_expired(mapping: Mapping, batch: Batch, now_ms: int) -> Outcome:
    """Set aside the records that are too old to be sent; ``now_ms`` in milliseconds since 1970."""
    limit = mapping.record_age_seconds
    fresh = tuple(record for record in batch.records if now_ms - record.timestamp <= limit * 1000)
    old = tuple(record for record in batch.records if now_ms - record.timestamp > limit * 1000)
    outcome = Outcome()
    if fresh:
        outcome = msgspec.structs.replace(outcome, again=(Batch(fresh, batch.attempts),))
    if old:
        outcome = msgspec.structs.replace(outcome, dead=(Dead(Batch(old, batch.attempts), Condition.AGE),))
    return outcome


def judge(mapping: Mapping, reading: PartialReading, batch: Batch, end: Answered | Failed) -> Outcome:
    """Decide from the mapping's mode what becomes of the batch."""
    if isinstance(end, Failed):
        return _failed(mapping, batch)
    # Batch item failures belong to provisioned mode. On demand we assume the worst reading: a partial batch response
    # is a success like any other, and the records that it lists are lost.
    if not (mapping.provisioned and mapping.report_batch_item_failures):
        return Outcome(done=batch.records)
    listed = _listed(end.response, batch)
    if listed is None:
        return _failed(mapping, batch)
    failing = _coming_again(batch, listed, reading)
    done = tuple(record for record in batch.records if record not in failing)
    if not failing:
        return Outcome(done=done)
    rest = _retried(mapping, Batch(failing, batch.attempts))
    return Outcome(done=done, again=rest.again, dead=rest.dead)


def _failed(mapping: Mapping, batch: Batch) -> Outcome:
    outcome = _retried(mapping, batch)
    if not (outcome.again and mapping.provisioned and mapping.bisect_batch_on_function_error):
        return outcome
    if len(batch.records) == 1:
        return outcome
    # Splitting doesn't count as an attempt. Records are sorted within each partition and the halves are
    # invoked one after the other, so no partition is overtaken.
    middle = len(batch.records) // 2
    halves = (batch.records[:middle], batch.records[middle:])
    return Outcome(again=tuple(Batch(half, batch.attempts) for half in halves))


def _retried(mapping: Mapping, batch: Batch) -> Outcome:
    if batch.attempts >= mapping.retries:
        return Outcome(dead=(Dead(batch, Condition.RETRIES),))
    return Outcome(again=(Batch(batch.records, batch.attempts + 1),))


def _listed(response: Any, batch: Batch) -> set[tuple[Partition, int]] | None:
    """The batch item failures of a response; empty for success, None for an invalid response."""
    if response in (None, "", {}):
        return set()
    if not isinstance(response, dict):
        return None
    failures = response.get("batchItemFailures")
    if failures is None:
        return set()
    try:
        named = msgspec.convert(failures, list[_Failure])
    except msgspec.ValidationError:
        return None
    known = {(str(record.partition), record.offset): record for record in batch.records}
    listed = [known.get((item.item_identifier.partition, item.item_identifier.offset)) for item in named]
    # An identifier that is not in the event makes Lambda retry the whole batch.
    if None in listed:
        return None
    return {(record.partition, record.offset) for record in listed if record}


def _coming_again(
    batch: Batch, listed: Collection[tuple[Partition, int]], reading: PartialReading
) -> tuple[Record, ...]:
    if reading is PartialReading.LISTED_ONLY:
        return tuple(record for record in batch.records if (record.partition, record.offset) in listed)
    first: dict[Partition, int] = {}
    for partition, offset in listed:
        first[partition] = min(offset, first.get(partition, offset))
    return tuple(
        record for record in batch.records if record.partition in first and record.offset >= first[record.partition]
    )


class _Identifier(msgspec.Struct):
    partition: str
    offset: int


class _Failure(msgspec.Struct, rename="camel"):
    item_identifier: _Identifier
