"""Read the heartbeats of every broker at once, each in its own thread, sharing one limit of records."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.group import Committed
from msk_toolkit.kafka.metadata import Topic, read_metadata
from msk_toolkit.kafka.records import Fetched, offset_range, read_from
from msk_toolkit.probe.check_brokers import BrokerCheck, lasting_refusal
from msk_toolkit.probe.heartbeat import HeartbeatSequence as Heartbeats
from msk_toolkit.probe.heartbeat import MissingHeartbeats
from msk_toolkit.stage import Stage

_PAUSE_SECONDS = 0.1
# Starts a partition, given its first offset and its end.
Begin = Callable[[int, int, int], None]


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
        return sum(end - self.next_offsets[partition] for partition, end in self.ends.items())

    @property
    def missing(self) -> list[MissingHeartbeats]:
        """Acknowledged heartbeats that are not there, in the order of the partitions."""
        return [each for _, one in sorted(self.sequences.items()) for each in one.missing]

    @property
    def duplicates(self) -> int:
        """Heartbeats that stand although their write had failed."""
        return sum(one.duplicates for one in self.sequences.values())

    @property
    def full(self) -> bool:
        """Whether as many records are read as a run may."""
        return self.count >= self._max_records

    def begin(self, partition: int, last: Committed | None, first: int, end: int) -> None:
        """Start a partition at its last commit; retention may have removed what that points to."""
        with self._lock:
            self.next_offsets[partition] = first if last is None else min(max(last.offset, first), end)
            self.ends[partition] = end
            # Records that retention removed are no gap.
            known = last is not None and last.offset == self.next_offsets[partition]
            self.sequences[partition] = Heartbeats.from_text(partition, last.note if last and known else "")

    def begin_again(self, partition: int, first: int, end: int) -> None:
        """Go on at the first record that is left; records that retention removed are no gap."""
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
            if not taken:
                return
            self.count += len(taken)
            # Message format 0 keeps no times: -1.
            times = [record.timestamp for record in taken if record.timestamp >= 0]
            self.newest = max(times + ([] if self.newest is None else [self.newest]), default=None)
            self.sequences[partition].note(taken)

    def to_commit(self) -> dict[int, Committed]:
        """The next offset of each partition that was begun, with its writers' numbers."""
        return {
            partition: Committed(offset, self.sequences[partition].as_text())
            for partition, offset in sorted(self.next_offsets.items())
        }


def read_since(
    reached: Mapping[int, BrokerCheck],
    topic: Topic,
    last: Mapping[int, Committed],
    partitions: Sequence[int],
    reading: Reading,
) -> None:
    """Stage ``fetch`` of each broker that leads one of the partitions; a failure stays in that broker's log."""

    def begin(partition: int, first: int, end: int) -> None:
        reading.begin(partition, last.get(partition), first, end)

    _read_each(reached, topic, partitions, reading, begin)


def read_newest(reached: Mapping[int, BrokerCheck], topic: Topic, reading: Reading) -> None:
    """Stage ``fetch`` of each broker that leads a partition, without a group: its newest record alone."""

    def begin(partition: int, first: int, end: int) -> None:
        reading.begin(partition, Committed(end - 1), first, end)

    _read_each(reached, topic, [part.index for part in topic.partitions], reading, begin)


def _read_each(
    reached: Mapping[int, BrokerCheck], topic: Topic, partitions: Sequence[int], reading: Reading, begin: Begin
) -> None:
    led: dict[int, list[int]] = {}
    for part in topic.partitions:
        if part.index in partitions and part.leader in reached:
            led.setdefault(part.leader, []).append(part.index)
    if not led:
        return
    with ThreadPoolExecutor(len(led), thread_name_prefix="read") as pool:
        for broker, own in led.items():
            pool.submit(_read, reached[broker], topic.name, own, reading, begin)


def _read(one: BrokerCheck, topic: str, partitions: list[int], reading: Reading, begin: Begin) -> None:
    try:
        with one.log.stage(Stage.FETCH) as stage:
            _read_all(one, topic, _Led(one, topic, partitions, stage), reading, begin)
    except StageError as error:
        if error.cause == Cause.LEADER_MOVED:
            # The next run reads from the new leader, from the same commit.
            one.log.downgrade(Stage.FETCH)


class _Led:
    """Questions to a broker about partitions that it leads; asked again while its metadata says that it leads them."""

    def __init__(self, one: BrokerCheck, topic: str, partitions: list[int], stage: Deadline) -> None:
        self.stage = stage
        self._one = one
        self._topic = topic
        self.partitions = partitions
        self._refusals = 0

    def ask[Answer](self, question: Callable[[], Answer]) -> Answer:
        """The answer.

        Raises:
            StageError: under ``fetch``: ``leader-moved`` where another broker leads, ``wrong-broker`` where whoever
                answers refuses for the whole stage what its own metadata says that this broker leads.
        """
        while True:
            try:
                return question()
            except StageError as error:
                if error.cause != Cause.LEADER_MOVED or not self._still_leads():
                    raise
                self._refusals += 1
                if self.stage.remaining() <= 2 * _PAUSE_SECONDS:
                    raise lasting_refusal(error, self._refusals) from error
            time.sleep(_PAUSE_SECONDS)

    def _still_leads(self) -> bool:
        metadata = read_metadata(self._one.talk, [self._topic], self.stage, Stage.FETCH)
        parts = [part for part in metadata.topics[self._topic].partitions if part.index in self.partitions]
        return all(part.leader == self._one.broker for part in parts)


def _read_all(one: BrokerCheck, topic: str, led: _Led, reading: Reading, begin: Begin) -> None:
    partitions = led.partitions
    for partition, (first, end) in _ranges(one, topic, partitions, led).items():
        begin(partition, first, end)
    while not reading.full:
        behind = {
            partition: reading.next_offsets[partition]
            for partition in partitions
            if reading.next_offsets[partition] < reading.ends[partition]
        }
        if not behind:
            return
        answer = led.ask(partial(read_from, one.talk, topic, behind, deadline=led.stage))
        for partition, fetched in answer.items():
            reading.note(partition, fetched)
        removed = [partition for partition, fetched in answer.items() if fetched.out_of_range]
        if removed:
            # Records may leave between the two questions: by retention, or by DeleteRecords.
            for partition, (first, end) in _ranges(one, topic, removed, led).items():
                reading.begin_again(partition, first, end)
        elif all(reading.next_offsets[partition] == start for partition, start in behind.items()):
            return  # the next run sees whether the records come


def _ranges(one: BrokerCheck, topic: str, partitions: list[int], led: _Led) -> dict[int, tuple[int, int]]:
    return led.ask(lambda: offset_range(one.talk, topic, partitions, Stage.FETCH, led.stage))
