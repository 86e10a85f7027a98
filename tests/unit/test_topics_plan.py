"""The plan: every decision, how it reads, and what no plan ever does."""

import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msk_toolkit.kafka.topic_configs import TopicConfig
from msk_toolkit.settings.cluster import ClusterKind
from msk_toolkit.topics.apply import TopicChange
from msk_toolkit.topics.approval import changed_since
from msk_toolkit.topics.declared import DeclaredTopic
from msk_toolkit.topics.drift import Drift, count_drift, drift_line, drifted
from msk_toolkit.topics.observed import ObservedTopics
from msk_toolkit.topics.plan import Plan, as_grown, plan
from msk_toolkit.topics.render import render_topics

from tests.fakes.topics_model import applied, cluster, standing

GOLDEN = Path(__file__).parents[1] / "golden" / "topics"


def declared(name: str, partitions: int = 3, replication_factor: int = 3, **config: str) -> DeclaredTopic:
    return DeclaredTopic(name, partitions, replication_factor, {k.replace("_", "."): v for k, v in config.items()})


CLUSTER = cluster(
    standing("heartbeat", 3, 3, retention_ms="14400000"),
    standing("orders.v1", 6, 3, retention_ms="604800000", segment_ms="3600000"),
    standing("audit.v1", 6, 3),
    standing("pinned", 1, 3),
    others=("somebody-elses", "theirs"),
)
CASES: dict[str, tuple[list[DeclaredTopic], ObservedTopics]] = {
    "create": ([declared("new.v1", 12, 3, retention_ms="604800000", segment_bytes="536870912")], CLUSTER),
    "unchanged": ([declared("heartbeat", retention_ms="14400000")], CLUSTER),
    "more-partitions": ([declared("orders.v1", 12, retention_ms="604800000", segment_ms="3600000")], CLUSTER),
    "config-change": (
        [declared("orders.v1", 6, retention_ms="259200000"), declared("pinned", 1, min_insync_replicas="2")],
        CLUSTER,
    ),
    "fewer-partitions": ([declared("audit.v1", 3)], CLUSTER),
    "replication-change": ([declared("audit.v1", 6, 2)], CLUSTER),
    "undeclared-config": ([declared("orders.v1", 6, retention_ms="604800000")], CLUSTER),
    "availability": (
        [
            declared("one-copy", 1, 1),
            declared("two-copies", 1, 2, min_insync_replicas="2"),
            declared("too-many-copies", 1, 4),
        ],
        CLUSTER,
    ),
    "not-readable": (
        [declared("hidden"), declared("heartbeat", retention_ms="14400000")],
        msgspec.structs.replace(CLUSTER, unreadable={"hidden": "Metadata answered TOPIC_AUTHORIZATION_FAILED"}),
    ),
    "express": (
        [declared("fast", 3, 2, segment_ms="3600000"), declared("fine", 3, 3, min_insync_replicas="2")],
        msgspec.structs.replace(CLUSTER, kind="express"),
    ),
    "serverless": (
        [declared("audit.v1", 6, 3, cleanup_policy="compact"), declared("big", max_message_bytes="16777216")],
        msgspec.structs.replace(CLUSTER, kind="serverless"),
    ),
    "mixed": (
        [
            declared("new.v1", 12),
            declared("heartbeat", retention_ms="14400000"),
            declared("orders.v1", 12, retention_ms="259200000", segment_ms="3600000"),
            declared("audit.v1", 6, 2),
        ],
        CLUSTER,
    ),
}


def golden(name: str, text: str) -> None:
    """Hold a text to tests/golden; with UPDATE_GOLDEN=1 it is written instead, to be read in the diff."""
    file = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(text + "\n")
    assert file.read_text() == text + "\n"


@pytest.mark.parametrize("case", CASES)
def test_a_plan_reads_as_its_golden_file(case: str) -> None:
    topics, observed = CASES[case]
    golden(case, render_topics(plan(topics, observed, list_all=True), [], []))


def test_an_apply_that_was_broken_off_reads_as_its_golden_file() -> None:
    changes = [
        TopicChange("new.v1", "create", "done"),
        TopicChange("orders.v1", "partitions", "unknown", "localhost:9096 fails at metadata: no answer in time"),
        TopicChange("orders.v1", "config", "not-done", "not attempted after an earlier failure"),
    ]
    topics, observed = CASES["mixed"]
    golden("broken-off", render_topics(plan(topics[:3], observed), changes, []))


