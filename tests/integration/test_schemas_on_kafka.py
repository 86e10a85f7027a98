"""Serialized values through real brokers and the local mapping's event, decoded by a registry."""

import time
from collections.abc import Iterator

import confluent_kafka
import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.topics.declared import DeclaredTopic

from local.event_source_mapping.event import Record, Source, event_of
from local.event_source_mapping.kafka_source import KafkaSource
from local.event_source_mapping.mapping import Mapping, StartingPosition
from local.kafka import KafkaCluster
from tests.fakes.forwarder_harness import ForwarderHarness
from tests.fakes.kafka_events import ARN
from tests.fakes.schema_registry import FakeRegistry
from tests.fakes.schema_world import NUMBER, decoding, number, numbers
from tests.integration.kafka_access import new_name, plaintext
from tests.integration.topics_runs import run

pytestmark = pytest.mark.integration
_SECONDS = 60.0


@pytest.fixture
def topic(kafka: KafkaCluster) -> str:
    topic = new_name("schemas")
    run([DeclaredTopic(topic, 1, 3, {})], plaintext(kafka), write=True, deadline=Deadline(20), stage_seconds=5)
    return topic


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with numbers() as running:
        yield running


def read(kafka: KafkaCluster, topic: str, count: int) -> list[Record]:
    mapping = Mapping(
        function_name="f",
        event_source_arn=ARN,
        topics=(topic,),
        consumer_group_id=new_name("group"),
        starting_position=StartingPosition.TRIM_HORIZON,
    )
    servers = kafka.bootstrap("PLAINTEXT").split(",")
    source = KafkaSource(mapping, lambda: {"bootstrap_servers": servers})
    records: list[Record] = []
    until = time.monotonic() + _SECONDS
    while len(records) < count:
        assert time.monotonic() < until, f"{len(records)} of {count}"
        records += source.poll(0.2).records
    source.leave()
    return records


def test_ids_in_values_and_in_headers_survive_the_brokers_and_the_event(
    kafka: KafkaCluster, topic: str, registry: FakeRegistry
) -> None:
    guid = bytes.fromhex(registry.register("numbers", {"schema": NUMBER})["guid"].replace("-", ""))
    assert max(guid) > 127, "Java's bytes are signed"
    producer = confluent_kafka.Producer({"bootstrap.servers": kafka.bootstrap("PLAINTEXT"), "acks": "all"})
    producer.produce(topic, number(1))
    producer.produce(topic, b"\x04", headers=[("__value_schema_id", b"\x01" + guid)])
    producer.produce(topic, b'{"plain": true}')
    producer.produce(topic, None, key=b"k")
    assert producer.flush(_SECONDS) == 0
    line = ForwarderHarness(decoding=decoding(registry.url))
    event = event_of(Source(ARN, "b-1.demo:9096"), read(kafka, topic, 4))
    assert line.forwarder.forward(event, Deadline(60, line.clock)).failures == []
    assert [document["value"] for document in line.vantiq.taken] == [{"n": 1}, {"n": 2}, {"plain": True}, None]
