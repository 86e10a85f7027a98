"""A compacted topic's tombstones, from real brokers through the mapping and the real client, delete rows in Vantiq."""

import json

import confluent_kafka
import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.topics.declared import DeclaredTopic

from local.event_source_mapping.mapping import Mapping, StartingPosition
from local.kafka import KafkaCluster
from tests.fakes.deletions import TEXT_KEY, deleting_from
from tests.fakes.kafka_events import ARN
from tests.integration.kafka_access import new_name, plaintext
from tests.integration.mapping_runs import Function, play
from tests.integration.topics_runs import run

pytestmark = pytest.mark.integration
KEYS, ROUNDS = 20, 5


def test_in_the_end_exactly_the_rows_of_the_keys_with_a_value_are_there(kafka: KafkaCluster) -> None:
    topic = new_name("compacted")
    declared = DeclaredTopic(topic, 3, 3, {"cleanup.policy": "compact"})
    run([declared], plaintext(kafka), write=True, deadline=Deadline(20), stage_seconds=5)
    producer = confluent_kafka.Producer({"bootstrap.servers": kafka.bootstrap("PLAINTEXT"), "acks": "all"})
    last: dict[str, int] = {}
    for number in range(KEYS * ROUNDS):
        key = f"k{number % KEYS}"
        is_tombstone = (number + number // KEYS) % 3 == 0
        value = None if is_tombstone else json.dumps({"id": key, "n": number}).encode()
        producer.produce(topic, value, key)
        last.pop(key, None)
        if not is_tombstone:
            last[key] = number
    assert producer.flush(20) == 0
    mapping = Mapping(
        function_name="forwarder",
        event_source_arn=ARN,
        topics=(topic,),
        consumer_group_id=new_name("group"),
        starting_position=StartingPosition.TRIM_HORIZON,
        batch_size=30,
        provisioned=True,
        report_batch_item_failures=True,
    )
    with deleting_from(TEXT_KEY, poller_mode="provisioned") as way:
        way.standin.fail("status", status=503, method="DELETE", times=3)
        stats = play(kafka, mapping, Function(way.forwarder), KEYS * ROUNDS)
        assert {row["id"]: row["n"] for row in way.rows()} == last
        assert (stats.dropped, stats.dead_lettered, way.letters.letters) == (0, 0, {})
