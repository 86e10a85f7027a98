"""The last hour of each topic: records written and finished per second, how many wait, and for how long."""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

SECONDS = 5.0
_KEPT = 720
# A rate is between two readings.
_RATED = 2


class Position(NamedTuple):
    """A partition's offsets: ``end`` is the next to be written, ``done`` the next to be forwarded."""

    end: int
    done: int

    @property
    def waiting(self) -> int:
        """Records that are not finished. A commit can be beyond the end of a topic that was created again."""
        return max(0, self.end - self.done)


Positions = Mapping[str, Mapping[int, Position]]


class Reading(NamedTuple):
    """All positions at a moment, in seconds since 1970; None: they could not be read."""

    at: float
    positions: Positions | None


class TopicPoint(msgspec.Struct, frozen=True, rename="camel"):
    """A topic at a moment; None where it could not be determined.

    Args:
        written: records per second since the reading before.
        finished: records per second that were delivered or dead-lettered.
        waiting: records.
        late_seconds: how long the oldest waiting record has waited.
        late_at_least: it has waited for longer than the readings go back.
    """

    written: float | None = None
    finished: float | None = None
    waiting: int | None = None
    late_seconds: float | None = None
    late_at_least: bool = False


class Point(msgspec.Struct, frozen=True):
    """All topics at a moment, in seconds since 1970."""

    at: float
    topics: dict[str, TopicPoint]


class History:
    """The points of the last hour; older ones are dropped, so that the memory is bounded."""

    def __init__(self, topics: Iterable[str], kept: int = _KEPT) -> None:
        self._topics = list(topics)
        self._readings: deque[Reading] = deque(maxlen=kept)
        self._points: deque[Point] = deque(maxlen=kept)

    def add(self, reading: Reading) -> None:
        """Add the newest reading."""
        self._readings.append(reading)
        readings = list(self._readings)
        self._points.append(Point(reading.at, {topic: point(readings, topic) for topic in self._topics}))

    def after(self, moment: float) -> list[Point]:
        """The points behind a moment, oldest first."""
        return [point for point in self._points if point.at > moment]


def point(readings: list[Reading], topic: str) -> TopicPoint:
    """A topic at the last of the readings (one or more, oldest first)."""
    newest = readings[-1]
    if newest.positions is None or topic not in newest.positions:
        return TopicPoint()
    positions = newest.positions[topic]
    waiting = sum(position.waiting for position in positions.values())
    written, finished = _rates(readings, topic)
    late, at_least = _late_seconds(readings, topic)
    return TopicPoint(written, finished, waiting, late, at_least)


def _rates(readings: list[Reading], topic: str) -> tuple[float | None, float | None]:
    if len(readings) < _RATED:
        return None, None
    earlier, newest = readings[-_RATED:]
    if not earlier.positions or not newest.positions or topic not in earlier.positions:
        return None, None
    seconds = newest.at - earlier.at
    before, after = earlier.positions[topic], newest.positions[topic]
    common = before.keys() & after.keys()
    written = sum(after[partition].end - before[partition].end for partition in common)
    finished = sum(after[partition].done - before[partition].done for partition in common)
    # A topic that was created again counts from 0.
    return _per_second(written, seconds), _per_second(finished, seconds)


def _per_second(records: int, seconds: float) -> float | None:
    if seconds <= 0:
        return None
    return round(max(0, records) / seconds, 1)


def _late_seconds(readings: list[Reading], topic: str) -> tuple[float, bool]:
    """The age of the oldest waiting record: since the reading that first had it; and whether it may be older."""
    newest = readings[-1]
    positions = (newest.positions or {})[topic]
    behind = {partition: position.done for partition, position in positions.items() if position.waiting}
    moments = [_written_at(readings, topic, *place) for place in behind.items()]
    if not moments:
        return 0.0, False
    oldest = min(moments)
    return newest.at - oldest, any(_was_there(readings[0], topic, *place) for place in behind.items())


def _written_at(readings: list[Reading], topic: str, partition: int, offset: int) -> float:
    """About when the record was written: at the earliest reading since which the partition has it."""
    moment = readings[-1].at
    for reading in reversed(readings):
        position = _position(reading, topic, partition)
        if position is None:
            continue
        if position.end <= offset:
            break
        moment = reading.at
    return moment


def _was_there(reading: Reading, topic: str, partition: int, offset: int) -> bool:
    position = _position(reading, topic, partition)
    return position is not None and position.end > offset


def _position(reading: Reading, topic: str, partition: int) -> Position | None:
    return (reading.positions or {}).get(topic, {}).get(partition)
