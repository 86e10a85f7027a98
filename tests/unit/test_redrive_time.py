"""A replay in its time: invocations, rates, limits, and what is left of the time when letters are moved."""

import json
from itertools import cycle
from typing import Any

import msgspec
import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError
from msk_toolkit.redrive.import_failures import NotificationsError
from msk_toolkit.redrive.request import Counts, RedriveRequest, RedriveResponse
from msk_toolkit.vantiq.connection import HttpResponse
from msk_toolkit.vantiq.errors import VantiqUnansweredError

from local.event_source_mapping.event import Partition, Record
from tests.fakes.clock_fake import FakeClock
from tests.fakes.kafka_events import ARN, record
from tests.fakes.redrive_harness import RedriveHarness, failure, notification, put
from tests.fakes.vantiq_fake import FakeVantiq, at_offset, refusal


def hops_of(harness: RedriveHarness, seconds: float, **request: Any) -> list[RedriveResponse]:
    """A replay with every invocation that it starts itself."""
    asked = {"action": "replay", "dry_run": False} | request
    hops = []
    while True:
        started = harness.clock.now
        hops.append(harness.ask(seconds=seconds, **asked))
        assert harness.clock.now - started <= seconds
        if not hops[-1].continues:
            return hops
        asked = json.loads(msgspec.json.encode(harness.invoked.pop()))


class SlowVantiq(FakeVantiq):
    """Takes its time, and does not answer where the deadline comes first."""

    def __init__(self, harness: RedriveHarness, seconds: float) -> None:
        super().__init__()
        self.harness, self.seconds = harness, seconds

    def post(self, path: str, body: bytes, deadline: Deadline) -> HttpResponse:
        if deadline.remaining() < self.seconds:
            self.harness.clock.advance(deadline.remaining())
            raise VantiqUnansweredError("answer", "answer-timeout", "v:443", "no answer in time", maybe_taken=True)
        self.harness.clock.advance(self.seconds)
        return super().post(path, body, deadline)


class TickingClock(FakeClock):
    """Moves whenever it is looked at, now more and now less."""

    ticks = cycle([0.001, 0.001, 0.05, 0.001, 0.02])

    def __call__(self) -> float:
        self.advance(next(self.ticks))
        return super().__call__()


def slow_s3(harness: RedriveHarness, call: str, seconds: float) -> None:
    harness.s3.trouble = lambda name, key: harness.clock.advance(seconds) if name == call else None


def many(count: int, base: int = 0) -> tuple[Record, ...]:
    return tuple(Record(Partition("orders", 0), base + n, 1_763_800_000_000, b"v", None, ()) for n in range(count))


def test_when_the_time_runs_out_the_function_goes_on_in_another_invocation() -> None:
    harness = RedriveHarness()
    harness.write(*[record(n, partition=p) for n in range(600) for p in range(3)])
    harness.vantiq.faults.append(at_offset(599, refusal(400), partition=1))
    hops = hops_of(harness, 120, records_per_second=5.0)
    done = hops[-1]
    assert 2 < len(hops) < 40
    assert (done.stopped, done.done.delivered) == ("", 1799)
    assert len(harness.s3.names("dead-letters/")) == 1
    for partition in range(3):
        arrived = harness.vantiq.offsets(partition)
        assert arrived == list(range(600 - (partition == 1)))


def test_without_progress_the_function_does_not_invoke_itself() -> None:
    harness = RedriveHarness()
    harness.write(record(0))
    done = harness.ask(seconds=50, action="replay", dry_run=False)
    assert (done.continues, harness.invoked) == (False, [])
    assert done.next is not None


def test_a_function_that_may_not_invoke_itself_says_so_and_how_to_go_on() -> None:
    harness = RedriveHarness()

    def denied(request: RedriveRequest) -> None:
        raise AwsError("access denied")

    harness.services = harness.services._replace(invoke_again=denied)
    harness.write(*[record(n) for n in range(1200)])
    done = harness.ask(seconds=150, action="replay", dry_run=False, records_per_second=10)
    assert not done.continues
    assert "access denied" in done.stopped
    assert done.next is not None
    assert done.next.hop == 1


