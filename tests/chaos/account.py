"""Every record that was written against everything that arrived. Pure."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

import msgspec

_SHOWN = 20


class Place(NamedTuple):
    """Where Kafka put a record; ``generation`` counts how often its topic has been made anew."""

    topic: str
    generation: int
    partition: int
    offset: int


class Written(NamedTuple):
    """What became of the records that were written, by their numbers.

    Args:
        acknowledged: these Kafka has, each with its place.
        unacknowledged: nobody knows whether Kafka has these.
        aborted: these belong to transactions that were aborted.
    """

    acknowledged: Mapping[int, Place]
    unacknowledged: Collection[int]
    aborted: Collection[int]


class Arrival(NamedTuple):
    """A record that Vantiq accepted, as its envelope says; ``number`` is None where it carries no id of this run."""

    number: int | None
    topic: str
    partition: int
    offset: int
    unharmed: bool


class Account(msgspec.Struct, kw_only=True):
    """What a run came to: counts, and up to twenty of each kind that must not be.

    ``kafka_gave_up`` are the records of topics that were deleted before the group had read them.
    """

    written: int
    acknowledged: int
    unacknowledged: int
    aborted: int
    kafka_gave_up: int
    arrived: int
    duplicates: int
    unacknowledged_arrived: int
    aborted_arrived: int
    lost: int
    altered: int
    out_of_order: int
    foreign: int
    examples: dict[str, list[str]]

    @property
    def clean(self) -> bool:
        """Whether every record is where it belongs."""
        return not (self.lost or self.altered or self.out_of_order or self.foreign)


# By topic, generation and partition: where a group stood when the topic was deleted.
type Read = Mapping[tuple[str, int, int], int]


class Promise(NamedTuple):
    """What may be expected of the order.

    Args:
        lane_of: what a record must stay in order with, by number and place; None where nothing is promised.
        set_aside: numbers of records that Vantiq refused, which arrive later.
    """

    lane_of: Callable[[int, Place], object]
    set_aside: Collection[int]


def account(written: Written, arrivals: Iterable[Arrival], promise: Promise, read_before_deletion: Read) -> Account:
    """Compare what was written with what arrived, in the order in which it did."""
    known = {*written.acknowledged, *written.unacknowledged, *written.aborted}
    first: dict[int, Arrival] = {}
    altered, foreign, duplicates = [], [], 0
    for arrival in arrivals:
        if arrival.number is None or arrival.number not in known:
            foreign.append(f"{arrival}")
        elif not arrival.unharmed or not _is_at(arrival, written.acknowledged.get(arrival.number)):
            altered.append(f"{arrival}")
        if arrival.number in first:
            duplicates += 1
        elif arrival.number is not None:
            first[arrival.number] = arrival
    missing = [number for number in written.acknowledged if number not in first]
    given_up = [number for number in missing if _was_deleted(written.acknowledged[number], read_before_deletion)]
    lost = sorted(set(missing) - set(given_up))
    late = _out_of_order(written, first, promise)
    return Account(
        written=len(known),
        acknowledged=len(written.acknowledged),
        unacknowledged=len(written.unacknowledged),
        aborted=len(written.aborted),
        kafka_gave_up=len(given_up),
        arrived=len(first),
        duplicates=duplicates,
        unacknowledged_arrived=sum(number in first for number in written.unacknowledged),
        aborted_arrived=sum(number in first for number in written.aborted),
        lost=len(lost),
        altered=len(altered),
        out_of_order=len(late),
        foreign=len(foreign),
        examples={
            "lost": [f"{number} at {written.acknowledged[number]}" for number in lost[:_SHOWN]],
            "altered": altered[:_SHOWN],
            "out of order": late[:_SHOWN],
            "foreign": foreign[:_SHOWN],
        },
    )


def _is_at(arrival: Arrival, place: Place | None) -> bool:
    """Whether it is where Kafka acknowledged it; a record without acknowledgement may be anywhere."""
    if place is None:
        return True
    return (arrival.topic, arrival.partition, arrival.offset) == (place.topic, place.partition, place.offset)


def _was_deleted(place: Place, read_before_deletion: Read) -> bool:
    """Whether its topic was deleted when the group had not read as far as that."""
    read = read_before_deletion.get((place.topic, place.generation, place.partition))
    return read is not None and place.offset >= read


def _out_of_order(written: Written, first: Mapping[int, Arrival], promise: Promise) -> list[str]:
    """The records whose first arrival came after that of a later one of their lane."""
    newest: dict[object, tuple[int, int]] = {}
    late: list[str] = []
    for number in first:  # in the order of arrival
        place = written.acknowledged.get(number)
        if place is None or number in promise.set_aside:
            continue
        lane = promise.lane_of(number, place)
        if lane is None:
            continue
        before, offset = newest.get(lane, (-1, -1))
        if place.offset < offset:
            late.append(f"{number} at {place} after {before} at offset {offset}")
        else:
            newest[lane] = (number, place.offset)
    return late
