"""Which letters are sent: of other names, of re-created topics, without a target, and any number that is refused."""

import json
from typing import Any

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.redrive import environment
from msk_toolkit.redrive.request import Counts
from msk_toolkit.redrive.sending import RefusedAgain
from msk_toolkit.vantiq.client import VantiqClient

from tests.fakes.kafka_events import event, record
from tests.fakes.redrive_harness import RedriveHarness
from tests.fakes.s3_fake import MOMENT
from tests.fakes.vantiq_fake import FakeVantiq, at_offset, refusal


def older_name(harness: RedriveHarness, name: str) -> str:
    """Rename a letter to what older versions would have called it."""
    older = f"{name.rpartition('-')[0]}.json"
    harness.s3.objects[older], harness.s3.modified[older] = harness.s3.objects.pop(name), MOMENT
    return older


def test_a_letter_that_was_moved_by_hand_is_replayed_from_where_it_lies() -> None:
    harness = RedriveHarness()
    (name,) = harness.write(record(4))
    moved = name.replace("/orders/", "/orders-fixed/")
    harness.s3.objects[moved], harness.s3.modified[moved] = harness.s3.objects.pop(name), MOMENT
    harness.vantiq.faults.append(at_offset(4, refusal(400), refusal(400)))
    assert harness.replay().done == Counts(refused=1)
    assert harness.s3.names("dead-letters/") == [moved]
    harness.vantiq.faults.clear()
    assert harness.replay().done == Counts(delivered=1)
    assert harness.s3.names() == [moved.replace("dead-letters/", "replayed/")]


def test_letters_under_the_names_of_older_versions_are_replayed_from_where_they_lie() -> None:
    harness = RedriveHarness()
    names = [older_name(harness, name) for name in harness.write(*[record(n) for n in range(3)])]
    harness.write(record(3))
    harness.vantiq.faults.append(at_offset(1, refusal(422, "io.vantiq.new.reason")))
    assert harness.replay().done == Counts(delivered=3, refused=1)
    assert harness.vantiq.offsets() == [0, 2, 3]
    assert harness.s3.names("dead-letters/") == names[1:2]
    assert json.loads(harness.s3.objects[names[1]])["refusal"]["code"] == "io.vantiq.new.reason"


def test_two_letters_of_one_record_are_sent_once_and_both_leave() -> None:
    harness = RedriveHarness()
    older_name(harness, harness.write(record(0))[0])
    harness.write(record(0), record(1))
    assert harness.replay().done == Counts(delivered=3)
    assert harness.vantiq.offsets() == [0, 1]
    assert harness.s3.names("dead-letters/") == []


def test_a_record_that_was_refused_with_its_first_letter_and_is_accepted_with_its_second_leaves() -> None:
    harness = RedriveHarness()
    older_name(harness, harness.write(record(0))[0])
    harness.write(record(0))
    left = [refusal(400)]
    harness.vantiq.faults.append(lambda path, documents: left.pop() if left else None)
    # Each letter is read and sent for itself: ten seconds' worth of the rate.
    assert harness.replay(records_per_second=0.1).done == Counts(refused=1, delivered=1)
    assert len(harness.s3.names("dead-letters/")) == 1


def test_letters_of_a_topic_and_of_the_re_created_one_are_both_sent() -> None:
    harness = RedriveHarness(max_consecutive_refusals=0)
    harness.write(*[record(n, b'"OLD"') for n in range(3)])
    harness.write(*[record(n, b'"NEW"') for n in range(3)])
    harness.vantiq.faults.append(lambda path, documents: refusal(400) if documents[0]["value"] == "OLD" else None)
    assert harness.replay().done == Counts(delivered=3, refused=3)
    left = [json.loads(harness.s3.objects[name]) for name in harness.s3.names("dead-letters/")]
    assert {one["event"]["records"]["orders-0"][0]["value"] for one in left} == {record(0, b'"OLD"')["value"]}


