"""A response is looked through before it is decoded: its size, its lengths, and what would become of it."""

import gc
import struct
import threading
from typing import Any

import kafka.protocol.admin as admin
import kafka.protocol.consumer as consumer
import kafka.protocol.metadata as metadata_api
import kafka.protocol.producer as producer
import kafka.protocol.sasl as sasl
import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka import exchange, response_limits
from msk_toolkit.kafka.metadata import read_metadata
from msk_toolkit.kafka.records import read_from
from msk_toolkit.kafka.response_limits import CLUSTER, GROUPS, LARGEST_BATCH, SMALL, Limit, limit_of
from msk_toolkit.kafka.response_shape import MalformedResponseError, check_response
from msk_toolkit.kafka.spoken_versions import NEWEST

from tests.fakes.clock_fake import FakeClock
from tests.fakes.kafka_batches import batch, fetched, versions
from tests.fakes.kafka_broker_fake import api_versions, metadata, replies, talking_to

pytestmark = pytest.mark.enable_socket

MODULES = (admin, consumer, metadata_api, producer, sasl)
Topic = metadata_api.MetadataResponse.MetadataResponseTopic
Group = admin.ListGroupsResponse.ListedGroup
MUCH = 1 << 30


def response_class(request: str) -> Any:
    name = request.replace("Request", "Response")
    return next(getattr(module, name) for module in MODULES if hasattr(module, name))


def as_bytes(response: Any) -> bytes:
    response.with_header(correlation_id=7)
    return bytes(response.encode(header=True, framed=False))


def cluster(topics: int, partitions: int = 3) -> bytes:
    part = Topic.MetadataResponsePartition
    parts = [
        part(error_code=0, partition_index=index, leader_id=1, replica_nodes=[1, 2, 3], isr_nodes=[1, 2, 3])
        for index in range(partitions)
    ]
    listed = [Topic(error_code=0, name=f"t{index}", is_internal=False, partitions=parts) for index in range(topics)]
    return as_bytes(
        metadata_api.MetadataResponse(
            version=8, throttle_time_ms=0, brokers=[], cluster_id="c", controller_id=1, topics=listed
        )
    )


def groups(count: int, tags: bool = False) -> bytes:
    listed = [Group(group_id="g", protocol_type="consumer", group_state="", group_type="") for _ in range(count)]
    data = as_bytes(admin.ListGroupsResponse(version=5, throttle_time_ms=0, error_code=0, groups=listed))
    # Every group ends with the number of its tagged fields, and so does the response.
    return data[:-1] + b"\x01\x05\x01x" if tags else data


def check(data: bytes, request: str = "MetadataRequest", memory: int = MUCH, deadline: Deadline | None = None) -> int:
    newest = NEWEST[request]
    return check_response(data, response_class(request), newest, memory, deadline or Deadline(60))


@pytest.mark.parametrize("request_name", NEWEST)
def test_what_kafka_python_encodes_has_the_form_of_its_api_in_every_version(request_name: str) -> None:
    kind = response_class(request_name)
    for version in range(NEWEST[request_name] + 1):
        data = as_bytes(kind(version=version))
        begin = check_response(data, kind, version, MUCH, Deadline(60))
        assert kind.decode(data[begin:], version=version) == kind(version=version)
        with pytest.raises(MalformedResponseError):
            check_response(data + b"\x00", kind, version, MUCH, Deadline(60))
        with pytest.raises(MalformedResponseError):
            check_response(data[:-1], kind, version, MUCH, Deadline(60))


@pytest.mark.parametrize("version", range(2))
@pytest.mark.parametrize("kind", [sasl.SaslHandshakeResponse, sasl.SaslAuthenticateResponse])
def test_a_logins_responses_have_their_form(kind: Any, version: int) -> None:
    data = as_bytes(kind(version=version))
    assert check_response(data, kind, version, MUCH, Deadline(60)) == 4


def test_a_list_that_is_longer_than_the_response_is_refused_before_it_is_built() -> None:
    data = cluster(topics=2)
    (at,) = [at for at in range(len(data)) if data[at : at + 9] == struct.pack(">ihh", 2, 0, 2) + b"t"]
    with pytest.raises(MalformedResponseError, match="a list is longer than the response"):
        check(data[:at] + struct.pack(">i", 1000) + data[at + 4 :])


def test_more_elements_than_the_memory_allows_are_refused_before_they_are_built() -> None:
    data = cluster(topics=100)
    assert check(data, memory=400_000) == 4
    with pytest.raises(MalformedResponseError, match="more elements than are accepted"):
        check(data, memory=100_000)


def test_the_look_at_a_long_response_ends_with_its_deadline() -> None:
    clock = FakeClock()
    late = Deadline(1, clock)
    clock.advance(2)
    with pytest.raises(TimeoutError):
        check(cluster(topics=2), deadline=late)


def test_numbers_of_variable_length_and_tagged_fields_are_bounded() -> None:
    assert check(groups(3), "ListGroupsRequest") == 5
    assert check(groups(3, tags=True), "ListGroupsRequest") == 5
    with pytest.raises(MalformedResponseError, match="a number without an end"):
        check(groups(3)[:11] + b"\xff" * 6, "ListGroupsRequest")
    many = groups(0)[:-1] + b"\x11" + b"\x05\x01x" * 17
    with pytest.raises(MalformedResponseError, match="more tagged fields than are accepted"):
        check(many, "ListGroupsRequest")


