"""A long outage costs requests and tries sparingly; what one lane can't pass stops no other."""

from typing import Any

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.forward.batch_response import batch_response
from msk_toolkit.forward.outcome import LaneOutcome
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.vantiq.errors import VantiqUnansweredError

from tests.fakes.forwarder_harness import ForwarderHarness, reasons
from tests.fakes.kafka_events import event, record
from tests.fakes.vantiq_fake import answer as reply
from tests.fakes.vantiq_fake import at_offset, refusal

FIVE = [record(n) for n in range(5)]
TWO_PARTITIONS = [record(n, partition=p) for p in range(2) for n in range(5)]
PAGE = reply(403, b"<html>request blocked</html>")


@pytest.mark.parametrize(
    "response",
    [
        refusal(401),
        refusal(403),
        refusal(404),
        reply(302, Location="/login"),
        reply(200, b"<html>log in</html>"),
        refusal(500),
        refusal(429, Retry_After="3600"),
        VantiqUnansweredError("dns", "name-not-found", "v:443", "x", maybe_taken=False),
        VantiqUnansweredError("tcp", "connection-refused", "v:443", "x", maybe_taken=False),
    ],
)
@pytest.mark.parametrize("poller_mode", ["provisioned", "on-demand"])
def test_an_invocation_in_an_outage_lasts_as_long_as_it_may_and_asks_sparingly(response: Any, poller_mode: Any) -> None:
    harness = ForwarderHarness(lambda path, documents: response, patient=True, poller_mode=poller_mode)
    began = harness.clock.now
    for _ in range(10):
        outcome = harness.forward(*TWO_PARTITIONS, seconds=120)
        assert outcome.delivered == 0
        assert len(outcome.to_report) == 10
    # A hundredth of the mapping's 10,000 tries is more than three hours.
    assert harness.clock.now - began == pytest.approx(1150, abs=10)
    # A growing pause between the looks, each of up to MAX_ATTEMPTS requests a partition.
    assert len(harness.vantiq.posts) <= 10 * 8 * 10
    assert harness.letters.letters == {}


def test_an_outage_that_ends_within_the_invocation_costs_no_try() -> None:
    left = [PAGE] * 4
    harness = ForwarderHarness(lambda path, documents: left.pop() if left else None, patient=True)
    assert harness.forward(*TWO_PARTITIONS).failures == []
    assert [harness.vantiq.offsets(p) for p in range(2)] == [[0, 1, 2, 3, 4]] * 2
    assert harness.clock.waits == [0.75, 1.5, 3.0, 6.0]


def test_what_is_done_is_reported_at_once_when_only_another_lane_fails() -> None:
    harness = ForwarderHarness(at_offset(2, refusal(500)), patient=True)
    began = harness.clock.now
    outcome = harness.forward(*TWO_PARTITIONS)
    assert outcome.to_report == [("orders-0", 2), ("orders-0", 3), ("orders-0", 4)]
    assert harness.clock.now - began < 10
    # In provisioned mode the tries are counted: each lasts a while.
    counted = ForwarderHarness(at_offset(2, refusal(500)), patient=True, poller_mode="provisioned", max_attempts=1)
    began = counted.clock.now
    assert counted.forward(*TWO_PARTITIONS).unfinished == {"orders-0": 2}
    assert counted.clock.now - began == pytest.approx(10, abs=0.5)
    # What comes again alone is waited for.
    began = harness.clock.now
    assert harness.forward(*FIVE[2:]).delivered == 0
    assert harness.clock.now - began == pytest.approx(55, abs=1)


@pytest.mark.parametrize("patient", [True, False])
@pytest.mark.parametrize("lanes", [1, 8])
def test_a_record_that_alone_is_always_refused_does_not_stop_the_others(lanes: int, patient: bool) -> None:
    harness = ForwarderHarness(at_offset(1, PAGE), max_in_flight=lanes, patient=patient)
    batch = [record(n, partition=p) for p in range(4) for n in range(5)]
    for _ in range(1 if patient else 10):
        outcome = harness.forward(*batch)
    assert [harness.vantiq.offsets(p) for p in range(1, 4)] == [[0, 1, 2, 3, 4]] * 3
    assert harness.vantiq.offsets(0) == [0]
    assert outcome.unfinished == {"orders-0": 1}
    assert harness.letters.letters == {}


