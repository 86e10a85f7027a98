"""What the mapping gave up becomes letters: from its S3 objects, and from notices that only name offsets."""

import json
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from msk_toolkit.redrive.failures import Range, UnknownFormError, given_up
from msk_toolkit.redrive.request import Counts

from local.event_source_mapping.event import Partition, Record, event_of
from tests.fakes.kafka_events import CLUSTER, record
from tests.fakes.redrive_desk import RECORDS, SOURCE, Desk, as_fetched, failure, notice, put
from tests.fakes.vantiq_fake import at_offset, refusal


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
    (name,) = desk.s3.names(f"dead-letters/{CLUSTER}/my.or-ders/0/{3:020}-")
    left = json.loads(desk.s3.objects[name])
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
    (known,) = event_of(SOURCE, RECORDS[1:2])["records"]["my.or-ders-0"]
    (name,) = desk.write(known, code="io.vantiq.known")
    put(desk, failure())
    assert desk.ask(action="adopt", dry_run=False).done == Counts(adopted=5)
    assert json.loads(desk.s3.objects[name])["refusal"]["code"] == "io.vantiq.known"


def test_a_record_of_a_topic_made_anew_does_not_hide_behind_the_letter_of_the_old_one() -> None:
    desk = Desk()
    desk.write(record(4, b'"OLD"', topic="my.or-ders"))
    put(desk, failure((Record(Partition("my.or-ders", 0), 4, 1_763_800_099_999, b'"NEW"', None, ()),)))
    assert desk.replay().done == Counts(delivered=2, adopted=1)
    assert {one["value"] for one in desk.vantiq.taken} == {"OLD", "NEW"}


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


def test_a_record_fetched_again_is_what_the_mapping_would_have_handed_over() -> None:
    for one in (*RECORDS, Record(Partition("a", 0), 1, 5, None)):
        assert as_fetched((one,)) == event_of(SOURCE, (one,))["records"][str(one.partition)]


def test_an_adopted_record_that_vantiq_refuses_gets_vantiqs_reason() -> None:
    desk = Desk()
    put(desk, failure(RECORDS[:3]))
    desk.vantiq.faults.append(at_offset(4, refusal(400, "io.vantiq.bad")))
    assert desk.replay().done == Counts(delivered=2, refused=1, adopted=3)
    (left,) = desk.s3.names("dead-letters/")
    assert json.loads(desk.s3.objects[left])["refusal"]["code"] == "io.vantiq.bad"
