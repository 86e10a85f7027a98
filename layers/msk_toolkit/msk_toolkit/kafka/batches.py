"""Records out of the bytes of a Fetch answer: every message format and codec of Kafka, within bounds."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from kafka.record._crc32c import CRC_INIT, crc_finalize, crc_update

from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka import old_formats
from msk_toolkit.kafka.codecs import DamagedError, unpack
from msk_toolkit.kafka.current_format import BatchHead, KafkaRecord, read_batch

# What a batch of Kafka's 1 MB (max.message.bytes) may hold. The functions have 512 MB and unpack one at a time.
UNPACKED_BYTES = 64 * 1024 * 1024
# What one answer may become. A record costs a few hundred bytes more than it holds.
_MOST_RECORDS = 50_000
_MOST_BYTES = 32 * 1024 * 1024
_RECORDS_BETWEEN_LOOKS = 1000
_HEADER_BYTES = 150

_OFFSET_AND_LENGTH = struct.Struct(">qi")
_MAGIC_AT = 16
_LEAST_LENGTH = {0: 14, 1: 22, 2: 49}
# Batches of format 2: base offset and length, ..., attributes, last offset's delta, first and last timestamp.
_CURRENT_MAGIC = 2
_CHECKSUM_AT, _CHECKSUM_BYTES = 17, 65536
_ATTRIBUTES_AT, _LAST_DELTA_AT, _TIMES_AT, _COUNT_AT, _RECORDS_AT = 21, 23, 27, 57, 61
_CODEC_BITS, _LOG_APPEND_TIME_BIT, _CONTROL_BIT = 0b111, 0b1000, 0b100000


class Fetched(NamedTuple):
    """What one answer holds of a partition.

    ``next_offset`` is where to read on: behind the records, and also behind what is not a record (a transaction's
    marker, the place of one that compaction removed). It is the requested offset where the response holds nothing.
    ``out_of_range`` says that the partition does not reach to that offset: it begins later, or ends before.
    """

    records: list[KafkaRecord]
    next_offset: int
    out_of_range: bool = False


class Budget:
    """How much may still be made of one answer, whose partitions share it."""

    def __init__(self) -> None:
        self._records = _MOST_RECORDS
        self._bytes = _MOST_BYTES

    @property
    def spent(self) -> bool:
        """Whether the rest has to be requested again."""
        return self._records <= 0 or self._bytes <= 0

    def take(self, record: KafkaRecord) -> None:
        """Count a record."""
        self._records -= 1
        self._bytes -= len(record.key or b"") + len(record.value or b"")
        for name, value in record.headers:
            self._bytes -= _HEADER_BYTES + len(name) + len(value or b"")


class _Batch(NamedTuple):
    base_offset: int
    magic: int
    data: bytes

    @property
    def attributes(self) -> int:
        return int(struct.unpack_from(">h", self.data, _ATTRIBUTES_AT)[0])

    @property
    def is_empty(self) -> bool:
        """Whether a batch of format 2 has no producer's record: a marker, or one that compaction has emptied."""
        return bool(self.attributes & _CONTROL_BIT) or self.record_count <= 0

    @property
    def record_count(self) -> int:
        """How many records a batch of format 2 says that it has."""
        return int(struct.unpack_from(">i", self.data, _COUNT_AT)[0])

    @property
    def first_time(self) -> int:
        """The time of the first record of a batch of format 2; the broker's own is there only once."""
        first, last = struct.unpack_from(">qq", self.data, _TIMES_AT)
        if self.attributes & _LOG_APPEND_TIME_BIT:
            return int(last)
        return int(first)

    @property
    def last_offset(self) -> int:
        if self.magic <= 1:
            # The offset of a wrapper is that of its last record.
            return self.base_offset
        (delta,) = struct.unpack_from(">i", self.data, _LAST_DELTA_AT)
        return self.base_offset + int(delta)


def read_records(
    data: bytes, start: int, budget: Budget, deadline: Deadline, *, with_checksums: bool = False
) -> Fetched:
    """The records from offset ``start`` on, as far as there are whole batches and the budget goes.

    Args:
        with_checksums: hold each batch of format 2 against its checksum, which takes 0.2 s a megabyte; those of the old
            formats are checked in any case.

    Raises:
        DamagedError, TooLargeError: see :mod:`msk_toolkit.kafka.codecs`.
        TimeoutError: the deadline has passed.
    """
    records: list[KafkaRecord] = []
    following = start
    for batch in _batches(data):
        if with_checksums:
            _check_sum(batch, deadline)
        for count, record in enumerate(_records(batch)):
            if count % _RECORDS_BETWEEN_LOOKS == 0 and deadline.expired:
                raise TimeoutError
            # A leader answers with whole batches: the first may begin before the requested offset.
            if record.offset < start:
                continue
            if not following <= record.offset <= batch.last_offset:
                raise DamagedError("the offsets of its records do not grow, or leave their batch")
            if budget.spent:
                return Fetched(records, following)
            budget.take(record)
            records.append(record)
            following = record.offset + 1
        following = max(following, batch.last_offset + 1)
    return Fetched(records, following)


