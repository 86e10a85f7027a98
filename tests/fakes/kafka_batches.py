"""Batches as producers and brokers pack them, in every message format, and the answer to Fetch that brings them."""

import struct
from collections.abc import Callable, Sequence
from typing import Any

from kafka.protocol.consumer import FetchResponse
from kafka.protocol.metadata import ApiVersionsResponse
from kafka.record.memory_records import MemoryRecordsBuilder
from kafka.record.util import calc_crc32c

from tests.fakes.kafka_broker_fake import Asked

FETCH = 1
NONE, GZIP, SNAPPY, LZ4, ZSTD = 0, 1, 2, 3, 4
_LENGTH_AT, _CHECKSUM_AT, _ATTRIBUTES_AT, _RECORDS_AT = 8, 17, 21, 61


def versions(asked: Asked) -> Any:
    """The answer to ApiVersions: this broker knows Fetch."""
    return ApiVersionsResponse(version=asked.version, error_code=0, api_keys=[(FETCH, 0, 11)])


def batch(
    values: Sequence[bytes | None], codec: int = NONE, magic: int = 2, offset: int = 0, time: int = 1000
) -> bytes:
    """Values from an offset on, a millisecond apart, packed by kafka-python."""
    builder = MemoryRecordsBuilder(magic=magic, compression_type=codec, batch_size=1 << 30)
    for number, value in enumerate(values):
        builder.append(timestamp=time + number, key=b"k", value=value, headers=[])
    builder.close()
    data = bytearray(builder.buffer())
    # A broker gives a batch its place: format 2 by its first record, a wrapper by its last.
    last = len(values) - 1 if magic < 2 and codec else 0
    struct.pack_into(">q", data, 0, offset + last)
    return bytes(data)


def packed_with(codec: int, content: bytes, count: int) -> bytes:
    """A batch of format 2 whose records are these packed bytes."""
    head = bytearray(batch([b"v"])[:_RECORDS_AT])
    struct.pack_into(">i", head, _LENGTH_AT, _RECORDS_AT - 12 + len(content))
    struct.pack_into(">h", head, _ATTRIBUTES_AT, codec)
    struct.pack_into(">i", head, _ATTRIBUTES_AT + 2, count - 1)
    struct.pack_into(">i", head, _RECORDS_AT - 4, count)
    return bytes(head) + content


def control_batch(offset: int) -> bytes:
    """A transaction's marker."""
    data = bytearray(batch([b"v"], offset=offset))
    struct.pack_into(">h", data, _ATTRIBUTES_AT, 0b110000)
    struct.pack_into(">I", data, _CHECKSUM_AT, calc_crc32c(memoryview(data)[_ATTRIBUTES_AT:]))
    return bytes(data)


def fetched(partitions: dict[int, bytes], throttle_ms: int = 0, error_code: int = 0) -> Callable[[Asked], Any]:
    """The answer to Fetch; with no partition it is a throttled one."""
    topic = FetchResponse.FetchableTopicResponse
    parts = [
        topic.PartitionData(
            partition_index=partition,
            error_code=error_code,
            high_watermark=9,
            last_stable_offset=9,
            log_start_offset=0,
            aborted_transactions=[],
            preferred_read_replica=-1,
            records=data,
        )
        for partition, data in partitions.items()
    ]
    topics = [topic(topic="orders", partitions=parts)] if parts else []
    return lambda asked: FetchResponse(
        version=asked.version, throttle_time_ms=throttle_ms, error_code=0, session_id=0, responses=topics
    )
