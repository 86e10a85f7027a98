"""What is left of an invocation's lanes is tried again, round after round, for as long as that is worth it.

An outage would otherwise end each invocation within milliseconds, and the mapping's 10,000 tries within minutes.
"""

from collections.abc import Callable
from typing import NamedTuple

from msk_toolkit.forward.lanes import Lane
from msk_toolkit.forward.outcome import Failure, LaneOutcome

RunLanes = Callable[[list[Lane]], list[LaneOutcome]]

_FIRST_PAUSE_SECONDS = 1.0
_MOST_PAUSE_SECONDS = 30.0
_HELD = Failure("held", "another lane met an outage")


class Patience(NamedTuple):
    """How the rounds wait for each other; all in seconds.

    Args:
        wait: waits so long.
        remaining: what the invocation has left for requests.
        held: how long Vantiq asks for no request.
        random: a number from 0 to 1.
        least: how long an invocation that leaves something lasts even where other lanes have come to their end.
    """

    wait: Callable[[float], object]
    remaining: Callable[[], float]
    held: Callable[[], float]
    random: Callable[[], float]
    least: float = 0.0


class PartitionsInDoubt:
    """Partitions that met an outage while others were only held back by it; one for a warm environment.

    They go last: one record that something in front of Vantiq never lets pass must not stop the others. Where all met
    one there is no other to tell the difference; then those that another held back are the first to go the next time.
    """

    def __init__(self) -> None:
        self._places: set[str] = set()

    def split(self, lanes: list[Lane]) -> tuple[list[Lane], list[Lane]]:
        """Those that go first, and those that go when these have met no outage."""
        first = [lane for lane in lanes if lane.place not in self._places]
        return (first, [lane for lane in lanes if lane.place in self._places]) if first else (lanes, [])

    def learn(self, outcomes: list[LaneOutcome]) -> None:
        """Take in how lanes ended that had their turn.

        One that was held back by another of them is no suspect any more: it might wait for ever behind one that never
        passes.
        """
        self._places -= {outcome.lane.place for outcome in outcomes}
        failures = [(outcome.lane.place, outcome.failure) for outcome in outcomes]
        self._places |= {place for place, failure in failures if failure is not None and failure.kind == "outage"}


def run_rounds(
    lanes: list[Lane], run: RunLanes, suspects: PartitionsInDoubt, patience: Patience | None
) -> list[LaneOutcome]:
    """Run the lanes, and what is left of them again after growing pauses, until they are done or the time is used up.

    It ends earlier where a lane came to its end: the mapping should hear of that, and brings the others again at once.

    Args:
        patience: None for one round.
    """
    outcomes = [LaneOutcome(lane, 0, 0, None, 0, []) for lane in lanes]
    number, started = 0, patience.remaining() if patience else 0.0
    while True:
        left = [index for index, outcome in enumerate(outcomes) if outcome.rest.records]
        before = sum(outcome.settled for outcome in outcomes)
        for index, later in zip(left, _round([outcomes[index].rest for index in left], run, suspects), strict=True):
            outcomes[index] = outcomes[index].followed_by(later)
        failed = [outcome for outcome in outcomes if outcome.failure is not None]
        if patience is None or not failed:
            return outcomes
        left_to_wait = patience.remaining()
        if len(failed) < len(outcomes):
            left_to_wait = min(left_to_wait, patience.least - (started - left_to_wait))
        number = 1 if sum(outcome.settled for outcome in outcomes) > before else number + 1
        if not _waited(patience, number, left_to_wait):
            return outcomes


def _round(lanes: list[Lane], run: RunLanes, suspects: PartitionsInDoubt) -> list[LaneOutcome]:
    """Each lane once, the suspects after the others, or not at all where one of those met an outage."""
    first, last = suspects.split(lanes)
    done = run(first)
    suspects.learn(done)
    if any(outcome.failure is not None and outcome.failure.kind == "outage" for outcome in done):
        done += [LaneOutcome(lane, 0, 0, _HELD, 0, []) for lane in last]
    elif last:
        later = run(last)
        suspects.learn(later)
        done += later
    order = {id(lane): place for place, lane in enumerate(lanes)}
    return sorted(done, key=lambda outcome: order[id(outcome.lane)])


def _waited(patience: Patience, number: int, remaining: float) -> bool:
    """Pause before round ``number`` + 1; whether there is time for it. The rest of the time is waited for as well."""
    most: float = min(_MOST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** min(number - 1, 10))
    seconds = max(most * (0.5 + patience.random() / 2), patience.held())
    if remaining > 0:
        patience.wait(min(seconds, remaining))
    return seconds < remaining
