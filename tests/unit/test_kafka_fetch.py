"""Reading from a partition: from a broker that holds its answers back, and batches that nobody here can unpack."""

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.batches import Beginning
from msk_toolkit.kafka.records import fetch, first_records
from msk_toolkit.stage import Stage

from tests.fakes.http_fake import Peer
from tests.fakes.kafka_batches import SNAPPY, batch, control_batch, fetched, packed_with, versions
from tests.fakes.kafka_broker_fake import answer, read_request, replies, talking_to

pytestmark = pytest.mark.enable_socket


def test_a_broker_that_throttles_is_asked_again_when_it_said() -> None:
    held_back, answered = fetched({}, throttle_ms=20), fetched({0: batch([b"v"], time=5)})
    with talking_to(replies(versions, held_back, held_back, answered)) as (connection, deadline):
        (record,) = fetch(connection, "orders", {0: 0}, deadline=deadline)[0]
    assert record.timestamp == 5


@pytest.mark.parametrize("throttle_ms", [0, 60_000])
def test_a_broker_that_throttles_for_longer_than_there_is_time_is_told(throttle_ms: int) -> None:
    def for_ever(peer: Peer) -> None:
        answer(peer, asked := read_request(peer), versions(asked))
        while True:
            answer(peer, asked := read_request(peer), fetched({}, throttle_ms)(asked))

    with talking_to(for_ever, seconds=0.4) as (connection, deadline), pytest.raises(StageError) as caught:
        fetch(connection, "orders", {0: 0}, deadline=deadline)
    assert (caught.value.stage, caught.value.cause) == ("fetch", "throttled")
    assert "after Fetch: the quota on reading (consumer_byte_rate)" in caught.value.detail


def test_the_time_of_a_packed_record_is_told_without_unpacking_it() -> None:
    # What nobody can unpack, written at 1000.
    packed = fetched({0: packed_with(SNAPPY, b"", 2), 1: b""})
    with talking_to(replies(versions, packed, fetched({1: batch([b"v"], time=8)}))) as (connection, deadline):
        first = first_records(connection, "orders", {0: (3, 9), 1: (0, 9)}, Stage.LAG, deadline)
    assert {partition: each.timestamp for partition, each in first.items()} == {0: 1000, 1: 8}


def test_where_nothing_stands_there_is_no_time_and_no_second_question() -> None:
    with talking_to(replies(versions, fetched({0: b""}))) as (connection, _):
        assert first_records(connection, "orders", {0: (3, 9)}, Stage.LAG, Deadline(2)) == {}
        assert first_records(connection, "orders", {}, Stage.LAG, Deadline(2)) == {}


def test_the_marker_of_a_transaction_is_no_record() -> None:
    markers = fetched({0: control_batch(7), 1: control_batch(7)})
    behind_it = fetched({1: batch([b"v"], time=5, offset=8)})
    with talking_to(replies(versions, markers, behind_it)) as (connection, deadline):
        first = first_records(connection, "orders", {0: (7, 8), 1: (7, 9)}, Stage.LAG, deadline)
    assert first == {0: Beginning(False, None, 8), 1: Beginning(True, 5, 8)}
