"""Read the heartbeats of every broker at once, each in its own thread, sharing one limit of records."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from msk_toolkit.backoff import Backoff, Sleep
from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.group import Committed
from msk_toolkit.kafka.metadata import Topic, read_metadata
from msk_toolkit.kafka.records import Fetched, KafkaRecord, offset_range, read_from
from msk_toolkit.probe.check_brokers import BrokerCheck, lasting_refusal, own_row
from msk_toolkit.probe.heartbeat import HeartbeatSequence as Heartbeats
from msk_toolkit.probe.heartbeat import MissingHeartbeats
from msk_toolkit.stage import Stage

_PAUSE_SECONDS = 0.1
# The last commit from which a partition is read, given its number, its first offset and its end.
StartOf = Callable[[int, int, int], Committed | None]


class Reading:
    """What a run has read: the next offset and the end of each partition, and what the heartbeats showed.

    ``newest`` is the newest record's time in milliseconds since 1970, None where none was read, or none has a time.
    """

    def __init__(self, max_records: int) -> None:
        self.next_offsets: dict[int, int] = {}
        self.ends: dict[int, int] = {}
        self.sequences: dict[int, Heartbeats] = {}
        self.count = 0
        self.newest: int | None = None
        self._max_records = max_records
        self._lock = threading.Lock()

    @property
    def lag(self) -> int:
        """Records behind what was read, over all partitions."""
        return sum(max(0, end - self.next_offsets[partition]) for partition, end in self.ends.items())

    @property
    def missing(self) -> list[MissingHeartbeats]:
        """Acknowledged heartbeats that are not there, in the order of the partitions."""
        missing: list[MissingHeartbeats] = []
        for _, sequence in sorted(self.sequences.items()):
            missing += sequence.missing
        return missing

    @property
    def duplicates(self) -> int:
        """Heartbeats that are there although their write had failed."""
        return sum(sequence.duplicates for sequence in self.sequences.values())

    @property
    def full(self) -> bool:
        """Whether as many records are read as a run may."""
        return self.count >= self._max_records

    def newest_age_ms(self, now: float) -> int | None:
        """The newest record's age in milliseconds, never below zero; None where none was read.

        Args:
            now: seconds since 1970.
        """
        if self.newest is None:
            return None
        return max(0, int(now * 1000) - self.newest)

    def begin(self, partition: int, last: Committed | None, first: int, end: int) -> None:
        """Start a partition at its last commit; retention may have removed what that points to."""
        with self._lock:
            self.ends[partition] = end
            if last is None:
                self.next_offsets[partition] = first
                self.sequences[partition] = Heartbeats(partition)
                return
            start = min(max(last.offset, first), end)
            self.next_offsets[partition] = start
            # Records that retention removed are not missing: the count begins again.
            note = last.note if last.offset == start else ""
            self.sequences[partition] = Heartbeats.from_text(partition, note)

    def begin_again(self, partition: int, first: int, end: int) -> None:
        """Go on at the first record that is left; records that retention removed are not missing."""
        with self._lock:
            self.next_offsets[partition] = first
            self.ends[partition] = max(first, end)
            self.sequences[partition] = Heartbeats(partition)

    def note(self, partition: int, fetched: Fetched) -> None:
        """Take a partition's next records, as far as the run's limit allows."""
        with self._lock:
            taken = fetched.records[: self._max_records - self.count]
            if len(taken) == len(fetched.records):
                self.next_offsets[partition] = fetched.next_offset
            elif taken:
                self.next_offsets[partition] = taken[-1].offset + 1
            self.count += len(taken)
            self._note_times(taken)
            self.sequences[partition].note(taken)

    def _note_times(self, records: Iterable[KafkaRecord]) -> None:
        for record in records:
            # Message format 0 keeps no times: -1.
            if record.timestamp >= 0:
                self.newest = max(record.timestamp, self.newest or 0)

    def behind(self, partitions: Sequence[int]) -> dict[int, int]:
        """The next offset of each of the partitions that is not read to its end."""
        return {
            partition: self.next_offsets[partition]
            for partition in partitions
            if self.next_offsets[partition] < self.ends[partition]
        }

    def to_commit(self) -> dict[int, Committed]:
        """The next offset of each partition that was begun, with its writers' numbers."""
        return {
            partition: Committed(offset, self.sequences[partition].as_text())
            for partition, offset in sorted(self.next_offsets.items())
        }


