"""Pytest plugin: which tests run which lines of the mutated modules, and how long each takes.

Loaded with ``-p tests.mutants.lines``. MUTANT_MODULES names the modules, MUTANT_LINES the JSON file that is written:
``{"lines": {"path:line": [test, ...]}, "seconds": {test: seconds}}``.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

import pytest

_TOOL = sys.monitoring.COVERAGE_ID
_MODULES = {str(Path(module).resolve()): module for module in os.environ.get("MUTANT_MODULES", "").split(":")}
_current: set[str] = set()
_tests: dict[str, set[str]] = {}
_seconds: dict[str, float] = {}


def _on_line(code: CodeType, line: int) -> object:
    module = _MODULES.get(code.co_filename)
    if module is None:
        return sys.monitoring.DISABLE
    _current.add(f"{module}:{line}")
    return None


def pytest_configure() -> None:
    """Watch from the first import on: lines at module level belong to the first test."""
    sys.monitoring.use_tool_id(_TOOL, "mutants")
    sys.monitoring.register_callback(_TOOL, sys.monitoring.events.LINE, _on_line)
    sys.monitoring.set_events(_TOOL, sys.monitoring.events.LINE)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """One test: what it runs, and its time."""
    _current.clear()
    started = time.monotonic()
    result = yield
    # Parameters are left out: a command line has its limits.
    test = item.nodeid.partition("[")[0]
    _seconds[test] = _seconds.get(test, 0.0) + time.monotonic() - started
    for line in _current:
        _tests.setdefault(line, set()).add(test)
    return result


def pytest_unconfigure() -> None:
    """Write what was seen."""
    lines = {line: sorted(tests) for line, tests in _tests.items()}
    Path(os.environ["MUTANT_LINES"]).write_text(json.dumps({"lines": lines, "seconds": _seconds}), encoding="utf-8")