def test_an_apply_that_was_refused_reads_as_its_golden_file() -> None:
    problems = ["CreateTopics of new.v1 answered INVALID_CONFIG: Unknown topic config name: no.such.key"]
    golden("refused", render_topics(plan(*CASES["create"]), [], problems))


def test_an_apply_with_a_broker_behind_reads_as_its_golden_file() -> None:
    changes = [TopicChange("new.v1", "create", "done")]
    golden(
        "behind",
        render_topics(
            plan(*CASES["create"]),
            changes,
            [],
            ["localhost:9096 does not show these topics yet, or they were changed again in the meantime: new.v1"],
        ),
    )


def test_every_golden_file_belongs_to_a_case() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == {*CASES, "behind", "broken-off", "refused"}


@pytest.mark.parametrize(("brokers", "warned"), [(3, False), (2, True)])
def test_a_broker_that_is_away_is_a_warning_for_a_new_topic_only(brokers: int, warned: bool) -> None:
    topics = [declared("new"), declared("heartbeat", retention_ms="14400000")]
    new, standing_one = plan(topics, msgspec.structs.replace(CLUSTER, brokers=brokers)).steps
    assert any("above the 2 live brokers" in words for words in new.warnings) == warned
    assert (standing_one.action, standing_one.warnings) == ("unchanged", [])


@pytest.mark.parametrize(
    ("case", "actions"),
    [
        ("create", ["create"]),
        ("unchanged", ["unchanged"]),
        ("more-partitions", ["update"]),
        ("config-change", ["update", "update"]),
        ("fewer-partitions", ["refused"]),
        ("replication-change", ["refused"]),
        ("undeclared-config", ["unchanged"]),
        ("availability", ["create", "create", "create"]),
        ("not-readable", ["refused", "unchanged"]),
        ("express", ["refused", "create"]),
        ("serverless", ["refused", "refused"]),
        ("mixed", ["create", "unchanged", "update", "refused"]),
    ],
)
def test_every_kind_of_difference_has_its_action(case: str, actions: list[str]) -> None:
    assert [step.action for step in plan(*CASES[case]).steps] == actions


def test_a_change_shows_both_values_and_where_the_old_one_came_from() -> None:
    orders, pinned = plan(*CASES["config-change"]).steps
    (change,) = orders.config
    assert (change.before_text, change.after_text, change.source, change.inherited_text) == ("7d", "3d", "topic", "7d")
    (change,) = pinned.config
    assert (change.before, change.after, change.source) == ("2", "2", "broker")


@pytest.mark.parametrize(
    ("declared_value", "current"),
    [("delete,compact", "compact,delete"), ("false", "FALSE"), ("0.5", "0.50")],
)
def test_values_that_mean_the_same_settle(declared_value: str, current: str) -> None:
    observed = cluster(standing("a", 1, 3, cleanup_policy=current))
    assert plan([declared("a", 1, 3, cleanup_policy=declared_value)], observed).steps[0].action == "unchanged"


def test_a_default_or_a_brokers_value_is_no_drift() -> None:
    found = plan([declared("audit.v1", 6)], CLUSTER).steps[0]
    assert (found.action, found.undeclared_config) == ("unchanged", [])


def test_names_of_undeclared_topics_are_listed_only_when_asked_for() -> None:
    assert plan([], CLUSTER) == Plan([], 2)
    assert plan([], CLUSTER, list_all=True).undeclared_topics == ["somebody-elses", "theirs"]


def test_express_brokers_fixed_values_are_neither_refused_nor_set() -> None:
    assert plan(*CASES["express"]).steps[1].config == []


def test_drift_is_counted_by_kind() -> None:
    found = plan(
        [*CASES["mixed"][0], declared("pinned", 1)], cluster(*CLUSTER.topics.values(), standing("pinned", 1, 3, x="1"))
    )
    assert count_drift(found) == {
        Drift.MISSING: 1,
        Drift.PARTITIONS: 1,
        Drift.CONFIG: 1,
        Drift.REPLICATION: 1,
        Drift.UNDECLARED_CONFIG: 1,
    }
    assert drifted(found) == 3
    assert drift_line(plan(*CASES["unchanged"])) == "no drift: all 1 declared topics match"
    assert "new.v1: missing; orders.v1: configuration, partitions" in drift_line(found)


def test_a_plan_survives_the_way_to_whoever_approves_it_and_back() -> None:
    for topics, observed in CASES.values():
        found = plan(topics, observed, list_all=True)
        assert msgspec.json.decode(msgspec.json.encode(found), type=Plan) == found
        assert changed_since(found, plan(topics, observed)) == []


