"""Plans for topics whose replicas are uneven or on the move, keys that are taken back, and a part of the file."""

import msgspec
import pytest
from msk_toolkit.kafka.metadata import Partition, Topic
from msk_toolkit.kafka.topic_configs import TopicConfig
from msk_toolkit.topics.declared import DeclaredTopic
from msk_toolkit.topics.drift import Drift, count_drift, drift_line
from msk_toolkit.topics.observed import ObservedTopics, observed_topic
from msk_toolkit.topics.plan import Plan, plan
from msk_toolkit.topics.render import render_topics

from tests.fakes.topics_model import applied, cluster, standing

ORDERS = DeclaredTopic("orders", 3, 3)


def seen(*replicas: tuple[int, ...], leaving: dict[int, int] | None = None) -> ObservedTopics:
    """A cluster with the topic `orders`, whose partitions have these replicas."""
    partitions = tuple(Partition(index, each[0], each, each) for index, each in enumerate(replicas))
    topic = observed_topic(Topic("orders", 0, False, partitions), {}, leaving or {})
    return cluster(topic)


def decided(observed: ObservedTopics, *declared: DeclaredTopic) -> Plan:
    return plan(declared or (ORDERS,), observed)


def test_partitions_with_different_numbers_of_replicas_are_named_and_drift() -> None:
    uneven = decided(seen((1, 2, 3), (1,), (2, 3, 1)))
    (step,) = uneven.steps
    assert step.action == "refused"
    assert "(partition 1 with 1); the smallest number counts" in step.refusals[0].reason
    assert step.replication_factor_before == 1
    assert count_drift(uneven) == {Drift.REPLICATION: 1}


def test_uneven_replicas_are_drift_where_the_smallest_number_is_the_declared_one() -> None:
    uneven = decided(seen((1, 2, 3), (1,), (2, 3, 1)), DeclaredTopic("orders", 3, 1))
    assert uneven.steps[0].action == "refused"
    assert count_drift(uneven) == {Drift.REPLICATION: 1}


def test_replicas_on_the_move_are_no_drift_and_hold_back_nothing() -> None:
    moving = decided(seen((1, 2, 3), (4, 5, 6, 1, 2, 3), (2, 3, 1), leaving={1: 3}))
    (step,) = moving.steps
    assert (step.action, step.refusals) == ("unchanged", [])
    assert step.notes == [
        "replicas of 1 partition are being moved between brokers; replicas that are being removed are not counted"
    ]
    assert not count_drift(moving)
    assert "note: replicas of 1 partition" in render_topics(moving, [], [])


def test_a_key_that_is_taken_back_is_shown_with_the_value_that_will_hold() -> None:
    topic = msgspec.structs.replace(ORDERS, reset=("retention.ms",))
    before = cluster(standing("orders", 3, 3, retention_ms="1000"))
    taken_back = decided(before, topic)
    assert taken_back.steps[0].action == "update"
    assert "retention.ms 1s (on the topic) -> the cluster's default (7d)" in render_topics(taken_back, [], [])
    assert not taken_back.steps[0].undeclared_config
    assert decided(applied(taken_back, before), topic).steps[0].action == "unchanged"


def test_a_key_that_has_no_value_of_its_own_needs_no_taking_back() -> None:
    topic = msgspec.structs.replace(ORDERS, reset=("retention.ms",))
    assert decided(cluster(standing("orders", 3, 3)), topic).steps[0].action == "unchanged"
    assert decided(cluster(), topic).steps[0].action == "create"


@pytest.mark.parametrize("number", [1, 20, 3000])
def test_the_line_of_a_drift_check_stays_short(number: int) -> None:
    line = drift_line(plan([DeclaredTopic(f"topic-{each}", 1, 1) for each in range(number)], cluster()))
    assert len(line) < 1000
    assert line.startswith(f"drift in {number} of {number} declared topics")
    assert ("more" in line) == (number > 20)


def test_a_value_of_the_brokers_is_no_own_one() -> None:
    setting = TopicConfig("5", "broker", "5")
    topic = observed_topic(Topic("orders", 0, False, (Partition(0, 1, (1, 2, 3), (1, 2, 3)),)), {"a": setting}, {})
    assert decided(cluster(topic), DeclaredTopic("orders", 1, 3, reset=("a",))).steps[0].action == "unchanged"
