"""Failure notifications of SQS and SNS: their records come from Kafka, and a strange one blocks no other."""

import json
from typing import Any

import pytest
from msk_toolkit.causes import Cause
from msk_toolkit.errors import ConfigurationError, StageError
from msk_toolkit.redrive.failures import Range
from msk_toolkit.redrive.import_failures import NotificationsError
from msk_toolkit.redrive.request import Counts, parse_redrive_request
from msk_toolkit.stage import Stage

from tests.fakes.kafka_events import CLUSTER
from tests.fakes.redrive_harness import RECORDS, RedriveHarness, as_fetched, failure, notification


@pytest.mark.parametrize("wrap", ["plain", "text", "sqs", "sns", "sns in sqs"])
def test_notifications_are_fetched_from_kafka_and_what_is_gone_is_counted(wrap: str) -> None:
    harness = RedriveHarness()
    said = notification(RECORDS[:3])
    harness.fetched = [as_fetched(RECORDS[:1]), as_fetched(RECORDS[1:2])]
    if wrap == "plain":
        asked: dict[str, Any] = {"action": "import", "dry_run": False, "failure_notifications": [said]}
    elif wrap == "text":
        asked = {"action": "import", "dry_run": False, "failure_notifications": [json.dumps(said)]}
    elif wrap == "sqs":
        asked = {"Records": [{"eventSource": "aws:sqs", "body": json.dumps(said)}]}
    elif wrap == "sns in sqs":
        asked = {"Records": [{"body": json.dumps({"Type": "Notification", "Message": json.dumps(said)})}]}
    else:
        asked = {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": json.dumps(said)}}]}
    done = harness.ask(**asked)
    assert (done.done, done.waiting) == (Counts(imported=2, gone=1), 0)
    assert harness.replay().done == Counts(delivered=2)
    assert [one["id"] for one in harness.vantiq.taken] == [f"{CLUSTER}/my.or-ders/0/{n}" for n in (3, 4)]


def test_a_dry_run_of_notifications_says_what_kafka_still_has_and_writes_nothing() -> None:
    harness = RedriveHarness()
    harness.fetched = [as_fetched(RECORDS[:2])]
    assert harness.ask(action="import", failure_notifications=[notification(RECORDS[:3])]).done == Counts(gone=1)
    assert harness.s3.names() == []


def test_a_queue_keeps_its_notification_when_kafka_cannot_be_read() -> None:
    harness = RedriveHarness()

    def broken(wanted: Range, deadline: Any) -> Any:
        raise StageError(Stage.TCP, Cause.CONNECTION_REFUSED, "b-1:9096", "refused")

    harness.services = harness.services._replace(fetch=broken)
    with pytest.raises(NotificationsError, match="b-1:9096"):
        harness.ask(Records=[{"body": json.dumps(notification())}])


STRANGE: list[Any] = [
    {"body": json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"})},
    {"body": "no JSON"},
    {"body": json.dumps({"Type": "Notification", "Message": "no JSON"})},
    {"body": json.dumps("text")},
    {"body": None},
    {"s3": {}},
    {"Sns": {}},
    {},
    "x",
    7,
]


@pytest.mark.parametrize("strange", STRANGE)
def test_a_strange_message_blocks_no_good_one_and_is_still_an_error(strange: Any) -> None:
    harness = RedriveHarness()
    harness.fetched = [as_fetched(RECORDS[:3])]
    with pytest.raises(NotificationsError, match=r"1 of 2 failure notifications .* number 1"):
        harness.ask(Records=[strange, {"body": json.dumps(notification(RECORDS[:3]))}])
    assert len(harness.s3.names("dead-letters/")) == 3


def test_a_notification_that_holds_its_payload_needs_no_broker_and_a_broken_payload_is_an_error() -> None:
    harness = RedriveHarness()
    with pytest.raises(NotificationsError, match="1 of 2 failure notifications"):
        harness.ask(action="import", dry_run=False, failure_notifications=[failure() | {"payload": "{}"}, failure()])
    assert len(harness.s3.names("dead-letters/")) == 6


def test_a_topic_that_is_gone_blocks_no_notification_of_another() -> None:
    harness = RedriveHarness()

    def fetch(wanted: Range, deadline: Any) -> Any:
        if wanted.partition == 0:
            raise StageError(Stage.METADATA, Cause.BROKER_ERROR, "b-1:9096", "my.or-ders-0 is not there")
        return [as_fetched(RECORDS[3:])]

    harness.services = harness.services._replace(fetch=fetch)
    with pytest.raises(NotificationsError, match="ders-0 is not there"):
        harness.ask(Records=[{"body": json.dumps(notification(part))} for part in (RECORDS[:3], RECORDS[3:])])
    assert len(harness.s3.names("dead-letters/")) == 3


def test_a_queues_event_without_messages_is_a_mistake() -> None:
    with pytest.raises(ConfigurationError):
        parse_redrive_request({"Records": []})
