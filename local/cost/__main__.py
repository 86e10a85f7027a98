"""``python -m local.cost``: the stack's cost per month, counted from a run of the local system."""

import argparse
import sys
from pathlib import Path

import msgspec
from rich.console import Console

from local.cost.counts import RECORDED, recorded
from local.cost.run import count
from local.cost.table import report
from local.interrupts import end_as_on_ctrl_c
from local.replacing import may_replace
from local.system import HOME, ledger


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m local.cost", description="Estimate the stack's cost per month from a run of the local system."
    )
    parser.add_argument("--recorded", action="store_true", help="show the recorded counts without a run")
    parser.add_argument(
        "--record", action="store_true", help="record the counts, from which READMEs and documents are written"
    )
    parser.add_argument("--report", type=Path, default=Path("build/cost/counts.json"), help="(default: %(default)s)")
    arguments = parser.parse_args()
    console = Console(highlight=False)
    if not sys.stdout.isatty():
        console = Console(highlight=False, width=140)
    if arguments.recorded:
        print(report(recorded()))
        return 0
    end_as_on_ctrl_c()
    run = HOME / "run"
    with ledger(run).sole_run():
        if not may_replace(run, console, "make cost"):
            return 1
        counts = count(run, HOME / "cache", console)
    files = [arguments.report]
    if arguments.record:
        files.append(RECORDED)
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(msgspec.json.format(msgspec.json.encode(counts)) + b"\n")
    print(report(counts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
