"""A broker that holds its user back says so: that is a quota's doing, and not a broker that hangs."""

from collections.abc import Callable
from typing import Any

import pytest
from kafka.protocol.admin import CreateTopicsResponse
from kafka.protocol.metadata import ApiVersionsResponse, MetadataResponse
from kafka.protocol.producer import ProduceResponse
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.metadata import read_metadata
from msk_toolkit.kafka.records import produce
from msk_toolkit.kafka.session import Session
from msk_toolkit.kafka.throttle import Throttle
from msk_toolkit.kafka.topics import NewTopic, create_topics

from tests.fakes.http_fake import Peer, Script, ScriptedServer
from tests.fakes.kafka_broker_fake import Asked, answer, plain, read_request, replies, talking_to

pytestmark = pytest.mark.enable_socket

PRODUCE, METADATA, CREATE_TOPICS = 0, 3, 19


def versions(asked: Asked) -> Any:
    keys = [(PRODUCE, 0, 8), (METADATA, 0, 12), (CREATE_TOPICS, 0, 7)]
    return ApiVersionsResponse(version=asked.version, error_code=0, api_keys=keys)


def produced(throttle_ms: int) -> Callable[[Asked], Any]:
    part = ProduceResponse.TopicProduceResponse.PartitionProduceResponse(
        index=0, error_code=0, base_offset=7, log_append_time_ms=-1, log_start_offset=0
    )
    topic = ProduceResponse.TopicProduceResponse(name="hb", partition_responses=[part])
    return lambda asked: ProduceResponse(version=asked.version, responses=[topic], throttle_time_ms=throttle_ms)


def created(throttle_ms: int) -> Callable[[Asked], Any]:
    topic = CreateTopicsResponse.CreatableTopicResult(name="orders", error_code=0, error_message=None)
    return lambda asked: CreateTopicsResponse(version=asked.version, topics=[topic], throttle_time_ms=throttle_ms)


def cluster(throttle_ms: int = 0, port: int = 9092) -> Callable[[Asked], Any]:
    broker = MetadataResponse.MetadataResponseBroker(node_id=1, host="127.0.0.1", port=port, rack=None)
    return lambda asked: MetadataResponse(
        version=asked.version,
        throttle_time_ms=throttle_ms,
        brokers=[broker],
        cluster_id="c",
        controller_id=1,
        topics=[],
    )


def test_a_write_over_its_quota_is_told_at_the_next_question_and_at_once() -> None:
    with talking_to(replies(versions, produced(11_190))) as (connection, deadline):
        assert produce(connection, "hb", 0, b"v", timestamp=1, deadline=deadline) == 7
        with pytest.raises(StageError) as caught:
            read_metadata(connection, [], deadline)
        assert deadline.remaining() > 3
    assert caught.value.cause == "throttled"
    assert "s more after Produce: the quota on writing (producer_byte_rate), or the quota on requests" in str(
        caught.value
    )


@pytest.mark.parametrize(("throttle_ms", "cause"), [(600, "throttled"), (50, "request-timeout")])
def test_a_broker_that_stays_silent_for_about_as_long_as_it_said_does_not_hang(throttle_ms: int, cause: str) -> None:
    def silent(peer: Peer) -> None:
        for make in (versions, produced(throttle_ms)):
            answer(peer, asked := read_request(peer), make(asked))
        read_request(peer)
        peer.sock.recv(1)

    with talking_to(silent) as (connection, deadline):
        produce(connection, "hb", 0, b"v", timestamp=1, deadline=deadline)
        with pytest.raises(StageError) as caught:
            read_metadata(connection, [], deadline.at_most(0.8))
    assert caught.value.cause == cause


def test_a_short_throttle_is_waited_for() -> None:
    with talking_to(replies(versions, produced(50), cluster())) as (connection, deadline):
        produce(connection, "hb", 0, b"v", timestamp=1, deadline=deadline)
        assert read_metadata(connection, [], deadline).brokers


def test_changes_of_topics_over_the_controllers_quota_are_told_as_that() -> None:
    with talking_to(replies(versions, created(17_900))) as (connection, deadline):
        new = [NewTopic("orders", 1, 1, {})]
        assert create_topics(connection, new, validate_only=False, deadline=deadline) == {}
        with pytest.raises(StageError, match=r"after CreateTopics: .*controller_mutation_rate") as caught:
            create_topics(connection, new, validate_only=False, deadline=deadline)
    assert caught.value.cause == "throttled"


def test_a_session_reads_over_another_connection_while_one_is_held_back() -> None:
    connections: list[int] = []

    def script(server_port: Callable[[], int]) -> Script:
        def play(peer: Peer) -> None:
            connections.append(1)
            while True:
                asked = read_request(peer)
                make = {PRODUCE: produced(0), METADATA: cluster(0, server_port()), CREATE_TOPICS: created(17_900)}
                answer(peer, asked, make.get(asked.api_key, versions)(asked))

        return play

    with ScriptedServer(script(lambda: server.port)) as server, Session(plain(server.port), 2) as session:
        deadline = Deadline(5)
        new = [NewTopic("orders", 1, 1, {})]
        session.execute(lambda talk, until: create_topics(talk, new, validate_only=False, deadline=until), deadline)
        assert session.query(lambda talk, until: read_metadata(talk, [], until), deadline).brokers
        assert deadline.remaining() > 3
    assert len(connections) == 2


@pytest.mark.parametrize(
    ("answers", "quota"),
    [
        ([("Produce", 2)], "producer_byte_rate"),
        ([("Fetch", 2)], "consumer_byte_rate"),
        ([("DeleteTopics", 2)], "controller_mutation_rate"),
        ([("OffsetCommit", 2)], "request_percentage"),
        ([("Metadata", 1), ("Produce", 2)], "request_percentage"),
    ],
)
def test_a_throttle_names_its_quota(answers: list[tuple[str, float]], quota: str) -> None:
    throttle = Throttle()
    for api, seconds in answers:
        throttle.note(api, seconds, now=100)
    detail = throttle.describe(101, "Metadata")
    assert "for 1.0 s more" in detail
    assert quota in detail.split(", or ")[0]
    assert ("producer_byte_rate" in detail) == (quota == "producer_byte_rate")
