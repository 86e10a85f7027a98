"""How fast the forwarder is, as ratios to other senders of the same run: ``python -m benchmarks.forwarding``.

Absolute numbers belong to the machine. Every cell plays all senders in turn, several times and in both orders, and
takes each one's median; a ratio is the forwarder's rate over that sender's. On a busy machine trust the CPU time.
"""

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
MOST_CPU_MICROSECONDS = 15.0


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
    setup = Setup(port, cell.latency_ms, cell.per_post)
    whole = _event(cell.partitions, cell.records)
    # One record after the other over all partitions: a small part says as much.
    few = _event(cell.partitions, max(1, cell.records // (10 * cell.partitions) if cell.per_post > 1 else cell.records))
    slow = few if cell.latency_ms < 100 else _event(cell.partitions, 2 if cell.partitions > 1 else 10)
    senders: dict[str, tuple[Sender, dict[str, Any]]] = {
        "forwarder": (forwarder(setup), whole),
        "ceiling": (ceiling(setup, whole), whole),
        "simplest arrays": (simplest_arrays(setup), whole),
        "requests.post": (usual_sample(setup), _at_most(slow, cell)),
        "Powertools": (powertools(setup), _at_most(slow, cell)),
    }
    rates: dict[str, list[float]] = {name: [] for name in senders}
    cpu: dict[str, list[float]] = {name: [] for name in senders}
    warm = _event(cell.partitions, 2)
    for send, _ in senders.values():
        send(warm)
    for number in range(ROUNDS if cell.latency_ms or cell.per_post == 1 else SHORT_ROUNDS):
        for name, (send, batch) in senders.items() if number % 2 else reversed(senders.items()):
            if number and name in {"requests.post", "Powertools"}:
                continue  # once is enough for what is tens of times slower
            count = sum(map(len, batch["records"].values()))
            began, began_cpu = time.perf_counter(), time.process_time()
            send(batch)
            rates[name].append(count / (time.perf_counter() - began))
            cpu[name].append((time.process_time() - began_cpu) / count * 1e6)
    return Measured(
        per_post=cell.per_post,
        latency_ms=cell.latency_ms,
        partitions=cell.partitions,
        rates={name: statistics.median(values) for name, values in rates.items()},
        cpu_microseconds={name: statistics.median(values) for name, values in cpu.items()},
    )


def missed(measured: list[Measured]) -> list[str]:
    """Each target that was not reached, in a sentence."""
    problems = []
    for result in measured:
        target = TARGETS.get((result.per_post, result.latency_ms, result.partitions))
        if target and result.ratio(target[0]) < target[1]:
            problems.append(f"{_name(result)}: {result.ratio(target[0]):.2f} of {target[0]}, {target[1]} is required")
        checks_cpu = (result.per_post, result.latency_ms, result.partitions) == (100, 0, 1)
        cpu = result.cpu_microseconds["forwarder"]
        if checks_cpu and cpu > MOST_CPU_MICROSECONDS:
            problems.append(f"{_name(result)}: {cpu:.1f} us of CPU a record, {MOST_CPU_MICROSECONDS} at most")
    return problems


def table(measured: list[Measured]) -> Table:
    """The ratios for a person."""
    shown = Table(
        "cell", "records/s", *(f"to {name}" for name in list(measured[0].rates)[1:]), "CPU us/record", "simplest's"
    )
    for result in measured:
        ratios = [f"{result.ratio(name):.2f}" for name in list(result.rates)[1:]]
        cpu = [f"{result.cpu_microseconds[name]:.1f}" for name in ("forwarder", "simplest arrays")]
        shown.add_row(_name(result), f"{result.rates['forwarder']:,.0f}", *ratios, *cpu)
    return shown


def main() -> int:
    """Measure every cell; the exit status says whether every target was reached."""
    console = Console(width=130)
    with endpoint() as port:
        measured = [measure(cell, port) for cell in CELLS]
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_bytes(msgspec.json.format(msgspec.json.encode(measured)))
    console.print(table(measured))
    for problem in (problems := missed(measured)):
        console.print(f"[red]missed[/red] {problem}")
    return 1 if problems else 0


def _event(partitions: int, records: int) -> dict[str, Any]:
    bare = len(json.dumps({"partition": 0, "offset": 0, "pad": ""}))
    value = json.dumps({"partition": 0, "offset": 0, "pad": "x" * (VALUE_BYTES - bare)}).encode()
    return event([record(n, value, partition=p) for p in range(partitions) for n in range(records)])


def _at_most(batch: dict[str, Any], cell: Cell) -> dict[str, Any]:
    """So many records that a sender of one by one needs about two seconds."""
    most = max(1, int(2 / (cell.latency_ms / 1000 + 0.002)) // cell.partitions)
    return {**batch, "records": {place: records[:most] for place, records in batch["records"].items()}}


def _name(result: Measured) -> str:
    partitions = "1 partition" if result.partitions == 1 else f"{result.partitions} partitions"
    return f"{result.per_post} per request, {result.latency_ms} ms, {partitions}"


if __name__ == "__main__":
    sys.exit(main())
