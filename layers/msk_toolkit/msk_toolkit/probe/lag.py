"""How far named consumer groups are behind, in records and in seconds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka import group as groups
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.kafka.error_codes import refused_error
from msk_toolkit.kafka.group import Committed
from msk_toolkit.kafka.metadata import Topic, read_metadata
from msk_toolkit.kafka.records import first_records, offset_range
from msk_toolkit.network.stages import StageLog
from msk_toolkit.probe.check_brokers import BrokerCheck
from msk_toolkit.stage import Stage


class GroupLag(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """A group's lag over all its partitions.

    ``records`` counts what it has not committed; ``seconds`` is the age of the oldest of those, 0 where there is none.
    Each is None where it can't be told; ``detail`` says why, or what is left out.
    """

    group: str
    records: int | None = None
    seconds: float | None = None
    detail: str | None = None


@dataclass
class _Behind:
    """What is behind so far: records, the oldest one's time in milliseconds since 1970, and what is left out.

    ``counted`` is how many partitions could be counted.
    """

    counted: int = 0
    records: int = 0
    times: list[int] = field(default_factory=list)
    out_of_reach: int = 0
    never_committed: int = 0
    beyond_the_end: int = 0
    refusals: list[str] = field(default_factory=list)
    unread: bool = False

    def as_lag(self, group: str, now: float) -> GroupLag:
        left_out = [*self.refusals]
        if self.out_of_reach:
            left_out.append(f"{self.out_of_reach} partitions have no leader in reach")
        if self.never_committed:
            left_out.append(f"{self.never_committed} partitions hold records, and the group has no commit there")
        if self.beyond_the_end:
            left_out.append(
                f"{self.beyond_the_end} commits are beyond the end of their partition, which was made anew or "
                "truncated: the consumer starts again where its auto.offset.reset says"
            )
        detail = "; ".join(left_out) or None
        if not self.counted:
            return GroupLag(group, detail=detail)
        if not self.records:
            return GroupLag(group, 0, 0.0, detail)
        # What could not be read may be older than what could.
        told = self.times and not self.unread
        seconds = round(max(0.0, now - min(self.times) / 1000), 1) if told else None
        return GroupLag(group, self.records, seconds, detail)


def group_lags(
    reached: Mapping[int, BrokerCheck], names: Sequence[str], log: StageLog, now: Callable[[], float]
) -> list[GroupLag]:
    """The lag of each group; what can't be told of one is in its answer and no broker's failure.

    Args:
        reached: the brokers that were reached, by their ids; a partition that none of them leads is left out.
        log: gives the whole its deadline, that of one stage.
    """
    usable = {broker: one for broker, one in reached.items() if not one.open_connection.broken}
    if not usable:
        return [GroupLag(name, detail="no broker can be asked any more") for name in names]
    found: list[GroupLag] = []
    try:
        with log.stage(Stage.LAG) as stage:
            for name in names:
                try:
                    found.append(_lag(usable, name, stage, now))
                except StageError as error:
                    found.append(GroupLag(name, detail=error.detail))
                    if stage.expired:
                        raise
    except StageError:
        found += [GroupLag(name, detail="no time was left") for name in names[len(found) :]]
    return found


def _lag(reached: Mapping[int, BrokerCheck], name: str, stage: Deadline, now: Callable[[], float]) -> GroupLag:
    asked = reached[min(reached)].open_connection
    address = groups.find_coordinator(asked, name, stage)
    coordinator = next((one.open_connection for one in reached.values() if one.address == address), None)
    if coordinator is None:
        return GroupLag(name, detail=f"{address}, the group's coordinator, can't be used")
    committed = groups.all_committed_offsets(coordinator, name, stage)
    if not committed:
        return GroupLag(name, detail=why_nothing_is_committed(groups.group_type(coordinator, name, stage)))
    topics = read_metadata(asked, sorted(committed), stage, Stage.LAG).topics
    behind = _Behind()
    for topic, positions in committed.items():
        found = topics[topic]
        if found.error_code:
            behind.refusals.append(
                refused_error(Stage.LAG, "Metadata", found.error_code, asked.address, f"topic {topic}").detail
            )
            continue
        for leader, partitions in _by_leader(found).items():
            if leader in reached:
                _add(behind, reached[leader].open_connection, topic, partitions, positions, stage)
            else:
                behind.out_of_reach += len(partitions)
    return behind.as_lag(name, now())


def _by_leader(topic: Topic) -> dict[int, list[int]]:
    led: dict[int, list[int]] = {}
    for part in topic.partitions:
        led.setdefault(part.leader, []).append(part.index)
    return led


def _add(
    behind: _Behind,
    leader: BrokerConnection,
    topic: str,
    partitions: Sequence[int],
    positions: Mapping[int, Committed],
    stage: Deadline,
) -> None:
    ranges: dict[int, tuple[int, int]] = {}
    for partition, (first, end) in offset_range(leader, topic, list(partitions), Stage.LAG, stage).items():
        if partition not in positions:
            behind.never_committed += first < end
            continue
        start = max(positions[partition].offset, first)
        if start > end:
            behind.beyond_the_end += 1
            continue
        behind.counted += 1
        if start < end:
            ranges[partition] = (start, end)
    try:
        beginnings = first_records(leader, topic, ranges, Stage.LAG, stage)
    except StageError as error:
        # Who may not read may still count.
        behind.refusals.append(error.detail)
        behind.unread = True
        beginnings = {}
    for partition, (start, end) in ranges.items():
        beginning = beginnings.get(partition)
        if beginning and not beginning.holds_record:
            continue  # the markers of transactions are nobody's to read
        behind.records += end - start
        if beginning and beginning.timestamp is not None:
            behind.times.append(beginning.timestamp)


def why_nothing_is_committed(group_type: str | None) -> str:
    """Why a group has no committed offset, from its type (see :func:`msk_toolkit.kafka.group.group_type`)."""
    if group_type is None:
        return "no group of this name that the user may see: check the name, and Describe on the group"
    if group_type == "share":
        return "it is a share group, which commits no offsets: kafka-share-groups.sh --describe shows its lag"
    kind = f" ({group_type})" if group_type else ""
    return f"the group exists{kind} and has committed nothing that the user may see"
