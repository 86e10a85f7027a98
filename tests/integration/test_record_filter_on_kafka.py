"""A mapping with a filter on real brokers: what it leaves out is committed, the rest arrives in order."""

import confluent_kafka
import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.topics.declared import DeclaredTopic

from local.event_source_mapping.mapping import Mapping, StartingPosition
from local.kafka import KafkaCluster
from tests.fakes.kafka_events import ARN
from tests.fakes.vantiq_fake import FakeVantiq
from tests.integration.kafka_access import new_name, plaintext
from tests.integration.mapping_runs import Function, play
from tests.integration.topics_runs import run

pytestmark = pytest.mark.integration
VALUES = (
    b'{"status": "open"}',
    b'{"status": "paid", "n": 1}',
    b"a text",  # of another form than the pattern: not compared
    b'{"status": "open"}',
    b"\xff\xfe",
    None,
    b'{"status": "paid", "n": 2}',
    b'{"status": "open"}',
)


def test_what_matches_or_cannot_be_compared_arrives_in_order_and_the_rest_counts_as_read(kafka: KafkaCluster) -> None:
    topic = new_name("filtered")
    run([DeclaredTopic(topic, 1, 3, {})], plaintext(kafka), write=True, deadline=Deadline(20), stage_seconds=5)
    producer = confluent_kafka.Producer({"bootstrap.servers": kafka.bootstrap("PLAINTEXT"), "acks": "all"})
    for value in VALUES:
        producer.produce(topic, value)
    assert producer.flush(20) == 0
    mapping = Mapping(
        function_name="forwarder",
        event_source_arn=ARN,
        topics=(topic,),
        consumer_group_id=new_name("group"),
        starting_position=StartingPosition.TRIM_HORIZON,
        batch_size=3,
        filters=('{"value": {"status": ["paid"]}}',),
    )
    vantiq = FakeVantiq()
    stats = play(kafka, mapping, Function.before(vantiq), len(VALUES))
    assert vantiq.offsets() == [1, 2, 4, 5, 6]
    assert (stats.filtered_out, stats.dead_lettered, stats.dropped) == (3, 0, 0)