@pytest.mark.parametrize(
    ("key", "before", "after", "warned"),
    [
        ("retention.ms", "604800000", "3600000", True),
        ("retention.ms", "-1", "3600000", True),
        ("retention.ms", "3600000", "-1", False),
        ("retention.ms", "3600000", "604800000", False),
        ("retention.bytes", "-1", "1024", True),
        ("segment.ms", "604800000", "1", False),
        ("retention.ms", "604800000", "banana", False),
    ],
)
def test_a_shorter_retention_is_warned_of(key: str, before: str, after: str, warned: bool) -> None:
    topics = [DeclaredTopic("a", 1, 3, {key: after})]
    (step,) = plan(topics, cluster(standing("a", 1, 3, **{key: before}))).steps
    assert any("deleted for good" in words for words in step.warnings) == warned


def test_a_grown_topic_is_taken_as_it_is_and_the_rest_of_its_declaration_stays() -> None:
    topics = as_grown([declared("orders.v1", 3, retention_ms="1000"), declared("new", 2)], CLUSTER)
    assert [(step.action, step.partitions) for step in plan(topics, CLUSTER).steps] == [("update", 6), ("create", 2)]


KEYS = st.sampled_from(["retention.ms", "segment.bytes", "cleanup.policy", "min.insync.replicas", "preallocate", "x"])
VALUES = st.sampled_from(
    ["1", "2", "604800000", "delete", "delete,compact", "compact, delete", "true", "FALSE", "0.50"]
)
CONFIG = st.dictionaries(KEYS, VALUES)
NAMES = st.sampled_from(["a", "b", "c", "d"])
DECLARED = st.lists(
    st.builds(DeclaredTopic, NAMES, st.integers(1, 9), st.integers(1, 4), CONFIG),
    unique_by=lambda topic: topic.name,
    max_size=4,
)
STANDING = st.lists(
    st.builds(
        lambda name, partitions, factor, config: standing(name, partitions, factor, **config),
        NAMES,
        st.integers(1, 9),
        st.integers(1, 4),
        CONFIG,
    ),
    unique_by=lambda topic: topic.name,
    max_size=4,
)
KINDS: st.SearchStrategy[ClusterKind] = st.sampled_from(["standard", "express", "serverless"])


@given(DECLARED, STANDING, KINDS)
def test_a_plan_that_was_applied_leaves_nothing_to_do(
    topics: list[DeclaredTopic], found: list[object], kind: ClusterKind
) -> None:
    observed = msgspec.structs.replace(cluster(*found), kind=kind)  # type: ignore[arg-type]
    first = plan(topics, observed)
    again = plan(topics, applied(first, observed))
    before = {step.topic: step.action for step in first.steps}
    for step in again.steps:
        assert step.action == ("refused" if before[step.topic] == "refused" else "unchanged")


@given(DECLARED, STANDING, KINDS)
def test_no_plan_takes_away_partitions_replicas_keys_or_topics(
    topics: list[DeclaredTopic], found: list[object], kind: ClusterKind
) -> None:
    observed = msgspec.structs.replace(cluster(*found), kind=kind)  # type: ignore[arg-type]
    decided = plan(topics, observed)
    for step in decided.steps:
        stands = observed.topics.get(step.topic)
        if step.action == "update":
            assert stands
            assert step.partitions >= stands.partitions
            assert step.replication_factor == stands.replication_factor or kind != "standard"
            assert {setting.key for setting in step.config} <= set(_config_of(topics, step.topic))
            assert all(setting.after is not None for setting in step.config)
    after = applied(decided, observed)
    for name, stands in observed.topics.items():
        kept = {key for key, setting in stands.config.items() if setting.source == "topic"}
        assert after.topics[name].partitions >= stands.partitions
        assert after.topics[name].replication_factor == stands.replication_factor
        assert kept <= {key for key, setting in after.topics[name].config.items() if setting.source == "topic"}


def _config_of(topics: list[DeclaredTopic], name: str) -> dict[str, str]:
    return next(topic.config for topic in topics if topic.name == name)


def test_a_broker_that_does_not_tell_the_default_leaves_it_out() -> None:
    observed = cluster(standing("a", 1, 3, x="1"))
    (change,) = plan([declared("a", 1, 3, x="2")], observed).steps[0].config
    assert change.inherited is None
    assert isinstance(observed.topics["a"].config["x"], TopicConfig)
