"""What the tests of packed records and of old message formats share."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import confluent_kafka
from kafka import KafkaProducer
from msk_toolkit.deadline import Deadline
from msk_toolkit.redrive.failures import Range
from msk_toolkit.redrive.fetch import fetch_range

from local.kafka import BROKER_IDS, KafkaCluster
from tests.integration.kafka_access import make_topic, new_name, plaintext
from tests.integration.probe_faults import consume, produce

# One partition for each broker to lead.
PLACES = {
    number: [broker, *(BROKER_IDS[(number + step) % 3] for step in (1, 2))] for number, broker in enumerate(BROKER_IDS)
}
RECORDS = 30
SECONDS = 30
# Here the records count, and not the time that a busy machine takes for them.
STAGE_SECONDS = 8.0


@contextmanager
def topic_with(kafka: KafkaCluster, **configs: str) -> Iterator[str]:
    """A topic of which each broker leads a partition."""
    name = make_topic(kafka, PLACES, **configs)
    yield name


def both_probes_are_healthy(kafka: KafkaCluster, topic: str) -> None:
    written = produce(plaintext(kafka), topic, stage_seconds=STAGE_SECONDS)
    assert written.verdict.status == "healthy", written.table
    assert {report.read_back for report in written.brokers} == {"ok"}
    read = consume(plaintext(kafka), topic, new_name("group"), stage_seconds=STAGE_SECONDS)
    assert read.verdict.status == "healthy", read.table
    assert (read.records_read, read.lag) == (len(BROKER_IDS), 0)


def written_by(client: str, kafka: KafkaCluster, topic: str, codec: str) -> list[bytes]:
    """Records in one partition, some of them in one packed batch."""
    values = [b"%d " % number * 50 for number in range(RECORDS)]
    brokers = kafka.bootstrap("PLAINTEXT")
    if client == "librdkafka":
        settings = {"bootstrap.servers": brokers, "compression.codec": codec, "linger.ms": 50}
        sender = confluent_kafka.Producer(settings)
        for value in values:
            sender.produce(topic, value, partition=0)
        assert sender.flush(SECONDS) == 0
    else:
        producer = KafkaProducer(bootstrap_servers=brokers.split(","), compression_type=codec, linger_ms=50)
        for value in values:
            producer.send(topic, value, partition=0)
        producer.close(timeout=SECONDS)
    return values


def redriven(kafka: KafkaCluster, wanted: Range) -> list[dict[str, Any]]:
    """What the redrive fetches of a range."""
    return [each for part in fetch_range(plaintext(kafka), wanted, Deadline(SECONDS), 5) for each in part]
