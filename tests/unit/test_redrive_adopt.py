"""What the mapping gave up becomes letters: from its S3 objects, and from notices that only name offsets."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from msk_toolkit.errors import ConfigurationError, StageError
from msk_toolkit.kafka.records import Record as KafkaRecord
from msk_toolkit.redrive.failures import Range, UnknownFormError, given_up
from msk_toolkit.redrive.fetch import as_event
from msk_toolkit.redrive.request import Counts, parse_request

from local.event_source_mapping.destination import failure_record
from local.event_source_mapping.event import Partition, Record, Source, event_of
from local.event_source_mapping.mapping import Mapping, StartingPosition
from local.event_source_mapping.outcome import Batch, Condition, Dead
from tests.fakes.kafka_events import ARN, CLUSTER, record
from tests.fakes.redrive_desk import Desk
from tests.fakes.vantiq_fake import at_offset, refusal

NOW = datetime(2026, 11, 22, 17, 5, 13, tzinfo=UTC)
SOURCE = Source(ARN, "b-1.demo:9096")
MAPPING = Mapping(
    function_name="forwarder",
    event_source_arn=ARN,
    topics=("orders",),
    consumer_group_id="group",
    starting_position=StartingPosition.LATEST,
)
RECORDS = tuple(
    Record(Partition("my.or-ders", p), n, 1_763_800_000_000, b"\xff%d" % n, b"k", (("h", b"\xff"), ("h", None)))
    for p in range(2)
    for n in range(3, 6)
)


def failure(records: tuple[Record, ...] = RECORDS) -> dict[str, Any]:
    """What the local mapping writes, in the documented form."""
    return failure_record(MAPPING, SOURCE, Dead(Batch(records, attempts=2), Condition.RETRIES), NOW)


def notice(records: tuple[Record, ...] = RECORDS) -> dict[str, Any]:
    """The same for a queue: without the payload."""
    said = failure(records)
    del said["payload"]
    return said


def put(desk: Desk, said: Any, number: int = 0) -> str:
    name = f"aws/lambda/mapping-id/my.or-ders-0/2026/11/22/2026-11-22T17.05.13-{number}"
    desk.s3.put_object(Bucket="letters", Key=name, Body=said if isinstance(said, bytes) else json.dumps(said).encode())
    return name


def test_a_failure_object_becomes_a_letter_a_record_and_is_replayed_like_any_other() -> None:
    desk = Desk()
    name = put(desk, failure())
    assert desk.ask().waiting == 1
    done = desk.replay()
    assert (done.done, done.stopped) == (Counts(delivered=6, adopted=6), "")
    assert desk.s3.names("aws/") == desk.s3.names("dead-letters/") == []
    assert desk.s3.names("adopted/") == [f"adopted/{name}"]
    assert [one["id"] for one in desk.vantiq.taken if one["partition"] == 1] == [
        f"{CLUSTER}/my.or-ders/1/{n}" for n in range(3, 6)
    ]
    assert desk.vantiq.taken[0]["headers"] == [
        {"name": "h", "encoding": "base64", "value": "/w=="},
        {"name": "h", "encoding": "null", "value": None},
    ]


def test_adopting_alone_sends_nothing_and_says_why_the_records_were_given_up() -> None:
    desk = Desk()
    put(desk, failure())
    dry = desk.ask(action="adopt")
    assert (dry.waiting, dry.done, len(desk.s3.names("aws/"))) == (1, Counts(), 1)
    assert desk.ask(action="adopt", dry_run=False).done == Counts(adopted=6)
    assert desk.vantiq.posts == []
    left = json.loads(desk.s3.objects[f"dead-letters/{CLUSTER}/my.or-ders/0/{3:020}.json"])
    assert left["refusal"] == {
        "reason": "mapping",
        "detail": "the event source mapping gave it up: RetryAttemptsExhausted",
        "target": "",
        "attempts": 3,
        "status": 0,
        "code": "RetryAttemptsExhausted",
        "requestId": "",
    }
    assert left["event"]["records"]["my.or-ders-0"] == [event_of(SOURCE, RECORDS[:1])["records"]["my.or-ders-0"][0]]


def test_a_letter_that_knows_the_reason_is_not_replaced() -> None:
    desk = Desk()
    (name,) = desk.write(record(4, topic="my.or-ders"), code="io.vantiq.known")
    put(desk, failure())
    assert desk.ask(action="adopt", dry_run=False).done == Counts(adopted=5)
    assert json.loads(desk.s3.objects[name])["refusal"]["code"] == "io.vantiq.known"


@pytest.mark.parametrize("call", ["list", "get", "put", "copy", "delete"])
def test_an_adoption_that_is_cut_short_loses_nothing_and_is_finished_by_the_next(call: str) -> None:
    desk = Desk()
    put(desk, failure(RECORDS[:3]), 0)
    put(desk, failure(RECORDS[3:]), 1)
    left = [2]

    def trouble(name: str, key: str) -> None:
        if name == call:
            left[0] -= 1
            if left[0] == 0:
                raise EndpointConnectionError(endpoint_url="http://s3")

    desk.s3.trouble = trouble
    desk.ask(action="adopt", dry_run=False)
    desk.s3.trouble = lambda name, key: None
    desk.replay()
    assert {(one["partition"], one["offset"]) for one in desk.vantiq.taken} == {
        (p, n) for p in range(2) for n in range(3, 6)
    }
    assert desk.s3.names("aws/") == desk.s3.names("dead-letters/") == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"requestContext": {}, "KafkaBatchInfo": {}}'])
def test_an_object_of_another_form_is_named_and_left(body: bytes) -> None:
    desk = Desk()
    name = put(desk, body)
    done = desk.replay()
    assert (done.unreadable, desk.s3.names()) == ([name], [name])


def test_every_documented_spelling_is_read() -> None:
    said = notice()
    said["KafkaBatchInfo"]["recordsInfo"] = said["KafkaBatchInfo"].pop("recordInfo")
    said["requestContext"]["condition"] = "RetriesExhausted"
    found = given_up(said)
    assert found.ranges == [Range("my.or-ders", 0, 3, 5), Range("my.or-ders", 1, 3, 5)]
    assert (found.condition, found.event) == ("RetriesExhausted", None)
    assert given_up(failure() | {"payload": event_of(SOURCE, RECORDS)}).event == event_of(SOURCE, RECORDS)


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said.pop("KafkaBatchInfo"),
        lambda said: said["KafkaBatchInfo"].pop("recordInfo"),
        lambda said: said["KafkaBatchInfo"].update(recordInfo={"orders": {}}),
        lambda said: said["KafkaBatchInfo"].update(recordInfo={"orders-0": {"firstRecordOffset": "x"}}),
        lambda said: said.update(payload="no JSON"),
        lambda said: said.update(payload="7"),
    ],
)
def test_another_form_is_never_taken_for_nothing_to_do(change: Any) -> None:
    said = notice()
    change(said)
    with pytest.raises(UnknownFormError):
        given_up(said)


def as_fetched(records: tuple[Record, ...]) -> list[dict[str, Any]]:
    return [
        as_event(
            Range(one.partition.topic, one.partition.number, 0, 0),
            KafkaRecord(one.offset, one.timestamp, one.key, one.value, one.headers, 0),
        )
        for one in records
    ]


def test_a_record_fetched_again_is_what_the_mapping_would_have_handed_over() -> None:
    for one in (*RECORDS, Record(Partition("a", 0), 1, 5, None)):
        assert as_fetched((one,)) == event_of(SOURCE, (one,))["records"][str(one.partition)]


@pytest.mark.parametrize("wrap", ["plain", "sqs", "sns"])
def test_notices_are_fetched_from_kafka_and_what_is_gone_is_counted(wrap: str) -> None:
    desk = Desk()
    said = notice(RECORDS[:3])
    desk.fetched = [as_fetched(RECORDS[:1]), as_fetched(RECORDS[1:2])]
    if wrap == "plain":
        asked: dict[str, Any] = {"action": "adopt", "dry_run": False, "notices": [said]}
    elif wrap == "sqs":
        asked = {"Records": [{"eventSource": "aws:sqs", "body": json.dumps(said)}]}
    else:
        asked = {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": json.dumps(said)}}]}
    done = desk.ask(**asked)
    assert done.done == Counts(adopted=2, gone=1)
    assert desk.replay().done == Counts(delivered=2)
    assert [one["id"] for one in desk.vantiq.taken] == [f"{CLUSTER}/my.or-ders/0/{n}" for n in (3, 4)]


def test_a_dry_run_of_notices_says_what_kafka_still_has_and_writes_nothing() -> None:
    desk = Desk()
    desk.fetched = [as_fetched(RECORDS[:2])]
    assert desk.ask(action="adopt", notices=[notice(RECORDS[:3])]).done == Counts(gone=1)
    assert desk.s3.names() == []


def test_a_queue_keeps_its_notice_when_kafka_cannot_be_read() -> None:
    desk = Desk()

    def broken(wanted: Range, deadline: Any) -> Any:
        raise StageError("tcp", "connection-refused", "b-1:9096", "refused")

    desk.tools = desk.tools._replace(fetch=broken)
    with pytest.raises(StageError):
        desk.ask(Records=[{"body": json.dumps(notice())}])


@pytest.mark.parametrize("records", [[{}], [{"body": "x"}], ["x"], [{"Sns": {}}]])
def test_a_queue_event_without_notices_is_an_error(records: Any) -> None:
    with pytest.raises(ConfigurationError):
        parse_request({"Records": records})


def test_a_notice_of_another_form_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="notices"):
        Desk().ask(action="adopt", notices=[{"Records": []}])


def test_an_adopted_record_that_vantiq_refuses_gets_vantiqs_reason() -> None:
    desk = Desk()
    put(desk, failure(RECORDS[:3]))
    desk.vantiq.faults.append(at_offset(4, refusal(400, "io.vantiq.bad")))
    assert desk.replay().done == Counts(delivered=2, refused=1, adopted=3)
    (left,) = desk.s3.names("dead-letters/")
    assert json.loads(desk.s3.objects[left])["refusal"]["code"] == "io.vantiq.bad"
