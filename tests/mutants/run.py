"""Run tests in a copy of the tree, without and with a change."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.mutants.changes import Change
from tests.mutants.packages import LAYER, ROOT

# A change that loops forever is noticed by its time; the machine may be ten times as busy as at the first run.
_LEAST_SECONDS = 60.0
_TIMES_SLOWER = 10.0
_FOLDED = 90


class Mutant(NamedTuple):
    """A change of a module."""

    package: str
    module: Path
    change: Change

    @property
    def text(self) -> str:
        """The change on one line."""
        before, after = (" ".join(text.split()) for text in (self.change.before, self.change.after))
        return f"{before} -> {after}"

    def __str__(self) -> str:
        module = self.module.relative_to(LAYER)
        text = self.text if len(self.text) <= 2 * _FOLDED else f"{self.text[:_FOLDED]} ... {self.text[-_FOLDED:]}"
        return f"{module}:{self.change.line} {self.change.function}: {text}"


class Tests(NamedTuple):
    """The tests by the lines that they run (``path:line``), and their seconds; a test with all of its parameters."""

    lines: dict[str, list[str]]
    seconds: dict[str, float]

    def of(self, mutant: Mutant) -> list[str]:
        """Those that run the changed line, the quickest first.

        All of them where no test does: then the line runs when the module is imported, before any test.
        """
        tests = self.lines.get(f"{mutant.module.as_posix()}:{mutant.change.line}") or list(self.seconds)
        return sorted(tests, key=lambda test: self.seconds[test])


def copy_tree(folder: Path) -> Path:
    """The files that git knows of, also those not committed yet."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.splitlines():
        source, copy = ROOT / name, folder / name
        if source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
    return folder


def lines_of_tests(tree: Path, modules: Sequence[str], tests: Sequence[str]) -> Tests:
    """Run the tests once.

    Raises:
        SystemExit: one fails.
    """
    report = tree / "lines.json"
    variables = {"MUTANT_MODULES": ":".join(modules), "MUTANT_LINES": str(report)}
    status = _pytest(tree, ["-p", "tests.mutants.lines", *tests], variables, None)
    if status != 0:
        raise SystemExit("the tests fail without any change")
    return Tests(**json.loads(report.read_text(encoding="utf-8")))


def runs_green(mutant: Mutant, tree: Path, tests: Tests) -> bool:
    """Whether every test that runs the changed line still passes."""
    noticing = tests.of(mutant)
    bound = _LEAST_SECONDS + _TIMES_SLOWER * sum(tests.seconds[test] for test in noticing)
    module = tree / mutant.module
    original = module.read_bytes()
    module.write_text(mutant.change.source, encoding="utf-8")
    try:
        return _pytest(tree, noticing, {}, bound) == 0
    finally:
        module.write_bytes(original)


def _pytest(tree: Path, arguments: Sequence[str], variables: dict[str, str], bound: float | None) -> int:
    """Its exit status; 1 where its time is over."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
    environment = os.environ | {
        "PYTHONPATH": f"{tree / 'layers' / 'msk_toolkit'}:{tree}",
        "PYTHONDONTWRITEBYTECODE": "1",
        **variables,
    }
    process = subprocess.Popen(
        [*command, *arguments],
        cwd=tree,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait(bound)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return 1
