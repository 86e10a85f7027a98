"""Kafka records and the event that Lambda makes of them."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any, NamedTuple

import msgspec

# The event around the records: source, ARN, brokers, and a key for each partition.
_ENVELOPE_BYTES = 4096
# Field names, digits and punctuation of one record.
_RECORD_BYTES = 256


class Partition(NamedTuple):
    """A partition of a topic."""

    topic: str
    number: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.number}"


class Record(msgspec.Struct, frozen=True):
    """A record as it was read from a partition; ``timestamp`` in milliseconds since 1970."""

    partition: Partition
    offset: int
    timestamp: int
    value: bytes | None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    timestamp_type: str = "CREATE_TIME"


class Tombstones(Enum):
    """How a null value appears: Lambda has been seen with either."""

    NULL = "null"
    ABSENT = "absent"


class Source(msgspec.Struct, frozen=True):
    """What an event says of where its records come from, and how it says that a value is null.

    ``arn`` is empty for a self-managed cluster.
    """

    arn: str
    bootstrap_servers: str
    tombstones: Tombstones = Tombstones.ABSENT

    @property
    def names(self) -> dict[str, str]:
        """The fields that say which cluster it is."""
        servers = {"bootstrapServers": self.bootstrap_servers}
        return {"eventSourceArn": self.arn, **servers} if self.arn else servers


def event_of(source: Source, records: Iterable[Record]) -> dict[str, Any]:
    """The documented event, records in the given order under a key per partition."""
    partitions: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        partitions.setdefault(str(record.partition), []).append(_entry(record, source.tombstones))
    return {
        "eventSource": "aws:kafka" if source.arn else "SelfManagedKafka",
        **source.names,
        "records": partitions,
    }


def encoded_size(record: Record) -> int:
    """An upper bound of what the record adds to the event's JSON, in bytes."""
    blobs = sum(4 * (len(blob or b"") + 2) // 3 for blob in (record.key, record.value))
    # A signed byte is at most four characters and a comma; a name may be escaped.
    headers = sum(6 * len(name.encode()) + 5 * len(value or b"") + 8 for name, value in record.headers)
    return _RECORD_BYTES + 2 * len(record.partition.topic) + blobs + headers


def fits(sizes: int, limit: int) -> bool:
    """Whether records of these sizes together make an event of at most ``limit`` bytes."""
    return sizes + _ENVELOPE_BYTES <= limit


def batch_info(source: Source, records: Sequence[Record], payload_size: int) -> dict[str, Any]:
    """The ``KafkaBatchInfo`` of a failed batch: for each partition its first and last record."""
    info: dict[str, dict[str, str]] = {}
    for record in records:
        offset, timestamp = str(record.offset), _iso(record.timestamp)
        first = {"firstRecordOffset": offset, "firstRecordTimestamp": timestamp}
        info[str(record.partition)] = {
            **first,
            **info.get(str(record.partition), {}),
            "lastRecordOffset": offset,
            "lastRecordTimestamp": timestamp,
        }
    return {
        "batchSize": len(records),
        **source.names,
        "payloadSize": payload_size,
        "recordInfo": info,
    }


def record_info(record: Record) -> dict[str, str]:
    """The ``recordInfo`` of a single record, in a message of a Kafka destination."""
    return {"offset": str(record.offset), "timestamp": _iso(record.timestamp)}


def _entry(record: Record, tombstones: Tombstones) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "topic": record.partition.topic,
        "partition": record.partition.number,
        "offset": record.offset,
        "timestamp": record.timestamp,
        "timestampType": record.timestamp_type,
        "headers": [{name: _signed(value)} for name, value in record.headers],
    }
    if record.key is not None:
        entry["key"] = b64encode(record.key).decode()
    if record.value is not None:
        entry["value"] = b64encode(record.value).decode()
    elif tombstones is Tombstones.NULL:
        entry["value"] = None
    return entry


def _signed(value: bytes | None) -> list[int] | None:
    """Lambda is Java: its header bytes run from -128 to 127."""
    if value is None:
        return None
    return list(memoryview(value).cast("b"))


def _iso(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
