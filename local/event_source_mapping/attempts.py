"""One invocation of the function for a batch, and what it means for the batch's records."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from local.aws.functions import FunctionError, FunctionUnavailableError
from local.event_source_mapping.destination import DeliveryError, Destination
from local.event_source_mapping.event import Source, event_of
from local.event_source_mapping.mapping import Mapping
from local.event_source_mapping.outcome import (
    Answered,
    Batch,
    Dead,
    Failed,
    PartialReading,
    judge,
    without_expired,
)
from local.event_source_mapping.progress import Progress
from local.event_source_mapping.stats import CALL_FAILED, PROCESSED, Stats


class Invocation(NamedTuple):
    """Whom a mapping invokes, and where it sends records that are not tried again.

    Args:
        source: what the events say of their cluster.
        invoke: takes an event and returns the function's response, decoded; raises ``FunctionError`` or
            ``FunctionUnavailableError``.
        destination: None where the mapping has none.
        reading: which records are retried after a partial batch response.
    """

    source: Source
    invoke: Callable[[dict[str, Any]], Any]
    destination: Destination | None = None
    reading: PartialReading = PartialReading.FROM_FIRST


class Attempt(NamedTuple):
    """What is left of a batch after an attempt, and whether anything failed."""

    retries: tuple[Batch, ...] = ()
    failed: bool = False


class Attempts:
    """Invokes the function; keeps ``progress`` and ``stats`` up to date."""

    def __init__(self, mapping: Mapping, invocation: Invocation, progress: Progress, stats: Stats) -> None:
        self._mapping = mapping
        self._invocation = invocation
        self._progress = progress
        self._stats = stats

    def attempt(self, batch: Batch, now: datetime) -> Attempt:
        """Set aside what is too old, then invoke the function once with the rest."""
        aged = without_expired(self._mapping, batch, round(now.timestamp() * 1000))
        retries = self._not_settled(aged.dead, now)
        for fresh in aged.again:
            try:
                end = self._call(fresh)
            except FunctionUnavailableError as error:
                self._stats.throttled += 1
                self._stats.last_error = str(error)
                return Attempt((*retries, fresh), failed=True)
            outcome = judge(self._mapping, self._invocation.reading, fresh, end)
            retries += self._not_settled(outcome.dead, now)
            retries += outcome.again
            self._progress.done(outcome.done)
            if isinstance(end, Answered) and len(outcome.done) < len(fresh.records):
                self._stats.partial_responses += 1
        return Attempt(tuple(retries), failed=bool(retries))

    def _call(self, batch: Batch) -> Answered | Failed:
        self._stats.invocations += 1
        self._stats.invoked += len(batch.records)
        try:
            answered = Answered(self._invocation.invoke(event_of(self._invocation.source, batch.records)))
        except FunctionError as error:
            self._stats.failed_invocations += 1
            self._stats.last_error, self._stats.last_result = str(error), CALL_FAILED
            return Failed(str(error))
        self._stats.last_result = PROCESSED
        return answered

    def _not_settled(self, dead: tuple[Dead, ...], now: datetime) -> list[Batch]:
        """The batches that the destination did not accept; they have to be tried again."""
        return [discarded.batch for discarded in dead if not self._settle(discarded, now)]

    def _settle(self, dead: Dead, now: datetime) -> bool:
        """Whether the records are settled: at the destination, or dropped because the mapping has none."""
        count = len(dead.batch.records)
        if self._invocation.destination is None:
            self._stats.dropped += count
        else:
            try:
                self._invocation.destination.deliver(dead, now)
            except DeliveryError as error:
                self._stats.last_error = str(error)
                return False
            self._stats.dead_lettered += count
        self._progress.done(dead.batch.records)
        return True
