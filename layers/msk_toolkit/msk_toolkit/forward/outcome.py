"""What became of each record."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from msk_toolkit.forward.decode import Record
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

    record: Record
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

    @property
    def stopped_at(self) -> Record | None:
        """The first record that is not done."""
        return self.lane.records[self.settled] if self.failure else None


class Outcome(NamedTuple):
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
    def failures(self) -> list[Failure]:
        """Why lanes stopped, the gravest first."""
        found = [lane.failure for lane in self.lanes if lane.failure]
        order: list[FailureKind] = ["outage", "blocked", "retriable", "late", "held"]
        return sorted(found, key=lambda failure: order.index(failure.kind))
