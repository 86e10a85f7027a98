"""Records in Kafka's message format 2, once their batch is unpacked.

kafka-python's reader builds as many headers as a record says it has, and a header of two bytes takes a hundred times as
many in memory. (Kafka documentation, "Record" and "Record Header"; numbers are zigzag-encoded varints.)
"""

from collections.abc import Iterator
from typing import NamedTuple

from msk_toolkit.kafka.codecs import DamagedError, TooLargeError

# Kafka has no limit but the record's own size. A thousand is far beyond what any known producer adds.
MOST_HEADERS = 10_000
_LONGEST_NUMBER_BITS = 63


class KafkaRecord(NamedTuple):
    """A record of a partition; ``timestamp`` in milliseconds since 1970, its type 0 for the producer's
    time and 1 for the broker's. Message format 0 has no time: both are -1 then."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    timestamp_type: int = 0


class BatchHead(NamedTuple):
    """What a batch says of its records; ``append_time`` is the broker's, None where the producer's times hold."""

    base_offset: int
    records: int
    first_timestamp: int
    append_time: int | None


def read_batch(content: bytes, batch: BatchHead) -> Iterator[KafkaRecord]:
    """The records of an unpacked batch.

    Raises:
        DamagedError: the bytes are not so many records.
        TooLargeError: a record has more headers than are accepted.
    """
    at = 0
    for _ in range(batch.records):
        record, at = _record(content, at, batch)
        yield record
    if at != len(content):
        raise DamagedError("a batch holds other bytes behind its records")


def _record(content: bytes, at: int, batch: BatchHead) -> tuple[KafkaRecord, int]:
    try:
        size, at = _number(content, at)
        end = at + size
        # One byte of attributes is unused.
        time, at = _number(content, at + 1)
        place, at = _number(content, at)
        key, at = _bytes(content, at)
        value, at = _bytes(content, at)
        headers, at = _headers(content, at)
    except IndexError:
        raise DamagedError("a batch ends within a record") from None
    except UnicodeDecodeError:
        raise DamagedError("the name of a header is not UTF-8") from None
    if at != end:
        raise DamagedError("a record has another size than it says")
    offset = batch.base_offset + place
    if batch.append_time is not None:
        return KafkaRecord(offset, batch.append_time, key, value, headers, 1), at
    return KafkaRecord(offset, batch.first_timestamp + time, key, value, headers, 0), at


def _headers(content: bytes, at: int) -> tuple[tuple[tuple[str, bytes | None], ...], int]:
    count, at = _number(content, at)
    if not count:
        return (), at
    if count < 0:
        raise DamagedError("a record has fewer than no headers")
    if count > MOST_HEADERS:
        raise TooLargeError(f"a record has {count} headers; at most {MOST_HEADERS} are accepted")
    headers: list[tuple[str, bytes | None]] = []
    for _ in range(count):
        name, at = _bytes(content, at)
        if name is None:
            raise DamagedError("a header has no name")
        value, at = _bytes(content, at)
        headers.append((name.decode(), value))
    return tuple(headers), at


def _bytes(content: bytes, at: int) -> tuple[bytes | None, int]:
    size, at = _number(content, at)
    if size < 0:
        return None, at
    end = at + size
    if end > len(content):
        raise DamagedError("a batch ends within a record")
    return content[at:end], end


def _number(content: bytes, at: int) -> tuple[int, int]:
    """A number of variable length, and the position behind it."""
    octet = content[at]
    at += 1
    if octet < 0x80:
        return octet >> 1 ^ -(octet & 1), at
    number, shift = octet & 0x7F, 7
    while True:
        octet = content[at]
        at += 1
        number |= (octet & 0x7F) << shift
        if octet < 0x80:
            return number >> 1 ^ -(number & 1), at
        shift += 7
        if shift > _LONGEST_NUMBER_BITS:
            raise DamagedError("a number without an end")