@pytest.mark.parametrize("rate", [0.1, 0.5, 2.0])
@pytest.mark.parametrize("target", ["topic:/orders", "upsert:Order"])
def test_a_replay_keeps_to_its_rate_over_all_its_hops(target: str, rate: float) -> None:
    harness = RedriveHarness(vantiq_target=target)
    harness.write(*[record(n, partition=n % 3) for n in range(400)])
    started = harness.clock.now
    hops = hops_of(harness, 900, records_per_second=rate)
    assert (hops[-1].done, hops[-1].stopped) == (Counts(delivered=400), "")
    assert 0.9 < (harness.clock.now - started) / (400 / rate) < 1.3


def test_a_limit_counts_over_all_hops() -> None:
    harness = RedriveHarness()
    harness.write(*[record(n) for n in range(1000)])
    harness.vantiq.faults.append(at_offset(150, refusal(400)))
    hops = hops_of(harness, 300, records_per_second=1.0, limit=400)
    assert len(hops) > 1
    assert hops[-1].done == Counts(delivered=399, refused=1)
    assert harness.vantiq.offsets() == [n for n in range(400) if n != 150]


def test_a_limit_counts_what_was_done_of_letters_that_were_read_together() -> None:
    harness = RedriveHarness(max_attempts=1)
    harness.write(*[record(n, partition=p) for n in range(200) for p in range(2)])
    harness.vantiq.faults.append(at_offset(10, refusal(503)))
    done = harness.replay(limit=300)
    assert (done.done, done.next and done.next.limit) == (Counts(delivered=110), 190)
    harness.vantiq.faults.clear()
    assert harness.ask(**json.loads(msgspec.json.encode(done.next))).done == Counts(delivered=300)
    assert [harness.vantiq.offsets(p) for p in range(2)] == [list(range(200)), list(range(100))]


def test_no_hop_sends_again_what_was_refused_in_the_one_before() -> None:
    harness = RedriveHarness()
    harness.vantiq = SlowVantiq(harness, 1.0)
    harness.write(*[record(n) for n in range(450)])
    harness.vantiq.faults.append(lambda path, documents: refusal(400) if documents[0]["offset"] < 400 else None)
    hops = hops_of(harness, 200, records_per_second=0)
    assert len(hops) > 2
    assert (hops[-1].done, hops[-1].stopped) == (Counts(delivered=50, refused=400), "")
    assert len(harness.vantiq.posts) == 450


def test_a_request_that_the_end_of_a_hop_cuts_is_sent_again_by_the_next() -> None:
    harness = RedriveHarness()
    harness.vantiq = SlowVantiq(harness, 1.7)
    harness.write(*[record(n) for n in range(300)])
    hops = hops_of(harness, 300, records_per_second=0)
    assert (len(hops), hops[-1].done, hops[-1].stopped) == (3, Counts(delivered=300), "")
    assert harness.vantiq.offsets() == list(range(300))


def test_what_is_delivered_is_moved_in_the_time_that_was_kept_for_it() -> None:
    harness = RedriveHarness()
    harness.vantiq = SlowVantiq(harness, 2.0)
    harness.write(*[record(n) for n in range(1000)])
    left: list[float] = []
    ends = harness.clock.now + 900
    harness.s3.trouble = lambda call, key: left.append(ends - harness.clock.now) if call == "copy" else None
    done = harness.ask(seconds=900, action="replay", dry_run=False, records_per_second=0)
    assert (done.continues, len(left)) == (True, done.done.delivered)
    assert min(left) >= 60


def test_moves_that_take_too_long_end_in_time_and_what_was_not_moved_goes_again() -> None:
    harness = RedriveHarness()
    harness.write(*[record(n) for n in range(1000)])
    slow_s3(harness, "copy", 2.0)
    started = harness.clock.now
    done = harness.ask(seconds=900, action="replay", dry_run=False, records_per_second=0)
    # It is short of time when half of what is kept for moves and going on is left.
    assert 840 < harness.clock.now - started < 895
    assert "could not be moved" in done.stopped
    assert done.done.delivered == len(harness.s3.names("replayed/")) == 1000 - len(harness.s3.names("dead-letters/"))
    slow_s3(harness, "copy", 0)
    assert done.next is not None
    assert harness.ask(**json.loads(msgspec.json.encode(done.next))).done.delivered == 1000


