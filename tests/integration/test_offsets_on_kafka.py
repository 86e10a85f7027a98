"""The offsets of a group on real brokers: planned, moved, read back; and refused by Kafka itself where it is in use."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import ACLOperation, ResourceType
from kafka.structs import OffsetAndMetadata, TopicPartition
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.brokers import Brokers
from msk_toolkit.kafka.group import Committed, Member, commit, find_coordinator
from msk_toolkit.offsets.request import OffsetsResponse, parse_offsets_request
from msk_toolkit.offsets.run import carry_out_offsets
from msk_toolkit.offsets.starts import groups_with_offsets

from local.event_source_mapping.kafka_source import KafkaSource
from local.event_source_mapping.mapping import mapping_of
from local.kafka import KafkaCluster
from tests.integration.kafka_access import STAGE_SECONDS, denied, make_topic, new_name, scram, wait_until
from tests.template.stack import Stack

pytestmark = pytest.mark.integration

FIRST_MS, SECOND_MS, GAP_MS = 1_764_547_200_000, 1_764_547_260_000, 1000
PARTITIONS = 2


@pytest.fixture(scope="module")
def written(kafka: KafkaCluster) -> str:
    """A topic led by two brokers; of ten records in partition 0 five are a minute later, and partition 1 has the first
    five times alone."""
    # The records' times are those of a year ago.
    topic = make_topic(kafka, {0: [3, 1], 1: [2, 1]}, **{"retention.ms": "-1"})
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap("PLAINTEXT").split(","))
    try:
        for number in range(5):
            producer.send(topic, b"x", partition=0, timestamp_ms=FIRST_MS + number * GAP_MS)
            producer.send(topic, b"x", partition=1, timestamp_ms=FIRST_MS + number * GAP_MS)
        for number in range(5):
            producer.send(topic, b"x", partition=0, timestamp_ms=SECOND_MS + number * GAP_MS)
        producer.flush()
    finally:
        producer.close()
    return topic


def asked(kafka: KafkaCluster, group: str, action: str, topic: str, **fields: Any) -> OffsetsResponse:
    request = parse_offsets_request({"action": action, "topic": topic, **fields})
    return carry_out_offsets(request, group, scram(kafka), Deadline(20), STAGE_SECONDS)


def moved(kafka: KafkaCluster, group: str, plan: OffsetsResponse, *, skip: bool = False) -> OffsetsResponse:
    moves = msgspec.to_builtins(plan.moves)
    return asked(kafka, group, "move_offsets", plan.topic, moves=moves, skip=skip)


@contextmanager
def member(kafka: KafkaCluster, group: str, topic: str) -> Iterator[tuple[KafkaConsumer, list[int]]]:
    """A consumer that owns every partition, and the offsets that it has read."""
    client = KafkaConsumer(
        topic,
        bootstrap_servers=kafka.bootstrap("PLAINTEXT").split(","),
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="latest",
        # It joins again when it learns of the partitions of a new topic.
        metadata_max_age_ms=500,
    )
    read: list[int] = []

    def is_assigned() -> bool:
        for records in client.poll(timeout_ms=200).values():
            read.extend(record.offset for record in records)
        return len(client.assignment()) == PARTITIONS

    try:
        wait_until(is_assigned, "not assigned")
        yield client, read
    finally:
        client.close()


def committed(kafka: KafkaCluster, group: str, topic: str) -> list[int | None]:
    """As Kafka's own client sees it."""
    client = KafkaConsumer(
        bootstrap_servers=kafka.bootstrap("PLAINTEXT").split(","), group_id=group, enable_auto_commit=False
    )
    try:
        return [client.committed(TopicPartition(topic, partition)) for partition in (0, 1)]
    finally:
        client.close()


def targets(response: OffsetsResponse) -> list[tuple[int | None, int, int, int]]:
    return [(move.committed, move.target, move.repeated, move.skipped) for move in response.moves]


