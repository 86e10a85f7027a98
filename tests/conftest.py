"""For every test: nothing that it starts outlives it, and in CI nothing may be skipped, as every part is there."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from local.interrupts import end_as_on_ctrl_c
from local.processes import Ledger

# Below .local, so that `make down` finds the processes of tests that were killed.
RUNS = Path(__file__).parents[1] / ".local" / "tests"


def pytest_configure() -> None:
    end_as_on_ctrl_c()
    RUNS.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(RUNS))


@pytest.fixture(scope="session", autouse=True)
def sole_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Hold the folder of all the tests' ledgers: `make down` lets a run that goes on alone."""
    with Ledger(tmp_path_factory.getbasetemp() / "processes.json").sole_run():
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure where the environment variable CI is set."""
    report = yield
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"
    return report
