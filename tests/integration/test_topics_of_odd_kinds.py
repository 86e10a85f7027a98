"""Topics as other tools leave them, on a real cluster: uneven, on the move, and keys that are taken back."""

import pytest
from kafka.protocol.admin import AlterPartitionReassignmentsRequest
from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.session import Session
from msk_toolkit.stage import Stage
from msk_toolkit.topics.declared import DeclaredTopic

from local.kafka import BROKER_IDS, KafkaCluster
from tests.integration.kafka_access import active_controller, make_topic, plaintext, views_of, wait_until
from tests.integration.topics_runs import do, own_config, topic

pytestmark = pytest.mark.integration


def reassign(kafka: KafkaCluster, name: str, replicas: dict[int, list[int]]) -> None:
    topic_class = AlterPartitionReassignmentsRequest.ReassignableTopic
    partitions = [
        topic_class.ReassignablePartition(partition_index=partition, replicas=brokers)
        for partition, brokers in replicas.items()
    ]
    request = AlterPartitionReassignmentsRequest(
        timeout_ms=5000, topics=[topic_class(name=name, partitions=partitions)]
    )
    with Session(plaintext(kafka), 5) as session:
        # Asking twice for the same changes nothing; a broker that is frozen may be the one that is asked first.
        answer = session.query(lambda controller, until: controller.send(request, Stage.METADATA, until), Deadline(30))
    assert answer.error_code == 0
    assert {part.error_code for each in answer.responses for part in each.partitions} == {0}


def test_partitions_with_different_numbers_of_replicas_are_refused_by_name(kafka: KafkaCluster) -> None:
    name = make_topic(kafka, {0: [1, 2, 3], 1: [2, 3, 1]})
    reassign(kafka, name, {1: [2]})
    wait_until(lambda: counted(kafka, name) == {3, 1}, "the replicas are still there")
    checked = do(plaintext(kafka), DeclaredTopic(name, 2, 3), action="check")
    assert "(partition 1 with 1); the smallest number counts" in checked.table
    assert checked.drift == {"replication factor": 1}


def test_replicas_on_the_move_are_no_drift(kafka: KafkaCluster) -> None:
    target = next(broker for broker in BROKER_IDS if broker != active_controller(kafka))
    others = [broker for broker in BROKER_IDS if broker != target]
    name = make_topic(kafka, {0: others})
    # Frozen, so that the move does not end before it is seen.
    kafka.pause_broker(target)
    try:
        reassign(kafka, name, {0: [others[0], target]})
        planned = do(plaintext(kafka), DeclaredTopic(name, 1, 2), action="plan")
    finally:
        kafka.resume_broker(target)
    assert planned.plan is not None
    assert planned.plan.steps[0].action == "unchanged", planned.table
    assert "are being moved between brokers" in planned.table


def counted(kafka: KafkaCluster, name: str) -> set[int]:
    views = [view for view in views_of(kafka, name) if view]
    return {len(partition.replicas) for partition in views[0].partitions}


def test_a_key_is_taken_back_and_a_plan_shows_what_holds_then(kafka: KafkaCluster) -> None:
    declared = topic(retention_ms="1000")
    assert do(plaintext(kafka), declared).status == "applied"
    without = DeclaredTopic(declared.name, 2, 3, reset=("retention.ms",))
    planned = do(plaintext(kafka), without, action="plan")
    assert "-> the cluster's default" in planned.table
    assert do(plaintext(kafka), without).status == "applied"
    assert "retention.ms" not in own_config(kafka, declared.name)
    assert do(plaintext(kafka), without, action="check").drift == {}


def test_a_plan_says_what_the_cluster_would_refuse(kafka: KafkaCluster) -> None:
    good, bad = topic(), topic(no_such_key="1")
    planned = do(plaintext(kafka), good, bad, action="plan")
    assert planned.status == "planned"
    assert any(bad.name in problem for problem in planned.problems), planned.problems
    assert f"not carried out: CreateTopics of {bad.name}" in planned.table


def test_one_refusal_holds_back_no_topic_that_is_asked_for_alone(kafka: KafkaCluster) -> None:
    good, bad = topic(), topic(replication_factor=9)
    assert do(plaintext(kafka), good, bad).status == "refused"
    assert do(plaintext(kafka), good, bad, only=[good.name]).status == "applied"
    assert own_config(kafka, good.name) == {}
