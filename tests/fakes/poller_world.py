"""Brokers, a function and a bucket around the poller, on a clock that moves when someone waits."""

import itertools
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from threading import Event
from typing import Any

import msgspec

from local.aws.functions import FunctionError, FunctionUnavailableError
from local.event_source_mapping.attempts import Invocation
from local.event_source_mapping.destination import DeliveryError
from local.event_source_mapping.event import Partition, Record, Source
from local.event_source_mapping.mapping import Mapping as EventSourceMapping
from local.event_source_mapping.mapping import StartingPosition
from local.event_source_mapping.outcome import Dead, PartialReading
from local.event_source_mapping.poller import Clock, Polled, Poller, SourceError

ON_DEMAND = EventSourceMapping(
    function_name="forwarder",
    event_source_arn="arn:cluster",
    topics=("orders",),
    consumer_group_id="group",
    starting_position=StartingPosition.TRIM_HORIZON,
    batch_size=4,
    batching_window_seconds=0,
)
PROVISIONED = msgspec.structs.replace(ON_DEMAND, provisioned=True, report_batch_item_failures=True)
P0, P1 = Partition("orders", 0), Partition("orders", 1)

type Place = tuple[str, int]


class World:
    """Brokers that hold records, a clock that moves when someone waits, and a stop when all is committed."""

    def __init__(self, count: int = 10, partitions: tuple[Partition, ...] = (P0, P1)) -> None:
        self.logs = {
            partition: [Record(partition, offset, 0, b"") for offset in range(count)] for partition in partitions
        }
        self.position = dict.fromkeys(partitions, 0)
        self.committed = dict.fromkeys(partitions, 0)
        self.time = 0.0
        self.deadline = 10_000.0
        self.stop = _Stop(self)
        self.lost: frozenset[Partition] = frozenset()
        self.failing_polls = 0
        self.failing_commits = 0
        self.failure = "a broker is down"
        self.at_commit: Callable[[Mapping[Partition, int]], None] = lambda _: None
        # Between these moments the mapping is disabled, in seconds.
        self.disabled: tuple[float, float] | None = None
        self.left = 0

    def poll(self, timeout_seconds: float) -> Polled:
        if self.failing_polls:
            self.failing_polls -= 1
            raise SourceError(self.failure)
        polled = self.keep_alive()
        chunks = [self.logs[partition][at : at + 3] for partition, at in self.position.items()]
        records = tuple(itertools.chain.from_iterable(chunks))
        for record in records:
            self.position[record.partition] = record.offset + 1
        if not records:
            self.wait(timeout_seconds)
        return Polled(records, polled.lost)

    def keep_alive(self) -> Polled:
        lost, self.lost = self.lost, frozenset()
        for partition in lost & self.position.keys():  # and given back at once: read again from the committed offset
            self.position[partition] = self.committed[partition]
        return Polled(lost=lost)

    def commit(self, offsets: Mapping[Partition, int]) -> None:
        if self.failing_commits:
            self.failing_commits -= 1
            raise SourceError("the coordinator has moved")
        self.at_commit(offsets)
        self.committed.update(offsets)
        if all(self.committed[partition] == len(log) for partition, log in self.logs.items()):
            self.stop.set()

    def assignment(self) -> frozenset[Partition]:
        return frozenset(self.logs)

    def leave(self) -> None:
        self.left += 1
        self.position = dict(self.committed)

    def enabled(self) -> bool:
        return self.disabled is None or not self.disabled[0] <= self.time < self.disabled[1]

    def wait(self, seconds: float) -> None:
        self.time += seconds
        if self.time > self.deadline:
            self.stop.set()


class _Stop(Event):
    """An event that nobody really waits for."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def wait(self, timeout: float | None = None) -> bool:
        self._world.wait(timeout or 0)
        return self.is_set()


class Function:
    """Delivers records as the design says; each of its ``troubles`` spoils one invocation."""

    def __init__(self, mapping: EventSourceMapping, troubles: list[str] | None = None) -> None:
        self.reports = mapping.provisioned
        self.troubles = list(troubles or [])
        self.delivered: list[Place] = []
        self.sizes: list[int] = []

    def __call__(self, event: dict[str, Any]) -> Any:
        trouble = self.troubles.pop(0) if self.troubles else "none"
        self.sizes.append(sum(map(len, event["records"].values())))
        if trouble == "raise":
            raise FunctionError("boom")
        if trouble == "throttle":
            raise FunctionUnavailableError("too many requests")
        failures: list[dict[str, Any]] = []
        for name, records in event["records"].items():
            # A partition stops at its first failure: that record and every later one are reported.
            cut = len(records) // 2 if trouble == "cut" else math.inf
            for index, record in enumerate(records):
                if index < cut:
                    self.delivered.append((name, record["offset"]))
                else:
                    failures.append({"itemIdentifier": {"partition": name, "offset": record["offset"]}})
        if failures and not self.reports:
            raise FunctionError("something is left")
        return {"batchItemFailures": failures}


class Bucket:
    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.places: list[Place] = []

    def deliver(self, dead: Dead, now: datetime) -> None:
        if self.failures:
            self.failures -= 1
            raise DeliveryError("no such bucket")
        self.places += [(str(record.partition), record.offset) for record in dead.batch.records]


def poller_of(
    mapping: EventSourceMapping,
    world: World,
    function: Callable[[dict[str, Any]], Any],
    destination: Bucket | None = None,
    reading: PartialReading = PartialReading.FROM_FIRST,
) -> Poller:
    return Poller(
        mapping,
        world,
        Invocation(Source("arn:cluster", "b-1:9096"), function, destination, reading),
        clock=Clock(lambda: world.time, lambda: datetime.fromtimestamp(world.time, UTC)),
        enabled=world.enabled,
    )


def play(
    mapping: EventSourceMapping,
    world: World,
    function: Callable[[dict[str, Any]], Any],
    destination: Bucket | None = None,
    reading: PartialReading = PartialReading.FROM_FIRST,
) -> Poller:
    poller = poller_of(mapping, world, function, destination, reading)
    poller.run(world.stop)
    return poller


def everything(world: World) -> set[Place]:
    records = itertools.chain.from_iterable(world.logs.values())
    return {(str(record.partition), record.offset) for record in records}
