"""How fast the forwarder is, as ratios to other senders of the same run: ``python -m benchmarks.forwarding``.

Absolute numbers belong to the machine. Every cell plays all senders in turn, several times and in both orders, and
takes each one's median; a ratio is the forwarder's rate over that sender's. On a busy machine trust the CPU time.
"""

import itertools
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.forwarding_senders import (
    Sender,
    Setup,
    ceiling,
    forwarder,
    powertools,
    simplest_arrays,
    usual_sample,
)
from tests.fakes.kafka_events import event, record

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / "build" / "bench" / "forwarding.json"
ROUNDS = 5
# Without latency a round is a fraction of a second, and whatever else the machine does is seen in it.
SHORT_ROUNDS = 15
VALUE_BYTES = 500
MAX_CPU_MICROSECONDS = 15.0


class Cell(NamedTuple):
    """One setting: ``records`` is for each partition."""

    per_post: int
    latency_ms: int
    partitions: int
    records: int


# Enough for a second or so of the forwarder; the one-by-one senders get a part of it.
CELLS = (
    Cell(100, 0, 1, 20_000),
    Cell(100, 0, 8, 2_500),
    Cell(100, 20, 1, 5_000),
    Cell(100, 20, 8, 5_000),
    Cell(100, 100, 1, 1_500),
    Cell(100, 100, 8, 1_500),
    Cell(1, 0, 1, 2_000),
    Cell(1, 0, 8, 250),
    Cell(1, 20, 1, 60),
    Cell(1, 20, 8, 60),
    Cell(1, 100, 1, 15),
    Cell(1, 100, 8, 15),
)
# Least ratio to (a sender) in a cell (records a POST, ms, partitions).
TARGETS = {
    (100, 20, 1): ("ceiling", 0.85),
    (100, 100, 1): ("ceiling", 0.85),
    (100, 20, 8): ("ceiling", 0.8),
    (100, 100, 8): ("ceiling", 0.8),
    (100, 0, 1): ("simplest arrays", 0.8),
    (100, 0, 8): ("simplest arrays", 0.8),
    (1, 20, 1): ("ceiling", 0.95),
}


class Measured(msgspec.Struct, kw_only=True):
    """A cell's medians by sender: records a second, and CPU for a record in microseconds."""

    per_post: int
    latency_ms: int
    partitions: int
    rates: dict[str, float]
    cpu_microseconds: dict[str, float]

    def ratio(self, sender: str) -> float:
        """The forwarder's rate to another's."""
        return self.rates["forwarder"] / self.rates[sender]


