"""How fast the forwarder is, as ratios to other senders of the same run: ``python -m benchmarks.forwarding``.

Absolute numbers belong to the machine. Every cell plays all senders in turn, several times and in both orders, and
takes each one's median; a ratio is the forwarder's rate over that sender's. On a busy machine trust the CPU time, and
the instructions (``python -m benchmarks.instructions``) more than both.

With ``--baseline`` an earlier build of the forwarder is one of the senders: a tag, a commit, or a folder with
``layers`` and ``functions``.
"""

import argparse
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.builds import ROOT, baseline, search_path
from benchmarks.forwarding_events import BatchShape
from benchmarks.forwarding_senders import Setup
from benchmarks.forwarding_worker import Order, Spent

REPORT = ROOT / "build" / "bench" / "forwarding.json"
ROUNDS = 7
# So long a sample should last at least: a shorter one is as noisy as the machine.
SAMPLE_SECONDS = 0.3
BASELINE = "baseline"
SLOW = ("requests.post", "Powertools")


class Cell(NamedTuple):
    """One setting; ``records`` over all partitions."""

    per_post: int
    latency_ms: int
    partitions: int
    records: int
    headers: int = 1

    def __str__(self) -> str:
        partitions = "1 partition" if self.partitions == 1 else f"{self.partitions} partitions"
        headers = "" if self.headers == 1 else f", {self.headers} headers"
        return f"{self.per_post} a POST, {self.latency_ms} ms, {partitions}, batches of {self.records}{headers}"


class Target(NamedTuple):
    """The least ratio to a sender, or the most CPU for a record in microseconds."""

    cell: Cell
    sender: str
    ratio: float


CELLS = (
    Cell(100, 0, 1, 800),
    Cell(100, 0, 1, 6_400),
    Cell(100, 0, 1, 6_400, headers=3),
    Cell(100, 0, 8, 800),
    Cell(100, 0, 8, 6_400),
    Cell(100, 20, 1, 800),
    Cell(100, 20, 8, 800),
    Cell(100, 20, 8, 6_400),
    Cell(1, 0, 1, 800),
    Cell(1, 0, 8, 800),
    Cell(1, 20, 1, 40),
    Cell(1, 20, 8, 80),
)
TARGETS = (
    Target(CELLS[3], BASELINE, 1.5),
    Target(CELLS[4], BASELINE, 1.2),
    Target(CELLS[9], BASELINE, 2.2),
    Target(CELLS[7], BASELINE, 1.25),
    Target(CELLS[1], BASELINE, 1.1),
    Target(CELLS[1], "simplest", 0.85),
    Target(CELLS[4], "simplest", 0.75),
    Target(CELLS[8], "simplest", 1.0),
    Target(CELLS[9], "simplest", 1.0),
    Target(CELLS[7], "ceiling", 0.85),
    Target(CELLS[5], "ceiling", 0.95),
    Target(CELLS[10], "ceiling", 0.95),
)
MOST_CPU = {CELLS[1]: 5.5, CELLS[4]: 7.0, CELLS[2]: 8.0, CELLS[9]: 35.0}


class Measured(msgspec.Struct, kw_only=True):
    """A cell's medians by sender: records a second, and CPU for a record in microseconds."""

    cell: Cell
    rates: dict[str, float]
    cpu_microseconds: dict[str, float]

    def ratio(self, sender: str) -> float | None:
        """The forwarder's rate to another's; None where that did not run."""
        if sender not in self.rates:
            return None
        return self.rates["forwarder"] / self.rates[sender]


class Worker:
    """A sender's process."""

    def __init__(self, sender: str, build: Path) -> None:
        self._sender = sender
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.forwarding_worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=search_path(build),
        )  # fmt: skip

    def send(self, cell: Cell, port: int, invocations: int) -> Spent:
        """Send the cell's batch so many times."""
        setup = Setup(port, cell.latency_ms, cell.per_post)
        order = Order(self._sender, setup, BatchShape(cell.partitions, cell.records, cell.headers), invocations)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(order).decode() + "\n")
        self._process.stdin.flush()
        return msgspec.json.decode(self._process.stdout.readline(), type=Spent)

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait(10)


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


