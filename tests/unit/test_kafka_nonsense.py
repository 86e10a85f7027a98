"""A peer that sends nonsense: one clear failure, bounded memory and time, and nothing of it in a log."""

import logging
import struct
from collections.abc import Callable
from typing import Any

import kafka.protocol.admin as admin
import kafka.protocol.consumer as consumer
import kafka.protocol.metadata as metadata_api
import kafka.protocol.producer as producer
import pytest
from kafka.protocol.sasl import SaslAuthenticateResponse, SaslHandshakeResponse
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka import group as groups
from msk_toolkit.kafka.access import Access, BrokerAddress
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.kafka.group_listing import listed_group
from msk_toolkit.kafka.metadata import read_metadata
from msk_toolkit.kafka.records import fetch, offset_at, produce
from msk_toolkit.kafka.response_limits import SMALL
from msk_toolkit.kafka.sasl import log_in
from msk_toolkit.kafka.spoken_versions import NEWEST
from msk_toolkit.kafka.topic_configs import alter_topic_configs, topic_configs
from msk_toolkit.kafka.topics import NewTopic, add_partitions, create_topics, delete_topics
from msk_toolkit.stage import Stage

from tests.fakes.clock_fake import FakeClock
from tests.fakes.kafka_broker_fake import Asked, api_versions, frame, replies, talking_to
from tests.fakes.traced_memory import traced

pytestmark = pytest.mark.enable_socket

MEMBER = groups.Member("g", 1, "m", (0,))
Question = Callable[[BrokerConnection, Deadline], object]


def every_api(asked: Asked) -> Any:
    keys = [(key, 0, 20) for key in range(60)]
    return metadata_api.ApiVersionsResponse(version=asked.version, error_code=0, api_keys=keys)


def cluster(**fields: Any) -> Callable[[Asked], Any]:
    answer = {"throttle_time_ms": 0, "brokers": [], "cluster_id": "c", "controller_id": 1, "topics": []} | fields
    return lambda asked: metadata_api.MetadataResponse(version=asked.version, **answer)


def answer(response: Any, **fields: Any) -> Callable[[Asked], Any]:
    return lambda asked: response(version=asked.version, throttle_time_ms=0, **fields)


EMPTY_TOPIC = metadata_api.MetadataResponse.MetadataResponseTopic(
    error_code=0, name="t", is_internal=False, partitions=None
)
NONSENSE: dict[str, tuple[Question, Callable[[Asked], Any]]] = {
    "no list of brokers": (lambda talk, by: read_metadata(talk, [], by), cluster(brokers=None)),
    "no list of topics": (lambda talk, by: read_metadata(talk, [], by), cluster(topics=None)),
    "not the topic that was asked for": (lambda talk, by: read_metadata(talk, ["t"], by), cluster()),
    "no list of partitions": (lambda talk, by: read_metadata(talk, ["t"], by), cluster(topics=[EMPTY_TOPIC])),
    "no answer to a write": (
        lambda talk, by: produce(talk, "t", 0, b"v", timestamp=1, deadline=by),
        answer(producer.ProduceResponse, responses=[]),
    ),
    "no partition in the answer to a write": (
        lambda talk, by: produce(talk, "t", 0, b"v", timestamp=1, deadline=by),
        answer(
            producer.ProduceResponse,
            responses=[producer.ProduceResponse.TopicProduceResponse(name="t", partition_responses=None)],
        ),
    ),
    "no partition in the answer to a read": (
        lambda talk, by: fetch(talk, "t", {0: 0}, deadline=by),
        answer(
            consumer.FetchResponse,
            error_code=0,
            session_id=0,
            responses=[consumer.FetchResponse.FetchableTopicResponse(topic="t", partitions=None)],
        ),
    ),
    "no offsets": (
        lambda talk, by: offset_at(talk, "t", 0, 1, Stage.FETCH, by),
        answer(consumer.ListOffsetsResponse, topics=[]),
    ),
    "no committed offsets": (
        lambda talk, by: groups.committed_offsets(talk, "g", "t", [0], by),
        answer(consumer.OffsetFetchResponse, error_code=0, topics=None),
    ),
    "no answer to a commit": (
        lambda talk, by: groups.commit(talk, MEMBER, "t", {0: groups.Committed(1)}, by),
        answer(consumer.OffsetCommitResponse, topics=[]),
    ),
    "no answer to a new topic": (
        lambda talk, by: create_topics(talk, [NewTopic("t", 1, 1, {})], validate_only=False, deadline=by),
        answer(admin.CreateTopicsResponse, topics=[]),
    ),
    "no answer to more partitions": (
        lambda talk, by: add_partitions(talk, {"t": 2}, validate_only=False, deadline=by),
        answer(admin.CreatePartitionsResponse, results=None),
    ),
    "no answer to a deletion": (
        lambda talk, by: delete_topics(talk, ["t"], by),
        answer(admin.DeleteTopicsResponse, responses=[]),
    ),
    "no configuration": (
        lambda talk, by: topic_configs(talk, ["t"], by),
        answer(admin.DescribeConfigsResponse, results=[]),
    ),
    "no answer to a changed configuration": (
        lambda talk, by: alter_topic_configs(talk, {"t": {"a": "b"}}, validate_only=False, deadline=by),
        answer(admin.IncrementalAlterConfigsResponse, responses=[]),
    ),
}


@pytest.mark.parametrize("kind", NONSENSE)
def test_an_answer_that_lacks_what_was_asked_for_is_the_brokers_fault(kind: str) -> None:
    question, response = NONSENSE[kind]
    with talking_to(replies(every_api, response)) as (connection, deadline), pytest.raises(StageError) as caught:
        question(connection, deadline)
    assert caught.value.cause == "protocol-error"
    assert "lacks a required part" in caught.value.detail


