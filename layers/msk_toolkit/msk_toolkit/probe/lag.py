"""How far named consumer groups are behind, in records and in seconds."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka import group as groups
from msk_toolkit.kafka.group import Committed
from msk_toolkit.kafka.metadata import Partition, read_metadata
from msk_toolkit.kafka.records import fetch, offset_range
from msk_toolkit.network.stages import StageLog
from msk_toolkit.probe.survey import BrokerCheck


class GroupLag(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """A group's lag over all its partitions.

    ``records`` counts what it has not committed; ``seconds`` is the age of the oldest of those, 0 where there is none.
    Both are None where they can't be told; ``detail`` says why, or what is left out.
    """

    group: str
    records: int | None = None
    seconds: float | None = None
    detail: str | None = None


def group_lags(
    reached: Mapping[int, BrokerCheck], names: Sequence[str], log: StageLog, now: Callable[[], float]
) -> list[GroupLag]:
    """The lag of each group; what can't be told of one is in its answer and no broker's failure.

    Args:
        reached: the brokers that were reached, by their ids; a partition that none of them leads is left out.
        log: gives the whole its deadline, that of one stage.
    """
    found: list[GroupLag] = []
    try:
        with log.stage("lag") as stage:
            for name in names:
                try:
                    found.append(_lag(reached, name, stage, now))
                except StageError as error:
                    found.append(GroupLag(name, detail=error.detail))
                    if stage.expired:
                        raise
    except StageError:
        found += [GroupLag(name, detail="no time was left") for name in names[len(found) :]]
    return found


def _lag(reached: Mapping[int, BrokerCheck], name: str, stage: Deadline, now: Callable[[], float]) -> GroupLag:
    asked = reached[min(reached)].talk
    address = groups.find_coordinator(asked, name, stage)
    coordinator = next((one.talk for one in reached.values() if one.address == address), None)
    if coordinator is None:
        return GroupLag(name, detail=f"{address}, the group's coordinator, can't be used")
    committed = groups.all_committed_offsets(coordinator, name, stage)
    if not committed:
        return GroupLag(name, detail="the group has committed nothing")
    topics = read_metadata(asked, sorted(committed), stage, "lag").topics
    records, oldest, left_out = 0, None, 0
    for topic, positions in committed.items():
        led = _by_leader(topics[topic].partitions, positions)
        left_out += sum(len(own) for leader, own in led.items() if leader not in reached)
        for leader, own in led.items():
            if leader in reached:
                behind, time = _behind(reached[leader], topic, own, stage)
                records += behind
                oldest = time if oldest is None or (time is not None and time < oldest) else oldest
    seconds = 0.0 if oldest is None else round(max(0.0, now() - oldest / 1000), 1)
    return GroupLag(name, records, seconds, f"{left_out} partitions have no leader in reach" if left_out else None)


def _by_leader(partitions: Sequence[Partition], positions: Mapping[int, Committed]) -> dict[int, dict[int, int]]:
    led: dict[int, dict[int, int]] = {}
    for part in partitions:
        if part.index in positions:
            led.setdefault(part.leader, {})[part.index] = positions[part.index].offset
    return led


def _behind(one: BrokerCheck, topic: str, positions: Mapping[int, int], stage: Deadline) -> tuple[int, int | None]:
    """Records behind, and the time of the oldest of them in milliseconds since 1970."""
    records, starts = 0, {}
    for partition, (first, end) in offset_range(one.talk, topic, sorted(positions), "lag", stage).items():
        start = max(positions[partition], first)
        if start < end:
            records += end - start
            starts[partition] = start
    if not starts:
        return 0, None
    read = fetch(one.talk, topic, starts, stage="lag", deadline=stage)
    return records, min((records[0].timestamp for records in read.values() if records), default=None)
