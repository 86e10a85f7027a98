"""Read the heartbeats of every broker at once, each in its own thread, sharing one limit of records."""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.group import Committed
from msk_toolkit.kafka.metadata import Topic
from msk_toolkit.kafka.records import Record, fetch, offset_range
from msk_toolkit.probe.heartbeat import MissingHeartbeats
from msk_toolkit.probe.heartbeat import Sequence as Heartbeats
from msk_toolkit.probe.survey import BrokerCheck


class Reading:
    """What a run has read: the next offset and the end of each partition, and what the heartbeats showed.

    ``newest`` is the newest record's time in milliseconds since 1970, None where none was read.
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

    def note(self, partition: int, records: Sequence[Record]) -> None:
        """Take a partition's next records, as far as the run's limit allows."""
        with self._lock:
            taken = records[: self._max_records - self.count]
            if not taken:
                return
            self.next_offsets[partition] = taken[-1].offset + 1
            self.count += len(taken)
            self.newest = max([record.timestamp for record in taken] + ([] if self.newest is None else [self.newest]))
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
    led: dict[int, list[int]] = {}
    for part in topic.partitions:
        if part.index in partitions and part.leader in reached:
            led.setdefault(part.leader, []).append(part.index)
    if not led:
        return
    with ThreadPoolExecutor(len(led), thread_name_prefix="read") as pool:
        for broker, own in led.items():
            pool.submit(_read, reached[broker], topic.name, own, last, reading)


def _read(one: BrokerCheck, topic: str, partitions: list[int], last: Mapping[int, Committed], reading: Reading) -> None:
    try:
        with one.log.stage("fetch") as stage:
            _read_all(one, topic, partitions, last, reading, stage)
    except StageError as error:
        if error.cause == "leader-moved":
            # The next run reads from the new leader, from the same commit.
            one.log.soften("fetch")


def _read_all(
    one: BrokerCheck,
    topic: str,
    partitions: list[int],
    last: Mapping[int, Committed],
    reading: Reading,
    stage: Deadline,
) -> None:
    for partition, (first, end) in offset_range(one.talk, topic, partitions, "fetch", stage).items():
        reading.begin(partition, last.get(partition), first, end)
    while True:
        behind = {
            partition: reading.next_offsets[partition]
            for partition in partitions
            if reading.next_offsets[partition] < reading.ends[partition]
        }
        if not behind or reading.full:
            return
        for partition, records in fetch(one.talk, topic, behind, deadline=stage).items():
            reading.note(partition, records)
