"""One rate limit for all lanes, and refusals that are too many to be the records' fault."""

from typing import Any

import pytest
from msk_toolkit.forward.batch_response import DeliveryIncompleteError, batch_response
from msk_toolkit.forward.forwarder import dead_letter_store
from msk_toolkit.forward.rate_limiter import RateLimiter
from msk_toolkit.forward.refusal_limit import RefusalLimit
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.settings.targets import Target
from msk_toolkit.vantiq.responses import Disposition, RecordResult

from tests.fakes.aws_fake import FakeAws
from tests.fakes.clock_fake import FakeClock
from tests.fakes.forwarder_harness import ForwarderHarness, reasons
from tests.fakes.kafka_events import record
from tests.fakes.vantiq_fake import answer as answer_with
from tests.fakes.vantiq_fake import at_offset, refusal

FIVE = [record(n) for n in range(5)]
ORDERS, OTHERS = Target("topic", "/orders"), Target("topic", "/others")
REFUSED = RecordResult(Disposition.REFUSED, 400, "code")


def test_turns_come_at_the_rate_of_records() -> None:
    clock = FakeClock()
    limiter = RateLimiter(10.0, clock)
    assert [limiter.turn(5), limiter.turn(20), limiter.turn(1)] == [0.0, 0.5, 2.5]
    clock.advance(100)
    assert limiter.turn(1) == 0.0  # what was not used is not saved up
    assert limiter.turn(1) == pytest.approx(0.1)


def test_a_turn_that_comes_too_late_is_not_taken_and_leaves_no_debt() -> None:
    clock = FakeClock()
    limiter = RateLimiter(4.0, clock)
    assert limiter.turn(500, within=110) == 0.0
    for _ in range(3):
        assert limiter.turn(500, within=110) == 125.0
    clock.advance(120)
    assert limiter.turn(500, within=110) == 5.0


def test_arrays_longer_than_an_invocations_share_go_on_in_the_next_ones() -> None:
    harness = ForwarderHarness(
        records_per_second=4.0, vantiq_target="upsert:Order", max_batch_records=500, reserve_seconds=10.0
    )
    left = [record(n) for n in range(1500)]
    for _ in range(10):
        harness.forward(*left, seconds=120.0)
        # A poller redelivers it a little later.
        harness.clock.advance(30)
        if len(harness.vantiq.offsets()) == len(left):
            break
    assert harness.vantiq.offsets() == list(range(1500))


def test_a_hold_is_for_every_turn_and_ends() -> None:
    clock = FakeClock()
    limiter = RateLimiter(0, clock)
    limiter.hold(5)
    limiter.hold(2)
    assert (limiter.turn(1), limiter.held()) == (5, 5)
    clock.advance(5)
    assert limiter.turn(1) == 0


def test_a_hold_is_for_an_hour_at_most() -> None:
    limiter = RateLimiter(0, FakeClock())
    limiter.hold(86_400)
    assert limiter.held() == 3600


def test_a_rate_limit_holds_over_lanes_and_invocations() -> None:
    harness = ForwarderHarness(records_per_second=10.0)
    started = harness.clock.now
    for _ in range(3):
        assert harness.forward(*FIVE, *[record(n, partition=1) for n in range(5)]).failures == []
    assert harness.clock.now - started == pytest.approx(2.9, abs=0.05)


def test_a_rate_that_leaves_no_time_reports_the_rest() -> None:
    harness = ForwarderHarness(records_per_second=0.1, reserve_seconds=1.0)
    outcome = harness.forward(*FIVE, seconds=32.0)
    assert harness.vantiq.offsets() == [0, 1, 2, 3]
    assert reasons(outcome) == ["late"]


@pytest.mark.parametrize(
    "response",
    [
        refusal(429),
        refusal(429, Retry_After="20"),
        refusal(503, Retry_After="20"),
        refusal(400, "io.vantiq.resource.quota.x"),
    ],
)
def test_one_throttled_lane_holds_the_others(response: Any) -> None:
    # One lane after the other, so the second finds the pause that the first has met.
    harness = ForwarderHarness(at_offset(0, response), max_attempts=1)
    outcome = harness.forward(*FIVE, *[record(n, partition=1) for n in range(5)])
    assert reasons(outcome) == ["retriable"]
    asked = float(response.headers.get("retry-after") or 0)
    assert harness.clock.waits == [pytest.approx(asked + 0.1, abs=0.011)]
    assert outcome.lanes[1].throttled == pytest.approx(asked + 0.1, abs=0.011)


def test_an_ordinary_failure_holds_nobody() -> None:
    harness = ForwarderHarness(at_offset(0, refusal(500)), max_attempts=1)
    harness.forward(*FIVE, *[record(n, partition=1) for n in range(5)])
    assert harness.clock.waits == []