@contextmanager
def endpoint() -> Iterator[int]:
    """The endpoint in a process of its own; its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.forwarding_endpoint"], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(10)


def measure(cell: Cell, port: int) -> Measured:
    """Play every sender several times."""
    senders = _senders(cell, port)
    rates: dict[str, list[float]] = {name: [] for name in senders}
    cpu: dict[str, list[float]] = {name: [] for name in senders}
    warm = _event(cell.partitions, 2)
    for send, _ in senders.values():
        send(warm)
    for number in range(_rounds(cell)):
        names = list(senders)
        if number % 2 == 0:
            names.reverse()
        for name in names:
            if number and name in {"requests.post", "Powertools"}:
                continue  # once is enough for what is tens of times slower
            send, batch = senders[name]
            count = sum(map(len, batch["records"].values()))
            began, began_cpu = time.perf_counter(), time.process_time()
            send(batch)
            rates[name].append(count / (time.perf_counter() - began))
            cpu[name].append((time.process_time() - began_cpu) / count * 1e6)
    return Measured(
        per_post=cell.per_post,
        latency_ms=cell.latency_ms,
        partitions=cell.partitions,
        rates={name: statistics.median(samples) for name, samples in rates.items()},
        cpu_microseconds={name: statistics.median(samples) for name, samples in cpu.items()},
    )


def _senders(cell: Cell, port: int) -> dict[str, tuple[Sender, dict[str, Any]]]:
    """Each sender with the event that it sends."""
    setup = Setup(port, cell.latency_ms, cell.per_post)
    whole = _event(cell.partitions, cell.records)
    slow = _at_most(_for_slow_senders(cell), cell)
    return {
        "forwarder": (forwarder(setup), whole),
        "ceiling": (ceiling(setup, whole), whole),
        "simplest arrays": (simplest_arrays(setup), whole),
        "requests.post": (usual_sample(setup), slow),
        "Powertools": (powertools(setup), slow),
    }


def _for_slow_senders(cell: Cell) -> dict[str, Any]:
    """One record after the other over all partitions: a small part says as much."""
    if cell.latency_ms >= 100 and cell.partitions > 1:
        return _event(cell.partitions, 2)
    if cell.latency_ms >= 100:
        return _event(cell.partitions, 10)
    if cell.per_post == 1:
        return _event(cell.partitions, cell.records)
    return _event(cell.partitions, max(1, cell.records // (10 * cell.partitions)))


def _rounds(cell: Cell) -> int:
    if cell.latency_ms or cell.per_post == 1:
        return ROUNDS
    return SHORT_ROUNDS


def missed(measured: list[Measured]) -> list[str]:
    """Each target that was not reached, in a sentence."""
    problems = []
    for cell in measured:
        place = (cell.per_post, cell.latency_ms, cell.partitions)
        target = TARGETS.get(place)
        if target and cell.ratio(target[0]) < target[1]:
            problems.append(f"{_name(cell)}: {cell.ratio(target[0]):.2f} of {target[0]} (target: {target[1]})")
        cpu = cell.cpu_microseconds["forwarder"]
        if place == (100, 0, 1) and cpu > MAX_CPU_MICROSECONDS:
            problems.append(f"{_name(cell)}: {cpu:.1f} us of CPU per record (maximum: {MAX_CPU_MICROSECONDS})")
    return problems


def table(measured: list[Measured]) -> Table:
    """The ratios for a person."""
    shown = Table(
        "cell", "records/s", *(f"to {name}" for name in list(measured[0].rates)[1:]), "CPU us/record", "simplest's"
    )
    for cell in measured:
        ratios = [f"{cell.ratio(name):.2f}" for name in list(cell.rates)[1:]]
        cpu = [f"{cell.cpu_microseconds[name]:.1f}" for name in ("forwarder", "simplest arrays")]
        shown.add_row(_name(cell), f"{cell.rates['forwarder']:,.0f}", *ratios, *cpu)
    return shown


def main() -> int:
    """Measure every cell; the exit status says whether every target was reached."""
    console = Console(width=130)
    with endpoint() as port:
        measured = [measure(cell, port) for cell in CELLS]
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_bytes(msgspec.json.format(msgspec.json.encode(measured)))
    console.print(table(measured))
    problems = missed(measured)
    for problem in problems:
        console.print(f"[red]missed[/red] {problem}")
    return int(bool(problems))


def _event(partitions: int, records: int) -> dict[str, Any]:
    bare = len(json.dumps({"partition": 0, "offset": 0, "pad": ""}))
    value = json.dumps({"partition": 0, "offset": 0, "pad": "x" * (VALUE_BYTES - bare)}).encode()
    places = itertools.product(range(partitions), range(records))
    return event([record(offset, value, partition=partition) for partition, offset in places])


def _at_most(batch: dict[str, Any], cell: Cell) -> dict[str, Any]:
    """So many records that a sender of one by one needs about two seconds."""
    most = max(1, int(2 / (cell.latency_ms / 1000 + 0.002)) // cell.partitions)
    return {**batch, "records": {place: records[:most] for place, records in batch["records"].items()}}


def _name(cell: Measured) -> str:
    partitions = f"{cell.partitions} partitions"
    if cell.partitions == 1:
        partitions = "1 partition"
    return f"{cell.per_post} per request, {cell.latency_ms} ms, {partitions}"


if __name__ == "__main__":
    sys.exit(main())
