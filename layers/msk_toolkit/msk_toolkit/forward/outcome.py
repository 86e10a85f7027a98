"""What became of each record."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from msk_toolkit.forward.decode import SourceRecord
from msk_toolkit.forward.lanes import Lane

# retriable: may work later. outage: Vantiq, the way there or the credential is out of order as a whole.
# blocked: refused for good, and not to be set aside. late: the invocation's time is used up.
# held: not tried, because another lane met an outage.
FailureKind = Literal["retriable", "outage", "blocked", "late", "held"]


class Failure(NamedTuple):
    """Why a lane stopped; the reason is fit for a log."""

    kind: FailureKind
    reason: str


class RefusedRecord(NamedTuple):
    """A record that was refused for good: set aside, or blocking its lane.

    Args:
        reason, status, code: as in its dead letter.
    """

    record: SourceRecord
    reason: str
    status: int
    code: str


class LaneOutcome(NamedTuple):
    """How far a lane came.

    Args:
        settled: how many of its first records are done: delivered or set aside.
        dead_lettered: how many of those are set aside.
        failure: why it stopped at record number ``settled``; None when it came to its end.
        retried: requests sent again.
        latencies: seconds of each request that was answered.
        throttled: seconds that it waited because of the pace, its own or Vantiq's.
        ages: seconds from the time of a record to Vantiq's acknowledgement of it, where they are measured.
        refused: those set aside, and the one that blocks it.
        there_already: how many of those delivered an earlier try had stored.
    """

    lane: Lane
    settled: int
    dead_lettered: int
    failure: Failure | None
    retried: int
    latencies: list[float]
    throttled: float = 0.0
    ages: Sequence[float] = ()
    refused: Sequence[RefusedRecord] = ()
    there_already: int = 0

    @property
    def rest(self) -> Lane:
        """What is not done."""
        return Lane(self.lane.place, self.lane.records[self.settled :])

    def followed_by(self, later: "LaneOutcome") -> "LaneOutcome":
        """This and what became of the rest afterwards."""
        return LaneOutcome(
            self.lane,
            self.settled + later.settled,
            self.dead_lettered + later.dead_lettered,
            later.failure,
            self.retried + later.retried,
            [*self.latencies, *later.latencies],
            self.throttled + later.throttled,
            [*self.ages, *later.ages],
            _without_repeats([*self.refused, *later.refused]),
            self.there_already + later.there_already,
        )

    @property
    def stopped_at(self) -> SourceRecord | None:
        """The first record that is not done."""
        return self.lane.records[self.settled] if self.failure else None


def _without_repeats(refused: list[RefusedRecord]) -> list[RefusedRecord]:
    """A record that blocks its lane is refused at each try."""
    latest = {(each.record.place, each.record.offset, id(each.record)): each for each in refused}
    return list(latest.values())


class BatchOutcome(NamedTuple):
    """What became of a batch.

    Args:
        received: records in the event.
        known: records not sent because this environment had done them before.
        unfinished: by partition, the offset of the first record that is not done.
        to_report: every record from there on; the mapping must bring these again.
        lag_seconds: age of the oldest record; None where no record has a time.
        notes: what was noticed about the targets and stopped nothing.
    """

    received: int
    known: int
    lanes: list[LaneOutcome]
    unfinished: dict[str, int]
    to_report: list[tuple[str, int]]
    lag_seconds: float | None
    notes: Sequence[str] = ()

    @property
    def delivered(self) -> int:
        """Records that Vantiq acknowledged."""
        return sum(lane.settled - lane.dead_lettered for lane in self.lanes)

    @property
    def dead_lettered(self) -> int:
        """Records set aside."""
        return sum(lane.dead_lettered for lane in self.lanes)

    @property
    def there_already(self) -> int:
        """Records delivered that an earlier try had stored."""
        return sum(lane.there_already for lane in self.lanes)

    @property
    def failures(self) -> list[Failure]:
        """Why lanes stopped, the gravest first."""
        found = [lane.failure for lane in self.lanes if lane.failure]
        order: list[FailureKind] = ["outage", "blocked", "retriable", "late", "held"]
        return sorted(found, key=lambda failure: order.index(failure.kind))
