"""What a mapping discarded becomes letters: from its S3 objects, and from notifications that only name offsets."""

import json
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from msk_toolkit.redrive.failures import Range, UnknownFormError, discarded_batch
from msk_toolkit.redrive.request import Counts

from local.event_source_mapping.event import Partition, Record, event_of
from tests.fakes.kafka_events import CLUSTER, record
from tests.fakes.redrive_harness import RECORDS, SOURCE, RedriveHarness, as_fetched, failure, notification, put
from tests.fakes.vantiq_fake import at_offset, refusal


def test_a_failure_object_becomes_a_letter_a_record_and_is_replayed_like_any_other() -> None:
    harness = RedriveHarness()
    name = put(harness, failure())
    assert harness.ask().waiting == 1
    done = harness.replay()
    assert (done.done, done.stopped) == (Counts(delivered=6, imported=6), "")
    assert harness.s3.names("aws/") == harness.s3.names("dead-letters/") == []
    assert harness.s3.names("adopted/") == [f"adopted/{name}"]
    assert [one["id"] for one in harness.vantiq.taken if one["partition"] == 1] == [
        f"{CLUSTER}/my.or-ders/1/{n}" for n in range(3, 6)
    ]
    assert harness.vantiq.taken[0]["headers"] == [
        {"name": "h", "encoding": "base64", "value": "/w=="},
        {"name": "h", "encoding": "null", "value": None},
    ]


def test_importing_alone_sends_nothing_and_says_why_the_records_were_discarded() -> None:
    harness = RedriveHarness()
    put(harness, failure())
    dry = harness.ask(action="import")
    assert (dry.waiting, dry.done, len(harness.s3.names("aws/"))) == (1, Counts(), 1)
    assert harness.ask(action="import", dry_run=False).done == Counts(imported=6)
    assert harness.vantiq.posts == []
    (name,) = harness.s3.names(f"dead-letters/{CLUSTER}/my.or-ders/0/{3:020}-")
    left = json.loads(harness.s3.objects[name])
    assert left["refusal"] == {
        "reason": "mapping",
        "detail": "discarded by the event source mapping: RetryAttemptsExhausted",
        "target": "",
        "attempts": 3,
        "status": 0,
        "code": "RetryAttemptsExhausted",
        "requestId": "",
    }
    assert left["event"]["records"]["my.or-ders-0"] == [event_of(SOURCE, RECORDS[:1])["records"]["my.or-ders-0"][0]]


def test_a_letter_that_knows_the_reason_is_not_replaced() -> None:
    harness = RedriveHarness()
    (known,) = event_of(SOURCE, RECORDS[1:2])["records"]["my.or-ders-0"]
    (name,) = harness.write(known, code="io.vantiq.known")
    put(harness, failure())
    assert harness.ask(action="import", dry_run=False).done == Counts(imported=5)
    assert json.loads(harness.s3.objects[name])["refusal"]["code"] == "io.vantiq.known"


def test_a_record_of_a_re_created_topic_does_not_hide_behind_the_letter_of_the_old_one() -> None:
    harness = RedriveHarness()
    harness.write(record(4, b'"OLD"', topic="my.or-ders"))
    put(harness, failure((Record(Partition("my.or-ders", 0), 4, 1_763_800_099_999, b'"NEW"', None, ()),)))
    assert harness.replay().done == Counts(delivered=2, imported=1)
    assert {one["value"] for one in harness.vantiq.taken} == {"OLD", "NEW"}


@pytest.mark.parametrize("call", ["list", "get", "put", "copy", "delete"])
def test_an_import_that_is_cut_short_loses_nothing_and_is_finished_by_the_next(call: str) -> None:
    harness = RedriveHarness()
    put(harness, failure(RECORDS[:3]), 0)
    put(harness, failure(RECORDS[3:]), 1)
    left = [2]

    def trouble(name: str, key: str) -> None:
        if name == call:
            left[0] -= 1
            if left[0] == 0:
                raise EndpointConnectionError(endpoint_url="http://s3")

    harness.s3.trouble = trouble
    harness.ask(action="import", dry_run=False)
    harness.s3.trouble = lambda name, key: None
    harness.replay()
    assert {(one["partition"], one["offset"]) for one in harness.vantiq.taken} == {
        (p, n) for p in range(2) for n in range(3, 6)
    }
    assert harness.s3.names("aws/") == harness.s3.names("dead-letters/") == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"requestContext": {}, "KafkaBatchInfo": {}}'])
def test_an_object_of_another_form_is_named_and_left(body: bytes) -> None:
    harness = RedriveHarness()
    name = put(harness, body)
    done = harness.replay()
    assert (done.unreadable, harness.s3.names()) == ([name], [name])


def test_every_documented_spelling_is_read() -> None:
    said = notification()
    said["KafkaBatchInfo"]["recordsInfo"] = said["KafkaBatchInfo"].pop("recordInfo")
    said["requestContext"]["condition"] = "RetriesExhausted"
    del said["requestContext"]["approximateInvokeCount"]
    found = discarded_batch(said)
    assert found.ranges == [Range("my.or-ders", 0, 3, 5), Range("my.or-ders", 1, 3, 5)]
    assert (found.condition, found.event, found.invocations) == ("RetriesExhausted", None, 0)
    assert discarded_batch(failure() | {"payload": event_of(SOURCE, RECORDS)}).event == event_of(SOURCE, RECORDS)


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
    said = notification()
    change(said)
    with pytest.raises(UnknownFormError):
        discarded_batch(said)


def test_a_record_fetched_again_is_what_the_mapping_would_have_handed_over() -> None:
    for one in (*RECORDS, Record(Partition("a", 0), 1, 5, None)):
        assert as_fetched((one,)) == event_of(SOURCE, (one,))["records"][str(one.partition)]


def test_an_imported_record_that_vantiq_refuses_gets_vantiqs_reason() -> None:
    harness = RedriveHarness()
    put(harness, failure(RECORDS[:3]))
    harness.vantiq.faults.append(at_offset(4, refusal(400, "io.vantiq.bad")))
    assert harness.replay().done == Counts(delivered=2, refused=1, imported=3)
    (left,) = harness.s3.names("dead-letters/")
    assert json.loads(harness.s3.objects[left])["refusal"]["code"] == "io.vantiq.bad"
