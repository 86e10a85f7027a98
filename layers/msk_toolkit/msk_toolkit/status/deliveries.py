"""What the forwarder's lines say of each topic: since when it fails and why, its last delivery, its rate."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from msk_toolkit.status.facts import Deliveries, DeliveryLine, Fact, PlaceFailure

# Long enough to see a record every few seconds, short enough that the rate falls soon after an outage begins.
RATE_SECONDS = 120.0
_LEAST_SECONDS = 1.0


class Trouble(NamedTuple):
    """A partition that is not delivered: the newest failure, when the first was, and how many invocations ended so."""

    last: PlaceFailure
    since: float
    last_at: float
    tries: int
    since_at_least: bool


def current_troubles(deliveries: Deliveries) -> dict[str, Trouble]:
    """By partition, the failures in a row since its last complete invocation."""
    troubles: dict[str, Trouble] = {}
    finished: set[str] = set()
    for line in deliveries.lines:
        failing = _failing(line)
        for place, failure in failing.items():
            before = troubles.get(place) or Trouble(failure, line.at, line.at, 0, place not in finished)
            troubles[place] = before._replace(last=failure, last_at=line.at, tries=before.tries + line.ended)
        complete = line.places.keys() - {failure.place for failure in line.failures} - set(line.unfinished)
        finished |= complete
        for place in complete:
            troubles.pop(place, None)
        if not line.failures:
            troubles.pop("", None)
            finished.add("")
    return troubles


def _failing(line: DeliveryLine) -> dict[str, PlaceFailure]:
    """By partition, why it is not done; one that was held up has the failure that held it up."""
    stopped = [failure for failure in line.failures if failure.kind != "held"]
    failing = {failure.place: failure for failure in reversed(stopped)}
    for place in line.unfinished:
        if stopped and place not in failing:
            failing[place] = msgspec.structs.replace(stopped[0], place=place)
    return failing


def last_deliveries(lines: Iterable[DeliveryLine]) -> dict[str, float]:
    """By topic, when Vantiq last acknowledged a record."""
    last: dict[str, float] = {}
    for line in lines:
        for place, counts in line.places.items():
            if counts.delivered:
                last[place.rpartition("-")[0]] = line.at
    return last


def out_rate(deliveries: Fact[Deliveries], topic: str, now: float, stopped: float | None) -> Fact[float]:
    """Records a second of a topic that were delivered or set aside lately.

    Args:
        stopped: since when nothing of it is known to be delivered; what came before is left out.
    """
    if deliveries.value is None:
        return Fact(why=deliveries.why)
    start = max(now - RATE_SECONDS, stopped or 0.0)
    if deliveries.value.since > start:
        return Fact(why="the forwarder's log was not read far enough")
    return Fact(done_since(deliveries.value, topic, start) / max(now - start, _LEAST_SECONDS))


def done_since(deliveries: Deliveries, topic: str, start: float) -> int:
    """Records of a topic that were delivered or set aside after a time."""
    done = 0
    for line in deliveries.lines:
        if line.at > start:
            counts = [counts for place, counts in line.places.items() if place.rpartition("-")[0] == topic]
            done += sum(count.delivered + count.dead_lettered + count.dropped for count in counts)
    return done
