"""Asks the brokers where a group is in a topic, and what the topic has."""

import itertools
from collections import defaultdict
from collections.abc import Mapping

from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.access import BrokerAddress
from msk_toolkit.kafka.brokers import Brokers
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.kafka.error_codes import refused_error
from msk_toolkit.kafka.group import committed_offsets, find_coordinator
from msk_toolkit.kafka.group_listing import listed_group
from msk_toolkit.kafka.metadata import read_metadata
from msk_toolkit.kafka.records import offset_at, offset_range
from msk_toolkit.offsets.plan import ABSENT, GroupOffsets, PartitionState
from msk_toolkit.stage import Stage

_STAGE = Stage.METADATA


def observe_group(brokers: Brokers, group: str, topic: str, time: int | None, deadline: Deadline) -> GroupOffsets:
    """The group's offsets in the topic, and the topic's own.

    Args:
        time: in milliseconds since 1970; None to look up none.

    Raises:
        NoBrokerError: no broker can be used.
        StageError: a broker did not answer, or refused; a partition has no leader.
    """
    leaders = _leaders(brokers, topic, deadline)
    partitions = sorted(itertools.chain.from_iterable(leaders.values()))
    coordinator = coordinator_of(brokers, group, deadline)
    committed = committed_offsets(coordinator, group, topic, partitions, deadline)
    listing = listed_group(coordinator, group, deadline)
    states: dict[int, PartitionState] = {}
    for leader, indexes in leaders.items():
        connection = brokers.to(leader)
        times = _offsets_at(connection, topic, indexes, time, deadline)
        for index, (first, end) in offset_range(connection, topic, indexes, _STAGE, deadline).items():
            offset = committed[index].offset if index in committed else None
            states[index] = PartitionState(first, end, offset, times.get(index))
    return GroupOffsets(ABSENT if listing is None else listing.state, states)


def coordinator_of(brokers: Brokers, group: str, deadline: Deadline) -> BrokerConnection:
    """A connection with the broker that coordinates the group.

    Raises:
        NoBrokerError, StageError: as :func:`observe_group`.
    """
    return brokers.to(find_coordinator(brokers.entry, group, deadline))


def _leaders(brokers: Brokers, topic: str, deadline: Deadline) -> Mapping[BrokerAddress, list[int]]:
    entry = brokers.entry
    metadata = read_metadata(entry, [topic], deadline)
    described = metadata.topics[topic]
    if described.error_code:
        raise refused_error(_STAGE, "Metadata", described.error_code, entry.address, f"topic {topic}")
    leaders: dict[BrokerAddress, list[int]] = defaultdict(list)
    for partition in described.partitions:
        if partition.leader not in metadata.brokers:
            detail = f"partition {partition.index} of {topic} has no leader"
            raise StageError(_STAGE, Cause.LEADERLESS, str(entry.address), detail)
        leaders[metadata.brokers[partition.leader]].append(partition.index)
    return leaders


def _offsets_at(
    leader: BrokerConnection, topic: str, partitions: list[int], time: int | None, deadline: Deadline
) -> dict[int, int | None]:
    if time is None:
        return {}
    return {partition: offset_at(leader, topic, partition, time, _STAGE, deadline) for partition in partitions}