def test_letters_that_are_still_refused_do_not_keep_those_behind_them() -> None:
    harness = RedriveHarness(max_consecutive_refusals=100)
    harness.write(*[record(n) for n in range(250)])
    harness.vantiq.faults.append(lambda path, documents: refusal(400) if documents[0]["offset"] < 200 else None)
    done = harness.replay()
    assert (done.done, done.stopped) == (Counts(delivered=50, refused=200), "")
    assert len(harness.s3.names("dead-letters/")) == 200


def test_the_functions_own_tools_believe_any_number_of_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = RedriveHarness()
    vantiq = FakeVantiq(lambda path, documents: refusal(400))
    monkeypatch.setattr(VantiqClient, "from_settings", lambda *_: vantiq)
    told = {
        "VANTIQ_URL": "https://v",
        "VANTIQ_TOKEN_SECRET_ARN": "s",
        "VANTIQ_TARGET": "topic:/orders",
        "TARGET_CHECK": "off",
    }
    tools = environment.redrive_services(told | {"DEAD_LETTER_BUCKET": "letters"}, lambda service: harness.s3)
    store = RefusedAgain(harness.services.bucket)
    outcome = tools.make(0.0, 60.0)(store).forward(event([record(n) for n in range(150)]), Deadline(120))
    assert (outcome.dead_lettered, outcome.failures) == (150, [])


@pytest.mark.parametrize("ordering", ["key", "none"])
def test_letters_go_in_offset_order_whatever_the_forwarder_keeps_in_order(ordering: str) -> None:
    harness = RedriveHarness(ordering=ordering, max_in_flight=8)
    harness.write(*[record(n, key=b"%d" % (n % 5)) for n in range(100)])
    assert harness.replay(records_per_second=0).done == Counts(delivered=100)
    assert harness.vantiq.offsets() == list(range(100))


def test_letters_without_a_target_stay_and_are_told_and_the_others_go() -> None:
    harness = RedriveHarness(vantiq_target="type:{topic}", vantiq_routes='{"broken": "topic:/mended"}')
    harness.write(*[record(n) for n in range(3)], *[record(n, topic="zebra") for n in range(2)])
    left = harness.write(*[record(n, topic="orders-eu", partition=p) for n in range(3) for p in range(2)])
    harness.write(record(1, topic="broken"))
    done = harness.replay()
    assert (done.done, done.stopped, done.unreadable) == (Counts(delivered=6), "", [])
    (said,) = done.without_target
    assert "orders-eu" in said
    assert harness.s3.names("dead-letters/") == sorted(left)


def test_a_letter_that_cannot_be_decoded_has_the_target_of_its_place() -> None:
    harness = RedriveHarness(vantiq_target="type:{topic}")
    broken: dict[str, Any] = {"value": "no base64"}
    harness.write(record(1) | broken, record(1, topic="orders-eu") | broken, reason="unsendable")
    done = harness.replay()
    assert (done.done, len(done.without_target)) == (Counts(refused=1), 1)


def test_a_letters_target_is_that_of_its_record_and_not_of_the_key_that_the_record_stood_under() -> None:
    harness = RedriveHarness(vantiq_target="type:{topic}")
    (name,) = harness.write(record(1))
    harness.s3.objects[name] = harness.s3.objects[name].replace(b'"orders-0"', b'"orders-eu-0"')
    assert harness.replay().done == Counts(delivered=1)


def test_a_letter_of_a_self_managed_cluster_is_listed_and_replayed_although_its_name_has_one_part_less() -> None:
    harness = RedriveHarness()
    source = {"eventSource": "SelfManagedKafka", "eventSourceArn": "", "bootstrapServers": "b-1:9092"}
    (name,) = harness.write(record(4), **source)
    assert name.startswith("dead-letters/b-1%3A9092/orders/0/")
    assert [(group.topic, group.partition) for group in harness.ask().groups] == [("orders", 0)]
    assert harness.replay().done == Counts(delivered=1)
