"""Letters sent again: which, in which order, and what becomes of them."""

import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from botocore.exceptions import EndpointConnectionError
from msk_toolkit.errors import AwsError, ConfigurationError
from msk_toolkit.redrive.request import Counts, parse_redrive_request

from tests.fakes.kafka_events import CLUSTER, event, record
from tests.fakes.redrive_harness import RedriveHarness
from tests.fakes.s3_fake import MOMENT
from tests.fakes.vantiq_fake import at_offset, refusal


def replayed(name: str) -> str:
    return name.replace("dead-letters/", "replayed/", 1)


def test_letters_are_listed_by_topic_partition_and_reason() -> None:
    harness = RedriveHarness(vantiq_target="type:{topic}")
    harness.write(*[record(n) for n in range(4)])
    harness.write(*[record(n, partition=1) for n in range(2)], code="d")
    harness.write(record(7, topic="a-b"), reason="unsendable", code="")
    listed = harness.ask()
    found = {(g.topic, g.partition, g.reason, g.code): (g.letters, g.target) for g in listed.groups}
    assert found == {
        ("orders", 0, "refused", "c"): (4, "type:orders"),
        ("orders", 1, "refused", "d"): (2, "type:orders"),
        ("a-b", 0, "unsendable", ""): (1, found["a-b", 0, "unsendable", ""][1]),
    }
    assert "a-b" in found["a-b", 0, "unsendable", ""][1]
    assert "/orders/0/00000000000000000000-" in listed.groups[1].first
    assert "/orders/0/00000000000000000003-" in listed.groups[1].last
    assert harness.ask(action="replay").groups == listed.groups


def test_a_dry_run_is_the_default_and_changes_nothing() -> None:
    harness = RedriveHarness()
    harness.write(*[record(n) for n in range(4)])
    before = dict(harness.s3.objects)
    assert harness.ask(action="replay").dry_run
    assert harness.ask(action="import").dry_run
    assert (harness.s3.objects, harness.vantiq.posts) == (before, [])


def test_letters_go_in_offset_order_and_leave_when_they_are_delivered() -> None:
    harness = RedriveHarness()
    # In the order of names 10 comes before 9, unless the offset is padded.
    names = harness.write(*[record(n, partition=p) for n in (3, 100, 20, 9, 10) for p in range(3)])
    done = harness.replay()
    assert (done.done, done.stopped, done.next) == (Counts(delivered=15), "", None)
    assert [harness.vantiq.offsets(p) for p in range(3)] == [[3, 9, 10, 20, 100]] * 3
    assert harness.s3.names("dead-letters/") == []
    assert harness.s3.names("replayed/") == sorted(map(replayed, names))
    assert harness.replay().done == Counts()


def test_what_is_sent_is_what_the_forwarder_would_have_sent() -> None:
    harness = RedriveHarness()
    harness.write(record(5, b"\xff\xfe", key=b"k") | {"headers": [{"a": [-1]}, {"a": [65]}]})
    harness.replay()
    (sent,) = harness.vantiq.taken
    assert (sent["id"], sent["value"], sent["valueEncoding"]) == (f"{CLUSTER}/orders/0/5", "//4=", "base64")
    assert [header["value"] for header in sent["headers"]] == ["/w==", "A"]


def test_a_refused_letter_stays_with_its_new_reason_and_the_others_go_on() -> None:
    harness = RedriveHarness()
    names = harness.write(*[record(n) for n in range(5)])
    harness.vantiq.faults.append(at_offset(2, refusal(422, "io.vantiq.new.reason", X_Request_Id="r-2")))
    done = harness.replay()
    assert done.done == Counts(delivered=4, refused=1)
    assert harness.s3.names("dead-letters/") == [names[2]]
    left = json.loads(harness.s3.objects[names[2]])
    assert (left["refusal"]["code"], left["refusal"]["requestId"]) == ("io.vantiq.new.reason", "r-2")
    assert left["event"]["records"]["orders-0"] == [record(2)]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"topic": "orders"}, {("orders", 0), ("orders", 1)}),
        ({"topic": "orders", "partition": 1}, {("orders", 1)}),
        ({"code": "d"}, {("other", 0)}),
        ({"reason": "unsendable"}, {("third", 0)}),
        ({"since": MOMENT + timedelta(hours=1)}, {("other", 0), ("third", 0)}),
        ({"since": MOMENT + timedelta(hours=1), "until": MOMENT + timedelta(hours=2)}, {("other", 0)}),
        ({"limit": 2}, {("orders", 0)}),
    ],
)
def test_only_the_letters_that_are_meant_are_sent(choice: dict[str, Any], expected: set[Any]) -> None:
    harness = RedriveHarness()
    harness.write(*[record(n, partition=p) for n in range(2) for p in range(2)])
    harness.s3.now = MOMENT + timedelta(hours=1)
    harness.write(record(0, topic="other"), code="d")
    harness.s3.now = MOMENT + timedelta(hours=2)
    harness.write(record(0, topic="third"), reason="unsendable")
    asked = json.loads(msgspec.json.encode(choice))
    assert {(g.topic, g.partition) for g in harness.ask(**asked).groups} == expected
    harness.replay(**asked)
    assert {(one["topic"], one["partition"]) for one in harness.vantiq.taken} == expected


