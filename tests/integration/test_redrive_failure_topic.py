"""A mapping's kafka:// destination on real brokers: every partition is read to its end, and then on from there."""

import json
from base64 import b64encode
from typing import Any

import pytest
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.redrive.fetch import fetch_range, offset_spans
from msk_toolkit.redrive.request import Counts
from msk_toolkit.redrive.scope import Scope
from msk_toolkit.topics.declared import DeclaredTopic

from local.event_source_mapping.mapping import Mapping, StartingPosition
from local.kafka import KafkaCluster
from tests.fakes.kafka_events import ARN
from tests.fakes.redrive_harness import RedriveHarness
from tests.fakes.vantiq_fake import refusal
from tests.integration.kafka_access import new_name, plaintext
from tests.integration.mapping_runs import Function, play
from tests.integration.topics_runs import run

pytestmark = pytest.mark.integration
PARTITIONS = 3


def message(offset: int) -> bytes:
    record = {
        "topic": "orders",
        "partition": offset % 2,
        "offset": offset,
        "timestamp": 1_763_800_000_000,
        "timestampType": "CREATE_TIME",
        "value": b64encode(b"%d" % offset).decode(),
        "headers": [],
    }
    said = {
        "requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": 10},
        "KafkaBatchInfo": {"eventSourceArn": ARN, "recordInfo": {"offset": str(offset), "timestamp": "2026-11-22"}},
        "payload": {"eventSource": "aws:kafka", "eventSourceArn": ARN, "records": {f"orders-{offset % 2}": [record]}},
    }
    return json.dumps(said).encode()


def produce(kafka: KafkaCluster, topic: str, *offsets: int) -> None:
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap("PLAINTEXT").split(","), acks="all")
    try:
        for offset in offsets:
            producer.send(topic, value=message(offset), key=b"%d" % offset)
        producer.flush(timeout=20)
    finally:
        producer.close(timeout=5)


def harness_on(kafka: KafkaCluster, topic: str) -> RedriveHarness:
    harness, access = RedriveHarness(), plaintext(kafka)

    def fetch(wanted: Any, deadline: Any) -> Any:
        return fetch_range(access, wanted, deadline, 5)

    harness.services = harness.services._replace(
        fetch=fetch,
        spans=lambda topic, deadline: offset_spans(access, topic, deadline, 5),
        failure_topics=frozenset({topic}),
    )
    return harness


def test_every_partition_is_read_to_its_end_and_then_on_from_there(kafka: KafkaCluster) -> None:
    topic = new_name("given-up")
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap("PLAINTEXT").split(","))
    try:
        admin.create_topics([NewTopic(topic, num_partitions=PARTITIONS, replication_factor=3)])
    finally:
        admin.close()
    produce(kafka, topic, *range(30))
    harness = harness_on(kafka, topic)
    assert harness.ask(action="import", failure_topic=topic).waiting == 30
    assert harness.ask(action="import", dry_run=False, failure_topic=topic).done == Counts(imported=30)
    produce(kafka, topic, 30, 31)
    assert harness.ask(action="import", dry_run=False, failure_topic=topic).done == Counts(imported=2)
    assert len(harness.s3.names("dead-letters/")) == 32


def test_what_a_mapping_gives_up_after_its_tries_lands_in_the_topic_and_arrives_by_the_redrive(
    kafka: KafkaCluster,
) -> None:
    """The whole way: two tries more, then the topic, then letters, then Vantiq; 0 lost."""
    source_topic, topic = new_name("orders"), new_name("given-up")
    declared = [DeclaredTopic(source_topic, 1, 3, {}), DeclaredTopic(topic, 2, 3, {})]
    run(declared, plaintext(kafka), write=True, deadline=Deadline(20), stage_seconds=5)
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap("PLAINTEXT").split(","), acks="all")
    for number in range(6):
        producer.send(source_topic, value=b'{"n": %d}' % number, key=b"k%d" % number)
    producer.flush(timeout=20)
    producer.close(timeout=5)
    mapping = Mapping(
        function_name="forwarder",
        event_source_arn=ARN,
        topics=(source_topic,),
        consumer_group_id=new_name("group"),
        starting_position=StartingPosition.TRIM_HORIZON,
        batch_size=3,
        provisioned=True,
        report_batch_item_failures=True,
        maximum_retry_attempts=2,
        on_failure_arn=f"kafka://{topic}",
    )
    harness = harness_on(kafka, topic)
    harness.services = harness.services._replace(
        given_up_topic=topic, failure_topics=frozenset(), scope=Scope(ARN, "forwarder", frozenset({source_topic}))
    )
    harness.vantiq.faults.append(lambda _, sent: refusal(422) if sent[0]["offset"] == 1 else None)
    function = Function.before(harness.vantiq)
    assert play(kafka, mapping, function, 6).dead_lettered == 2  # the record and, to keep the order, the one behind it
    assert function.invocations == 4
    assert harness.vantiq.offsets() == [0, 3, 4, 5]
    harness.vantiq.faults.clear()
    assert harness.ask(action="import", dry_run=False).done == Counts(imported=2)
    assert harness.replay().done == Counts(delivered=2)
    assert harness.vantiq.offsets() == [0, 3, 4, 5, 1, 2]
    assert [one["value"]["n"] for one in harness.vantiq.taken] == harness.vantiq.offsets()


def test_a_topic_that_is_not_there_is_named(kafka: KafkaCluster) -> None:
    topic = new_name("missing")
    with pytest.raises(StageError, match=topic):
        harness_on(kafka, topic).services.spans(topic, Deadline(60))
