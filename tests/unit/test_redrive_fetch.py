"""Records that are fetched again: what can't be told to be gone is never passed over."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kafka.protocol.consumer import ListOffsetsResponse
from kafka.protocol.metadata import ApiVersionsResponse, MetadataResponse
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.redrive.failures import Range
from msk_toolkit.redrive.fetch import fetch_range, offset_spans

from tests.fakes.http_fake import Peer, Script, ScriptedServer
from tests.fakes.kafka_batches import batch, control_batch, fetched
from tests.fakes.kafka_broker_fake import Asked, answer, plain, read_request

pytestmark = pytest.mark.enable_socket

FETCH, LIST_OFFSETS, METADATA, API_VERSIONS = 1, 2, 3, 18
OUT_OF_RANGE = 1
UNKNOWN_TOPIC = 3
Maker = Callable[[Asked], Any]


def versions(asked: Asked) -> Any:
    keys = [(FETCH, 0, 11), (LIST_OFFSETS, 0, 5), (METADATA, 0, 12)]
    return ApiVersionsResponse(version=asked.version, error_code=0, api_keys=keys)


def cluster(port: int, error_code: int = 0) -> Maker:
    kinds = MetadataResponse
    part = kinds.MetadataResponseTopic.MetadataResponsePartition(
        error_code=0, partition_index=0, leader_id=1, leader_epoch=0, replica_nodes=[1], isr_nodes=[1]
    )
    topic = kinds.MetadataResponseTopic(error_code=error_code, name="orders", is_internal=False, partitions=[part])
    broker = kinds.MetadataResponseBroker(node_id=1, host="127.0.0.1", port=port, rack=None)
    return lambda asked: kinds(
        version=asked.version, throttle_time_ms=0, brokers=[broker], cluster_id="c", controller_id=1, topics=[topic]
    )


def offset(number: int) -> Maker:
    kinds = ListOffsetsResponse.ListOffsetsTopicResponse
    part = kinds.ListOffsetsPartitionResponse(
        partition_index=0, error_code=0, timestamp=-1, offset=number, leader_epoch=3
    )
    return lambda asked: ListOffsetsResponse(
        version=asked.version, throttle_time_ms=0, topics=[kinds(name="orders", partitions=[part])]
    )


def leader(answers: list[Maker], bounds: list[int], port: Callable[[], int], asked_for: list[int]) -> Script:
    """A broker that leads the partition: its first and next offsets, and its answers to Fetch, in turn."""
    offsets: Iterator[int] = iter(bounds)
    reads = iter(answers)

    def play(peer: Peer) -> None:
        while True:
            asked = read_request(peer)
            if asked.api_key == FETCH:
                # Behind the topic and the partition's number and leader's epoch.
                at = asked.body.index(b"orders") + len(b"orders") + 4 + 4 + 4
                asked_for.append(int.from_bytes(asked.body[at : at + 8]))
                answer(peer, asked, next(reads)(asked))
            elif asked.api_key == LIST_OFFSETS:
                answer(peer, asked, offset(next(offsets))(asked))
            else:
                answer(peer, asked, (cluster(port()) if asked.api_key == METADATA else versions)(asked))

    return play


def redriven(answers: list[Maker], bounds: list[int], seconds: float = 10) -> tuple[list[int], list[int]]:
    """The offsets that came of 3 to 6, and those that were asked for."""
    asked_for: list[int] = []
    with ScriptedServer(leader(answers, bounds, lambda: server.port, asked_for)) as server:
        parts = fetch_range(plain(server.port), Range("orders", 0, 3, 6), Deadline(seconds), 5)
        return [record["offset"] for part in parts for record in part], asked_for


nothing = fetched({0: b""})
refused = fetched({0: b""}, error_code=OUT_OF_RANGE)


def test_an_answer_without_records_is_asked_for_again_and_passes_nothing_over() -> None:
    answers = [nothing, fetched({0: batch([b"v"], offset=3)[:-1]}), fetched({0: batch([b"v"] * 4, offset=3)})]
    assert redriven(answers, [0, 9]) == ([3, 4, 5, 6], [3, 3, 3])


def test_a_transactions_marker_is_passed_with_the_answer_that_shows_it() -> None:
    answers = [fetched({0: batch([b"v"], offset=3) + control_batch(4) + batch([b"v"] * 3, offset=5)})]
    assert redriven(answers, [0, 9, 0, 9]) == ([3, 5, 6], [3])


def test_records_that_retention_removes_meanwhile_are_passed_over_at_once() -> None:
    answers = [refused, fetched({0: batch([b"v"] * 4, offset=6)})]
    assert redriven(answers, [0, 9, 6, 10, 6, 10]) == ([6], [3, 6])


def test_an_answer_that_reaches_behind_the_partitions_end_passes_nothing_over() -> None:
    with pytest.raises(StageError) as caught:
        redriven([fetched({0: batch([b"v"], offset=1_000_000)})], [0, 9, 0, 9])
    assert caught.value.cause == "records-damaged"
    assert "which ends at 9" in caught.value.detail


def test_a_record_that_was_altered_after_it_was_written_becomes_no_letter() -> None:
    altered = batch([b"value"], offset=3).replace(b"value", b"valve")
    with pytest.raises(StageError) as caught:
        redriven([fetched({0: altered})], [0, 9])
    assert caught.value.cause == "records-damaged"
    assert "does not fit its checksum" in caught.value.detail


def test_a_leader_that_has_an_offset_and_refuses_it_is_told() -> None:
    with pytest.raises(StageError, match="has offset 3 of orders-0 and does not read it"):
        redriven([refused], [0, 9, 0, 9])


def test_a_leader_that_never_shows_the_records_is_told_when_the_time_is_up() -> None:
    with pytest.raises(StageError) as caught:
        redriven([nothing] * 10_000, [0, 9], seconds=1)
    assert caught.value.cause == "request-timeout"


def test_a_topics_offsets_are_those_of_its_leader_so_that_no_message_of_a_failure_topic_is_left_out() -> None:
    with ScriptedServer(leader([], [4, 9], lambda: server.port, [])) as server:
        assert offset_spans(plain(server.port), "orders", Deadline(10), 5) == {0: (4, 9)}


def test_a_failure_topic_that_does_not_exist_is_an_error_and_not_an_empty_topic() -> None:
    def play(peer: Peer) -> None:
        while True:
            asked = read_request(peer)
            known = cluster(server.port, UNKNOWN_TOPIC)
            answer(peer, asked, (known if asked.api_key == METADATA else versions)(asked))

    with ScriptedServer(play) as server, pytest.raises(StageError) as caught:
        offset_spans(plain(server.port), "orders", Deadline(10), 5)
    assert caught.value.cause == "topic-unknown"
