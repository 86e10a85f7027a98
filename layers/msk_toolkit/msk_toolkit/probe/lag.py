"""How far named consumer groups are behind, in records and in seconds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka import group as groups
from msk_toolkit.kafka.batches import Beginning
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.kafka.error_codes import refused_error
from msk_toolkit.kafka.group import Committed
from msk_toolkit.kafka.group_listing import listed_group
from msk_toolkit.kafka.metadata import Topic, read_metadata
from msk_toolkit.kafka.records import first_records, offset_range
from msk_toolkit.probe.check_brokers import BrokerCheck
from msk_toolkit.stage import Stage


class GroupLag(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """A group's lag over all its partitions.

    ``records`` counts what it has not committed; ``seconds`` is the age of the oldest of those, 0 where there is none.
    Each is None where it can't be determined; ``detail`` says why, or what is left out. ``committed`` and ``end`` are
    the sums of the committed and of the last offsets of ``partitions`` partitions: compared with those of an earlier
    run they show how many records were read and written in between.
    """

    group: str
    records: int | None = None
    seconds: float | None = None
    detail: str | None = None
    committed: int | None = None
    end: int | None = None
    partitions: int | None = None


@dataclass
class _Behind:
    """What is behind so far: records, the times of the oldest in milliseconds since 1970, and what is left out.

    ``counted`` is how many partitions could be counted.
    """

    counted: int = 0
    committed: int = 0
    end: int = 0
    records: int = 0
    times: list[int] = field(default_factory=list)
    without_leader: int = 0
    never_committed: int = 0
    beyond_the_end: int = 0
    refusals: list[str] = field(default_factory=list)
    unread: bool = False

    def count(self, committed: int, end: int) -> None:
        self.counted += 1
        self.committed += committed
        self.end += end

    def add(self, number: int, oldest: Beginning | None) -> None:
        if oldest is None:
            self.records += number
        # The markers of transactions are not records to be read.
        elif oldest.holds_record:
            self.records += number
            if oldest.timestamp is not None:
                self.times.append(oldest.timestamp)

    def as_lag(self, group: str, now: float) -> GroupLag:
        detail = "; ".join(self._left_out()) or None
        if not self.counted:
            return GroupLag(group, detail=detail)
        seconds = self._seconds(now) if self.records else 0.0
        return GroupLag(group, self.records, seconds, detail, self.committed, self.end, self.counted)

    def _seconds(self, now: float) -> float | None:
        # What could not be read may be older than what could.
        if self.unread or not self.times:
            return None
        return round(max(0.0, now - min(self.times) / 1000), 1)

    def _left_out(self) -> list[str]:
        left_out = [*self.refusals]
        if self.without_leader:
            left_out.append(f"{self.without_leader} partitions have no leader in reach")
        if self.never_committed:
            left_out.append(f"{self.never_committed} partitions hold records, and the group has no commit there")
        if self.beyond_the_end:
            left_out.append(
                f"{self.beyond_the_end} commits are beyond the end of their partition, which was re-created or "
                "truncated: the consumer starts again where its auto.offset.reset says"
            )
        return left_out


def group_lags(
    reached: Mapping[int, BrokerCheck], names: Sequence[str], deadline: Deadline, now: Callable[[], float]
) -> list[GroupLag]:
    """The lag of each group; what can't be determined of a group is in its result and not a broker's failure.

    Args:
        reached: the brokers that were reached, by their ids; a partition that none of them leads is left out.
        deadline: for all groups together.
    """
    usable = _usable(reached)
    if not usable:
        return [GroupLag(name, detail="no broker can be asked any more") for name in names]
    return [_group_lag(usable, name, deadline, now) for name in names]


def _usable(reached: Mapping[int, BrokerCheck]) -> dict[int, BrokerConnection]:
    return {broker: check.open_connection for broker, check in reached.items() if not check.open_connection.broken}


def _group_lag(
    usable: Mapping[int, BrokerConnection], name: str, deadline: Deadline, now: Callable[[], float]
) -> GroupLag:
    if deadline.expired:
        return GroupLag(name, detail="no time was left")
    try:
        return _Lookup(usable, deadline).lag(name, now)
    except StageError as error:
        return GroupLag(name, detail=error.detail)


class _Lookup:
    """Asks the brokers that were reached about one group.

    Args:
        leaders: connections by the brokers' ids.
    """

    def __init__(self, leaders: Mapping[int, BrokerConnection], deadline: Deadline) -> None:
        self._leaders = leaders
        self._deadline = deadline
        self._any = leaders[min(leaders)]
        self._behind = _Behind()

    def lag(self, name: str, now: Callable[[], float]) -> GroupLag:
        """The group's lag.

        Raises:
            StageError: under ``lag``, ``commit`` or ``fetch``.
        """
        address = groups.find_coordinator(self._any, name, self._deadline)
        connections = {connection.address: connection for connection in self._leaders.values()}
        coordinator = connections.get(address)
        if coordinator is None:
            return GroupLag(name, detail=f"{address}, the group's coordinator, can't be used")
        committed = groups.all_committed_offsets(coordinator, name, self._deadline)
        if not committed:
            listing = listed_group(coordinator, name, self._deadline)
            return GroupLag(name, detail=why_nothing_is_committed(listing.type if listing else None))
        topics = read_metadata(self._any, sorted(committed), self._deadline, Stage.LAG).topics
        for topic, positions in committed.items():
            self._add_topic(topics[topic], positions)
        return self._behind.as_lag(name, now())

    def _add_topic(self, topic: Topic, positions: Mapping[int, Committed]) -> None:
        if topic.error_code:
            about = f"topic {topic.name}"
            error = refused_error(Stage.LAG, "Metadata", topic.error_code, self._any.address, about)
            self._behind.refusals.append(error.detail)
            return
        by_leader: dict[int, list[int]] = {}
        for partition in topic.partitions:
            by_leader.setdefault(partition.leader, []).append(partition.index)
        for leader, partitions in by_leader.items():
            if leader in self._leaders:
                self._add_partitions(self._leaders[leader], topic.name, partitions, positions)
            else:
                self._behind.without_leader += len(partitions)

    def _add_partitions(
        self, leader: BrokerConnection, topic: str, partitions: list[int], positions: Mapping[int, Committed]
    ) -> None:
        behind: dict[int, tuple[int, int]] = {}
        for partition, (first, end) in offset_range(leader, topic, partitions, Stage.LAG, self._deadline).items():
            if partition not in positions:
                self._behind.never_committed += first < end
                continue
            start = max(positions[partition].offset, first)
            if start > end:
                self._behind.beyond_the_end += 1
                continue
            self._behind.count(start, end)
            if start < end:
                behind[partition] = (start, end)
        self._add_records(leader, topic, behind)

    def _add_records(self, leader: BrokerConnection, topic: str, behind: Mapping[int, tuple[int, int]]) -> None:
        oldest = self._oldest(leader, topic, behind)
        for partition, (start, end) in behind.items():
            self._behind.add(end - start, oldest.get(partition))

    def _oldest(
        self, leader: BrokerConnection, topic: str, behind: Mapping[int, tuple[int, int]]
    ) -> dict[int, Beginning]:
        try:
            return first_records(leader, topic, behind, Stage.LAG, self._deadline)
        except StageError as error:
            # A user that may not read may still count.
            self._behind.refusals.append(error.detail)
            self._behind.unread = True
            return {}


def why_nothing_is_committed(group_type: str | None) -> str:
    """Why a group has no committed offset, from its type (see :func:`msk_toolkit.kafka.group_listing.listed_group`)."""
    if group_type is None:
        return "no group of this name that the user may see: check the name, and Describe on the group"
    if group_type == "share":
        return "it is a share group, which commits no offsets: kafka-share-groups.sh --describe shows its lag"
    kind = f" ({group_type})" if group_type else ""
    return f"the group exists{kind} and has committed nothing that the user may see"