@pytest.mark.parametrize("patient", [True, False])
@pytest.mark.parametrize("lanes", [1, 8])
@pytest.mark.parametrize("partitions", [2, 4])
def test_an_outage_of_all_leaves_no_partition_behind_a_record_that_alone_is_always_refused(
    partitions: int, lanes: int, patient: bool
) -> None:
    down = [True]
    harness = ForwarderHarness(
        lambda path, documents: PAGE if down else None, at_offset(1, PAGE), max_in_flight=lanes, patient=patient
    )
    batch = [record(n, partition=p) for p in range(partitions) for n in range(5)]
    for _ in range(partitions + 1):
        assert harness.forward(*batch).delivered == 0
    down.clear()
    for _ in range(4 if patient else 20):
        outcome = harness.forward(*batch)
    assert [harness.vantiq.offsets(p) for p in range(1, partitions)] == [[0, 1, 2, 3, 4]] * (partitions - 1)
    assert outcome.unfinished == {"orders-0": 1}
    assert harness.letters.letters == {}


@pytest.mark.parametrize("response", [PAGE, refusal(500), reply(500), reply(200, b"<html>blocked</html>"), reply(451)])
@pytest.mark.parametrize("target", ["upsert:Order", "topic:/orders"])
def test_a_record_that_makes_its_whole_array_fail_is_alone_in_the_end_and_named(response: Any, target: str) -> None:
    harness = ForwarderHarness(at_offset(61, response), vantiq_target=target, max_batch_records=100, max_attempts=2)
    outcome = harness.forward(*[record(n) for n in range(100)])
    assert harness.vantiq.offsets() == list(range(61))
    assert outcome.unfinished == {"orders-0": 61}
    assert "SET_ASIDE=orders/0/61 sends it to the dead-letter bucket" in outcome.failures[0].reason
    assert harness.letters.letters == {}
    assert len(harness.vantiq.posts) < 60


def test_a_dead_token_names_no_record() -> None:
    for response in (refusal(401), refusal(403), PAGE, refusal(503)):
        harness = ForwarderHarness(*[at_offset(n, response) for n in range(5)], vantiq_target="upsert:Order")
        outcome = harness.forward(*FIVE)
        assert "SET_ASIDE" not in outcome.failures[0].reason
        assert outcome.delivered == 0


@pytest.mark.parametrize("bucket", [True, False])
def test_the_operator_sets_aside_a_record_by_its_name_and_it_is_never_sent(bucket: bool) -> None:
    harness = ForwarderHarness(
        at_offset(1, PAGE),
        bucket=bucket,
        set_aside="orders/0/1, orders/7/99",
        dead_letter_bucket="b",
        vantiq_target="upsert:Order",
    )
    outcome = harness.forward(*FIVE)
    assert outcome.failures == []
    assert harness.vantiq.offsets() == [0, 2, 3, 4]
    ((name, kept),) = harness.letters.letters.items()
    assert "/orders/0/00000000000000000001-" in name
    assert kept["refusal"]["reason"] == "operator"
    assert kept["event"] == event([record(1)])


def test_a_letter_of_the_operators_that_cannot_be_written_leaves_the_record_to_do() -> None:
    harness = ForwarderHarness(set_aside="orders/0/1", dead_letter_bucket="b")
    harness.letters.failing = True
    assert harness.forward(*FIVE).unfinished == {"orders-0": 1}


@pytest.mark.parametrize("text", ["orders", "orders/0", "orders/x/1", "a b/0/1", "orders/0/1;orders/0/2"])
def test_a_misspelt_record_is_one_clear_error(text: str) -> None:
    told: dict[str, Any] = {"vantiq_url": "https://v", "vantiq_token_secret_arn": "s", "vantiq_target": "topic:/a"}
    (problem,) = ForwarderSettings(**told, set_aside=text, dead_letter_bucket="b").problems()
    assert "SET_ASIDE must list records as topic/partition/offset" in problem
    (problem,) = ForwarderSettings(**told, set_aside="orders/0/1").problems()
    assert "SET_ASIDE needs DEAD_LETTER_BUCKET" in problem


@pytest.mark.parametrize("patient", [True, False])
def test_refusals_at_the_head_of_one_partition_do_not_keep_another_from_its_turn(patient: bool) -> None:
    # One lane at a time: nothing of partition 1 would else come between the refusals of partition 0.
    harness = ForwarderHarness(
        lambda path, documents: (
            refusal(400) if documents[0]["partition"] == 0 and documents[0]["offset"] < 105 else None
        ),
        max_in_flight=1,
        patient=patient,
    )
    batch = [record(n, partition=p) for p in range(2) for n in range(120)]
    for _ in range(1 if patient else 2):
        outcome = harness.forward(*batch)
    assert outcome.failures == []
    assert harness.vantiq.offsets(1) == list(range(120))
    assert harness.vantiq.offsets(0) == list(range(105, 120))
    assert len(harness.letters.letters) == 105


