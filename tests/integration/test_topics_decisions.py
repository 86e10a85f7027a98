"""Every decision on a real cluster, each the way a user meets it."""

from typing import Any

import pytest
from kafka.admin import ACLOperation, ResourceType
from kafka.protocol.admin import IncrementalAlterConfigsRequest
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.topics.declared import DeclaredTopic

from local.kafka import KafkaCluster
from tests.integration.kafka_access import denied, new_name, plaintext, scram, tls
from tests.integration.topics_runs import do, own_config, stands, states, topic

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("way", [scram, tls, plaintext])
def test_a_topic_is_created_as_declared_and_a_second_run_changes_nothing(kafka: KafkaCluster, way: Any) -> None:
    wanted = topic(
        min_insync_replicas="2", retention_ms="14400000", cleanup_policy="compact,delete", preallocate="FALSE"
    )
    created = do(way(kafka), wanted)
    assert (created.status, states(created)) == ("applied", [(wanted.name, "create", "done")])
    found = stands(kafka, wanted.name)
    assert found
    assert (found.partitions, found.replication_factor) == (2, 3)
    again = do(way(kafka), wanted)
    assert (again.status, again.changes, again.plan.steps[0].action) == ("applied", [], "unchanged")  # type: ignore[union-attr]


def test_a_plan_and_a_check_change_nothing(kafka: KafkaCluster) -> None:
    wanted = topic()
    assert do(scram(kafka), wanted, action="plan").status == "planned"
    checked = do(scram(kafka), wanted, action="check")
    assert (checked.status, checked.drift) == ("checked", {"missing": 1})
    assert stands(kafka, wanted.name) is None


def test_more_partitions_and_another_value_are_applied_and_undeclared_keys_stay(kafka: KafkaCluster) -> None:
    name = new_name("topic")
    do(
        scram(kafka),
        topic(name, 2, retention_ms="604800000", segment_bytes="536870912", min_cleanable_dirty_ratio="0.7"),
    )
    wanted = topic(name, 4, retention_ms="259200000")
    planned = do(scram(kafka), wanted, action="plan")
    (step,) = planned.plan.steps  # type: ignore[union-attr]
    assert (step.action, step.partitions_before, step.partitions) == ("update", 2, 4)
    assert any("move keys" in warning for warning in step.warnings)
    (change,) = step.config
    assert (change.before_text, change.source, change.after_text) == ("7d", "topic", "3d")
    assert [(each.key, each.before_text, each.inherited_text) for each in step.undeclared_config] == [
        ("min.cleanable.dirty.ratio", "0.7", "0.5"),
        ("segment.bytes", "512MiB", "1GiB"),
    ]
    assert states(do(scram(kafka), wanted)) == [(name, "partitions", "done"), (name, "config", "done")]
    assert own_config(kafka, name) == {
        "retention.ms": "259200000",
        "segment.bytes": "536870912",
        "min.cleanable.dirty.ratio": "0.7",
    }
    assert do(scram(kafka), wanted).changes == []


def test_where_a_value_comes_from_is_told(kafka: KafkaCluster) -> None:
    name = new_name("topic")
    do(scram(kafka), topic(name))
    wanted = topic(name, min_insync_replicas="1", segment_ms="3600000")
    (step,) = do(scram(kafka), wanted, action="plan").plan.steps  # type: ignore[union-attr]
    assert [(each.key, each.before, each.source) for each in step.config] == [
        ("min.insync.replicas", "2", "broker"),
        ("segment.ms", "604800000", "default"),
    ]


@pytest.mark.parametrize(
    ("partitions", "replicas", "reason"), [(1, 3, "fewer-partitions"), (2, 2, "replication-factor")]
)
def test_what_destroys_or_moves_data_is_refused_and_keeps_everything_from_being_changed(
    kafka: KafkaCluster, partitions: int, replicas: int, reason: str
) -> None:
    name, other = new_name("topic"), topic()
    do(scram(kafka), topic(name, 2, 3))
    refused = do(scram(kafka), other, topic(name, partitions, replicas, retention_ms="1000"))
    assert (refused.status, refused.changes) == ("refused", [])
    assert [each.kind for each in refused.plan.steps[1].refusals] == [reason]  # type: ignore[union-attr]
    assert "Nothing was changed." in refused.table
    assert (stands(kafka, other.name), own_config(kafka, name)) == (None, {})


@pytest.mark.parametrize("exists", [False, True])
@pytest.mark.parametrize(
    ("wrong", "words"), [({"retention.ms": "banana"}, "banana"), ({"no.such.key": "1"}, "no.such.key")]
)
def test_the_cluster_judges_keys_and_values_before_anything_is_written(
    kafka: KafkaCluster, exists: bool, wrong: dict[str, str], words: str
) -> None:
    name, good = new_name("topic"), topic()
    if exists:
        do(scram(kafka), topic(name))
    declared = [good, DeclaredTopic(name, 4, 3, wrong)]
    for _ in range(2):
        refused = do(scram(kafka), *declared)
        assert (refused.status, len(refused.problems)) == ("refused", 1)
        assert name in refused.problems[0]
        assert words in refused.problems[0]
    assert stands(kafka, good.name) is None
    found = stands(kafka, name)
    assert found is None if not exists else found and found.partitions == 2


