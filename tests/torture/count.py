"""Every record of a scenario against everything that Vantiq took."""

import json
from base64 import b64decode
from typing import Any

import msgspec

from tests.fakes.kafka_events import CLUSTER
from tests.torture.scenario import Scenario


class Result(msgspec.Struct, kw_only=True):
    """What a scenario came to; ``violations`` and ``lost`` must be empty."""

    produced: int
    delivered: int
    duplicates: int
    dead_lettered: int
    given_up: int
    redriven: int
    lost: list[str]
    altered: list[str]
    violations: list[str]
    left_in_the_bucket: list[str]
    poison_not_set_aside: list[str]
    set_aside_for_nothing: list[str]
    ends: dict[str, int]
    faults: dict[str, int]
    answers: dict[str, int]
    s3_failures: int
    seconds: float


def count(
    scenario: Scenario,
    delivered: list[Any],
    first_phase: int,
    letters: set[tuple[int, int]],
    given_up: set[tuple[int, int]],
) -> Result:
    """Every record of the scenario against everything that Vantiq took, in the order of arrival.

    Args:
        first_phase: how many of those came before the redrive.
    """
    produced = {
        (partition.number, record.offset): record for partition, log in scenario.records.items() for record in log
    }
    altered: list[str] = []
    first: dict[tuple[int, int], int] = {}
    for position, one in enumerate(delivered):
        place = (one["partition"], one["offset"])
        record = produced.get(place)
        if record is None or not _same(one, record):
            altered.append(f"{one['id']} is not what was produced")
        # An upsert of an array that was taken in part goes again: the last word on each record is in order.
        if place not in first or (scenario.last_word and position < first_phase):
            first[place] = position
    violations: list[str] = []
    newest: dict[Any, int] = {}
    # What was set aside on the way comes later by design: by the redrive, or when its whole batch came again.
    aside = letters | given_up
    for place in sorted(first, key=first.__getitem__):
        partition, offset = place
        redriven = first[place] >= first_phase
        lane = ("redriven", partition) if redriven else _lane(scenario, produced[place])
        if lane is None or (place in aside and not redriven):
            continue
        if offset < newest.get(lane, -1):
            violations.append(f"{place} after {newest[lane]}")
        newest[lane] = max(offset, newest.get(lane, -1))
    return Result(
        produced=len(produced),
        delivered=len(first),
        duplicates=len(delivered) - len(first),
        dead_lettered=len(letters),
        given_up=len(given_up),
        redriven=0,
        lost=[str(place) for place in sorted(produced.keys() - first.keys())][:20],
        altered=altered[:20],
        violations=violations[:20],
        left_in_the_bucket=[],
        poison_not_set_aside=[str(place) for place in sorted(scenario.poison - aside)][:20],
        # Every other fault of a scenario passes: no outage may make a letter.
        set_aside_for_nothing=[str(place) for place in sorted(letters - scenario.poison)][:20],
        ends={},
        faults={},
        answers={},
        s3_failures=0,
        seconds=0,
    )


def _lane(scenario: Scenario, record: Any) -> Any:
    """What the record must stay in order with; None where nothing is promised."""
    if scenario.ordering == "none" or (scenario.ordering == "key" and record.key is None):
        return None
    return record.partition.number, record.key if scenario.ordering == "key" else None


def _same(one: Any, record: Any) -> bool:
    """Whether an envelope says what the record held."""
    value = record.value
    if value is None:
        same = one["valueEncoding"] == "absent"
    elif one["valueEncoding"] == "json":
        same = one["value"] == json.loads(value)
    elif one["valueEncoding"] == "text":
        same = one["value"].encode() == value
    else:
        same = b64decode(one["value"]) == value
    key = one["key"].encode() if one["key"] is not None else None
    identity = f"{CLUSTER}/{record.partition.topic}/{record.partition.number}/{record.offset}"
    return same and key == record.key and len(one["headers"]) == len(record.headers) and one["id"] == identity
