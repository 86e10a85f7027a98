"""Deleting: what is looked for after the controller's answer, and which declaration protects."""

from pathlib import Path
from typing import Any

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.error_codes import ErrorCode
from msk_toolkit.kafka.metadata import ClusterMetadata, Topic
from msk_toolkit.kafka.session import Session
from msk_toolkit.settings.topics import TopicsSettings
from msk_toolkit.topics.apply import TopicChange
from msk_toolkit.topics.delete import Deletion, delete, objections
from msk_toolkit.topics.request import TopicsResponse, parse_topics_request
from msk_toolkit.topics.run import run_topics

from tests.fakes.kafka_broker_fake import plain
from tests.fakes.kafka_topics_fake import HANGS_UP, TopicsBroker

pytestmark = pytest.mark.enable_socket

TIMED_OUT, DENIED = 7, 29


def deleted(broker: TopicsBroker, gone_after: int | None, seconds: float = 2) -> TopicChange:
    """One deletion, and a topic that is gone from the broker's metadata after so many looks, or never."""
    looks = 0

    def rest(_: float) -> None:
        nonlocal looks
        looks += 1
        if looks == gone_after:
            broker.topics = {}

    with broker.serving() as port, Session(plain(port), 0.5) as session:
        (change,) = delete(session, ["orders"], Deadline(seconds), rest)
    return change


@pytest.mark.parametrize("code", [TIMED_OUT, HANGS_UP])
def test_a_deletion_that_may_have_begun_is_looked_for_until_the_topic_is_gone(code: int) -> None:
    broker = TopicsBroker({"orders": {}})
    broker.deletes = [code]
    assert deleted(broker, gone_after=3) == TopicChange("orders", "delete", "done")
    # Once more it might hit a topic that somebody has created anew.
    assert broker.asked.count("DeleteTopics") == 1


@pytest.mark.parametrize("code", [TIMED_OUT, HANGS_UP])
def test_a_deletion_that_may_have_begun_and_never_shows_is_unknown(code: int) -> None:
    broker = TopicsBroker({"orders": {}})
    broker.deletes = [code]
    change = deleted(broker, gone_after=None, seconds=0.5)
    assert (change.state, bool(change.detail)) == ("unknown", True)


def test_a_deletion_that_was_refused_is_not_done_after_one_look() -> None:
    broker = TopicsBroker({"orders": {}})
    broker.deletes = [DENIED]
    assert deleted(broker, gone_after=3).state == "not-done"


def asked_to_delete(broker: TopicsBroker, file: Path, **more: Any) -> TopicsResponse:
    request = parse_topics_request({"action": "delete", "delete": [{"topic": "orders", "confirm": "orders"}], **more})

    def client(service: str) -> Any:
        raise AssertionError(f"{service} has no part in this")

    with broker.serving() as port:
        settings = TopicsSettings(bootstrap_servers=f"127.0.0.1:{port}", auth_mode="none", topics_file=str(file))
        return run_topics(request, settings, client, Deadline(5))


PROTECTED = {"name": "orders", "partitions": 1, "replication_factor": 1, "protected": True}


@pytest.mark.parametrize("topics", [[], [PROTECTED | {"protected": False}]])
def test_topics_in_the_request_take_no_protection_away(tmp_path: Path, topics: list[Any]) -> None:
    (tmp_path / "topics.yaml").write_text(
        "topics: [{name: orders, partitions: 1, replication_factor: 1, protected: true}]"
    )
    response = asked_to_delete(TopicsBroker({"orders": {}}), tmp_path / "topics.yaml", topics=topics)
    assert response.problems == [
        "orders: is declared as protected; add although: [protected] to delete it nevertheless"
    ]


def test_topics_in_the_request_protect_as_well(tmp_path: Path) -> None:
    (tmp_path / "topics.yaml").write_text("topics: []")
    response = asked_to_delete(TopicsBroker({"orders": {}}), tmp_path / "topics.yaml", topics=[PROTECTED])
    assert response.status == "refused"


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "orders: is not on the cluster: check the name"),
        (ErrorCode.TOPIC_AUTHORIZATION_FAILED, "orders: Kafka does not show it to the functions' user, or has no such"),
        (ErrorCode.INVALID_TOPIC_EXCEPTION, "orders: Kafka answers INVALID_TOPIC_EXCEPTION for it"),
    ],
)
def test_a_topic_that_kafka_does_not_show_is_refused_in_plain_words(code: ErrorCode, sentence: str) -> None:
    cluster = ClusterMetadata("c", 1, {}, {"orders": Topic("orders", code, internal=False, partitions=())})
    (problem,) = objections([Deletion("orders", "orders")], set(), set(), cluster, lambda *_: {})
    assert problem.startswith(sentence)
