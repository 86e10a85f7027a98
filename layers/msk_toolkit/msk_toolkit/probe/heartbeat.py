"""The probes' record: who wrote it, when, and which one of the writer's records in its partition it is.

A writer is a warm environment of the producer probe. It counts its acknowledged records in each partition, and sends
a number again when the acknowledgement did not come. So for one writer and partition a number that is missing is an
acknowledged record that is lost, and one that comes twice is a record that stands although the write had failed.
"""

import threading
import uuid
from collections.abc import Iterable

import msgspec

from msk_toolkit.kafka.records import KafkaRecord

# More writers than this in one partition, and the one not seen for longest is forgotten: a commit holds little text.
_WRITERS_KEPT = 4


class Heartbeat(msgspec.Struct, frozen=True, rename="camel"):
    """The record that the producer probe writes.

    ``nonce`` is new for each one, ``sent_at`` is in milliseconds since 1970, ``writer`` and ``sequence`` are as this
    module says; 0 where nobody counts.
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
    """Acknowledged heartbeats that are lost: a writer's numbers ``first`` to ``last``, which should stand in
    ``partition`` somewhere before ``before_offset``, where the writer's next one stands."""

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
        """How a person says it: ``2 to 3 of writer 1f… in partition 0, before offset 17``."""
        numbers = str(self.first) if self.count == 1 else f"{self.first} to {self.last}"
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
        """Count a record of the partition; one of an earlier number, which came late, changes nothing."""
        with self._lock:
            self._acknowledged[topic, partition] = max(self._acknowledged.get((topic, partition), 0), sequence)


class HeartbeatSequence(msgspec.Struct):
    """What one partition has shown so far: each writer's last number, and what did not fit."""

    partition: int
    last: dict[str, int] = {}
    missing: list[MissingHeartbeats] = []
    duplicates: int = 0

    def note(self, records: Iterable[KafkaRecord]) -> None:
        """Take the partition's next records; what is no counted heartbeat is somebody else's, and passed over."""
        for record in records:
            heartbeat = _parsed(record.value)
            if heartbeat is None or not heartbeat.writer:
                continue
            before = self.last.pop(heartbeat.writer, None)
            if before is not None and heartbeat.sequence > before + 1:
                numbers = (before + 1, heartbeat.sequence - 1)
                self.missing.append(MissingHeartbeats(self.partition, heartbeat.writer, *numbers, record.offset))
            if before is not None and heartbeat.sequence <= before:
                self.duplicates += 1
            self.last[heartbeat.writer] = max(heartbeat.sequence, before or 0)
            while len(self.last) > _WRITERS_KEPT:
                del self.last[next(iter(self.last))]

    def as_text(self) -> str:
        """For a commit's metadata, so that the next run goes on from here."""
        return " ".join(f"{writer}:{sequence}" for writer, sequence in self.last.items())

    @classmethod
    def from_text(cls, partition: int, text: str) -> "HeartbeatSequence":
        """What :meth:`as_text` made; nothing known where a commit holds something else."""
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
