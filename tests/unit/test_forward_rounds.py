"""Which lanes run in which round, how long the rounds wait for each other, and when they end."""

from collections.abc import Callable

import pytest
from msk_toolkit.forward.decode import decode
from msk_toolkit.forward.lanes import Lane, split
from msk_toolkit.forward.outcome import Failure, FailureKind, LaneOutcome
from msk_toolkit.forward.rounds import PartitionsInDoubt, Patience, run_rounds

from tests.fakes.clock_fake import FakeClock
from tests.fakes.forwarder_harness import ForwarderHarness, reasons
from tests.fakes.kafka_events import event, record
from tests.fakes.vantiq_fake import at_offset, refusal

Answers = dict[str, FailureKind | None]


def lanes(partitions: int) -> list[Lane]:
    batch = decode(event([record(n, partition=p) for p in range(partitions) for n in range(2)]))
    return split(batch.partitions, "partition", 8)


class Runner:
    """Runs lanes: by partition, each fails as it is told, or comes to its end."""

    def __init__(self, **answers: FailureKind | None) -> None:
        self.answers: Answers = dict(answers)
        self.rounds: list[list[str]] = []

    def __call__(self, lanes: list[Lane]) -> list[LaneOutcome]:
        self.rounds.append([lane.place for lane in lanes])
        return [self._outcome(lane) for lane in lanes]

    def _outcome(self, lane: Lane) -> LaneOutcome:
        kind = self.answers.get(lane.place.replace("-", "_"))
        if kind is None:
            return LaneOutcome(lane, settled=len(lane.records))
        return LaneOutcome(lane, failure=Failure(kind, ""))


class Waiting:
    """A patience under a clock of its own that keeps its pauses."""

    def __init__(self, seconds: float, *, least: float = 0.0, held: Callable[[], float] = lambda: 0.0) -> None:
        self.clock, self.pauses = FakeClock(), list[float]()
        self._end = self.clock() + seconds
        self.patience = Patience(self._wait, lambda: max(0.0, self._end - self.clock()), held, lambda: 1.0, least)

    def _wait(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.clock.advance(seconds)


def test_a_partition_in_doubt_is_held_back_as_soon_as_any_other_meets_an_outage() -> None:
    in_doubt = PartitionsInDoubt()
    run_rounds(lanes(3), Runner(orders_2="outage"), in_doubt, None)
    run = Runner(orders_1="outage")
    first, second, third = run_rounds(lanes(3), run, in_doubt, None)
    assert run.rounds == [["orders-0", "orders-1"]]
    assert (first.failure, second.is_outage) == (None, True)
    assert third.failure is not None
    assert third.failure.kind == "held"


def test_a_partition_in_doubt_runs_after_the_others_and_is_in_doubt_no_longer_once_it_passes() -> None:
    in_doubt = PartitionsInDoubt()
    run_rounds(lanes(2), Runner(orders_0="outage"), in_doubt, None)
    run = Runner()
    outcomes = run_rounds(lanes(2), run, in_doubt, None)
    assert run.rounds == [["orders-1"], ["orders-0"]]
    assert [outcome.lane.place for outcome in outcomes] == ["orders-0", "orders-1"]
    again = Runner()
    run_rounds(lanes(2), again, in_doubt, None)
    assert again.rounds == [["orders-0", "orders-1"]]


def test_a_partition_that_another_held_back_is_not_in_doubt() -> None:
    in_doubt = PartitionsInDoubt()
    run_rounds(lanes(2), Runner(orders_0="outage", orders_1="held"), in_doubt, None)
    run = Runner()
    run_rounds(lanes(2), run, in_doubt, None)
    assert run.rounds == [["orders-1"], ["orders-0"]]


def test_without_patience_there_is_one_round() -> None:
    run = Runner(orders_0="retriable")
    run_rounds(lanes(2), run, PartitionsInDoubt(), None)
    assert len(run.rounds) == 1


def test_an_outage_of_all_is_waited_for_in_pauses_that_double_to_half_a_minute() -> None:
    waiting = Waiting(100.0)
    run_rounds(lanes(2), Runner(orders_0="outage", orders_1="held"), PartitionsInDoubt(), waiting.patience)
    assert waiting.pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 9.0]


def test_the_pauses_vary_by_half_and_are_never_shorter_than_vantiq_asks() -> None:
    waiting = Waiting(20.0, held=lambda: 7.0)
    patience = waiting.patience._replace(random=lambda: 0.0)
    run_rounds(lanes(1), Runner(orders_0="outage"), PartitionsInDoubt(), patience)
    assert waiting.pauses == [7.0, 7.0, 6.0]
    waiting = Waiting(4.0)
    patience = waiting.patience._replace(random=lambda: 0.0)
    run_rounds(lanes(1), Runner(orders_0="outage"), PartitionsInDoubt(), patience)
    assert waiting.pauses == [0.5, 1.0, 2.0, 0.5]


def test_progress_starts_the_pauses_again() -> None:
    class Slow(Runner):
        """One record more in the third round."""

        def _outcome(self, lane: Lane) -> LaneOutcome:
            return LaneOutcome(lane, settled=int(len(self.rounds) == 3), failure=Failure("retriable", ""))

    waiting = Waiting(10.0)
    (outcome,) = run_rounds(lanes(1), Slow(), PartitionsInDoubt(), waiting.patience)
    assert waiting.pauses == [1.0, 2.0, 1.0, 2.0, 4.0]
    assert outcome.settled == 1


@pytest.mark.parametrize(("least", "pauses"), [(0.0, []), (10.0, [1.0, 2.0, 4.0, 3.0])])
def test_a_batch_goes_back_early_where_a_lane_came_to_its_end(least: float, pauses: list[float]) -> None:
    waiting = Waiting(100.0, least=least)
    run_rounds(lanes(2), Runner(orders_1="outage"), PartitionsInDoubt(), waiting.patience)
    assert waiting.pauses == pauses


def test_a_lane_that_comes_to_its_end_in_a_later_round_is_done() -> None:
    run = Runner(orders_0="outage", orders_1="outage")
    waiting = Waiting(100.0)

    def recover(seconds: float) -> None:
        run.answers.clear()

    outcomes = run_rounds(lanes(2), run, PartitionsInDoubt(), waiting.patience._replace(wait=recover))
    assert [outcome.failure for outcome in outcomes] == [None, None]
    assert [outcome.settled for outcome in outcomes] == [2, 2]


@pytest.mark.parametrize(("mode", "least"), [("on-demand", 0.0), ("provisioned", 10.0)])
def test_an_invocation_with_a_lane_at_its_end_lasts_ten_seconds_where_attempts_are_counted(
    mode: str, least: float
) -> None:
    harness = ForwarderHarness(at_offset(0, refusal(403), partition=1), patient=True, poller_mode=mode)
    started = harness.clock()
    outcome = harness.forward(record(0), record(0, partition=1))
    assert reasons(outcome) == ["outage"]
    assert harness.clock() - started == pytest.approx(least, abs=0.2)
