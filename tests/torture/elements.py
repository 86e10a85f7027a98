"""Arrays to a type whose elements are refused, throttled and there already, in every form that the references know."""

import itertools
import json
import random
from collections.abc import Iterator
from typing import Any

import msgspec

from local.event_source_mapping.event import Partition, Record
from local.event_source_mapping.mapping import Mapping, StartingPosition
from local.event_source_mapping.outcome import PartialReading
from local.vantiq import Fault
from tests.fakes.kafka_events import ARN
from tests.torture.scenario import TOPIC, Scenario

FORMS = ("row", "errors", "response", "socket_response")
_QUOTA = "io.vantiq.resource.quota.credit.exhausted"
_MISSING = ("com.accessg2.ag2rs.type.not.found", "io.vantiq.type.system.resource.unknown")
_DUPLICATE = "io.vantiq.resource.duplicate.key"


def elements(seed: int, count: int) -> Scenario:
    """The scenario of a seed: inserts where it is even, upserts where it is odd."""
    chance = random.Random(seed)  # noqa: S311 - a reproducible choice, not a secret
    insert, provisioned = seed % 2 == 0, seed // 2 % 2 == 0
    mapping = Mapping(
        function_name="forwarder",
        event_source_arn=ARN,
        topics=(TOPIC,),
        consumer_group_id="torture",
        starting_position=StartingPosition.TRIM_HORIZON,
        batch_size=chance.choice([1000, 2000]),
        batching_window_seconds=0,
        provisioned=provisioned,
        report_batch_item_failures=provisioned,
    )
    records, poison = _records(chance, count)
    settings = {
        "VANTIQ_TARGET": "type:Order" if insert else "upsert:Order",
        "MAX_BATCH_RECORDS": str(chance.choice([50, 100])),
        "ORDERING": "partition",
        "MAX_IN_FLIGHT": str(chance.choice([1, 4])),
        "MAX_ATTEMPTS": str(chance.choice([1, 5])),
        "POLLER_MODE": "provisioned" if provisioned else "on-demand",
        "VANTIQ_TIMEOUT_SECONDS": "2.0",
        "RESERVE_SECONDS": "1.0",
        "MAX_CONSECUTIVE_REFUSALS": "0",
    }
    faults = [msgspec.convert(fault, Fault) for fault in _faults(insert)]
    return Scenario(seed, mapping, PartialReading.FROM_FIRST, settings, records, poison, faults, last_word=not insert)


def _records(chance: random.Random, count: int) -> tuple[dict[Partition, list[Record]], frozenset[tuple[int, int]]]:
    records: dict[Partition, list[Record]] = {}
    poison = set()
    for number in range(4):
        partition = Partition(TOPIC, number)
        records[partition] = []
        for offset in range(count // 4):
            refused = chance.random() < 0.002
            if refused:
                poison.add((number, offset))
            # Columns that are named like a response's own fields.
            value = {"partition": number, "offset": offset, "poison": refused, "status": chance.choice([200, 400, 500])}
            records[partition].append(
                Record(partition, offset, 1_763_800_000_000, json.dumps(value).encode(), b"k%d" % (offset % 7), ())
            )
    return records, frozenset(poison)


def _faults(insert: bool) -> list[dict[str, Any]]:
    """Failures of whole requests, then the refusals that stay, then failing elements and mere forms.

    The first that fits a request is played: answers for good records must come after those that refuse bad ones.
    """
    whole: list[dict[str, Any]] = [
        {"action": "reset", "accept": True},
        {"action": "html"},
        {"action": "status", "status": 503},
        {"action": "status", "status": 429, "code": _QUOTA},
        {"action": "status", "status": 204},
        *({"action": "status", "status": 400, "code": code} for code in _MISSING),
    ]
    if insert:
        whole.append({"action": "status", "status": 409, "code": _DUPLICATE, "accept": True})
    share = 0.01
    refusals = [
        {"action": "index_errors", "pointer": "/value/poison", "equals": True, "form": form, "status": status}
        | {"code": "io.vantiq.type.validation", "probability": 1 / (len(FORMS) - number)}
        for number, (form, status) in enumerate(zip(FORMS, (400, 400, 400, 422), strict=True))
    ]
    throttled = [fault | {"onwards": insert, "probability": share} for fault in _throttled()]
    forms = [{"action": "index_errors", "form": form, "probability": 0.3} for form in FORMS]
    early = {"action": "early_hints", "probability": 0.3}
    return [*(fault | {"probability": share} for fault in whole), *refusals, *throttled, *forms, early]


def _throttled() -> Iterator[dict[str, Any]]:
    """Elements that are throttled or fail; in every form that can express it.

    A row that was inserted behind a throttled one can't be taken back; an upsert of it is sent again, in order.
    """
    failures = ((429, _QUOTA), (400, _MISSING[0]), (500, "io.vantiq.internal"), (503, "x"))
    for index, form, (status, code) in itertools.product((0, 7, 31), FORMS, failures):
        if "response" in form or status in {400, 429}:
            yield {"action": "index_errors", "indexes": [index], "form": form, "status": status, "code": code}
