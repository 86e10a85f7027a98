"""Brokers before 2.3 can only replace a topic's whole configuration: nothing may get lost on the way."""

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.session import Session
from msk_toolkit.topics.declared import DeclaredTopic
from msk_toolkit.topics.request import TopicsRequest, TopicsResponse
from msk_toolkit.topics.run import carry_out_request

from tests.fakes.kafka_broker_fake import plain
from tests.fakes.kafka_topics_fake import Entry, TopicsBroker

pytestmark = pytest.mark.enable_socket


def apply(broker: TopicsBroker, **config: str) -> TopicsResponse:
    declared = [DeclaredTopic("orders", 1, 1, {key.replace("_", "."): value for key, value in config.items()})]
    with broker.serving() as port, Session(plain(port), 2) as session:
        return carry_out_request(TopicsRequest("apply"), declared, session, "standard", Deadline(5))


def broker() -> TopicsBroker:
    return TopicsBroker(
        {
            "orders": {
                "retention.ms": Entry("604800000"),
                "segment.bytes": Entry("536870912"),
                "cleanup.policy": Entry("delete", source=5),
                "min.insync.replicas": Entry("2", source=4),
                "a.password": Entry("hush", sensitive=True),
                "a.fixed.one": Entry("7", read_only=True),
            }
        }
    )


def test_the_declared_key_is_changed_and_undeclared_ones_survive() -> None:
    old = broker()
    response = apply(old, retention_ms="3600000", min_insync_replicas="1")
    assert [(change.change, change.state) for change in response.changes] == [("config", "done")]
    assert {key: entry.value for key, entry in old.topics["orders"].items() if entry.source == 1} == {
        "retention.ms": "3600000",
        "segment.bytes": "536870912",
        "min.insync.replicas": "1",
    }


def test_what_nobody_may_read_or_write_and_what_is_inherited_is_not_written() -> None:
    old = broker()
    apply(old, retention_ms="3600000")
    assert old.written == [{"retention.ms": "3600000", "segment.bytes": "536870912"}] * 2


def test_the_change_is_checked_before_it_is_made_each_time_with_what_stands_right_before() -> None:
    old = broker()
    apply(old, retention_ms="3600000")
    assert [api for api in old.asked if api != "Metadata"][:6] == [
        "DescribeConfigs",  # the plan's
        "DescribeConfigs",  # what would hold without the topic's own value
        "DescribeConfigs",
        "AlterConfigs to check",
        "DescribeConfigs",
        "AlterConfigs",
    ]


def test_an_acknowledged_change_is_looked_for_once_on_each_broker() -> None:
    old = broker()
    apply(old, retention_ms="3600000")
    written = len(old.asked) - old.asked[::-1].index("AlterConfigs")
    assert [api for api in old.asked[written:] if api != "Metadata"] == ["DescribeConfigs"]


def test_no_change_writes_nothing() -> None:
    old = broker()
    assert apply(old, retention_ms="604800000").status == "applied"
    assert old.written == []
