"""What the consumer probe's lines say of a topic's group: how far it is behind, and how fast records come in."""

from collections.abc import Sequence
from typing import NamedTuple

from msk_toolkit.status.facts import GroupReading

# Behind: the oldest waiting record is older than this. Less is the time between two commits.
BEHIND_SECONDS = 60.0


class GroupView(NamedTuple):
    """A group's lag by the newest reading; ``in_per_second`` is None where two readings can't be compared.

    ``caught_up`` is whether as many records as waited then have been delivered since.
    """

    newest: GroupReading | None
    in_per_second: float | None
    in_why: str
    growing: bool
    caught_up: bool = False

    @property
    def behind(self) -> bool:
        """Whether records wait longer than between two commits."""
        if self.newest is None or not self.newest.records or self.caught_up:
            return False
        if self.newest.seconds is None:
            return self.growing
        return self.newest.seconds > BEHIND_SECONDS


def view_of_group(readings: Sequence[GroupReading], done: int = 0) -> GroupView:
    """What the readings of a group, the oldest first, say.

    Args:
        done: records that were delivered or set aside since the last of them.
    """
    if not readings:
        return GroupView(None, None, "the consumer probe has not reported this group", growing=False)
    newest = readings[-1]
    caught_up = newest.records is not None and done >= newest.records
    if len(readings) < 2:
        why = "the consumer probe has reported this group only once"
        return GroupView(newest, None, why, growing=False, caught_up=caught_up)
    earlier = readings[-2]
    rate, why = _in_rate(earlier, newest)
    return GroupView(newest, rate, why, growing=not caught_up and _grows(earlier, newest), caught_up=caught_up)


def _grows(earlier: GroupReading, newest: GroupReading) -> bool:
    """Whether records wait longer than between two commits, and do not get fewer."""
    if not newest.records:
        return False
    waits = newest.seconds is None or newest.seconds > BEHIND_SECONDS
    return waits and newest.records >= (earlier.records or 0)


def _in_rate(earlier: GroupReading, newest: GroupReading) -> tuple[float | None, str]:
    if earlier.end is None or newest.end is None or newest.at <= earlier.at:
        return None, newest.detail or "the consumer probe did not report the ends of the partitions"
    if earlier.partitions != newest.partitions or newest.end < earlier.end:
        return None, "between its last two runs the consumer probe reached different partitions"
    return (newest.end - earlier.end) / (newest.at - earlier.at), ""