def test_refusals_in_a_row_stop_every_lane_of_the_round() -> None:
    harness = ForwarderHarness(lambda path, documents: refusal(400), max_consecutive_refusals=2)
    outcome = harness.forward(*[record(n, partition=p) for p in range(3) for n in range(5)])
    assert reasons(outcome) == ["outage", "held", "held"]
    assert len(harness.vantiq.posts) == 3


def test_two_batches_in_turn_both_come_to_their_end() -> None:
    harness = ForwarderHarness(lambda path, documents: harness.clock.advance(1))
    batches = [[record(n, partition=p) for n in range(60)] for p in range(2)]
    for _ in range(2):
        outcomes = [harness.forward(*batch, seconds=35) for batch in batches]
    assert all(outcome.failures == [] for outcome in outcomes)
    assert [harness.vantiq.offsets(p) for p in range(2)] == [list(range(60))] * 2


def test_a_request_under_way_may_use_half_of_the_reserve() -> None:
    harness = ForwarderHarness(reserve_seconds=10.0)
    given: list[float] = []
    post = harness.vantiq.post

    def slow(path: str, body: bytes, deadline: Deadline) -> Any:
        given.append(deadline.remaining())
        harness.clock.advance(12)
        return post(path, body, deadline)

    harness.vantiq.post = slow  # type: ignore[method-assign]
    outcome = harness.forward(*FIVE, seconds=30.0)
    # The second begins 8 s before the last moment for that, and ends 4 s after it.
    assert harness.vantiq.offsets() == [0, 1]
    assert given == pytest.approx([25, 13], abs=0.1)
    assert reasons(outcome) == ["late"]


def test_what_nobody_foresaw_in_one_lane_makes_the_others_not_forgotten() -> None:
    harness = ForwarderHarness(at_offset(2, OSError(5, "secret words")))
    outcome = harness.forward(*TWO_PARTITIONS)
    assert outcome.unfinished == {"orders-0": 2}
    assert "unexpected OSError in " in outcome.failures[0].reason
    assert "secret words" not in outcome.failures[0].reason
    harness.vantiq.faults.clear()
    assert harness.forward(*TWO_PARTITIONS).failures == []
    assert [harness.vantiq.offsets(p) for p in range(2)] == [[0, 1, 2, 3, 4]] * 2


def test_a_blocked_record_is_told_once_however_often_it_was_tried() -> None:
    harness = ForwarderHarness(at_offset(0, refusal(400)), bucket=False, patient=True)
    outcome = harness.forward(*FIVE)
    assert reasons(outcome) == ["blocked"]
    assert [len(lane.refused) for lane in outcome.lanes] == [1]
    with pytest.raises(Exception, match="5 of 5 records"):
        batch_response(outcome, "on-demand")


def test_an_invocation_that_keeps_trying_says_why_before_its_first_pause_and_only_once() -> None:
    harness = ForwarderHarness(lambda path, documents: refusal(401), patient=True)
    reports: list[list[str]] = []
    times: list[float] = []
    began = harness.clock.now

    def report(lanes: list[LaneOutcome]) -> None:
        causes = [str(lane.failure.cause) for lane in lanes if lane.failure and lane.failure.cause]
        reports.append(causes)
        times.append(harness.clock.now - began)

    harness.forwarder.forward(event(FIVE), Deadline(120, harness.clock), report)
    assert reports == [["vantiq-token-refused"]]
    assert times == [pytest.approx(0, abs=1)]


def test_nothing_is_reported_as_waiting_where_all_is_delivered() -> None:
    harness = ForwarderHarness(lambda path, documents: reply(200), patient=True)
    reports: list[object] = []
    harness.forwarder.forward(event(FIVE), Deadline(120, harness.clock), reports.append)
    assert reports == []


@pytest.mark.parametrize(("poller_mode", "lines"), [("on-demand", 0), ("provisioned", 1)])
def test_what_is_reported_at_once_is_not_said_to_wait(poller_mode: Any, lines: int) -> None:
    harness = ForwarderHarness(at_offset(2, refusal(500)), patient=True, poller_mode=poller_mode)
    reports: list[object] = []
    outcome = harness.forwarder.forward(event(TWO_PARTITIONS), Deadline(120, harness.clock), reports.append)
    assert (outcome.unfinished, len(reports)) == ({"orders-0": 2}, lines)
