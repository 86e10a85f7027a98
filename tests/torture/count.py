"""Every record of a scenario against everything that Vantiq took."""

import itertools
import json
from base64 import b64decode
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from local.event_source_mapping.event import Record
from tests.fakes.kafka_events import CLUSTER
from tests.torture.scenario import Scenario

Place = tuple[int, int]


class Result(msgspec.Struct, kw_only=True):
    """What a scenario came to; ``violations`` and ``lost`` must be empty."""

    produced: int
    delivered: int
    duplicates: int
    dead_lettered: int
    given_up: int
    lost: list[str]
    altered: list[str]
    violations: list[str]
    poison_not_set_aside: list[str]
    set_aside_for_nothing: list[str]
    redriven: int = 0
    left_in_the_bucket: list[str] = []
    ends: dict[str, int] = {}
    faults: dict[str, int] = {}
    answers: dict[str, int] = {}
    s3_failures: int = 0
    seconds: float = 0


class Arrivals(NamedTuple):
    """Everything that Vantiq accepted, in the order of arrival; the first ``first_phase`` came before the redrive."""

    envelopes: list[Any]
    first_phase: int


def count(scenario: Scenario, arrivals: Arrivals, letters: set[Place], given_up: set[Place]) -> Result:
    """Every record of the scenario against everything that Vantiq accepted."""
    records: Iterable[Record] = itertools.chain.from_iterable(scenario.records.values())
    if scenario.drops_tombstones:
        # One that arrives nevertheless is not what was produced.
        records = (record for record in records if record.value is not None)
    produced = {(record.partition.number, record.offset): record for record in records}
    altered: list[str] = []
    first: dict[Place, int] = {}
    for position, envelope in enumerate(arrivals.envelopes):
        place = (envelope["partition"], envelope["offset"])
        record = produced.get(place)
        if record is None or not _same(envelope, record):
            altered.append(f"{envelope['id']} is not what was produced")
        # An upsert of an array that was taken in part goes again: the last word on each record is in order.
        if place not in first or (scenario.last_word and position < arrivals.first_phase):
            first[place] = position
    # What was set aside comes later by design: by the redrive, or when its whole batch was invoked again.
    aside = letters | given_up
    violations = _violations(scenario, produced, first, arrivals.first_phase, aside)
    return Result(
        produced=len(produced),
        delivered=len(first),
        duplicates=len(arrivals.envelopes) - len(first),
        dead_lettered=len(letters),
        given_up=len(given_up),
        lost=[str(place) for place in sorted(produced.keys() - first.keys())][:20],
        altered=altered[:20],
        violations=violations[:20],
        poison_not_set_aside=[str(place) for place in sorted(scenario.poison - aside)][:20],
        # Every other fault of a scenario passes: no outage may make a letter.
        set_aside_for_nothing=[str(place) for place in sorted(letters - scenario.poison)][:20],
    )


def _violations(
    scenario: Scenario, produced: Mapping[Place, Any], first: Mapping[Place, int], first_phase: int, aside: set[Place]
) -> list[str]:
    """The places that arrived behind a later one of their lane."""
    violations: list[str] = []
    newest: dict[Any, int] = {}
    for place in sorted(first, key=first.__getitem__):
        partition, offset = place
        lane: Any = ("redriven", partition)
        if first[place] < first_phase:
            lane = _lane(scenario, produced[place])
            if lane is None or place in aside:
                continue
        if offset < newest.get(lane, -1):
            violations.append(f"{place} after {newest[lane]}")
        newest[lane] = max(offset, newest.get(lane, -1))
    return violations


def _lane(scenario: Scenario, record: Any) -> Any:
    """What the record must stay in order with; None where nothing is promised."""
    if scenario.ordering == "none" or (scenario.ordering == "key" and record.key is None):
        return None
    if scenario.ordering == "partition":
        return record.partition.number, None
    return record.partition.number, record.key


def _same(envelope: Any, record: Any) -> bool:
    """Whether an envelope says what the record held."""
    value = record.value
    if value is None:
        same = envelope["valueEncoding"] == "absent"
    elif envelope["valueEncoding"] == "json":
        same = envelope["value"] == json.loads(value)
    elif envelope["valueEncoding"] == "text":
        same = envelope["value"].encode() == value
    else:
        same = b64decode(envelope["value"]) == value
    key = None
    if envelope["key"] is not None:
        key = envelope["key"].encode()
    identity = f"{CLUSTER}/{record.partition.topic}/{record.partition.number}/{record.offset}"
    return same and key == record.key and len(envelope["headers"]) == len(record.headers) and envelope["id"] == identity
