"""The export: the topics of a cluster, as a declaration whose plan changes nothing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.kafka.topic_configs import ConfigSource, TopicConfig
from msk_toolkit.settings.cluster import ClusterKind
from msk_toolkit.topics.answer_limit import within_limits
from msk_toolkit.topics.declaration import parse_declaration
from msk_toolkit.topics.export import ExportedTopic, as_declared, chosen
from msk_toolkit.topics.observed import ObservedTopic, ObservedTopics
from msk_toolkit.topics.plan import plan
from msk_toolkit.topics.request import TopicsResponse, parse_topics_request


def observed(replication_factor: int = 3, uneven: str = "", **config: tuple[str, ConfigSource]) -> ObservedTopic:
    """A topic; underscores in keys stand for dots."""
    settings = {key.replace("_", "."): TopicConfig(value, source, None) for key, (value, source) in config.items()}
    return ObservedTopic("orders", 6, replication_factor, settings, uneven=uneven)


def test_what_is_set_on_the_topic_is_declared_as_a_person_writes_it_and_what_is_inherited_is_not() -> None:
    topic = observed(
        retention_ms=("604800000", "topic"),
        segment_bytes=("1073741824", "topic"),
        cleanup_policy=("compact", "topic"),
        max_message_bytes=("1048588", "broker"),
        compression_type=("producer", "default"),
    )
    assert as_declared(topic) == ExportedTopic(
        "orders", 6, 3, {"cleanup.policy": "compact", "retention.ms": "7d", "segment.bytes": "1GiB"}
    )


def test_what_a_reassignment_sets_and_what_can_not_be_written_is_left_out() -> None:
    topic = observed(leader_replication_throttled_replicas=("*", "topic"))
    hidden = {"x": TopicConfig("", "topic", None, writable=False)}
    assert as_declared(topic).config == {}
    assert as_declared(ObservedTopic("orders", 6, 3, hidden)).config == {}


def test_what_a_declaration_would_refuse_is_a_note() -> None:
    exported = as_declared(observed(1, "partition 3 with 1", min_insync_replicas=("2", "topic")))
    assert exported.config == {}
    assert "min.insync.replicas 2 is above the replication factor 1" in exported.note
    assert "partition 3 with 1" in exported.note


KEYS = st.sampled_from(
    [
        ("retention.ms", st.integers(-1, 10**15).map(str)),
        ("segment.bytes", st.integers(14, 2**31).map(str)),
        ("min.insync.replicas", st.integers(1, 4).map(str)),
        ("min.cleanable.dirty.ratio", st.sampled_from(["0.50", "0.7", "1"])),
        ("cleanup.policy", st.sampled_from(["compact", "delete", "compact,delete"])),
        ("unclean.leader.election.enable", st.sampled_from(["true", "false"])),
        ("max.message.bytes", st.integers(0, 8 * 1024 * 1024).map(str)),
    ]
)
SOURCES: list[ConfigSource] = ["topic", "broker", "default"]


@st.composite
def topics(draw: st.DrawFn, factors: st.SearchStrategy[int]) -> ObservedTopic:
    config = {}
    for key, values in draw(st.lists(KEYS, unique_by=lambda entry: entry[0])):
        config[key] = TopicConfig(draw(values), draw(st.sampled_from(SOURCES)), None)
    return ObservedTopic("orders", draw(st.integers(1, 100)), draw(factors), config)


@pytest.mark.parametrize(
    ("kind", "factors"), [("standard", st.integers(1, 15)), ("express", st.just(3)), ("serverless", st.just(3))]
)
@given(data=st.data())
def test_the_plan_of_an_export_changes_nothing(
    kind: ClusterKind, factors: st.SearchStrategy[int], data: st.DataObject
) -> None:
    topic = data.draw(topics(factors))
    exported = as_declared(topic)
    entry: dict[str, Any] = {
        "name": exported.name,
        "partitions": exported.partitions,
        "replication_factor": exported.replication_factor,
        "config": exported.config,
    }
    declared = parse_declaration({"topics": [entry]}, "export")
    (step,) = plan(declared, ObservedTopics(3, {"orders": topic}, kind=kind)).steps
    assert (step.action, step.refusals) == ("unchanged", [])


def test_topics_come_in_the_order_of_their_names_after_the_last_of_an_earlier_page() -> None:
    names = {"c", "a", "b", "d"}
    assert chosen(names, [], "") == ["a", "b", "c", "d"]
    assert chosen(names, [], "b") == ["c", "d"]
    assert chosen(names, ["d", "a", "x"], "") == ["a", "d"]


def test_a_response_that_is_too_long_keeps_the_first_topics_and_counts_all_others() -> None:
    exported = [ExportedTopic(f"t{number:04}", 1, 3, {"x": "y" * 1000}) for number in range(1000)]
    response = TopicsResponse("export", "exported", "1000 topics exported.", topics=exported, left_out={"topics": 7})
    shortened = within_limits(response, most_bytes=300_000)
    kept = len(shortened.topics)
    assert 0 < kept < 300
    assert shortened.topics == exported[:kept]
    assert shortened.left_out["topics"] == 1000 - kept + 7
    assert shortened.next_after == exported[kept - 1].name


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        ({"action": "export", "topics": [{"name": "a", "partitions": 1, "replication_factor": 1}]}, "topics do not"),
        ({"action": "plan", "after": "a"}, "after belongs to the action export"),
        ({"action": "export", "delete": [{"topic": "a", "confirm": "a"}]}, "the action delete and the list"),
    ],
)
def test_what_contradicts_an_export_is_refused(event: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        parse_topics_request(event)
    assert parse_topics_request({"action": "export", "only": ["a"], "after": "a"}).after == "a"