def test_a_quota_that_ends_in_the_middle_of_an_array_holds_the_others() -> None:
    spent = {"code": "io.vantiq.resource.quota.x", "message": "", "params": []}
    harness = ForwarderHarness(
        at_offset(0, answer_with(200, [{"_id": "0"}, {"_id": "1"}, spent, spent, spent])),
        max_attempts=1,
        vantiq_target="upsert:Order",
    )
    harness.forward(*FIVE, *[record(n, partition=1) for n in range(5)])
    assert harness.clock.waits == [pytest.approx(0.1, abs=0.011)]


def test_a_demanded_pause_holds_in_the_next_invocations_of_the_environment() -> None:
    harness = ForwarderHarness(at_offset(0, refusal(429, Retry_After="1800")), max_attempts=1)
    assert reasons(harness.forward(*FIVE)) == ["retriable"]
    harness.vantiq.faults.clear()
    for _ in range(10):
        # The mapping brings the batch again at once.
        assert reasons(harness.forward(*FIVE)) == ["late"]
    assert len(harness.vantiq.posts) == 1
    harness.clock.advance(1801)
    assert harness.forward(*FIVE).failures == []


def test_refusals_in_a_row_are_of_one_kind_and_one_target_and_end_with_a_delivery() -> None:
    limit = RefusalLimit(2)
    assert [limit.refused(ORDERS, REFUSED) for _ in range(4)] == [False, False, True, True]
    assert not limit.refused(OTHERS, REFUSED)
    assert not limit.refused(ORDERS, REFUSED._replace(code="another"))
    assert not limit.refused(ORDERS, REFUSED)
    limit.refused(ORDERS, REFUSED)
    limit.delivered(ORDERS)
    assert not limit.refused(ORDERS, REFUSED)
    assert not any(RefusalLimit(0).refused(ORDERS, REFUSED) for _ in range(1000))


@pytest.mark.parametrize("settings", [{}, {"vantiq_target": "upsert:Order"}, {"max_batch_records": 7}])
def test_everything_refused_is_an_outage_after_a_few_letters(settings: dict[str, Any]) -> None:
    harness = ForwarderHarness(lambda path, documents: refusal(400), max_consecutive_refusals=3, **settings)
    batch = [record(n) for n in range(20)]
    for _ in range(3):
        # Also over the retries of one warm environment.
        outcome = harness.forward(*batch)
        assert reasons(outcome) == ["outage"]
        assert len(harness.letters.letters) == 3
        assert "for more records in a row than MAX_CONSECUTIVE_REFUSALS" in outcome.failures[0].reason
    harness.vantiq.faults.clear()
    assert harness.forward(*batch).failures == []
    assert harness.vantiq.offsets() == list(range(3, 20))


def test_refusals_among_deliveries_are_believed() -> None:
    harness = ForwarderHarness(
        lambda path, documents: refusal(400) if documents[0]["offset"] % 3 else None, max_consecutive_refusals=2
    )
    outcome = harness.forward(*[record(n) for n in range(60)])
    assert (outcome.failures, outcome.dead_lettered) == ([], 40)


def test_by_setting_a_refused_record_blocks_although_there_is_a_bucket() -> None:
    def settings(**more: Any) -> ForwarderSettings:
        values: dict[str, Any] = {
            "vantiq_url": "http://127.0.0.1:1",
            "vantiq_token_secret_arn": "s",
            "vantiq_target": "topic:/a",
        }
        return ForwarderSettings(**values, dead_letter_bucket="b", **more)

    assert dead_letter_store(settings(), FakeAws()) is not None
    assert dead_letter_store(settings(on_refusal="block"), FakeAws()) is None
    harness = ForwarderHarness(at_offset(2, refusal(400)), bucket=False)
    outcome = harness.forward(*FIVE)
    with pytest.raises(DeliveryIncompleteError, match="vantiq-refuses-records"):
        batch_response(outcome, "on-demand")


def test_one_refusal_is_believed_where_more_than_one_is_an_outage() -> None:
    limit = RefusalLimit(1)
    assert [limit.refused(ORDERS, REFUSED) for _ in range(2)] == [False, True]


@pytest.mark.parametrize(("response", "throttled"), [(refusal(503), 0.0), (refusal(429), 0.1), (refusal(500), 0.0)])
def test_only_what_vantiq_asks_for_counts_as_throttled(response: Any, throttled: float) -> None:
    harness = ForwarderHarness(at_offset(0, response, response))
    (lane,) = harness.forward(*FIVE).lanes
    # The first two pauses are 0.1 and 0.2 s; one of them is waited for by the next turn as well.
    assert lane.throttled >= throttled
    assert (lane.throttled == 0) == (throttled == 0)
