"""What a move of a group's offsets costs; nothing here asks a broker."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from msk_toolkit.offsets.request import PartitionMove, To

ABSENT, EMPTY = "absent", "Empty"
# Before Kafka 2.6 a listing has no states: the broker itself refuses the commit of a group with members.
_WITHOUT_MEMBERS = frozenset({ABSENT, EMPTY, "Dead", ""})


class PartitionState(msgspec.Struct, frozen=True):
    """A partition and the group's place in it.

    Args:
        committed: the next offset that the group reads; None if it has committed none.
        at_time: the first offset of the requested time or later; None if there is none, or no time was requested.
    """

    first: int
    end: int
    committed: int | None = None
    at_time: int | None = None


class GroupOffsets(msgspec.Struct, frozen=True):
    """A group as the brokers show it; ``state`` is Kafka's, or ``absent``."""

    state: str
    partitions: Mapping[int, PartitionState]

    @property
    def has_members(self) -> bool:
        """Whether it is being read in: such a group commits its own offsets."""
        return self.state not in _WITHOUT_MEMBERS


def planned_moves(observed: GroupOffsets, to: To, offsets: Mapping[int, int]) -> list[PartitionMove]:
    """The move of each partition, by its number; with ``offsets`` of those that are named and exist."""
    moves: list[PartitionMove] = []
    for partition, state in sorted(observed.partitions.items()):
        target = _target(state, to, offsets.get(partition))
        if target is not None:
            moves.append(_move(partition, state, target))
    return moves


def _target(state: PartitionState, to: To, named: int | None) -> int | None:
    match to:
        case "beginning":
            return state.first
        case "end":
            return state.end
        case "time":
            # No record of that time or later: as Kafka's own tools do, on with those that come.
            return state.end if state.at_time is None else state.at_time
        case "offsets":
            return named


def _move(partition: int, state: PartitionState, target: int) -> PartitionMove:
    place = _place(state)
    repeated, skipped = 0, max(0, target - state.first)
    if place is not None:
        repeated, skipped = max(0, place - target), max(0, target - place)
    return PartitionMove(partition, state.committed, target, state.first, state.end, repeated, skipped)


def _place(state: PartitionState) -> int | None:
    """Where the group really reads on; None where that is the mapping's starting position.

    A commit below the first offset is of records that Kafka has deleted, and one beyond the end of a topic that was
    created again.
    """
    if state.committed is None or state.committed > state.end:
        return None
    return max(state.committed, state.first)


def offset_problems(observed: GroupOffsets, offsets: Mapping[int, int]) -> Iterator[str]:
    """A sentence for each offset that the topic does not have."""
    for partition, offset in sorted(offsets.items()):
        state = observed.partitions.get(partition)
        if state is None:
            yield f"partition {partition}: the topic has {len(observed.partitions)} partitions, from 0"
        elif not state.first <= offset <= state.end:
            yield f"partition {partition}: {offset} is not from {state.first} to {state.end}, the offsets that it has"


def move_problems(observed: GroupOffsets, group: str, moves: Sequence[PartitionMove], *, skip: bool) -> Iterator[str]:
    """Why moves that were planned earlier must not be made now; nothing if they may.

    Args:
        skip: whether records may be skipped.
    """
    if observed.has_members:
        yield f"group {group} has members (it is {observed.state}): disable the mapping, and wait until they have left"
    yield from offset_problems(observed, {move.partition: move.target for move in moves})
    for move in moves:
        state = observed.partitions.get(move.partition)
        if state is not None and state.committed != move.committed:
            now = "nothing" if state.committed is None else state.committed
            yield f"partition {move.partition}: the group has committed {now} since the plan: plan again"
    skipped = sum(move.skipped for move in as_of_now(observed, moves))
    if skipped and not skip:
        yield f'{skipped} records would be skipped and never be forwarded: say so with "skip": true'


def as_of_now(observed: GroupOffsets, moves: Sequence[PartitionMove]) -> list[PartitionMove]:
    """The same moves with what they cost now: records were written since the plan."""
    states = observed.partitions
    return [_move(move.partition, states[move.partition], move.target) for move in moves if move.partition in states]