def test_a_groups_offsets_go_where_the_plan_said_and_its_consumer_reads_from_there(
    kafka: KafkaCluster, written: str, group: str
) -> None:
    with member(kafka, group, written) as (client, read):
        places = {TopicPartition(written, partition): OffsetAndMetadata(5, "", -1) for partition in (0, 1)}
        client.commit(places)
        plan = asked(kafka, group, "plan_offsets", written, to="beginning")
        assert plan.state == "Stable"
        refused = moved(kafka, group, plan)
        assert (refused.status, committed(kafka, group, written)) == ("refused", [5, 5])
        # Kafka's own guard, were the group's members overlooked.
        with Brokers(scram(kafka), Deadline(10), STAGE_SECONDS) as brokers:
            coordinator = brokers.to(find_coordinator(brokers.entry, group, Deadline(10)))
            with pytest.raises(StageError) as caught:
                commit(coordinator, Member(group, -1, "", ()), written, {0: Committed(0)}, Deadline(10))
        assert "UNKNOWN_MEMBER_ID" in caught.value.detail
    plan = asked(kafka, group, "plan_offsets", written, to="beginning")
    assert (plan.state, targets(plan)) == ("Empty", [(5, 0, 5, 0), (5, 0, 5, 0)])
    assert moved(kafka, group, plan).status == "moved"
    assert committed(kafka, group, written) == [0, 0]
    with member(kafka, group, written) as (client, read):
        wait_until(lambda: bool(client.poll(timeout_ms=200)) or bool(read), "nothing is read again")
        assert client.committed(TopicPartition(written, 0)) == 0


def test_a_time_is_looked_up_in_each_partition_and_a_plan_to_skip_needs_leave(
    kafka: KafkaCluster, written: str, group: str
) -> None:
    # A group that has never been: nothing is known to have been read.
    plan = asked(kafka, group, "plan_offsets", written, to="time", time=SECOND_MS)
    assert (plan.state, targets(plan)) == ("absent", [(None, 5, 0, 5), (None, 5, 0, 5)])
    refused = moved(kafka, group, plan)
    assert (refused.status, committed(kafka, group, written)) == ("refused", [None, None])
    assert "10 records would be skipped" in refused.problems[0]
    assert moved(kafka, group, plan, skip=True).status == "moved"
    assert committed(kafka, group, written) == [5, 5]
    # What was planned before is now another group's state.
    assert moved(kafka, group, plan, skip=True).status == "refused"
    named = asked(kafka, group, "plan_offsets", written, to="offsets", offsets=[{"partition": 0, "offset": 7}])
    assert moved(kafka, group, named, skip=True).skipped == 2
    assert committed(kafka, group, written) == [7, 5]


def started_at(kafka: KafkaCluster, topic: str, group: str, milliseconds: int) -> list[int | None]:
    """The group's offsets after a mapping of the template that starts at a time has polled; it commits nothing else."""
    answers = {"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": f"{milliseconds / 1000:.3f}"}
    (properties,) = Stack(ForwardTopics=topic, ConsumerGroupPrefix=group.removesuffix(topic), **answers).mappings()
    servers = kafka.bootstrap("PLAINTEXT").split(",")
    source = KafkaSource(mapping_of(properties), lambda: {"bootstrap_servers": servers})
    try:
        wait_until(lambda: bool(source.poll(0.2).records or source.assignment()), "nothing is polled")
    finally:
        source.leave()
    return committed(kafka, group, topic)


def test_a_mapping_starts_at_its_time_unless_its_group_has_committed_offsets(kafka: KafkaCluster, written: str) -> None:
    group = f"{new_name('prefix')}-{written}"
    assert started_at(kafka, written, group, SECOND_MS) == [5, 5]
    assert started_at(kafka, written, group, FIRST_MS) == [5, 5]


def test_a_deployment_learns_which_new_groups_have_committed_offsets(kafka: KafkaCluster, group: str) -> None:
    topic, other = make_topic(kafka, {0: [1, 2]}), make_topic(kafka, {0: [2, 3]})
    plan = asked(kafka, group, "plan_offsets", topic, to="end")
    assert moved(kafka, group, plan).status == "moved"
    groups = {topic: group, other: f"{group}-new"}
    assert groups_with_offsets(groups, scram(kafka), Deadline(10), STAGE_SECONDS) == [topic]
    # Offsets in another topic do not count: the mapping of this one starts where StartingPosition says.
    assert groups_with_offsets({other: group}, scram(kafka), Deadline(10), STAGE_SECONDS) == []


@pytest.mark.parametrize(
    ("kind", "cause"), [(ResourceType.GROUP, "group-denied"), (ResourceType.TOPIC, "topic-denied")]
)
def test_who_may_not_read_moves_nothing_and_is_told_what_is_denied(
    kafka: KafkaCluster, group: str, kind: ResourceType, cause: str
) -> None:
    topic = make_topic(kafka, {0: [1, 2]})
    plan = asked(kafka, group, "plan_offsets", topic, to="offsets", offsets=[{"partition": 0, "offset": 0}])
    name = group if kind is ResourceType.GROUP else topic
    with denied(kafka, kind, name, ACLOperation.READ):
        # To describe is still allowed: the commit itself is refused.
        with pytest.raises(StageError) as caught:
            moved(kafka, group, plan)
        assert (caught.value.stage, caught.value.cause) == ("commit", cause)
    assert moved(kafka, group, plan).status == "moved"