@pytest.mark.parametrize("response", [refusal(500), refusal(401), refusal(404), AwsError("no secret")])
def test_a_failure_stops_the_replay_where_it_stands(response: Any) -> None:
    harness = RedriveHarness(max_attempts=1)
    names = harness.write(*[record(n) for n in range(5)])
    harness.vantiq.faults.append(at_offset(2, response))
    done = harness.replay()
    assert (done.done, harness.invoked) == (Counts(delivered=2), [])
    assert done.stopped
    assert harness.s3.names("dead-letters/") == names[2:]
    harness.vantiq.faults.clear()
    assert done.next is not None
    again = harness.ask(**json.loads(msgspec.json.encode(done.next)))
    assert again.done == Counts(delivered=5)
    assert harness.vantiq.offsets() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("call", "failed"),
    [("list", "listing"), ("get", "reading"), ("copy", "moving"), ("delete", "moving"), ("put", "writing")],
)
def test_s3_failing_at_any_call_stops_the_replay_with_it_and_a_second_one_loses_nothing(call: str, failed: str) -> None:
    harness = RedriveHarness()
    names = harness.write(*[record(n, partition=p) for n in range(8) for p in range(2)])
    harness.vantiq.faults.append(at_offset(7, refusal(400)))
    left = [3]

    def trouble(name: str, key: str) -> None:
        if name == call:
            left[0] -= 1
            if left[0] == 0:
                raise EndpointConnectionError(endpoint_url="http://s3")

    if call == "put":
        left[0] = 1
    harness.s3.trouble = trouble
    first = harness.replay()
    assert f"{failed} s3://letters/dead-letters/" in first.stopped
    harness.s3.trouble = lambda name, key: None
    harness.replay()
    assert harness.s3.names("dead-letters/") == [names[7]]
    assert harness.s3.names("replayed/") == sorted(replayed(name) for name in names if name != names[7])
    assert {(one["partition"], one["offset"]) for one in harness.vantiq.taken} == {
        (p, n) for p in range(2) for n in range(8)
    } - {(0, 7)}


def test_objects_of_another_form_are_named_and_left_alone() -> None:
    harness = RedriveHarness()
    names = harness.write(*[record(n) for n in range(3)])
    strange = {
        f"{names[0]}-1.json": b"no JSON",
        f"{names[0]}-2.json": b'{"version": 1}',
        f"{names[0]}-3.json": harness.s3.objects[names[0]].replace(b'"orders-0":[', b'"orders-0":[7,'),
    }
    harness.s3.objects |= strange
    harness.s3.modified |= dict.fromkeys(strange, MOMENT)
    assert sorted(harness.ask().unreadable) == sorted(strange)
    done = harness.replay()
    assert (done.done, sorted(done.unreadable)) == (Counts(delivered=3), sorted(strange))
    assert harness.s3.names("dead-letters/") == sorted(strange)


def test_an_undecodable_record_comes_back_as_it_was() -> None:
    harness = RedriveHarness()
    broken = record(1) | {"value": "no base64", "topic": "\ud800"}
    names = harness.write(broken, record(2), reason="unsendable")
    done = harness.replay()
    assert done.done == Counts(delivered=1, refused=1)
    assert harness.s3.names("dead-letters/") == names[:1]
    assert json.loads(harness.s3.objects[names[0]])["event"]["records"] == {"\ud800-0": [broken]}


def test_letters_of_two_clusters_keep_their_ids_apart() -> None:
    harness = RedriveHarness()
    other = CLUSTER.replace("demo", "other")
    harness.write(record(0), record(1))
    harness.write(record(0), record(1), eventSourceArn=f"arn:aws:kafka:eu-central-1:123456789012:cluster/{other}")
    assert harness.replay().done == Counts(delivered=4)
    assert [one["id"] for one in harness.vantiq.taken] == [
        f"{cluster}/orders/0/{n}" for cluster in (CLUSTER, other) for n in range(2)
    ]


def test_one_letter_is_shown_and_its_payload_only_on_demand() -> None:
    harness = RedriveHarness()
    (name,) = harness.write(record(4, b"hush", key=b"hush"))
    shown = harness.ask(action="inspect", name=name)
    assert shown.letter is not None
    assert shown.dry_run
    assert shown.letter["event"]["records"]["orders-0"][0]["offset"] == 4
    assert "aHVzaA" not in json.dumps(shown.letter)
    assert "secret words" not in json.dumps(shown.letter)
    whole = harness.ask(action="inspect", name=name, payload=True)
    assert whole.letter == json.loads(harness.s3.objects[name])
    with pytest.raises(AwsError, match="no such object"):
        harness.ask(action="inspect", name="dead-letters/x")


def test_nothing_but_a_letter_is_shown_since_only_of_that_it_is_known_where_the_payload_stands() -> None:
    harness = RedriveHarness()
    (letter,) = harness.write(record(4, b"hush"))
    harness.s3.objects |= {
        "aws/lambda/m/orders-0/x": json.dumps({"payload": json.dumps(event([record(4, b"hush")]))}).encode(),
        "adopted/aws/lambda/m/orders-0/x": json.dumps({"payload": "hush"}).encode(),
        "dead-letters/x": harness.s3.objects[letter].replace(b'"orders-0":[', b'"orders-0":["hush",'),
        "dead-letters/y": b"hush",
    }
    for name in sorted(harness.s3.objects.keys() - {letter}):
        with pytest.raises(ConfigurationError, match="is not a letter"):
            harness.ask(action="inspect", name=name)
    more = json.loads(harness.s3.objects[letter]) | {"copied": "hush"}
    harness.s3.objects[letter] = json.dumps(more).encode()
    shown = harness.ask(action="inspect", name=letter)
    assert "hush" not in json.dumps(shown.letter)


@pytest.mark.parametrize(
    "bad",
    [
        [],
        "x",
        {"action": "purge"},
        {"since": "yesterday"},
        {"since": "2026-11-22T10:00:00"},
        {"action": "inspect"},
        {"action": "replay", "records_per_second": 0.05},
    ],
)
def test_a_request_of_another_form_is_a_mistake_in_the_event(bad: Any) -> None:
    with pytest.raises(ConfigurationError):
        parse_redrive_request(bad)