class Reader:
    """Stage ``fetch`` of each broker that leads one of the partitions; a failure stays in that broker's log.

    Args:
        reached: the brokers that can be asked, by their ids.
        reading: takes what is read.
    """

    def __init__(self, reached: Mapping[int, BrokerCheck], topic: Topic, reading: Reading, sleep: Sleep) -> None:
        self._reached = reached
        self._topic = topic
        self._reading = reading
        self._sleep = sleep

    def read_since(self, last: Mapping[int, Committed], partitions: Sequence[int]) -> None:
        """Read the group's partitions since its last commit."""
        self._read_all(partitions, lambda partition, _first, _end: last.get(partition))

    def read_newest(self) -> None:
        """Read the newest record of every partition, without a group."""
        partitions = [partition.index for partition in self._topic.partitions]
        self._read_all(partitions, lambda _partition, _first, end: Committed(end - 1))

    def _read_all(self, partitions: Sequence[int], start_of: StartOf) -> None:
        led = self._by_leader(partitions)
        if not led:
            return
        with ThreadPoolExecutor(len(led), thread_name_prefix="read") as pool:
            for broker, own in led.items():
                pool.submit(self._read, self._reached[broker], own, start_of)

    def _by_leader(self, partitions: Sequence[int]) -> dict[int, list[int]]:
        led: dict[int, list[int]] = {}
        for partition in self._topic.partitions:
            if partition.index in partitions and partition.leader in self._reached:
                led.setdefault(partition.leader, []).append(partition.index)
        return led

    def _read(self, check: BrokerCheck, partitions: list[int], start_of: StartOf) -> None:
        with own_row(check):
            self._read_own(check, partitions, start_of)

    def _read_own(self, check: BrokerCheck, partitions: list[int], start_of: StartOf) -> None:
        try:
            with check.log.stage(Stage.FETCH) as stage:
                leader = _Leader(check, self._topic.name, partitions, stage, self._sleep)
                for partition, (first, end) in leader.ranges(partitions).items():
                    self._reading.begin(partition, start_of(partition, first, end), first, end)
                self._read_to_the_end(leader)
        except StageError as error:
            if error.cause is Cause.LEADER_MOVED:
                # The next run reads from the new leader, from the same commit.
                check.log.downgrade(Stage.FETCH)

    def _read_to_the_end(self, leader: "_Leader") -> None:
        reading = self._reading
        while not reading.full:
            behind = reading.behind(leader.partitions)
            if not behind:
                return
            removed = self._read_on(leader, behind)
            if removed:
                self._begin_again(leader, removed)
            elif reading.behind(leader.partitions) == behind:
                return  # the next run sees whether the records come

    def _read_on(self, leader: "_Leader", behind: Mapping[int, int]) -> list[int]:
        """Take the next records, and return the partitions whose next offset is out of range."""
        removed: list[int] = []
        for partition, fetched in leader.read(behind).items():
            self._reading.note(partition, fetched)
            if fetched.out_of_range:
                removed.append(partition)
        return removed

    def _begin_again(self, leader: "_Leader", removed: list[int]) -> None:
        # Records may be removed between the two requests: by retention, or by DeleteRecords.
        for partition, (first, end) in leader.ranges(removed).items():
            self._reading.begin_again(partition, first, end)


class _Leader:
    """A broker that leads partitions; asked again while its metadata says that it leads them."""

    def __init__(self, check: BrokerCheck, topic: str, partitions: list[int], stage: Deadline, sleep: Sleep) -> None:
        self.partitions = partitions
        self._check = check
        self._connection = check.open_connection
        self._topic = topic
        self._stage = stage
        self._sleep = sleep
        self._refusals = 0

    def ranges(self, partitions: list[int]) -> dict[int, tuple[int, int]]:
        """The first offset of each partition, and its end."""
        return self._ask(partial(offset_range, self._connection, self._topic, partitions, Stage.FETCH, self._stage))

    def read(self, starts: Mapping[int, int]) -> dict[int, Fetched]:
        """The next records of each partition, from its start on."""
        return self._ask(partial(read_from, self._connection, self._topic, starts, deadline=self._stage))

    def _ask[Response](self, request: Callable[[], Response]) -> Response:
        """The response.

        Raises:
            StageError: under ``fetch``: ``leader-moved`` where another broker leads, ``wrong-broker`` where whoever
                answers refuses for the whole stage what its own metadata says that this broker leads.
        """
        backoff = Backoff(self._stage, self._sleep, shortest_seconds=_PAUSE_SECONDS, longest_seconds=_PAUSE_SECONDS)
        while True:
            try:
                return request()
            except StageError as error:
                self._wait_out(error, backoff)

    def _wait_out(self, error: StageError, backoff: Backoff) -> None:
        if error.cause is not Cause.LEADER_MOVED or not self._still_leads():
            raise error
        self._refusals += 1
        if not backoff.pause():
            raise lasting_refusal(error, self._refusals) from error

    def _still_leads(self) -> bool:
        topic = read_metadata(self._connection, [self._topic], self._stage, Stage.FETCH).topics[self._topic]
        leaders = {partition.leader for partition in topic.partitions if partition.index in self.partitions}
        return leaders <= {self._check.broker}
