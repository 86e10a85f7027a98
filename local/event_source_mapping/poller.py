"""Reads, invokes, commits: one invocation at a time, and only what is done is committed."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from threading import Event
from typing import NamedTuple, Protocol

import msgspec

from local.event_source_mapping.attempts import Attempts, Invocation
from local.event_source_mapping.batching import Limits, Waiting
from local.event_source_mapping.event import Partition, Record
from local.event_source_mapping.filtering import RecordFilters
from local.event_source_mapping.mapping import Mapping as EventSourceMapping
from local.event_source_mapping.outcome import Batch
from local.event_source_mapping.progress import Progress
from local.event_source_mapping.stats import LOGIN_REFUSED, NOT_AUTHORIZED, NOT_CONNECTED, Stats

_POLL_SECONDS = 0.5
_FIRST_BACKOFF_SECONDS = 0.2
_MAX_BACKOFF_SECONDS = 3.0


class SourceError(Exception):
    """Kafka can't be read from, or did not accept a commit; trying again may help."""


class Polled(msgspec.Struct, frozen=True):
    """What a poll returned: ``lost`` partitions were taken away before ``records`` were read."""

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

    def leave(self) -> None:
        """Leave the group, and begin at the committed offsets at the next poll."""


class Clock(NamedTuple):
    """The monotonic clock in seconds, and the time of day."""

    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


class Poller:
    """Plays one mapping.

    ``notice`` is called whenever ``stats`` may have changed; ``enabled`` is asked before each poll and each invocation.
    """

    def __init__(
        self,
        mapping: EventSourceMapping,
        records: RecordSource,
        invocation: Invocation,
        *,
        notice: Callable[[Stats], None] = lambda _: None,
        clock: Clock | None = None,
        enabled: Callable[[], bool] = lambda: True,
    ) -> None:
        self._records = records
        self._notice = notice
        self._enabled = enabled
        self._clock, self._now = clock or Clock()
        self._waiting = Waiting(Limits(mapping.batch_size, mapping.batching_window_seconds))
        self._filters = RecordFilters(mapping.filters)
        self._progress = Progress()
        self._lost: set[Partition] = set()
        self.stats = Stats()
        self._attempts = Attempts(mapping, invocation, self._progress, self.stats)

    def run(self, stop: Event) -> None:
        """Play until ``stop`` is set; whatever is not done by then will be read again by the next member."""
        delays = _backoff()
        while not stop.is_set():
            if not self._enabled():
                self._rest(stop)
                continue
            try:
                self._read()
            except SourceError as error:
                self.stats.polling_errors += 1
                self.stats.state, self.stats.last_error = "retrying", str(error)
                self.stats.last_result = _result_of(error)
                self._notice(self.stats)
                stop.wait(next(delays))
                continue
            delays = _backoff()
            records = self._waiting.take(self._clock())
            if records:
                self._finish(records, stop)
            elif self._progress.to_commit():
                self._commit()  # what an earlier commit didn't get through

    def _rest(self, stop: Event) -> None:
        """A disabled mapping leaves its group; what it has read and not committed will be read again."""
        if self.stats.state != "disabled":
            self._records.leave()
            self._waiting.drop(lambda _: True)
            self._progress.drop(lambda _: True)
            self.stats.state, self.stats.partitions = "disabled", []
        # Again and again: files are not written more often than twice a second, and the first time may be too early.
        self._notice(self.stats)
        stop.wait(_POLL_SECONDS)

    def _read(self) -> None:
        if not self._waiting.is_full():
            timeout = _POLL_SECONDS
            # With nothing waiting, a window of nothing still has to leave the broker time to answer.
            if len(self._waiting):
                timeout = min(self._waiting.remaining_seconds(self._clock()), _POLL_SECONDS)
            self._take(self._records.poll(timeout))
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
        """Invoke until every record is done, dead-lettered, lost to another member; or until the end of the mapping."""
        self._lost.clear()
        self._progress.begin(records)
        kept = self._without_filtered(records)
        if not kept:
            self._commit()
            self._notice(self.stats)
            return
        pending = deque([Batch(kept)])
        delays = _backoff()
        while pending and not stop.is_set() and self._enabled():
            attempt = self._attempts.attempt(pending.popleft(), self._now())
            pending.extendleft(reversed(attempt.retries))
            self._commit()
            self._notice(self.stats)
            if attempt.failed:
                self._pause(next(delays), stop)
            else:
                delays = _backoff()
            if self._lost:
                pending = deque(batch for batch in map(self._without_lost, pending) if batch.records)

    def _without_filtered(self, records: tuple[Record, ...]) -> tuple[Record, ...]:
        """What the mapping's filters let through; the rest is done, and committed in its order."""
        kept = tuple(record for record in records if self._filters.let_through(record.value))
        if len(kept) < len(records):
            passed = {id(record) for record in kept}
            self._progress.done(record for record in records if id(record) not in passed)
            self.stats.filtered_out += len(records) - len(kept)
        return kept

    def _commit(self) -> None:
        offsets = self._progress.to_commit()
        if not offsets:
            return
        try:
            self._records.commit(offsets)
        except SourceError as error:
            # No record is lost: the next commit includes these offsets.
            self.stats.commit_errors += 1
            self.stats.last_error = str(error)
        else:
            self.stats.committed += self._progress.committed(offsets)

    def _pause(self, seconds: float, stop: Event) -> None:
        """Wait, and stay in the group meanwhile."""
        until = self._clock() + seconds
        left = seconds
        while left > 0 and not stop.wait(min(left, _POLL_SECONDS)):
            try:
                self._take(self._records.keep_alive())
            except SourceError as error:
                self.stats.polling_errors += 1
                self.stats.last_error = str(error)
            left = until - self._clock()

    def _without_lost(self, batch: Batch) -> Batch:
        kept = tuple(record for record in batch.records if record.partition not in self._lost)
        return Batch(kept, batch.attempts)


def _result_of(error: SourceError) -> str:
    """What Lambda's API says of a mapping that can't read; the client's error names its own kind."""
    if "Authentication" in str(error):
        return LOGIN_REFUSED
    if "Authorization" in str(error):
        return NOT_AUTHORIZED
    return NOT_CONNECTED


def _backoff() -> Iterator[float]:
    delay = _FIRST_BACKOFF_SECONDS
    while True:
        yield delay
        delay = min(2 * delay, _MAX_BACKOFF_SECONDS)
