"""Letters sent again: which, in which order, and what becomes of them."""

import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from botocore.exceptions import EndpointConnectionError
from msk_toolkit.errors import AwsError, ConfigurationError
from msk_toolkit.redrive.request import Counts, RedriveRequest, parse_request

from tests.fakes.kafka_events import CLUSTER, record
from tests.fakes.redrive_desk import Desk
from tests.fakes.s3_fake import MOMENT
from tests.fakes.vantiq_fake import at_offset, refusal


def replayed(name: str) -> str:
    return name.replace("dead-letters/", "replayed/", 1)


def test_letters_are_listed_by_topic_partition_and_reason() -> None:
    desk = Desk(vantiq_target="type:{topic}")
    desk.write(*[record(n) for n in range(4)])
    desk.write(*[record(n, partition=1) for n in range(2)], code="d")
    desk.write(record(7, topic="a-b"), reason="unsendable", code="")
    listed = desk.ask()
    found = {(g.topic, g.partition, g.reason, g.code): (g.letters, g.target) for g in listed.groups}
    assert found == {
        ("orders", 0, "refused", "c"): (4, "type:orders"),
        ("orders", 1, "refused", "d"): (2, "type:orders"),
        ("a-b", 0, "unsendable", ""): (1, found["a-b", 0, "unsendable", ""][1]),
    }
    assert "a-b" in found["a-b", 0, "unsendable", ""][1]
    assert listed.groups[1].first.endswith("/orders/0/00000000000000000000.json")
    assert listed.groups[1].last.endswith("/orders/0/00000000000000000003.json")
    assert desk.ask(action="replay").groups == listed.groups


def test_a_dry_run_is_the_default_and_changes_nothing() -> None:
    desk = Desk()
    desk.write(*[record(n) for n in range(4)])
    before = dict(desk.s3.objects)
    assert desk.ask(action="replay").dry_run
    assert desk.ask(action="adopt").dry_run
    assert (desk.s3.objects, desk.vantiq.posts) == (before, [])


def test_letters_go_in_offset_order_and_leave_when_they_are_delivered() -> None:
    desk = Desk()
    # In the order of names 10 comes before 9, unless the offset is padded.
    names = desk.write(*[record(n, partition=p) for n in (3, 100, 20, 9, 10) for p in range(3)])
    done = desk.replay()
    assert (done.done, done.stopped, done.next) == (Counts(delivered=15), "", None)
    assert [desk.vantiq.offsets(p) for p in range(3)] == [[3, 9, 10, 20, 100]] * 3
    assert desk.s3.names("dead-letters/") == []
    assert desk.s3.names("replayed/") == sorted(map(replayed, names))
    assert desk.replay().done == Counts()


def test_what_is_sent_is_what_the_forwarder_would_have_sent() -> None:
    desk = Desk()
    desk.write(record(5, b"\xff\xfe", key=b"k") | {"headers": [{"a": [-1]}, {"a": [65]}]})
    desk.replay()
    (sent,) = desk.vantiq.taken
    assert (sent["id"], sent["value"], sent["valueEncoding"]) == (f"{CLUSTER}/orders/0/5", "//4=", "base64")
    assert [header["value"] for header in sent["headers"]] == ["/w==", "A"]


def test_a_refused_letter_stays_with_its_new_reason_and_the_others_go_on() -> None:
    desk = Desk()
    names = desk.write(*[record(n) for n in range(5)])
    desk.vantiq.faults.append(at_offset(2, refusal(422, "io.vantiq.new.reason", X_Request_Id="r-2")))
    done = desk.replay()
    assert done.done == Counts(delivered=4, refused=1)
    assert desk.s3.names("dead-letters/") == [names[2]]
    left = json.loads(desk.s3.objects[names[2]])
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
    desk = Desk()
    desk.write(*[record(n, partition=p) for n in range(2) for p in range(2)])
    desk.s3.now = MOMENT + timedelta(hours=1)
    desk.write(record(0, topic="other"), code="d")
    desk.s3.now = MOMENT + timedelta(hours=2)
    desk.write(record(0, topic="third"), reason="unsendable")
    asked = json.loads(msgspec.json.encode(choice))
    assert {(g.topic, g.partition) for g in desk.ask(**asked).groups} == expected
    desk.replay(**asked)
    assert {(one["topic"], one["partition"]) for one in desk.vantiq.taken} == expected


