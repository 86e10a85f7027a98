"""What is left of an invocation's lanes is sent again, round after round, for as long as that is worth it.

An outage would otherwise end each invocation within milliseconds, and the mapping's 10,000 attempts within minutes.
"""

from collections.abc import Callable
from typing import NamedTuple

from msk_toolkit.forward.lanes import Lane
from msk_toolkit.forward.outcome import HELD, LaneOutcome

RunLanes = Callable[[list[Lane]], list[LaneOutcome]]
# Is handed what became of the lanes so far.
ReportWaiting = Callable[[list[LaneOutcome]], object]

_FIRST_PAUSE_SECONDS = 1.0
_MAX_PAUSE_SECONDS = 30.0


class Patience(NamedTuple):
    """How the rounds wait for each other; all in seconds.

    Args:
        wait: waits so long.
        remaining: what the invocation has left for requests.
        held: how long Vantiq asks for no request.
        random: a number from 0 to 1.
        least: how long an invocation that leaves something lasts even where other lanes have come to their end.
        report: called once, before the first pause: the invocation's own report may be two minutes away.
    """

    wait: Callable[[float], object]
    remaining: Callable[[], float]
    held: Callable[[], float]
    random: Callable[[], float]
    least: float = 0.0
    report: ReportWaiting | None = None


class PartitionsInDoubt:
    """Partitions that met an outage while others were only held back by it; one for a warm environment.

    They go last: one record that something in front of Vantiq never lets pass must not stop the others. Where all met
    one there is no other to show the difference; then those that another held back are the first to go the next time.
    """

    def __init__(self) -> None:
        self._places: set[str] = set()

    def split(self, lanes: list[Lane]) -> tuple[list[Lane], list[Lane]]:
        """Those that go first, and those that go when these have met no outage."""
        first = [lane for lane in lanes if lane.place not in self._places]
        if not first:
            return lanes, []
        return first, [lane for lane in lanes if lane.place in self._places]

    def learn(self, outcomes: list[LaneOutcome]) -> None:
        """Take in how lanes ended that had their turn.

        One that was held back by another of them is no longer in doubt: it might wait forever behind one that never
        passes.
        """
        self._places -= {outcome.lane.place for outcome in outcomes}
        self._places |= {outcome.lane.place for outcome in outcomes if outcome.is_outage}


def run_rounds(
    lanes: list[Lane], run: RunLanes, in_doubt: PartitionsInDoubt, patience: Patience | None
) -> list[LaneOutcome]:
    """Run the lanes, and what is left of them again after growing pauses, until they are done or the time is used up.

    It ends earlier where a lane came to its end: the mapping should learn of that, and redelivers the others at once.

    Args:
        patience: None for one round.
    """
    outcomes = [LaneOutcome(lane) for lane in lanes]
    rounds, started = 0, patience.remaining() if patience else 0.0
    reported = False
    while True:
        settled_before = sum(outcome.settled for outcome in outcomes)
        outcomes = _after_round(outcomes, run, in_doubt)
        unfinished = [outcome for outcome in outcomes if outcome.failure is not None]
        if patience is None or not unfinished:
            return outcomes
        seconds = patience.remaining()
        if len(unfinished) < len(outcomes):
            seconds = min(seconds, patience.least - (started - seconds))
        has_progress = sum(outcome.settled for outcome in outcomes) > settled_before
        rounds += 1
        if has_progress:
            rounds = 1
        if patience.report is not None and not reported and seconds > 0:
            patience.report(outcomes)
            reported = True
        if not _wait(patience, rounds, seconds):
            return outcomes


def _after_round(outcomes: list[LaneOutcome], run: RunLanes, in_doubt: PartitionsInDoubt) -> list[LaneOutcome]:
    """The outcomes with one more round for what is left of the lanes."""
    unfinished = [index for index, outcome in enumerate(outcomes) if outcome.rest.records]
    later = _round([outcomes[index].rest for index in unfinished], run, in_doubt)
    merged = list(outcomes)
    for index, outcome in zip(unfinished, later, strict=True):
        merged[index] = merged[index].followed_by(outcome)
    return merged


def _round(lanes: list[Lane], run: RunLanes, in_doubt: PartitionsInDoubt) -> list[LaneOutcome]:
    """Each lane once, those in doubt after the others, or not at all where one of those met an outage."""
    first, last = in_doubt.split(lanes)
    outcomes = run(first)
    in_doubt.learn(outcomes)
    if any(outcome.is_outage for outcome in outcomes):
        outcomes += [LaneOutcome(lane, failure=HELD) for lane in last]
    elif last:
        later = run(last)
        in_doubt.learn(later)
        outcomes += later
    order = {id(lane): number for number, lane in enumerate(lanes)}
    return sorted(outcomes, key=lambda outcome: order[id(outcome.lane)])


def _wait(patience: Patience, rounds: int, remaining: float) -> bool:
    """Pause after so many rounds without progress, or for what is left; whether there is time for another round."""
    limit: float = min(_MAX_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** min(rounds - 1, 10))
    seconds = max(limit * (0.5 + patience.random() / 2), patience.held())
    if remaining > 0:
        patience.wait(min(seconds, remaining))
    return seconds < remaining
