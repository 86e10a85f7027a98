"""Asks the brokers where a group is in a topic, and what the topic has."""

import itertools
from collections import defaultdict
from collections.abc import Callable, Mapping

from msk_toolkit.backoff import Backoff
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
_MOVING = {Cause.COORDINATOR_MOVED, Cause.COORDINATOR_UNAVAILABLE}
_MOVING_SECONDS = 15.0
_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 1.0


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
    committed, listing = at_coordinator(
        brokers,
        group,
        deadline,
        lambda coordinator: (
            committed_offsets(coordinator, group, topic, partitions, deadline),
            listed_group(coordinator, group, deadline),
        ),
    )
    states: dict[int, PartitionState] = {}
    for leader, indexes in leaders.items():
        connection = brokers.to(leader)
        times = _offsets_at(connection, topic, indexes, time, deadline)
        for index, (first, end) in offset_range(connection, topic, indexes, _STAGE, deadline).items():
            offset = committed[index].offset if index in committed else None
            states[index] = PartitionState(first, end, offset, times.get(index))
    return GroupOffsets(ABSENT if listing is None else listing.state, states)


def at_coordinator[Result](
    brokers: Brokers, group: str, deadline: Deadline, operation: Callable[[BrokerConnection], Result]
) -> Result:
    """Run an operation at the broker that coordinates the group, and again while that is being decided.

    The first group ever makes the brokers create the topic of the offsets: until all know its leaders, the broker that
    one names refuses.

    Args:
        operation: one that may be repeated after a refusal.

    Raises:
        NoBrokerError, StageError: as :func:`observe_group`.
    """
    backoff = Backoff(
        deadline.at_most(_MOVING_SECONDS), shortest_seconds=_PAUSE_SECONDS, longest_seconds=_LONGEST_PAUSE_SECONDS
    )
    while True:
        try:
            return operation(brokers.to(find_coordinator(brokers.entry, group, deadline)))
        except StageError as error:
            if error.cause not in _MOVING or not backoff.pause():
                raise


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