def test_a_broker_that_offers_versions_below_zero_is_told() -> None:
    offered = api_versions(lowest=-3, highest=-1)
    with talking_to(replies(offered)) as (connection, deadline), pytest.raises(StageError) as caught:
        read_metadata(connection, [], deadline)
    assert "supports no version of MetadataRequest" in caught.value.detail


NULL_LISTS: dict[str, tuple[Question, Callable[[Asked], Any]]] = {
    "versions": (
        lambda talk, by: read_metadata(talk, [], by),
        lambda asked: metadata_api.ApiVersionsResponse(version=asked.version, error_code=0, api_keys=None),
    ),
    "mechanisms": (
        lambda talk, by: talk.mechanisms(Stage.SASL, by),
        lambda asked: SaslHandshakeResponse(version=asked.version, error_code=0, mechanisms=None),
    ),
}


@pytest.mark.parametrize("kind", NULL_LISTS)
def test_a_list_that_is_null_before_anything_is_asked_is_the_brokers_fault(kind: str) -> None:
    question, response = NULL_LISTS[kind]
    with talking_to(replies(response)) as (connection, deadline), pytest.raises(StageError) as caught:
        question(connection, deadline)
    assert caught.value.cause == "protocol-error"


@pytest.mark.parametrize(
    "second",
    [
        lambda: SaslHandshakeResponse(version=1, error_code=33, mechanisms=None),
        lambda: SaslAuthenticateResponse(
            version=1, error_code=0, error_message=None, auth_bytes=None, session_lifetime_ms=0
        ),
    ],
)
def test_a_login_that_is_answered_with_nothing_fails_as_a_login(second: Callable[[], Any]) -> None:
    answers = iter([second()] if isinstance(second(), SaslHandshakeResponse) else [GOOD_HANDSHAKE, second()])
    access = Access(brokers=(BrokerAddress("b-1", 9096),), auth_mode="scram", username="u", password="p")
    with pytest.raises(StageError) as caught:
        log_in(access.brokers[0], access, lambda request: next(answers))
    assert caught.value.stage == "sasl"


GOOD_HANDSHAKE = SaslHandshakeResponse(version=1, error_code=0, mechanisms=["SCRAM-SHA-512"])


def test_one_version_alone_is_spoken_whose_numbers_may_have_no_end() -> None:
    """The flexible versions: kafka-python reads such a number for as long as its bytes go on, in quadratic time."""
    modules = (admin, consumer, metadata_api, producer)
    requests: dict[str, Any] = {}
    for module in modules:
        requests |= {name: getattr(module, name) for name in NEWEST if hasattr(module, name)}
    assert requests.keys() == NEWEST.keys()
    flexible = {name for name, request in requests.items() if request.flexible_version_q(NEWEST[name])}
    assert flexible == {"ListGroupsRequest"}


def test_a_number_without_an_end_is_left_at_once() -> None:
    endless = replies(every_api, lambda asked: Raw(asked, bytes(6) + b"\xff" * 400_000))
    with talking_to(endless, seconds=20) as (connection, deadline), pytest.raises(StageError) as caught:
        listed_group(connection, "g", deadline)
    assert caught.value.cause == "protocol-error"
    assert deadline.remaining() > 15


class Claim:
    """A socket whose peer announces a large answer and then sends little of it."""

    def __init__(self, clock: FakeClock, size: int) -> None:
        self.clock = clock
        self.data = [struct.pack(">i", size)] + [bytes(1000)] * 5

    def settimeout(self, seconds: float) -> None: ...
    def sendall(self, data: bytes) -> None: ...
    def close(self) -> None: ...

    def recv(self, most: int) -> bytes:
        if not self.data:
            raise TimeoutError
        return self.data.pop(0)


def test_memory_is_taken_for_what_has_arrived_and_not_for_what_was_announced() -> None:
    clock = FakeClock()
    claim: Any = Claim(clock, SMALL.size)
    with (
        traced() as memory,
        BrokerConnection(BrokerAddress("b", 1), claim) as connection,
        pytest.raises(StageError) as caught,
    ):
        read_metadata(connection, [], Deadline(5, clock))
    assert caught.value.cause == "request-timeout"
    assert memory.peak < 500_000


def test_more_than_any_answer_holds_is_refused_at_once() -> None:
    clock = FakeClock()
    claim: Any = Claim(clock, SMALL.size + 1)
    with BrokerConnection(BrokerAddress("b", 1), claim) as connection, pytest.raises(StageError) as caught:
        read_metadata(connection, [], Deadline(5, clock))
    assert caught.value.cause == "protocol-error"
    assert len(claim.data) == 5, "nothing more was read"


def test_an_answer_that_can_not_be_decoded_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with (
        talking_to(replies(api_versions(), lambda asked: Raw(asked, b"\x7f\xff\xff\xff the-secret"))) as (
            connection,
            deadline,
        ),
        pytest.raises(StageError) as caught,
    ):
        read_metadata(connection, [], deadline)
    assert caught.value.cause == "protocol-error"
    assert "the-secret" not in caplog.text
    assert caught.value.__cause__ is None, "what a traceback prints"


class Raw:
    """A response that is these bytes."""

    def __init__(self, asked: Asked, body: bytes) -> None:
        self.bytes = frame(asked, body)

    def with_header(self, correlation_id: int) -> None: ...

    def encode(self, *, framed: bool, header: bool) -> bytes:
        return self.bytes
