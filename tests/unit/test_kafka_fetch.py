"""Reading from a partition: from a broker that holds its answers back, and batches that nobody here can unpack."""

import struct
from collections.abc import Callable
from typing import Any

import pytest
from kafka.protocol.consumer import FetchResponse
from kafka.protocol.metadata import ApiVersionsResponse
from kafka.record.memory_records import MemoryRecordsBuilder
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.records import fetch, first_timestamps

from tests.fakes.http_fake import Peer
from tests.fakes.kafka_broker_fake import Asked, answer, read_request, replies, talking_to

pytestmark = pytest.mark.enable_socket

FETCH = 1
SNAPPY, ATTRIBUTES = 2, 21


def versions(asked: Asked) -> Any:
    return ApiVersionsResponse(version=asked.version, error_code=0, api_keys=[(FETCH, 0, 11)])


def batch(*times: int, codec: int = 0) -> bytes:
    builder = MemoryRecordsBuilder(magic=2, compression_type=0, batch_size=10_000)
    for time in times:
        builder.append(timestamp=time, key=None, value=b"v", headers=[])
    builder.close()
    data = bytearray(builder.buffer())
    struct.pack_into(">h", data, ATTRIBUTES, codec)
    return bytes(data)


def fetched(partitions: dict[int, bytes], throttle_ms: int = 0) -> Callable[[Asked], Any]:
    """The answer to Fetch; with no partition it is a throttled one."""
    topic = FetchResponse.FetchableTopicResponse
    parts = [
        topic.PartitionData(
            partition_index=partition,
            error_code=0,
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


def test_a_broker_that_throttles_is_asked_again_when_it_said() -> None:
    held_back, answered = fetched({}, throttle_ms=20), fetched({0: batch(5)})
    with talking_to(replies(versions, held_back, held_back, answered)) as (conversation, deadline):
        (record,) = fetch(conversation, "orders", {0: 0}, deadline=deadline)[0]
    assert record.timestamp == 5


@pytest.mark.parametrize("throttle_ms", [0, 60_000])
def test_a_broker_that_throttles_for_longer_than_there_is_time_is_told(throttle_ms: int) -> None:
    def for_ever(peer: Peer) -> None:
        answer(peer, asked := read_request(peer), versions(asked))
        while True:
            answer(peer, asked := read_request(peer), fetched({}, throttle_ms)(asked))

    with talking_to(for_ever, seconds=0.4) as (conversation, deadline), pytest.raises(StageError) as caught:
        fetch(conversation, "orders", {0: 0}, deadline=deadline)
    assert (caught.value.stage, caught.value.cause) == ("fetch", "throttled")


def test_the_time_of_a_packed_record_is_told_without_unpacking_it() -> None:
    packed = fetched({0: batch(7, 9, codec=SNAPPY), 1: b""})
    with talking_to(replies(versions, packed, fetched({1: batch(8)}))) as (conversation, deadline):
        assert first_timestamps(conversation, "orders", {0: 3, 1: 0}, "lag", deadline) == {0: 7, 1: 8}


def test_where_nothing_stands_there_is_no_time_and_no_second_question() -> None:
    with talking_to(replies(versions, fetched({0: b""}))) as (conversation, _):
        assert first_timestamps(conversation, "orders", {0: 3}, "lag", Deadline(2)) == {}
        assert first_timestamps(conversation, "orders", {}, "lag", Deadline(2)) == {}
