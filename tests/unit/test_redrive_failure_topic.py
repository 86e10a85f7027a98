"""A mapping's kafka:// destination: its messages become letters, each once, and nothing in the topic is passed over."""

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from msk_toolkit.causes import Cause
from msk_toolkit.errors import AwsError, ConfigurationError, StageError
from msk_toolkit.redrive.failures import Range
from msk_toolkit.redrive.request import Counts, parse_redrive_request
from msk_toolkit.stage import Stage

from tests.fakes.kafka_events import ARN, CLUSTER
from tests.fakes.redrive_harness import RedriveHarness

TOPIC = "given-up"


def message(offset: int) -> dict[str, Any]:
    """In the form of AWS's page on Kafka on-failure destinations: payload is an object, recordInfo one record's."""
    record = {
        "topic": "orders",
        "partition": 1,
        "offset": offset,
        "timestamp": 1_763_800_000_000,
        "timestampType": "CREATE_TIME",
        "key": b64encode(b"k").decode(),
        "value": b64encode(b'{"n": %d}' % offset).decode(),
        "headers": [],
    }
    source = {"eventSourceArn": ARN, "bootstrapServers": "b-1.demo:9096"}
    return {
        "requestContext": {
            "requestId": "r-1",
            "functionArn": "arn:aws:lambda:eu-central-1:123456789012:function:forwarder:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 10,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": "2026-11-22T17:05:13.000Z",
        "KafkaBatchInfo": {
            "batchSize": 1,
            **source,
            "payloadSize": 512,
            "recordInfo": {"offset": str(offset), "timestamp": "2026-11-22T17:04:00.000Z"},
        },
        "payload": {"eventSource": "aws:kafka", **source, "records": {"orders-1": [record]}},
    }


class FailureTopic:
    """The topic's partitions, each a list of what stands there; read two at a time."""

    def __init__(self, harness: RedriveHarness, *partitions: list[bytes | None]) -> None:
        self.partitions = [list(each) for each in partitions]
        self.read: list[Range] = []
        harness.services = harness.services._replace(fetch=self.fetch, spans=self.spans)

    def spans(self, topic: str, deadline: Any) -> dict[int, tuple[int, int]]:
        assert topic == TOPIC
        return {number: (0, len(messages)) for number, messages in enumerate(self.partitions)}

    def fetch(self, wanted: Range, deadline: Any) -> Iterator[list[dict[str, Any]]]:
        self.read.append(wanted)
        for first in range(wanted.first, wanted.last + 1, 2):
            offsets = range(first, min(first + 2, wanted.last + 1))
            yield [self.entry(wanted.partition, offset) for offset in offsets]

    def entry(self, partition: int, offset: int) -> dict[str, Any]:
        value = self.partitions[partition][offset]
        place = {"topic": TOPIC, "partition": partition, "offset": offset}
        return place if value is None else place | {"value": b64encode(value).decode()}


def written(*offsets: int) -> list[bytes | None]:
    return [json.dumps(message(offset)).encode() for offset in offsets]


def import_topic(harness: RedriveHarness, **more: Any) -> Any:
    return harness.ask(action="import", failure_topic=TOPIC, **more)


def test_each_message_becomes_a_letter_once_and_is_replayed_like_any_other() -> None:
    harness = RedriveHarness()
    topic = FailureTopic(harness, written(7, 8, 9), written(40))
    assert import_topic(harness, dry_run=False).done == Counts(imported=4)
    # They need no detour over objects in the bucket, which hold whole batches.
    assert harness.s3.names("adopted/aws/") == []
    letters = harness.s3.names("dead-letters/")
    assert [name.rpartition("/")[2].split("-")[0] for name in letters] == [f"{n:020}" for n in (7, 8, 9, 40)]
    assert json.loads(harness.s3.objects[letters[0]])["refusal"]["code"] == "RetriesExhausted"
    assert harness.replay(failure_topic=TOPIC).done == Counts(delivered=4)
    # Replayed letters do not come back from the topic, where their messages still stand.
    topic.partitions[1] += written(41)
    topic.read.clear()
    assert import_topic(harness, dry_run=False).done == Counts(imported=1)
    assert topic.read == [Range(TOPIC, 1, 1, 1)]
    assert [one["id"] for one in harness.vantiq.taken] == [f"{CLUSTER}/orders/1/{n}" for n in (7, 8, 9, 40)]


def test_the_stacks_own_topic_is_read_by_every_import_and_replay_without_being_named() -> None:
    harness = RedriveHarness()
    topic = FailureTopic(harness, written(7, 8))
    harness.services = harness.services._replace(failure_topics=frozenset(), given_up_topic=TOPIC)
    # As the schedule asks.
    assert harness.ask(action="import", dry_run=False).done == Counts(imported=2)
    topic.partitions[0] += written(9)
    assert harness.replay().done == Counts(imported=1, delivered=3)
    assert [one["id"] for one in harness.vantiq.taken] == [f"{CLUSTER}/orders/1/{n}" for n in (7, 8, 9)]
    assert harness.ask(action="import", dry_run=False, failure_topic=TOPIC).done == Counts()


def test_a_topic_beside_the_stacks_own_is_read_when_it_is_named() -> None:
    harness = RedriveHarness()
    FailureTopic(harness, written(7))
    read: list[str] = []

    def spans(topic: str, deadline: Any) -> dict[int, tuple[int, int]]:
        read.append(topic)
        return {}

    harness.services = harness.services._replace(given_up_topic="own", spans=spans)
    import_topic(harness, dry_run=False)
    assert read == ["own", TOPIC]


def test_a_dry_run_counts_what_waits_and_writes_nothing() -> None:
    harness = RedriveHarness()
    FailureTopic(harness, written(7, 8, 9))
    found = import_topic(harness)
    assert (found.waiting, found.done, harness.s3.names()) == (3, Counts(), [])


# Deeper than any reader of JSON goes.
DEEP = b"[" * 200_000 + b"]" * 200_000


@pytest.mark.parametrize(
    "strange",
    [
        b"no JSON",
        b"{}",
        b"\xff",
        None,
        json.dumps({"payload": 7}).encode(),
        b'{"text": "\xff"}',
        DEEP,
        json.dumps({"Type": "Notification", "Message": DEEP.decode()}).encode(),
        json.dumps(message(7) | {"payload": DEEP.decode()}).encode(),
    ],
    ids=lambda strange: str(strange)[:20],
)
def test_a_message_of_another_form_is_kept_and_told_each_time_and_keeps_no_other_back(strange: bytes | None) -> None:
    harness = RedriveHarness()
    FailureTopic(harness, [strange, *written(7)])
    for imported in (1, 0):
        found = import_topic(harness, dry_run=False)
        assert found.done == Counts(imported=imported)
        assert found.unreadable == [f"aws/lambda/kafka/{TOPIC}/0/{0:020}"]
    assert harness.s3.objects[found.unreadable[0]] == (strange or b"")


def test_an_import_that_is_cut_short_is_finished_by_the_next_and_writes_nothing_twice() -> None:
    harness = RedriveHarness()
    FailureTopic(harness, written(*range(6)))
    left = [3]

    def trouble(name: str, key: str) -> None:
        if name == "put":
            left[0] -= 1
            if left[0] < 0:
                raise AwsError("S3 is away")

    harness.s3.trouble = trouble
    assert "S3 is away" in import_topic(harness, dry_run=False).stopped
    left[0] = 100
    import_topic(harness, dry_run=False)
    assert len(harness.s3.names("dead-letters/")) == 6


def test_an_import_that_runs_out_of_time_among_letters_says_so_and_the_next_writes_the_others() -> None:
    harness = RedriveHarness()
    topic = FailureTopic(harness, written(*range(60)))
    everything = [topic.entry(0, offset) for offset in range(60)]
    harness.services = harness.services._replace(fetch=lambda wanted, deadline: [everything])
    harness.s3.trouble = lambda call, key: harness.clock.advance(3) if call == "put" else None
    first = import_topic(harness, seconds=63, dry_run=False)
    assert (first.stopped, 0 < len(harness.s3.names("dead-letters/")) < 60) == ("the time is used up", True)
    # The topic counts as read only when all of it is written.
    assert harness.s3.names("adopted/") == []
    harness.s3.trouble = lambda call, key: None
    import_topic(harness, dry_run=False)
    assert len(harness.s3.names("dead-letters/")) == 60


def test_an_import_that_runs_out_of_time_between_messages_keeps_what_it_has_read_and_goes_on_there() -> None:
    harness = RedriveHarness()
    topic = FailureTopic(harness, written(7, 8, 9))
    alone = [[topic.entry(0, offset)] for offset in range(3)]
    harness.services = harness.services._replace(fetch=lambda wanted, deadline: alone)
    harness.s3.trouble = lambda call, key: harness.clock.advance(3) if call == "put" else None
    assert import_topic(harness, seconds=63, dry_run=False).stopped == "the time is used up"
    assert len(harness.s3.names("dead-letters/")) == 1
    harness.s3.trouble = lambda call, key: None
    harness.services = harness.services._replace(fetch=topic.fetch)
    import_topic(harness, dry_run=False)
    assert topic.read == [Range(TOPIC, 0, 1, 2)]
    assert len(harness.s3.names("dead-letters/")) == 3


def test_a_topic_that_was_re_created_is_read_from_its_beginning() -> None:
    harness = RedriveHarness()
    topic = FailureTopic(harness, written(1, 2, 3))
    import_topic(harness, dry_run=False)
    topic.partitions[0] = written(9)
    assert import_topic(harness, dry_run=False).done == Counts(imported=1)


def test_brokers_that_are_away_stop_a_replay_with_the_reason_before_anything_is_sent() -> None:
    harness = RedriveHarness()

    def away(topic: str, deadline: Any) -> Any:
        raise StageError(Stage.TCP, Cause.CONNECT_TIMEOUT, "b-1:9096", "no answer")

    harness.services = harness.services._replace(spans=away)
    done = harness.replay(failure_topic=TOPIC)
    assert (done.stopped, done.waiting) == ("b-1:9096 fails at tcp: no answer", 0)
    assert harness.vantiq.posts == []


@pytest.mark.parametrize(
    "request_",
    [
        {"action": "list", "failure_topic": TOPIC},
        {"action": "import", "failure_topic": TOPIC, "failure_notifications": [{}]},
        {"action": "import", "failure_topic": "kafka://given-up"},
    ],
)
def test_a_topic_in_the_wrong_place_is_refused(request_: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="failure_topic"):
        parse_redrive_request(request_)
