"""What a declaration allows, and what the plan warns of."""

import msgspec
import pytest
from msk_toolkit.topics.declared import DeclaredTopic
from msk_toolkit.topics.drift import drift_line, drifted
from msk_toolkit.topics.observed import ObservedTopic, ObservedTopics
from msk_toolkit.topics.plan import plan
from msk_toolkit.topics.warnings import Uses

from tests.fakes.topics_model import cluster, standing

FORWARDED = Uses(forwarded=("orders",), probe_topic="heartbeat")


def warnings(topic: DeclaredTopic, *existing: ObservedTopic, uses: Uses = FORWARDED, **seen: int) -> list[str]:
    observed: ObservedTopics = msgspec.structs.replace(cluster(*existing), **seen)
    (step,) = plan([topic], observed, uses=uses).steps
    return step.warnings


def orders(**config: str) -> DeclaredTopic:
    return DeclaredTopic("orders", 3, 3, {key.replace("_", "."): value for key, value in config.items()})


@pytest.mark.parametrize(
    ("before", "after", "warning"),
    [
        ({"cleanup_policy": "compact"}, {"cleanup_policy": "delete"}, "cleanup.policy compact -> delete"),
        ({"cleanup_policy": "delete"}, {"cleanup_policy": "compact"}, "records without a key are refused"),
        ({"cleanup_policy": "delete"}, {"cleanup_policy": "compact,delete"}, "records without a key are refused"),
        ({}, {"unclean_leader_election_enable": "true"}, "acknowledged records are lost"),
        ({"max_message_bytes": "2000000"}, {"max_message_bytes": "1000000"}, "a smaller max.message.bytes"),
        ({}, {"remote_log_delete_on_disable": "true"}, "all records in tiered storage are deleted"),
        (
            {"retention_ms": "86400000"},
            {"segment_ms": "604800000", "retention_ms": "86400000"},
            "segment.ms 7d is above retention.ms 1d",
        ),
        ({}, {"max_message_bytes": "10485760"}, "a record of more than about 4.5 MB never reaches Vantiq"),
    ],
)
def test_what_loses_records_or_refuses_them_is_warned_of(
    before: dict[str, str], after: dict[str, str], warning: str
) -> None:
    (only,) = warnings(orders(**after), standing("orders", 3, 3, **before))
    assert warning in only


def test_a_retention_that_is_cut_on_a_forwarded_topic_says_that_waiting_records_go() -> None:
    (only,) = warnings(orders(retention_ms="1000"), standing("orders", 3, 3, retention_ms="604800000"))
    assert only.endswith("the topic is forwarded, and records that still wait for Vantiq go with them")
    (elsewhere,) = warnings(
        orders(retention_ms="1000"), standing("orders", 3, 3, retention_ms="604800000"), uses=Uses()
    )
    assert "forwarded" not in elsewhere


def test_a_large_record_matters_on_forwarded_topics_only() -> None:
    assert not warnings(orders(max_message_bytes="10485760"), standing("orders", 3, 3), uses=Uses())
    assert not warnings(orders(max_message_bytes="1048588"), standing("orders", 3, 3))


def test_a_compacted_probe_topic_is_warned_of_when_it_is_made() -> None:
    heartbeat = DeclaredTopic("heartbeat", 3, 3, {"cleanup.policy": "compact"})
    assert "the probes' topic: their records have no key" in warnings(heartbeat)[0]


def test_a_new_topic_with_as_many_replicas_as_the_clusters_own_minimum_is_warned_of() -> None:
    topic = DeclaredTopic("orders", 3, 2)
    (only,) = warnings(topic, default_in_sync=2)
    assert only.startswith("min.insync.replicas 2, the cluster's default, with replication factor 2")
    assert not warnings(topic, default_in_sync=1)
    assert not warnings(topic)


def test_taking_a_key_away_is_judged_by_what_holds_then() -> None:
    topic = msgspec.structs.replace(orders(), reset=("retention.ms",))
    longer = standing("orders", 3, 3, retention_ms="999999999999")
    assert "a smaller retention.ms" in warnings(topic, longer)[0]


@pytest.mark.parametrize("config", [{"segment_ms": "-1", "retention_ms": "86400000"}, {"max_message_bytes": "-1"}])
def test_a_key_without_an_unlimited_value_is_left_to_the_cluster_to_refuse(config: dict[str, str]) -> None:
    assert warnings(orders(**config)) == []


CUT_BY_HAND = standing("orders", 3, 3, retention_ms="60000")


def test_a_retention_that_was_cut_by_hand_is_warned_of_and_drift_where_records_wait_for_vantiq() -> None:
    plan_of_forwarded = plan([orders()], cluster(CUT_BY_HAND), uses=FORWARDED)
    (only,) = plan_of_forwarded.steps[0].warnings
    assert only.startswith("retention.ms 1m is not declared and below the cluster's default")
    assert only.endswith("remove it from the topic with retention.ms: null")
    assert drifted(plan_of_forwarded) == 1
    assert "orders: retention cut" in drift_line(plan_of_forwarded)
    assert drifted(plan([orders()], cluster(CUT_BY_HAND))) == 0


@pytest.mark.parametrize(
    ("declaration", "existing"),
    [
        (orders(retention_ms="60000"), CUT_BY_HAND),
        (orders(), standing("orders", 3, 3, retention_ms="2592000000")),
        (orders(), standing("orders", 3, 3, retention_ms="-1")),
        (orders(), standing("orders", 3, 3, segment_ms="60000")),
    ],
)
def test_a_retention_that_is_declared_or_longer_is_no_drift(
    declaration: DeclaredTopic, existing: ObservedTopic
) -> None:
    compared = plan([declaration], cluster(existing), uses=FORWARDED)
    assert (drifted(compared), compared.steps[0].warnings) == (0, [])
