"""What became of each record."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from msk_toolkit.forward.decode import SourceRecord
from msk_toolkit.forward.lanes import Lane
from msk_toolkit.path_causes import PathCause

# retriable: may succeed later. outage: Vantiq, the network path or the credential fails for every record.
# blocked: refused for good, and dead-lettering is off. late: the invocation's time is used up.
# held: not attempted, because another lane encountered an outage.
FailureKind = Literal["retriable", "outage", "blocked", "late", "held"]
_GRAVEST_FIRST: tuple[FailureKind, ...] = ("outage", "blocked", "retriable", "late", "held")


class Failure(NamedTuple):
    """Why a lane stopped; the reason is fit for a log. ``cause`` has owner and remedy, where there is one."""

    kind: FailureKind
    reason: str
    cause: PathCause | None = None

    def with_hint(self, hint: str) -> "Failure":
        """The same with something added to its reason."""
        return self._replace(reason=self.reason + hint)


# A lane that was not attempted.
HELD = Failure("held", "another lane encountered an outage")


class RefusedRecord(NamedTuple):
    """A record that was refused for good: dead-lettered, or blocking its lane.

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
        settled: how many of its first records are done: delivered or dead-lettered.
        dead_lettered: how many of those are dead-lettered.
        failure: why it stopped at record number ``settled``; None when it came to its end.
        retried: requests sent again.
        latencies: seconds of each request that was answered.
        throttled: seconds waited because of the rate limit or Vantiq's throttling.
        ages: seconds from the time of a record to Vantiq's acknowledgement of it, where they are measured.
        refused: those dead-lettered, and the one that blocks it.
        there_already: how many of those delivered an earlier attempt had stored, or whose row was gone.
        dropped: how many of those settled are tombstones that were not sent.
        deleted: how many of those delivered are tombstones whose row is gone.
    """

    lane: Lane
    settled: int = 0
    dead_lettered: int = 0
    failure: Failure | None = None
    retried: int = 0
    latencies: Sequence[float] = ()
    throttled: float = 0.0
    ages: Sequence[float] = ()
    refused: Sequence[RefusedRecord] = ()
    there_already: int = 0
    dropped: int = 0
    deleted: int = 0

    @property
    def delivered(self) -> int:
        """How many of those settled Vantiq has acknowledged."""
        return self.settled - self.dead_lettered - self.dropped

    @property
    def rest(self) -> Lane:
        """What is not done."""
        return Lane(self.lane.place, self.lane.records[self.settled :])

    @property
    def is_outage(self) -> bool:
        """Whether an outage stopped it."""
        return self.failure is not None and self.failure.kind == "outage"

    def followed_by(self, later: "LaneOutcome") -> "LaneOutcome":
        """This and what became of the rest afterwards."""
        return LaneOutcome(
            lane=self.lane,
            settled=self.settled + later.settled,
            dead_lettered=self.dead_lettered + later.dead_lettered,
            failure=later.failure,
            retried=self.retried + later.retried,
            latencies=[*self.latencies, *later.latencies],
            throttled=self.throttled + later.throttled,
            ages=[*self.ages, *later.ages],
            refused=_without_repeats([*self.refused, *later.refused]),
            there_already=self.there_already + later.there_already,
            dropped=self.dropped + later.dropped,
            deleted=self.deleted + later.deleted,
        )

    @property
    def stopped_at(self) -> SourceRecord | None:
        """The first record that is not done."""
        if self.failure is None:
            return None
        return self.lane.records[self.settled]


def _without_repeats(refused: list[RefusedRecord]) -> list[RefusedRecord]:
    """A record that blocks its lane is refused at each attempt."""
    latest = {(entry.record.place, entry.record.offset, id(entry.record)): entry for entry in refused}
    return list(latest.values())


class BatchOutcome(NamedTuple):
    """What became of a batch.

    Args:
        received: records in the event.
        known: records not sent because this environment had delivered or dead-lettered them before.
        unfinished: by partition, the offset of the first record that is not done.
        to_report: every record from there on; the event source mapping must redeliver these.
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
        return sum(lane.delivered for lane in self.lanes)

    @property
    def dead_lettered(self) -> int:
        """Records whose dead letters are stored."""
        return sum(lane.dead_lettered for lane in self.lanes)

    @property
    def dropped(self) -> int:
        """Tombstones that were not sent."""
        return sum(lane.dropped for lane in self.lanes)

    @property
    def deleted(self) -> int:
        """Tombstones whose row is gone."""
        return sum(lane.deleted for lane in self.lanes)

    @property
    def there_already(self) -> int:
        """Records delivered that an earlier attempt had stored, or whose row was gone."""
        return sum(lane.there_already for lane in self.lanes)

    @property
    def failures(self) -> list[Failure]:
        """Why lanes stopped, the gravest first."""
        failures = [lane.failure for lane in self.lanes if lane.failure]
        return sorted(failures, key=lambda failure: _GRAVEST_FIRST.index(failure.kind))
