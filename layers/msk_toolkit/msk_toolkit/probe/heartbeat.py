"""The probes' record: its writer, its time, and its number among the writer's records in its partition.

A writer is a warm environment of the producer probe. It counts its acknowledged records in each partition, and sends
a number again when the acknowledgement did not come. So for one writer and partition a number that is missing is an
acknowledged record that is lost, and a number that comes twice is a record that is there although its write had failed.
"""

import threading
import uuid
from collections.abc import Iterable

import msgspec

from msk_toolkit.kafka.records import KafkaRecord

# Of more writers than this in a partition, the one not seen for longest is forgotten: a commit holds little text.
_WRITERS_KEPT = 4


class Heartbeat(msgspec.Struct, frozen=True, rename="camel"):
    """The record that the producer probe writes.

    ``nonce`` is new for each record, ``sent_at`` is in milliseconds since 1970, ``writer`` and ``sequence`` are as this
    module says; 0 where nothing is counted.
    """

    nonce: str
    broker: int
    sent_at: int
    writer: str = ""
    sequence: int = 0

    def as_bytes(self) -> bytes:
        """The record's value."""
        return msgspec.json.encode(self)


class MissingHeartbeats(msgspec.Struct, frozen=True, rename="camel"):
    """Acknowledged heartbeats that are lost: a writer's numbers ``first`` to ``last``.

    They should be in ``partition`` somewhere before ``before_offset``, at which the writer's next record is.
    """

    partition: int
    writer: str
    first: int
    last: int
    before_offset: int

    @property
    def count(self) -> int:
        """How many."""
        return self.last - self.first + 1

    def __str__(self) -> str:
        """In words: ``2 to 3 of writer 1f… in partition 0, before offset 17``."""
        numbers = str(self.first)
        if self.count > 1:
            numbers += f" to {self.last}"
        return f"{numbers} of writer {self.writer} in partition {self.partition}, before offset {self.before_offset}"


class Writer:
    """Numbers the heartbeats of one environment."""

    def __init__(self) -> None:
        self._name = uuid.uuid4().hex[:12]
        self._acknowledged: dict[tuple[str, int], int] = {}
        self._lock = threading.Lock()

    def heartbeat(self, topic: str, partition: int, broker: int, sent_at: int) -> Heartbeat:
        """The next record for a partition."""
        with self._lock:
            sequence = self._acknowledged.get((topic, partition), 0) + 1
        return Heartbeat(uuid.uuid4().hex, broker, sent_at, self._name, sequence)

    def acknowledged(self, topic: str, partition: int, sequence: int) -> None:
        """Count a record of the partition; an earlier number, whose acknowledgement came late, changes nothing."""
        with self._lock:
            self._acknowledged[topic, partition] = max(self._acknowledged.get((topic, partition), 0), sequence)


class HeartbeatSequence(msgspec.Struct):
    """What one partition has shown so far: each writer's last number, and what did not fit."""

    partition: int
    last: dict[str, int] = {}
    missing: list[MissingHeartbeats] = []
    duplicates: int = 0

    def note(self, records: Iterable[KafkaRecord]) -> None:
        """Take the partition's next records; whatever is not a numbered heartbeat is ignored."""
        for record in records:
            heartbeat = _parsed(record.value)
            if heartbeat is not None and heartbeat.writer:
                self._count(heartbeat, record.offset)

    def _count(self, heartbeat: Heartbeat, offset: int) -> None:
        writer, sequence = heartbeat.writer, heartbeat.sequence
        before = self.last.pop(writer, None)
        if before is not None:
            self._compare(heartbeat, before, offset)
        # Put in again behind the others: the first one is the one not seen for longest.
        self.last[writer] = max(sequence, before or 0)
        while len(self.last) > _WRITERS_KEPT:
            del self.last[next(iter(self.last))]

    def _compare(self, heartbeat: Heartbeat, before: int, offset: int) -> None:
        writer, sequence = heartbeat.writer, heartbeat.sequence
        if sequence > before + 1:
            self.missing.append(MissingHeartbeats(self.partition, writer, before + 1, sequence - 1, offset))
        if sequence <= before:
            self.duplicates += 1

    def as_text(self) -> str:
        """For a commit's metadata, so that the next run goes on from here."""
        return " ".join(f"{writer}:{sequence}" for writer, sequence in self.last.items())

    @classmethod
    def from_text(cls, partition: int, text: str) -> "HeartbeatSequence":
        """What :meth:`as_text` made; an empty one where a commit holds another text."""
        last: dict[str, int] = {}
        for word in text.split():
            writer, _, sequence = word.rpartition(":")
            if not writer or not sequence.isdecimal():
                return cls(partition)
            last[writer] = int(sequence)
        return cls(partition, last)


def _parsed(value: bytes | None) -> Heartbeat | None:
    try:
        return msgspec.json.decode(value or b"", type=Heartbeat)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
