"""Instructions a record, which no other load of the machine changes: ``python -m benchmarks.instructions``.

The handler runs under callgrind, once with a few invocations and once with more; the difference, by their records, is
what a record costs. Lambda's runtime parses the event before: what that costs is counted alone, and subtracted. The
kernel's part is not in it. Needs valgrind.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.builds import ROOT, baseline, search_path
from benchmarks.forwarding import CELLS, Cell, endpoint
from benchmarks.forwarding_events import BatchShape
from benchmarks.forwarding_senders import Setup
from benchmarks.forwarding_worker import Order

REPORT = ROOT / "build" / "bench" / "instructions.json"
FEW, MORE = 1, 3
RECORDS = 800
_COLLECTED = re.compile(rb"Collected : (\d+)")


class Counted(msgspec.Struct, kw_only=True):
    """Instructions a record by build."""

    cell: Cell
    instructions: dict[str, float]


def instructions(order: Order, build: Path) -> int:
    """Those of a whole process that carries out one order."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out",
             sys.executable, "-m", "benchmarks.forwarding_worker"],
            input=msgspec.json.encode(order) + b"\n", capture_output=True, check=True, cwd=ROOT,
            env={**search_path(build), "PYTHONHASHSEED": "0"},
        )  # fmt: skip
    match = _COLLECTED.search(done.stderr)
    assert match is not None, done.stderr
    return int(match[1])


def count(cell: Cell, port: int, builds: dict[str, Path]) -> Counted:
    """Count for every build."""
    parsing = per_record("nothing", cell, port, ROOT)
    counted = {name: per_record("forwarder", cell, port, build) - parsing for name, build in builds.items()}
    return Counted(cell=cell, instructions=counted)


def per_record(sender: str, cell: Cell, port: int, build: Path) -> float:
    """Instructions for a record of a sender's, with the batch's own parsing."""
    setup = Setup(port, cell.latency_ms, cell.per_post)
    shape = BatchShape(cell.partitions, min(RECORDS, cell.records), cell.headers)
    few, more = (instructions(Order(sender, setup, shape, number), build) for number in (FEW, MORE))
    return (more - few) / ((MORE - FEW) * shape.records)


def main() -> int:
    """Count, print, write the report."""
    parser = argparse.ArgumentParser(description="Instructions of the forwarder for a record.")
    parser.add_argument("--baseline", help="an earlier build: a tag, a commit, or a folder")
    parser.add_argument("--cells", default="0,2,3,9", help="numbers of cells from 0, comma separated")
    options = parser.parse_args()
    with baseline(options.baseline) as earlier, endpoint() as port:
        builds = {"forwarder": ROOT} | ({"baseline": earlier} if earlier else {})
        counted = [count(CELLS[int(number)], port, builds) for number in options.cells.split(",")]
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_bytes(msgspec.json.format(msgspec.json.encode(counted)))
    table = Table("cell", *builds, "of the baseline", title="Instructions per record (callgrind)")
    for result in counted:
        before = result.instructions.get("baseline")
        ratio = f"{result.instructions['forwarder'] / before:.2f}" if before else ""
        table.add_row(str(result.cell), *(f"{number:,.0f}" for number in result.instructions.values()), ratio)
    Console(width=150).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
