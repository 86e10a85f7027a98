"""Where a partition begins and ends, also in the moment after a leader was elected."""

from collections.abc import Callable
from typing import Any

import pytest
from kafka.protocol.consumer import ListOffsetsResponse
from kafka.protocol.metadata import ApiVersionsResponse
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.records import offset_at, offset_range
from msk_toolkit.stage import Stage

from tests.fakes.http_fake import Peer
from tests.fakes.kafka_broker_fake import Asked, answer, read_request, replies, talking_to

pytestmark = pytest.mark.enable_socket

LIST_OFFSETS = 2
OFFSET_NOT_AVAILABLE = 78


def versions(asked: Asked) -> Any:
    return ApiVersionsResponse(version=asked.version, error_code=0, api_keys=[(LIST_OFFSETS, 0, 5)])


def offsets(offset: int, error_code: int = 0) -> Callable[[Asked], Any]:
    def make(asked: Asked) -> Any:
        part = ListOffsetsResponse.ListOffsetsTopicResponse.ListOffsetsPartitionResponse(
            partition_index=0, error_code=error_code, timestamp=-1, offset=offset, leader_epoch=3
        )
        topic = ListOffsetsResponse.ListOffsetsTopicResponse(name="orders", partitions=[part])
        return ListOffsetsResponse(version=asked.version, throttle_time_ms=0, topics=[topic])

    return make


not_yet = offsets(-1, OFFSET_NOT_AVAILABLE)


def test_a_leader_that_was_just_elected_is_asked_until_it_knows() -> None:
    with talking_to(replies(versions, offsets(4), not_yet, not_yet, offsets(9))) as (connection, deadline):
        assert offset_range(connection, "orders", [0], Stage.FETCH, deadline) == {0: (4, 9)}


def test_a_leader_that_never_learns_where_its_records_end_is_told_in_time() -> None:
    def for_ever(peer: Peer) -> None:
        answer(peer, asked := read_request(peer), versions(asked))
        while True:
            answer(peer, asked := read_request(peer), not_yet(asked))

    with talking_to(for_ever, seconds=0.4) as (connection, deadline), pytest.raises(StageError) as caught:
        offset_at(connection, "orders", 0, 1, Stage.FETCH, deadline)
    assert (caught.value.stage, caught.value.cause) == ("fetch", "offset-not-available")
    assert not deadline.expired


def test_no_record_from_a_time_on_is_no_offset() -> None:
    with talking_to(replies(versions, offsets(-1))) as (connection, deadline):
        assert offset_at(connection, "orders", 0, 1, Stage.FETCH, deadline) is None
