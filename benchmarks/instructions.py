"""Instructions a record, which no other load of the machine changes: ``python -m benchmarks.instructions``.

The handler runs under callgrind, which counts while batches are sent: the events are parsed before, as Lambda's runtime
does. The kernel's part is not in it. Needs valgrind with its headers, and a C compiler.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from contextlib import ExitStack
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
INVOCATIONS = 3
RECORDS = 800
# Only code that runs under valgrind can tell it when to count.
_LIBRARY = """
#include <valgrind/callgrind.h>
void start(void) { CALLGRIND_START_INSTRUMENTATION; CALLGRIND_ZERO_STATS; }
void stop(void) { CALLGRIND_DUMP_STATS; CALLGRIND_STOP_INSTRUMENTATION; }
"""
_TOTALS = re.compile(r"^(?:summary|totals): (\d+)", re.MULTILINE)


class Counted(msgspec.Struct, kw_only=True):
    """Instructions a record by build."""

    cell: Cell
    instructions: dict[str, float]


class CountedWorker:
    """A process of :mod:`benchmarks.instructions_worker` with the forwarder of a build, under callgrind."""

    def __init__(self, build: Path, folder: Path) -> None:
        self._folder = folder
        library = folder / "library.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", library], input=_LIBRARY, text=True, check=True)
        self._process = subprocess.Popen(
            ["valgrind", "-q", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={folder}/count",
             sys.executable, "-m", "benchmarks.instructions_worker", library],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
            env={**search_path(build), "PYTHONHASHSEED": "0"},
        )  # fmt: skip

    def per_record(self, cell: Cell, port: int) -> float:
        """What the forwarder takes for a record of this cell."""
        setup = Setup(port, cell.latency_ms, cell.per_post)
        shape = BatchShape(cell.partitions, min(RECORDS, cell.records), cell.headers)
        order = Order("forwarder", setup, shape, INVOCATIONS)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(order).decode() + "\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline(), "the worker has ended"
        return self._count() / (INVOCATIONS * shape.records)

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait(30)

    def _count(self) -> int:
        (count,) = self._folder.glob("count.*")
        match = _TOTALS.search(count.read_text(encoding="utf-8"))
        count.unlink()
        assert match is not None
        return int(match[1])


def main() -> int:
    """Count, print, write the report."""
    parser = argparse.ArgumentParser(description="Instructions of the forwarder for a record.")
    parser.add_argument("--baseline", help="an earlier build: a tag, a commit, or a folder")
    parser.add_argument("--cells", default="0,2,3,5,6,8,9,10,11", help="numbers of cells from 0, comma separated")
    options = parser.parse_args()
    counted: list[Counted] = []
    with baseline(options.baseline) as earlier, endpoint() as port, ExitStack() as ending:
        workers: dict[str, CountedWorker] = {}
        for name, build in {"forwarder": ROOT, "baseline": earlier}.items():
            if build is not None:
                folder = Path(ending.enter_context(tempfile.TemporaryDirectory()))
                workers[name] = CountedWorker(build, folder)
                ending.callback(workers[name].close)
        for number in options.cells.split(","):
            cell = CELLS[int(number)]
            instructions = {name: worker.per_record(cell, port) for name, worker in workers.items()}
            counted.append(Counted(cell=cell, instructions=instructions))
            print(cell, instructions, flush=True)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_bytes(msgspec.json.format(msgspec.json.encode(counted)))
    Console(width=150).print(table(counted))
    return 0


def table(counted: list[Counted]) -> Table:
    """The figures for a person."""
    builds = list(counted[0].instructions)
    shown = Table("cell", *builds, "of the baseline", title="Instructions per record (callgrind)")
    for result in counted:
        before = result.instructions.get("baseline")
        ratio = f"{result.instructions['forwarder'] / before:.2f}" if before else ""
        shown.add_row(str(result.cell), *(f"{number:,.0f}" for number in result.instructions.values()), ratio)
    return shown


if __name__ == "__main__":
    sys.exit(main())