def test_all_that_the_cluster_finds_wrong_is_named_at_once(kafka: KafkaCluster) -> None:
    name = new_name("topic")
    do(scram(kafka), topic(name))
    wrong = [topic(retention_ms="soon"), topic(replication_factor=4), topic(name, no_such_key="1")]
    refused = do(scram(kafka), *wrong)
    assert len(refused.problems) == 3
    assert all(any(each.name in problem for problem in refused.problems) for each in wrong)


@pytest.mark.parametrize(
    "operation", [ACLOperation.DESCRIBE, ACLOperation.DESCRIBE_CONFIGS, ACLOperation.ALTER, ACLOperation.ALTER_CONFIGS]
)
def test_one_denied_topic_of_three_keeps_all_from_being_changed(kafka: KafkaCluster, operation: ACLOperation) -> None:
    names = [new_name("topic") for _ in range(3)]
    do(plaintext(kafka), *(topic(name) for name in names))
    wanted = [topic(name, 4, retention_ms="1000") for name in names]
    with denied(kafka, ResourceType.TOPIC, names[1], operation):
        refused = do(scram(kafka), *wanted)
    assert refused.status == "refused", refused.table
    assert all(names[1] in problem and "AUTHORIZATION_FAILED" in problem for problem in refused.problems)
    assert [(found := stands(kafka, name)) and found.partitions for name in names] == [2, 2, 2]
    assert do(scram(kafka), *wanted).status == "applied"


def test_a_topic_that_may_not_be_created_keeps_all_from_being_created(kafka: KafkaCluster) -> None:
    wanted = [topic() for _ in range(3)]
    # Whoever may create topics in the cluster may create each.
    in_the_cluster = denied(kafka, ResourceType.CLUSTER, "kafka-cluster", ACLOperation.CREATE)
    with in_the_cluster, denied(kafka, ResourceType.TOPIC, wanted[1].name, ACLOperation.CREATE):
        refused = do(scram(kafka), *wanted)
    assert refused.status == "refused"
    assert [stands(kafka, each.name) for each in wanted] == [None, None, None]


def test_an_approved_plan_is_applied_as_long_as_the_cluster_stands_as_it_did(kafka: KafkaCluster) -> None:
    name, other = new_name("topic"), topic()
    do(scram(kafka), topic(name))
    declared = [topic(name, retention_ms="1000"), other]
    approved = do(scram(kafka), *declared, action="plan").plan
    do(scram(kafka), topic(name, retention_ms="5000"))
    refused = do(scram(kafka), *declared, plan=approved)
    assert (refused.status, stands(kafka, other.name)) == ("refused", None)
    assert refused.problems == [f"{name}: has changed since the plan was approved (update, now update)"]
    approved = do(scram(kafka), *declared, action="plan").plan
    assert do(scram(kafka), *declared, plan=approved).status == "applied"


def test_kafkas_own_topics_are_ignored_and_others_listed_when_asked_for(kafka: KafkaCluster) -> None:
    other = topic()
    do(scram(kafka), other)
    found = do(scram(kafka), action="plan", all=True).plan
    assert found
    assert other.name in found.undeclared_topics
    assert found.undeclared == len(found.undeclared_topics)
    assert not [name for name in found.undeclared_topics if name.startswith("__")]


def test_undeclared_keys_survive_on_a_broker_that_can_only_replace_a_configuration(
    kafka: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = new_name("topic")
    do(scram(kafka), topic(name, retention_ms="604800000", segment_bytes="536870912"))
    supports = BrokerConnection.supports
    asked: list[str] = []
    ask = BrokerConnection.send

    def old(self: BrokerConnection, request_class: Any, *rest: Any) -> bool:
        return request_class is not IncrementalAlterConfigsRequest and supports(self, request_class, *rest)

    def noting(self: BrokerConnection, request: Any, *rest: Any) -> Any:
        asked.append(type(request).__name__)
        return ask(self, request, *rest)

    monkeypatch.setattr(BrokerConnection, "supports", old)
    monkeypatch.setattr(BrokerConnection, "send", noting)
    assert do(scram(kafka), topic(name, retention_ms="banana")).status == "refused"
    assert do(scram(kafka), topic(name, retention_ms="259200000", min_insync_replicas="1")).status == "applied"
    assert asked.count("AlterConfigsRequest") == 3  # both checked, one written
    assert "IncrementalAlterConfigsRequest" not in asked
    assert own_config(kafka, name) == {
        "retention.ms": "259200000",
        "segment.bytes": "536870912",
        "min.insync.replicas": "1",
    }
