"""Records that producers or the brokers themselves have packed, as each part of the product reads them."""

import subprocess
import time

import confluent_kafka
import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.bootstrap import open_any
from msk_toolkit.kafka.topic_configs import topic_configs
from msk_toolkit.redrive.failures import Range

from local.event_source_mapping.event import Record
from local.event_source_mapping.kafka_source import KafkaSource
from local.event_source_mapping.mapping import Mapping, StartingPosition
from local.kafka import KafkaCluster
from tests.integration.kafka_access import new_name, plaintext, wait_until
from tests.integration.packed_records import RECORDS, SECONDS, both_probes_are_healthy, redriven, topic_with, written_by

pytestmark = pytest.mark.integration

PACKED = ["gzip", "snappy", "lz4", "zstd"]


@pytest.mark.parametrize("codec", PACKED)
def test_brokers_that_pack_the_heartbeats_are_healthy(kafka: KafkaCluster, codec: str) -> None:
    with topic_with(kafka, **{"compression.type": codec, "min.insync.replicas": "2"}) as topic:
        both_probes_are_healthy(kafka, topic)


def test_brokers_that_pack_by_the_clusters_default_are_healthy(kafka: KafkaCluster) -> None:
    with topic_with(kafka, **{"min.insync.replicas": "2"}) as topic:
        change_default(kafka, "--add-config", "compression.type=zstd")
        try:
            wait_until(lambda: codec_of(kafka, topic) == "zstd", "the brokers do not take the default")
            both_probes_are_healthy(kafka, topic)
        finally:
            change_default(kafka, "--delete-config", "compression.type")


def change_default(kafka: KafkaCluster, what: str, value: str) -> None:
    options = ["--bootstrap-server", kafka.bootstrap("PLAINTEXT"), "--entity-type", "brokers", "--entity-default"]
    command = [*kafka.console_tool("ConfigCommand"), *options, "--alter", what, value]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def codec_of(kafka: KafkaCluster, topic: str) -> str:
    connection, _ = open_any(plaintext(kafka), Deadline(10), 5)
    with connection:
        found, _ = topic_configs(connection, [topic], Deadline(10))
    return found[topic]["compression.type"].value


@pytest.mark.parametrize("client", ["librdkafka", "kafka-python"])
@pytest.mark.parametrize("codec", PACKED)
def test_the_redrive_fetches_what_a_producer_has_packed(kafka: KafkaCluster, codec: str, client: str) -> None:
    with topic_with(kafka) as topic:
        values = written_by(client, kafka, topic, codec)
        events = redriven(kafka, Range(topic, 0, 3, RECORDS - 2))
    assert [each["offset"] for each in events] == list(range(3, RECORDS - 1))
    assert len(events[0]["value"]) > len(values[3])


def test_the_redrive_passes_the_marker_of_a_transaction(kafka: KafkaCluster) -> None:
    with topic_with(kafka) as topic:
        producer = confluent_kafka.Producer(
            {"bootstrap.servers": kafka.bootstrap("PLAINTEXT"), "transactional.id": new_name("transaction")}
        )
        producer.init_transactions(SECONDS)
        for _ in range(2):
            producer.begin_transaction()
            producer.produce(topic, b"v", partition=0)
            producer.commit_transaction(SECONDS)
        began = time.monotonic()
        events = redriven(kafka, Range(topic, 0, 0, 3))
    assert [each["offset"] for each in events] == [0, 2]
    assert time.monotonic() - began < SECONDS / 2


@pytest.mark.parametrize("codec", PACKED)
def test_the_local_mapping_reads_what_a_producer_has_packed(kafka: KafkaCluster, codec: str) -> None:
    with topic_with(kafka) as topic:
        values = written_by("librdkafka", kafka, topic, codec)
        mapping = Mapping(
            function_name="f",
            event_source_arn="arn",
            topics=(topic,),
            consumer_group_id=new_name("group"),
            starting_position=StartingPosition.TRIM_HORIZON,
        )
        source = KafkaSource(mapping, lambda: {"bootstrap_servers": kafka.bootstrap("PLAINTEXT").split(",")})
        read: list[Record] = []
        until = time.monotonic() + SECONDS
        try:
            while len(read) < len(values):
                assert time.monotonic() < until, f"{len(read)} of {len(values)} records"
                read += source.poll(0.5).records
        finally:
            source.leave()
    assert [each.value for each in read] == values
