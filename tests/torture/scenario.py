"""What a seed means: the mapping, the target, the records, and everything that goes wrong."""

import json
import random
from typing import Any, NamedTuple

import msgspec

from local.event_source_mapping.event import Partition, Record
from local.event_source_mapping.mapping import Mapping, StartingPosition
from local.event_source_mapping.outcome import PartialReading
from local.vantiq import Fault
from tests.fakes.kafka_events import ARN
from tests.fakes.passing_faults import PASSING

TOPIC = "torture.topic-1"
LARGE = 60_000
# Seeds from here on drop tombstones; the others mean what they always meant.
DROPPING_FROM = 100
# Poison by how Vantiq refuses it, whatever else happens.
POISON = ("whole", "element", "unprocessable", "large", "binary")
KEYS = 7


class Scenario(NamedTuple):
    """One run.

    Args:
        retries: after so many a provisioned mapping gives a batch up; 0 for never.
        poison: the ids (partition, offset) that Vantiq refuses while the faults last.
        last_word: order is that of each record's last arrival before the redrive, not of its first.
    """

    seed: int
    mapping: Mapping
    reading: PartialReading
    settings: dict[str, str]
    records: dict[Partition, list[Record]]
    poison: frozenset[tuple[int, int]]
    faults: list[Fault]
    last_word: bool = False

    @property
    def ordering(self) -> str:
        """As the function is configured."""
        return self.settings["ORDERING"]

    @property
    def drops_tombstones(self) -> bool:
        """Whether records without a value are done without being sent."""
        return self.settings.get("TOMBSTONES") == "drop"

    def __str__(self) -> str:
        mode = "on demand"
        if self.mapping.provisioned:
            mode = f"provisioned, {self.reading.value}"
        if self.mapping.on_failure_arn:
            mode += ", gives up"
        if self.drops_tombstones:
            mode += ", drops tombstones"
        return (
            f"seed {self.seed}: {mode}, {self.settings['VANTIQ_TARGET']}, order by {self.ordering}, "
            f"{self.settings['MAX_BATCH_RECORDS']} a POST, batches of {self.mapping.batch_size}"
        )


def scenario(seed: int, count: int) -> Scenario:
    """The scenario of a seed, with about ``count`` records; from ``DROPPING_FROM`` on tombstones are dropped."""
    chance = random.Random(seed)  # noqa: S311 - a reproducible choice, not a secret
    mode = ("on-demand", "listed", "onwards")[seed % 3]
    target, per_post = (("topic:/orders", 1), ("topic:/unwound", 40), ("upsert:Order", 60))[seed // 3 % 3]
    ordering = "partition" if chance.random() < 0.6 else chance.choice(["key", "none"])
    provisioned = mode != "on-demand"
    gives_up = provisioned and chance.random() < 0.4
    mapping = Mapping(
        function_name="forwarder",
        event_source_arn=ARN,
        topics=(TOPIC,),
        consumer_group_id="torture",
        starting_position=StartingPosition.TRIM_HORIZON,
        batch_size=chance.choice([50, 150, 300] if per_post == 1 else [100, 500, 1500]),
        batching_window_seconds=0,
        provisioned=provisioned,
        report_batch_item_failures=provisioned,
        bisect_batch_on_function_error=provisioned and chance.random() < 0.5,
        maximum_retry_attempts=chance.randrange(2, 5) if gives_up else -1,
        on_failure_arn="arn:aws:s3:::letters" if gives_up else None,
    )
    records, poison = _records(chance, count)
    settings = {
        "VANTIQ_TARGET": target,
        "MAX_BATCH_RECORDS": str(per_post),
        "ORDERING": ordering,
        "MAX_IN_FLIGHT": str(chance.choice([1, 4, 8])),
        "MAX_ATTEMPTS": str(chance.choice([1, 3, 5])),
        "POLLER_MODE": "provisioned" if provisioned else "on-demand",
        "VANTIQ_TIMEOUT_SECONDS": "1.0",
        "RESERVE_SECONDS": "1.0",
        "MAX_POST_BYTES": "500000",
        "MAX_CONSECUTIVE_REFUSALS": "0",
    }
    if seed >= DROPPING_FROM:
        settings["TOMBSTONES"] = "drop"
    reading = PartialReading.LISTED_ONLY if mode == "listed" else PartialReading.FROM_FIRST
    return Scenario(seed, mapping, reading, settings, records, poison, _faults(chance, per_post))


def _records(chance: random.Random, count: int) -> tuple[dict[Partition, list[Record]], frozenset[tuple[int, int]]]:
    records: dict[Partition, list[Record]] = {}
    poison = set()
    partitions = chance.choice([1, 3, 6])
    for number in range(partitions):
        partition = Partition(TOPIC, number)
        records[partition] = []
        for offset in range(count // partitions):
            kind = chance.choice(POISON) if chance.random() < 0.004 else ""
            if kind and kind != "binary":
                poison.add((number, offset))
            key = None if chance.random() < 0.2 else b"k%d" % (offset % KEYS)
            headers = (("trace", b"\xff\x00"), ("trace", b"b")) if chance.random() < 0.1 else ()
            records[partition].append(
                Record(partition, offset, 1_763_800_000_000, _value(chance, kind, number, offset), key, headers)
            )
    return records, frozenset(poison)


def _value(chance: random.Random, kind: str, partition: int, offset: int) -> bytes | None:
    if kind == "binary":
        return b"\xff\xfe\x00" + chance.randbytes(20)
    if not kind and chance.random() < 0.02:
        return chance.choice([None, b"", b"plain text", b"[1, 2"])
    pad = "x" * (LARGE if kind == "large" else chance.choice([10, 100, 500]))
    return json.dumps({"partition": partition, "offset": offset, "poison": kind, "pad": pad}).encode()


def _faults(chance: random.Random, per_post: int) -> list[Fault]:
    """Faults that pass, each for a small share of the requests, before the refusals that stay."""
    share = 0.03
    if per_post == 1:
        share = 0.004
    passing = list(PASSING)
    chance.shuffle(passing)
    weighed = [fault | {"probability": share / _weight(fault)} for fault in passing]
    element: dict[str, Any] = {"action": "index_errors"}
    if per_post == 1:
        element = {"action": "status", "status": 409}
    staying: list[dict[str, Any]] = [
        {"action": "status", "status": 400, "pointer": "/value/poison", "equals": "whole"},
        {"action": "status", "status": 422, "pointer": "/value/poison", "equals": "unprocessable"},
        {"action": "status", "status": 413, "pointer": "/value/poison", "equals": "large"},
        element | {"pointer": "/value/poison", "equals": "element"},
    ]
    return [msgspec.convert(fault, Fault) for fault in [*weighed, *staying]]


def _weight(fault: dict[str, Any]) -> int:
    """The slow ones cost a second of the run each."""
    if fault["action"] in {"hang", "slow_drip"} or "retry_after" in fault:
        return 4
    return 1