@pytest.mark.parametrize("response", [refusal(500), refusal(401), refusal(404), AwsError("no secret")])
def test_a_failure_stops_the_replay_where_it_stands(response: Any) -> None:
    desk = Desk(max_attempts=1)
    names = desk.write(*[record(n) for n in range(5)])
    desk.vantiq.faults.append(at_offset(2, response))
    done = desk.replay()
    assert (done.done, desk.invoked) == (Counts(delivered=2), [])
    assert done.stopped
    assert desk.s3.names("dead-letters/") == names[2:]
    desk.vantiq.faults.clear()
    assert done.next is not None
    again = desk.ask(**json.loads(msgspec.json.encode(done.next)))
    assert again.done == Counts(delivered=5)
    assert desk.vantiq.offsets() == [0, 1, 2, 3, 4]


def test_when_the_time_runs_out_the_function_goes_on_in_another_invocation() -> None:
    desk = Desk()
    desk.write(*[record(n, partition=p) for n in range(600) for p in range(3)])
    desk.vantiq.faults.append(at_offset(599, refusal(400), partition=1))
    request = {"action": "replay", "dry_run": False, "records_per_second": 5.0}
    legs = 0
    while True:
        done = desk.ask(seconds=120, **request)
        legs += 1
        if not done.continues:
            break
        assert done.next is not None
        assert desk.invoked.pop() == done.next
        request = json.loads(msgspec.json.encode(done.next))
    assert 2 < legs < 40
    assert (done.stopped, done.done.delivered) == ("", 1799)
    assert len(desk.s3.names("dead-letters/")) == 1
    for partition in range(3):
        arrived = desk.vantiq.offsets(partition)
        assert arrived == list(range(600 - (partition == 1)))


def test_without_progress_the_function_does_not_invoke_itself() -> None:
    desk = Desk()
    desk.write(record(0))
    done = desk.ask(seconds=50, action="replay", dry_run=False)
    assert (done.continues, desk.invoked) == (False, [])
    assert done.next is not None


def test_a_function_that_may_not_invoke_itself_says_so_and_how_to_go_on() -> None:
    desk = Desk()

    def denied(request: RedriveRequest) -> None:
        raise AwsError("access denied")

    desk.tools = desk.tools._replace(invoke_again=denied)
    desk.write(*[record(n) for n in range(1200)])
    done = desk.ask(seconds=150, action="replay", dry_run=False, records_per_second=10)
    assert not done.continues
    assert "access denied" in done.stopped
    assert done.next is not None


@pytest.mark.parametrize("call", ["list", "get", "copy", "delete", "put"])
def test_s3_failing_at_any_call_loses_nothing_and_a_second_replay_finishes(call: str) -> None:
    desk = Desk()
    names = desk.write(*[record(n, partition=p) for n in range(8) for p in range(2)])
    desk.vantiq.faults.append(at_offset(7, refusal(400)))
    left = [3]

    def trouble(name: str, key: str) -> None:
        if name == call:
            left[0] -= 1
            if left[0] == 0:
                raise EndpointConnectionError(endpoint_url="http://s3")

    if call == "put":
        left[0] = 1
    desk.s3.trouble = trouble
    first = desk.replay()
    assert "S3" in first.stopped.upper() or "AWS" in first.stopped or first.stopped == ""
    desk.s3.trouble = lambda name, key: None
    desk.replay()
    assert desk.s3.names("dead-letters/") == [names[7]]
    assert desk.s3.names("replayed/") == sorted(replayed(name) for name in names if name != names[7])
    assert {(one["partition"], one["offset"]) for one in desk.vantiq.taken} == {
        (p, n) for p in range(2) for n in range(8)
    } - {(0, 7)}