class Beginning(NamedTuple):
    """What an answer begins with.

    ``timestamp`` is when its first record was written, in milliseconds since 1970, None in message format 0, which has
    no times. Without a record in the answer ``next_offset`` is where to look on, behind what is none.
    """

    holds_record: bool
    timestamp: int | None
    next_offset: int

    def ends_search(self, end: int) -> bool:
        """Whether nothing more need be requested to know the first record before the offset ``end``."""
        return self.holds_record or self.next_offset >= end


def beginning(data: bytes, start: int, deadline: Deadline) -> Beginning:
    """The first record of an answer. The markers of transactions are none: a consumer never gets them.

    A batch's header has the time of the batch's first record, so that nothing need be unpacked.

    Raises:
        DamagedError, TooLargeError, TimeoutError: as :func:`read_records`.
    """
    following = start
    for batch in _batches(data):
        if batch.magic <= 1 and (records := read_records(batch.data, start, Budget(), deadline).records):
            return Beginning(True, _first_time(records), following)
        if batch.magic > 1 and not batch.is_empty:
            return Beginning(True, batch.first_time, following)
        following = max(following, batch.last_offset + 1)
    return Beginning(False, None, following)


def _first_time(records: list[KafkaRecord]) -> int | None:
    times = (record.timestamp for record in records if record.timestamp != old_formats.NO_TIMESTAMP)
    return next(times, None)


def _batches(data: bytes) -> Iterator[_Batch]:
    """The whole batches; the last one of an answer may be cut short, and is then not there yet."""
    at = 0
    while at + _MAGIC_AT < len(data):
        base_offset, length = _OFFSET_AND_LENGTH.unpack_from(data, at)
        end = at + _OFFSET_AND_LENGTH.size + length
        magic = data[at + _MAGIC_AT]
        if length < _LEAST_LENGTH.get(magic, 0):
            raise DamagedError("a batch is shorter than its own header")
        if end > len(data):
            return
        if magic not in _LEAST_LENGTH:
            raise DamagedError(f"a batch has message format {magic}, which Kafka does not have")
        yield _Batch(base_offset, magic, data[at:end])
        at = end


def _check_sum(batch: _Batch, deadline: Deadline) -> None:
    if batch.magic < _CURRENT_MAGIC:
        return
    content = memoryview(batch.data)[_ATTRIBUTES_AT:]
    checksum = CRC_INIT
    for at in range(0, len(content), _CHECKSUM_BYTES):
        if deadline.expired:
            raise TimeoutError
        checksum = crc_update(checksum, content[at : at + _CHECKSUM_BYTES])
    if crc_finalize(checksum) != struct.unpack_from(">I", batch.data, _CHECKSUM_AT)[0]:
        raise DamagedError("a batch does not fit its checksum")


def _records(batch: _Batch) -> Iterator[KafkaRecord]:
    if batch.magic < 2:
        return _old_records(batch)
    # Transaction markers are Kafka's, not a producer's.
    if batch.attributes & _CONTROL_BIT:
        return iter(())
    return _current_records(batch)


def _old_records(batch: _Batch) -> Iterator[KafkaRecord]:
    for message in old_formats.messages(batch.data, UNPACKED_BYTES):
        yield KafkaRecord(message.offset, message.timestamp, message.key, message.value, (), message.timestamp_type)


def _current_records(batch: _Batch) -> Iterator[KafkaRecord]:
    content = batch.data[_RECORDS_AT:]
    if codec := batch.attributes & _CODEC_BITS:
        content = unpack(codec, content, UNPACKED_BYTES)
    first_timestamp, last_timestamp = struct.unpack_from(">qq", batch.data, _TIMES_AT)
    append_time = last_timestamp if batch.attributes & _LOG_APPEND_TIME_BIT else None
    return read_batch(content, BatchHead(batch.base_offset, batch.record_count, first_timestamp, append_time))