@contextmanager
def workers(earlier: Path | None) -> Iterator[dict[str, Worker]]:
    """A process for each sender, by name; the baseline is the forwarder of another build."""
    with ExitStack() as ending:
        started = {name: Worker(name, ROOT) for name in ("forwarder", "simplest", "ceiling", *SLOW)}
        if earlier is not None:
            started[BASELINE] = Worker("forwarder", earlier)
        for worker in started.values():
            ending.callback(worker.close)
        yield started


def measure(cell: Cell, port: int, senders: dict[str, Worker], rounds: int) -> Measured:
    """Play every sender several times."""
    rates: dict[str, list[float]] = {name: [] for name in senders}
    cpu: dict[str, list[float]] = {name: [] for name in senders}
    first = senders["forwarder"].send(cell, port, 2)
    invocations = max(1, round(SAMPLE_SECONDS / (first.wall / 2)))
    for name, worker in senders.items():
        if name not in SLOW:
            worker.send(cell, port, 2)
    for number in range(rounds):
        for name in sorted(senders, reverse=number % 2 == 1):
            played = cell
            if name in SLOW:
                if number:
                    continue  # once is enough for what is tens of times slower
                played = cell._replace(records=min(cell.records, 80))
            times = 1 if name in SLOW else invocations
            spent = senders[name].send(played, port, times)
            rates[name].append(played.records * times / spent.wall)
            cpu[name].append(spent.cpu / (played.records * times) * 1e6)
    return Measured(
        cell=cell,
        rates={name: statistics.median(samples) for name, samples in rates.items()},
        cpu_microseconds={name: statistics.median(samples) for name, samples in cpu.items()},
    )


def missed(measured: list[Measured]) -> list[str]:
    """Each target that was not reached, in a sentence."""
    by_cell = {result.cell: result for result in measured}
    problems = []
    for target in TARGETS:
        result = by_cell.get(target.cell)
        ratio = result and result.ratio(target.sender)
        if ratio and ratio < target.ratio:
            problems.append(f"{target.cell}: {ratio:.2f} of {target.sender} (target: {target.ratio})")
    for cell, most in MOST_CPU.items():
        if cell in by_cell and (cpu := by_cell[cell].cpu_microseconds["forwarder"]) > most:
            problems.append(f"{cell}: {cpu:.1f} us of CPU per record (maximum: {most})")
    return problems


def table(measured: list[Measured]) -> Table:
    """The ratios for a person."""
    others = [name for name in measured[0].rates if name != "forwarder"]
    cpu_of = [name for name in ("forwarder", BASELINE, "simplest") if name in measured[0].rates]
    shown = Table("cell", "records/s", *(f"to {name}" for name in others), *(f"us, {name}" for name in cpu_of))
    for result in measured:
        ratios = [f"{result.ratio(name) or 0:.2f}" for name in others]
        cpu = [f"{result.cpu_microseconds[name]:.1f}" for name in cpu_of]
        shown.add_row(str(result.cell), f"{result.rates['forwarder']:,.0f}", *ratios, *cpu)
    return shown


def main() -> int:
    """Measure every cell; the exit status says whether every target was reached."""
    parser = argparse.ArgumentParser(description="The forwarder's rate and CPU beside other senders.")
    parser.add_argument("--baseline", help="an earlier build: a tag, a commit, or a folder")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--cells", default="", help="numbers of cells from 0, comma separated; empty: all")
    options = parser.parse_args()
    cells = [CELLS[int(number)] for number in options.cells.split(",") if number] or list(CELLS)
    with baseline(options.baseline) as earlier, endpoint() as port, workers(earlier) as senders:
        measured = [measure(cell, port, senders, options.rounds) for cell in cells]
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_bytes(msgspec.json.format(msgspec.json.encode(measured)))
    console = Console(width=200)
    console.print(table(measured))
    problems = missed(measured)
    for problem in problems:
        console.print(f"[red]missed[/red] {problem}")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
