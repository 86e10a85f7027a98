"""Values of a topic's configuration that Kafka does not take, and ones that are taken back."""

from typing import Any

import pytest
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.topics.declaration import parse_declaration
from msk_toolkit.topics.declared import DeclaredTopic


def topic(**more: Any) -> dict[str, Any]:
    return {"name": "orders", "partitions": 3, "replication_factor": 3, **more}


def problems(*topics: Any) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        parse_declaration({"topics": list(topics)}, "event")
    return caught.value.problems


def test_null_takes_a_value_back_also_one_of_the_defaults() -> None:
    document = {
        "defaults": {"partitions": 3, "replication_factor": 3, "config": {"retention.ms": "7d", "segment.ms": None}},
        "topics": [{"name": "a", "config": {"retention.ms": None}}, {"name": "b", "config": {"segment.ms": "1d"}}],
    }
    assert parse_declaration(document, "x") == [
        DeclaredTopic("a", 3, 3, {}, reset=("retention.ms", "segment.ms")),
        DeclaredTopic("b", 3, 3, {"retention.ms": "604800000", "segment.ms": "86400000"}),
    ]


@pytest.mark.parametrize("key", ["segment.ms", "flush.ms", "max.compaction.lag.ms", "max.message.bytes"])
def test_unlimited_is_refused_where_kafka_knows_none(key: str) -> None:
    (only,) = problems(topic(config={key: "unlimited"}))
    assert only.startswith(
        f"$.topics[0].config.{key}: orders: config: {key}: {key} does not accept unlimited: give a number"
    )
    assert "retention.bytes, retention.ms" in only


def test_a_value_that_is_too_long_for_a_request_is_refused_with_its_length() -> None:
    (only,) = problems(topic(config={"follower.replication.throttled.replicas": "1:1," * 10_000}))
    assert "follower.replication.throttled.replicas: is 40,000 bytes long: Kafka accepts at most 32,767" in only


def test_more_replicas_in_sync_than_there_are_says_which_versions_do_what() -> None:
    (only,) = problems(topic(replication_factor=1, config={"min.insync.replicas": 2}))
    assert "brokers until Kafka 3.6 refuse every write with acks=all, and later ones act as if it were 1" in only