@pytest.mark.parametrize("version", range(5))
def test_lists_within_lists_of_lists_of_any_length_are_gone_through(version: int) -> None:
    kind = admin.DescribeConfigsResponse
    topic = kind.DescribeConfigsResult
    entry = topic.DescribeConfigsResourceResult
    synonym = entry.DescribeConfigsSynonym
    flags = {"read_only": False, "config_source": 1, "is_default": False, "is_sensitive": False}
    described = [
        topic(
            error_code=0,
            error_message=None,
            resource_type=2,
            resource_name=f"t{topics}",
            configs=[
                entry(name="k", value=None, synonyms=[synonym(name="k", value="v", source=5)] * synonyms, **flags)
                for synonyms in range(topics)
            ],
        )
        for topics in range(5)
    ]
    data = as_bytes(kind(version=version, throttle_time_ms=0, results=described))
    assert check_response(data, kind, version, MUCH, Deadline(60)) in {4, 5}
    for end in range(len(data)):
        with pytest.raises(MalformedResponseError):
            check_response(data[:end], kind, version, MUCH, Deadline(60))


@pytest.mark.parametrize("damage", [b"", b"\xff"])
def test_the_collector_of_cycles_works_again_after_a_large_response(damage: bytes) -> None:
    listed = cluster(topics=2000)[4:]
    # The name of the first topic: with damage it is no UTF-8.
    body = listed.replace(b"t0", damage + b"t0"[len(damage) :], 1)

    class Frame:
        def __init__(self, asked: Any) -> None:
            self._head = struct.pack(">ii", 4 + len(body), asked.correlation_id)

        def with_header(self, correlation_id: int) -> None: ...

        def encode(self, *, framed: bool, header: bool) -> bytes:
            return self._head + body

    with talking_to(replies(api_versions(), Frame)) as (connection, deadline):
        if damage:
            with pytest.raises(StageError, match="UnicodeDecodeError"):
                read_metadata(connection, None, deadline)
        else:
            assert len(read_metadata(connection, None, deadline).topics) == 2000
    assert gc.isenabled()


LIMITS: dict[str, tuple[Any, Limit]] = {
    "all topics": (metadata_api.MetadataRequest(topics=None), CLUSTER),
    "no topic": (metadata_api.MetadataRequest(topics=[]), SMALL),
    "3,000 topics by name": (metadata_api.MetadataRequest(topics=["t"] * 3000), CLUSTER),
    "a batch": (consumer.FetchRequest(max_bytes=1000), Limit(1000 + LARGEST_BATCH, SMALL.memory)),
    "one topic's configuration": (
        admin.DescribeConfigsRequest(resources=["r"]),
        Limit(SMALL.size + 32768, SMALL.memory + 131072),
    ),
    "3,000 topics' configuration": (admin.DescribeConfigsRequest(resources=["r"] * 3000), CLUSTER),
    "all groups": (admin.ListGroupsRequest(), GROUPS),
    "a login": (sasl.SaslAuthenticateRequest(auth_bytes=b""), SMALL),
    "1,000 new topics": (
        admin.CreateTopicsRequest(topics=["t"] * 1000),
        Limit(SMALL.size + 2_048_000, SMALL.memory + 2_048_000),
    ),
}


@pytest.mark.parametrize("kind", LIMITS)
def test_a_response_may_be_as_large_as_what_is_asked_for(kind: str) -> None:
    request, limit = LIMITS[kind]
    assert limit_of(request) == limit


def test_three_thousand_topics_are_far_below_the_limit() -> None:
    data = cluster(topics=3000, partitions=27)
    assert len(data) * 4 < CLUSTER.size
    assert check(data, memory=CLUSTER.memory // 2) == 4


def test_a_response_beyond_its_memory_is_the_brokers_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(response_limits, "SMALL", Limit(1 << 20, 100))
    answers = replies(api_versions(), metadata(9092))
    with talking_to(answers) as (connection, deadline), pytest.raises(StageError) as caught:
        read_metadata(connection, [], deadline)
    assert caught.value.cause == "protocol-error"
    assert "more elements than are accepted" in caught.value.detail


def test_records_that_go_on_behind_the_end_are_no_empty_partition() -> None:
    """kafka-python takes what is there, and of a batch that is cut short nothing would be read."""
    whole = fetched({0: batch([b"v"], offset=3)})

    class CutShort:
        def __init__(self, asked: Any) -> None:
            self._asked = asked

        def with_header(self, correlation_id: int) -> None: ...

        def encode(self, *, framed: bool, header: bool) -> bytes:
            response = whole(self._asked)
            response.with_header(correlation_id=self._asked.correlation_id)
            body = bytes(response.encode(framed=False, header=True))[:-10]
            return struct.pack(">i", len(body)) + body

    with talking_to(replies(versions, CutShort)) as (connection, deadline), pytest.raises(StageError) as caught:
        read_from(connection, "orders", {0: 3}, deadline=deadline)
    assert caught.value.cause == "protocol-error"


def test_a_large_response_is_received_from_one_broker_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "LARGE_BYTES", 60)
    taken = threading.Lock()
    monkeypatch.setattr(exchange, "_LARGE", taken)
    answers = replies(api_versions(), metadata(9092, "b" * 100), metadata(9092, "b" * 100))
    with talking_to(answers) as (connection, deadline):
        read_metadata(connection, [], deadline)
        assert not taken.locked(), "it is given back"
        with taken, pytest.raises(StageError) as caught:
            read_metadata(connection, [], deadline.at_most(0.2))
    assert caught.value.cause == "request-timeout"
