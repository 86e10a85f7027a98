"""Topics, probes and connect on several versions of Apache Kafka: ``python -m local.compat [VERSION ...]``.

Each version brings up a cluster of its own for each part and runs that part's integration tests against it. A table
and ``build/compat.json`` say what passed, what a version can't do and why, and how long it took.
"""

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from local.interrupts import end_as_on_ctrl_c
from local.kafka.jars import KafkaUnavailableError
from local.kafka.programs import kafka_programs
from local.kafka.versions import runtime_of
from local.processes import Ledger

# The walk-through's, the last of the 2 series, the oldest that MSK still ran in 2026, the last with ZooKeeper, the
# default, and the two newest; `make test` tries the very last as well.
VERSIONS = ("2.2.1", "2.8.2", "3.6.2", "3.9.1", "4.1.2", "4.3.1", "4.4.0")
_TESTS = "tests/integration/test_"
# In the order of the table. Probes: the healthy runs first, since the first group ever needs every broker.
PARTS: dict[str, tuple[str, ...]] = {
    "topics": (f"{_TESTS}topics_on_kafka.py", f"{_TESTS}topics_decisions.py"),
    "probes": (
        f"{_TESTS}probes_on_kafka.py",
        f"{_TESTS}lag_on_kafka.py",
        f"{_TESTS}probes_with_brokers_down.py",
        f"{_TESTS}packed_records_on_kafka.py",
    ),
    "connect, files": (f"{_TESTS}connect_files_on_kafka.py",),
    "connect, source": (f"{_TESTS}connect_source_on_kafka.py",),
}
_CHECKOUT = Path(__file__).resolve().parent.parent
_REPORT = _CHECKOUT / "build" / "compat.json"
_TESTS_RUN = _CHECKOUT / ".local" / "tests"
_PART_SECONDS = 900


class Cell(msgspec.Struct, frozen=True):
    """How one part went on one version: counts of tests, the reasons of those skipped, the names of those failed."""

    version: str
    part: str
    seconds: float
    passed: int = 0
    not_possible: list[str] = []
    failed: list[str] = []

    @property
    def ok(self) -> bool:
        """Whether something was tried and nothing failed."""
        return bool(self.passed) and not self.failed

    @property
    def text(self) -> str:
        """For the table."""
        status = "ok"
        if not self.ok:
            status = f"{len(self.failed)} FAILED"
        passed = str(self.passed)
        if self.not_possible:
            passed += f", {len(self.not_possible)} not possible"
        return f"{status} ({passed}), {self.seconds:.0f} s"


def main(versions: Sequence[str]) -> int:
    """Run the parts and print each result, then the table; the exit status is 1 when anything failed."""
    console = Console(width=140)
    cells: list[Cell] = []
    try:
        for version in versions or VERSIONS:
            for cell in _try(version, console):
                cells.append(cell)
                console.print(f"{version}  {cell.part}: {cell.text}")
                for name in cell.failed:
                    console.print(f"    {name}", markup=False)
    finally:  # results before Ctrl-C count too
        _report(cells, console)
    return int(not all(cell.ok for cell in cells))


def _report(cells: Sequence[Cell], console: Console) -> None:
    console.print(_table(cells))
    for cell in cells:
        for reason in sorted(set(cell.not_possible)):
            console.print(f"{cell.version}  {cell.part}: not possible: {reason}", markup=False)
    _REPORT.parent.mkdir(exist_ok=True)
    _REPORT.write_bytes(msgspec.json.format(msgspec.json.encode(cells)))


def _try(version: str, console: Console) -> Iterator[Cell]:
    """Each part of a version, once its programs are there."""
    try:
        kafka_programs(version, _CHECKOUT / ".local" / "cache", console.print)
    except KafkaUnavailableError as error:
        yield from (Cell(version, part, 0.0, failed=[str(error)]) for part in PARTS)
        return
    yield from (_run(version, part) for part in PARTS)


def _run(version: str, part: str) -> Cell:
    """One part's tests in a process of its own; nothing of it outlives us or its time."""
    began = time.monotonic()
    log = _REPORT.parent / "compat" / f"{version} {part}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    # Where `make down` finds what is left when this very process is killed.
    _TESTS_RUN.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_TESTS_RUN) as name:
        folder = Path(name)
        report = folder / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", *PARTS[part], f"--junitxml={report}"]
        # What a version can't do is skipped with its reason, which the table shows.
        env = {name: value for name, value in os.environ.items() if name not in ("CI", "LOCAL_KAFKA_HOME")}
        try:
            with log.open("w") as output:
                subprocess.run(
                    [*command, f"--basetemp={folder / 'tests'}"],
                    env=env | {"KAFKA_VERSION": version},
                    cwd=_CHECKOUT,
                    timeout=_PART_SECONDS,
                    stdout=output,
                    stderr=output,
                    check=False,
                )
        except subprocess.TimeoutExpired:
            return Cell(version, part, _since(began), failed=[f"not finished within {_PART_SECONDS} s, see {log}"])
        finally:
            # Tests that were cut off have not ended their brokers.
            for ledger in folder.rglob("processes.json"):
                Ledger(ledger).stop_all(grace_seconds=0)
        if not report.exists():
            return Cell(version, part, _since(began), failed=[f"pytest wrote no report, see {log}"])
        tests = ET.parse(report).getroot().iter("testcase")  # noqa: S314 - pytest has just written it
        return _cell(version, part, _since(began), tests)


def _since(began: float) -> float:
    return round(time.monotonic() - began, 1)


def _cell(version: str, part: str, seconds: float, tests: Iterable[ET.Element]) -> Cell:
    passed, failed, not_possible = 0, [], []
    for test in tests:
        skipped = test.find("skipped")
        if test.find("failure") is not None or test.find("error") is not None:
            failed.append(test.get("name", ""))
        elif skipped is not None:
            not_possible.append(skipped.get("message", ""))
        else:
            passed += 1
    return Cell(version, part, seconds, passed, not_possible, failed)


def _table(cells: Sequence[Cell]) -> Table:
    table = Table("Apache Kafka", "run with", *PARTS, title="Compatibility")
    by_version: dict[str, list[Cell]] = {}
    for cell in cells:
        by_version.setdefault(cell.version, []).append(cell)
    for version, row in by_version.items():
        table.add_row(version, _run_with(version), *(cell.text for cell in row))
    return table


def _run_with(version: str) -> str:
    try:
        runtime = runtime_of(version)
    except ValueError:
        return "-"
    if runtime.zookeeper:
        return f"ZooKeeper, Java {runtime.java or 25}"
    return f"KRaft, Java {runtime.java or 25}"


if __name__ == "__main__":
    end_as_on_ctrl_c()
    sys.exit(main(sys.argv[1:]))