def test_objects_of_another_form_are_named_and_left_alone() -> None:
    desk = Desk()
    names = desk.write(*[record(n) for n in range(3)])
    strange = {
        names[0].replace("0.json", "9.json"): b"no JSON",
        names[0].replace("0.json", "8.json"): b'{"version": 1}',
        names[0].replace("0.json", "7.json"): desk.s3.objects[names[0]].replace(b'"orders-0":[', b'"orders-0":[7,'),
    }
    desk.s3.objects |= strange
    desk.s3.modified |= dict.fromkeys(strange, MOMENT)
    done = desk.replay()
    assert (done.done, sorted(done.unreadable)) == (Counts(delivered=3), sorted(strange))
    assert desk.s3.names("dead-letters/") == sorted(strange)


def test_an_undecodable_record_comes_back_as_it_was() -> None:
    desk = Desk()
    broken = record(1) | {"value": "no base64", "topic": "\ud800"}
    names = desk.write(broken, record(2), reason="unsendable")
    done = desk.replay()
    assert done.done == Counts(delivered=1, refused=1)
    assert desk.s3.names("dead-letters/") == names[:1]
    assert json.loads(desk.s3.objects[names[0]])["event"]["records"] == {"\ud800-0": [broken]}


def test_letters_of_two_clusters_keep_their_ids_apart() -> None:
    desk = Desk()
    other = CLUSTER.replace("demo", "other")
    desk.write(record(0), record(1))
    desk.write(record(0), record(1), eventSourceArn=f"arn:aws:kafka:eu-central-1:123456789012:cluster/{other}")
    assert desk.replay().done == Counts(delivered=4)
    assert [one["id"] for one in desk.vantiq.taken] == [
        f"{cluster}/orders/0/{n}" for cluster in (CLUSTER, other) for n in range(2)
    ]


def test_a_letter_that_was_moved_by_hand_is_replayed_from_where_it_lies() -> None:
    desk = Desk()
    (name,) = desk.write(record(4))
    moved = name.replace("/orders/", "/orders-fixed/")
    desk.s3.objects[moved], desk.s3.modified[moved] = desk.s3.objects.pop(name), MOMENT
    desk.vantiq.faults.append(at_offset(4, refusal(400), refusal(400)))
    assert desk.replay().done == Counts(refused=1)
    assert desk.s3.names("dead-letters/") == [moved]
    desk.vantiq.faults.clear()
    assert desk.replay().done == Counts(delivered=1)
    assert desk.s3.names() == [replayed(moved)]


def test_everything_refused_once_more_stops_the_replay() -> None:
    desk = Desk(refusals_are_an_outage_after=3)
    desk.write(*[record(n) for n in range(20)])
    desk.vantiq.faults.append(lambda path, documents: refusal(400))
    done = desk.replay()
    assert done.done == Counts(refused=3)
    assert "one record after the other" in done.stopped


def test_a_replay_keeps_to_its_rate() -> None:
    desk = Desk()
    desk.write(*[record(n) for n in range(30)])
    started = desk.clock.now
    desk.replay(records_per_second=2)
    assert desk.clock.now - started == pytest.approx(14.5, abs=0.1)


def test_one_letter_is_shown_and_its_payload_only_on_demand() -> None:
    desk = Desk()
    (name,) = desk.write(record(4, b"hush", key=b"hush"))
    shown = desk.ask(action="inspect", name=name)
    assert shown.letter is not None
    assert shown.letter["event"]["records"]["orders-0"][0]["offset"] == 4
    assert "aHVzaA" not in json.dumps(shown.letter)
    assert "secret words" not in json.dumps(shown.letter)
    whole = desk.ask(action="inspect", name=name, payload=True)
    assert whole.letter == json.loads(desk.s3.objects[name])
    with pytest.raises(AwsError, match="no such object"):
        desk.ask(action="inspect", name="dead-letters/x")


@pytest.mark.parametrize(
    "bad",
    [[], "x", {"action": "purge"}, {"since": "yesterday"}, {"since": "2026-11-22T10:00:00"}, {"action": "inspect"}],
)
def test_a_request_of_another_form_is_a_mistake_in_the_event(bad: Any) -> None:
    with pytest.raises(ConfigurationError):
        parse_request(bad)