def test_moves_that_use_the_time_up_leave_another_clusters_letters_to_the_next_hop() -> None:
    harness = RedriveHarness()
    harness.write(*[record(n) for n in range(425)])
    harness.write(record(0), eventSourceArn=ARN.replace("demo", "other"))
    slow_s3(harness, "copy", 2.0)
    done = harness.ask(seconds=900, action="replay", dry_run=False, records_per_second=0)
    assert (done.done, done.stopped, done.continues) == (Counts(delivered=425), "the time is used up", True)
    assert harness.ask(**json.loads(msgspec.json.encode(done.next))).done == Counts(delivered=426)


def test_a_hop_with_hardly_any_time_left_ends_like_any_other() -> None:
    harness = RedriveHarness()
    harness.write(record(0))
    harness.vantiq.faults.append(lambda path, documents: refusal(503))
    harness.clock = TickingClock()
    for hundredths in range(6_000, 6_080):
        assert harness.ask(seconds=hundredths / 100, action="replay", dry_run=False).stopped


@pytest.mark.parametrize("action", ["list", "replay"])
def test_letters_that_take_too_long_to_read_end_in_time(action: str) -> None:
    harness = RedriveHarness()
    harness.write(*[record(n) for n in range(600)])
    slow_s3(harness, "get", 2.0)
    started = harness.clock.now
    done = harness.ask(seconds=300, action=action, dry_run=False)
    assert done.stopped == "the time is used up"
    assert harness.clock.now - started < 300
    assert harness.vantiq.posts == []


def test_an_import_ends_in_time_within_an_object_and_the_next_hop_finishes_it() -> None:
    harness = RedriveHarness()
    for number in range(3):
        put(harness, failure(many(600, number * 1000)), number)
    slow_s3(harness, "put", 1.0)
    hops = hops_of(harness, 900)
    assert [hop.stopped for hop in hops] == ["the time is used up"] * (len(hops) - 1) + [""]
    assert len(hops) > 2
    assert (hops[0].waiting, hops[-1].waiting) == (1, 0)
    assert harness.vantiq.offsets() == [n for base in (0, 1000, 2000) for n in range(base, base + 600)]
    assert harness.s3.names("aws/") == harness.s3.names("dead-letters/") == []


def test_an_import_that_runs_out_of_time_between_objects_is_not_reported_as_finished() -> None:
    harness = RedriveHarness()
    for number in range(3):
        put(harness, failure(many(1, number)), number)
    slow_s3(harness, "copy", 3.0)
    first = harness.ask(seconds=63, action="import", dry_run=False)
    assert (first.stopped, len(harness.s3.names("aws/"))) == ("the time is used up", 2)
    slow_s3(harness, "copy", 0)
    assert (harness.ask(action="import", dry_run=False).stopped, harness.s3.names("aws/")) == ("", [])


def test_twice_the_time_takes_half_as_many_invocations() -> None:
    def hops(seconds: int) -> int:
        harness = RedriveHarness()
        for number in range(4):
            put(harness, failure(many(600, number * 1000)), number)
        slow_s3(harness, "put", 1.0)
        return len(hops_of(harness, seconds))

    before, after = hops(900), hops(1800)
    assert before > 2
    assert after <= -(-before // 2)


def test_notifications_that_take_too_long_end_in_time_and_are_redelivered() -> None:
    harness = RedriveHarness()
    harness.fetched = [[record(n, topic="t") for n in range(600)]]
    slow_s3(harness, "put", 1.0)
    started = harness.clock.now
    with pytest.raises(NotificationsError, match="the time is used up"):
        harness.ask(seconds=900, action="import", dry_run=False, failure_notifications=[notification(many(600))] * 5)
    assert harness.clock.now - started < 900
    slow_s3(harness, "put", 0)
    assert (
        harness.ask(action="import", dry_run=False, failure_notifications=[notification(many(600))] * 5).done
        == Counts()
    )
    assert len(harness.s3.names("dead-letters/")) == 600
