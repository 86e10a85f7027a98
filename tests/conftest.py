"""For every test: nothing that it starts outlives it, and in CI nothing may be skipped, as every part is there."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from threading import Thread

import psutil
import pytest

from local.interrupts import end_as_on_ctrl_c
from local.leftovers import end_leftovers
from local.ports import PART
from local.processes import Ledger
from tests.distribution import holds_waiting_tests, ports_of, rank, workers_for

# Below .local, so that `make down` finds the processes of tests that were killed.
RUNS = Path(__file__).parents[1] / ".local" / "tests"


def pytest_configure(config: pytest.Config) -> None:
    end_as_on_ctrl_c()
    RUNS.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(RUNS))
    if worker := worker_of(config):
        os.environ[PART] = ports_of(int(worker.removeprefix("gw")))


def worker_of(config: pytest.Config) -> str:
    """The name of this process where tests run side by side, such as gw0; empty where they do not, and in their main
    process.
    """
    return str(getattr(config, "workerinput", {}).get("workerid", ""))


# The next two are pytest-xdist's, which an older environment may lack.
@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """What `-n auto` stands for, as `make test` has it."""
    return workers_for(config.args, os.process_cpu_count() or 1)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    from tests.scheduler import ByGroup

    return ByGroup(config, log)


def pytest_sessionstart(session: pytest.Session) -> None:
    if session.config.pluginmanager.has_plugin("dsession") and holds_waiting_tests(session.config.args):
        from tests.integration.own_version import download_ahead

        Thread(target=download_ahead, daemon=True).start()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where tests run side by side, what takes long starts first."""
    if worker_of(config):
        items.sort(key=lambda item: rank(item.nodeid))


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> Generator[None]:
    """Hand an interruption on to the workers, and end what they had no time to end: they are gone behind this."""
    interrupted = exitstatus == pytest.ExitCode.INTERRUPTED and session.config.pluginmanager.has_plugin("dsession")
    for worker in psutil.Process().children() if interrupted else ():
        # By SIGTERM: who is started in the background ignores SIGINT. What a second signal cuts off is ended below.
        worker.terminate()
    yield
    if interrupted:
        end_leftovers(Path(os.environ["PYTEST_DEBUG_TEMPROOT"]))


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
