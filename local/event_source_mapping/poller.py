"""Reads, invokes, commits: one invocation at a time, and only what is done is committed."""

import itertools
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from threading import Event
from typing import Any, Protocol

import msgspec

from local.aws.functions import FunctionError, FunctionUnavailableError
from local.event_source_mapping.batching import Limits, Waiting
from local.event_source_mapping.destination import DeliveryError, Destination
from local.event_source_mapping.event import Partition, Record, Source, event_of
from local.event_source_mapping.mapping import Mapping as EventSourceMapping
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
from local.event_source_mapping.stats import Stats

_POLL_SECONDS = 0.5
_FIRST_BACKOFF_SECONDS = 0.2
_LONGEST_BACKOFF_SECONDS = 3.0


class SourceError(Exception):
    """Kafka can't be read from, or didn't take a commit; trying again may help."""


class Polled(msgspec.Struct, frozen=True):
    """What a poll brought: ``lost`` partitions were taken away before ``records`` were read."""

    records: tuple[Record, ...] = ()
    lost: frozenset[Partition] = frozenset()


class RecordSource(Protocol):
    """A member of a consumer group. Every method raises ``SourceError``."""

    def poll(self, timeout_seconds: float) -> Polled:
        """Records, as soon as there are any."""

    def keep_alive(self) -> Polled:
        """Stay in the group without reading on."""

    def commit(self, offsets: Mapping[Partition, int]) -> None:
        """Have the group go on from these offsets."""

    def assignment(self) -> frozenset[Partition]:
        """The partitions that this member owns."""


class Poller:
    """Plays one mapping.

    ``invoke`` takes an event and returns the function's response, decoded; it raises ``FunctionError`` or
    ``FunctionUnavailableError``. ``notice`` is called whenever ``stats`` may have changed.
    """

    def __init__(
        self,
        mapping: EventSourceMapping,
        event_source: Source,
        *,
        records: RecordSource,
        invoke: Callable[[dict[str, Any]], Any],
        destination: Destination | None,
        reading: PartialReading = PartialReading.FROM_FIRST,
        notice: Callable[[Stats], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._mapping, self._event_source, self._records = mapping, event_source, records
        self._invoke, self._destination, self._reading = invoke, destination, reading
        self._notice, self._clock, self._now = notice, clock, now
        self._waiting = Waiting(Limits(mapping.batch_size, mapping.batching_window_seconds))
        self._progress = Progress()
        self._lost: set[Partition] = set()
        self.stats = Stats()

    def run(self, stop: Event) -> None:
        """Play until ``stop`` is set; whatever is not done by then will be read again by the next member."""
        delays = _backoff()
        while not stop.is_set():
            try:
                self._read()
            except SourceError as error:
                self.stats.polling_errors += 1
                self.stats.state, self.stats.last_error = "retrying", str(error)
                self._notice(self.stats)
                stop.wait(next(delays))
                continue
            delays = _backoff()
            if records := self._waiting.take(self._clock()):
                self._finish(records, stop)
            elif self._progress.to_commit():
                self._commit()  # what an earlier commit didn't get through

    def _read(self) -> None:
        if not self._waiting.is_full():
            timeout = min(self._waiting.remaining_seconds(self._clock()), _POLL_SECONDS)
            # A window of nothing still has to leave the broker time to answer.
            self._take(self._records.poll(timeout if len(self._waiting) else _POLL_SECONDS))
        assignment = self._records.assignment()
        self.stats.partitions = sorted(map(str, assignment))
        self.stats.state = "polling" if assignment else "joining"
        self._notice(self.stats)

    def _take(self, polled: Polled) -> None:
        if polled.lost:
            self._waiting.drop(polled.lost.__contains__)
            self._progress.drop(polled.lost.__contains__)
            self._lost |= polled.lost
        self._waiting.add(polled.records, self._clock())
        self.stats.polled += len(polled.records)

    def _finish(self, records: tuple[Record, ...], stop: Event) -> None:
        """Invoke until every record is done, dead-lettered, lost to another member, or ``stop`` is set."""
        self._lost.clear()
        self._progress.begin(records)
        pending = deque([Batch(records)])
        delays = _backoff()
        while pending and not stop.is_set():
            again, failed = self._attempt(pending.popleft())
            pending.extendleft(reversed(again))
            self._commit()
            self._notice(self.stats)
            if failed:
                self._pause(next(delays), stop)
            else:
                delays = _backoff()
            if self._lost:
                pending = deque(batch for batch in map(self._without_lost, pending) if batch.records)

    def _attempt(self, batch: Batch) -> tuple[tuple[Batch, ...], bool]:
        """One invocation: what of the batch comes again, and whether something failed."""
        aged = without_expired(self._mapping, batch, round(self._now().timestamp() * 1000))
        again: list[Batch] = [dead.batch for dead in aged.dead if not self._set_aside(dead)]
        failed = bool(again)
        for fresh in aged.again:
            event = event_of(self._event_source, fresh.records)
            try:
                end = self._call(event, len(fresh.records))
            except FunctionUnavailableError as error:
                self.stats.throttled += 1
                self.stats.last_error = str(error)
                return (*again, fresh), True
            outcome = judge(self._mapping, self._reading, fresh, end)
            again += [dead.batch for dead in outcome.dead if not self._set_aside(dead)]
            again += outcome.again
            self._progress.done(outcome.done)
            self.stats.partial_answers += isinstance(end, Answered) and len(outcome.done) < len(fresh.records)
            failed = failed or bool(again)
        return tuple(again), failed

    def _call(self, event: dict[str, Any], size: int) -> Answered | Failed:
        self.stats.invocations += 1
        self.stats.invoked += size
        try:
            return Answered(self._invoke(event))
        except FunctionError as error:
            self.stats.failed_invocations += 1
            self.stats.last_error = str(error)
            return Failed(str(error))

    def _set_aside(self, dead: Dead) -> bool:
        """Whether the records are settled: at the destination, or dropped because the mapping has none."""
        count = len(dead.batch.records)
        if self._destination is None:
            self.stats.dropped += count
        else:
            try:
                self._destination.deliver(dead, self._now())
            except DeliveryError as error:
                self.stats.last_error = str(error)
                return False
            self.stats.dead_lettered += count
        self._progress.done(dead.batch.records)
        return True

    def _commit(self) -> None:
        if not (offsets := self._progress.to_commit()):
            return
        try:
            self._records.commit(offsets)
        except SourceError as error:
            # Nothing is lost: the next commit says the same or more.
            self.stats.commit_errors += 1
            self.stats.last_error = str(error)
        else:
            self.stats.committed += self._progress.committed(offsets)

    def _pause(self, seconds: float, stop: Event) -> None:
        """Wait, and stay in the group meanwhile."""
        until = self._clock() + seconds
        while (left := until - self._clock()) > 0 and not stop.wait(min(left, _POLL_SECONDS)):
            try:
                self._take(self._records.keep_alive())
            except SourceError as error:
                self.stats.polling_errors += 1
                self.stats.last_error = str(error)

    def _without_lost(self, batch: Batch) -> Batch:
        kept = tuple(record for record in batch.records if record.partition not in self._lost)
        return Batch(kept, batch.attempts)


def _backoff() -> Iterator[float]:
    rising = itertools.takewhile(
        lambda pause: pause < _LONGEST_BACKOFF_SECONDS, (_FIRST_BACKOFF_SECONDS * 2**n for n in range(64))
    )
    return itertools.chain(rising, itertools.repeat(_LONGEST_BACKOFF_SECONDS))
