"""The whole local system, brought up once for all end-to-end tests and ended behind them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rich.console import Console

from local.startup import bring_down, bring_up
from local.steps import Steps
from local.system import HOME, System, ledger

# Not `make up`'s own: that may be running. With the other tests' ledgers, so that it is found with them.
RUN = HOME / "tests" / "system"


# The first test of a run has everything brought up: two minutes, and several beside other work.
_SECONDS = 600


# They expect a system that is well; others leave dead letters, whose alarm stays on for some minutes.
_FIRST = "test_verify.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The hook is asked about the tests of all folders."""
    items.sort(key=lambda item: item.path.parent == Path(__file__).parent and item.path.name != _FIRST)
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(_SECONDS))


@pytest.fixture(scope="session")
def steps() -> Steps:
    """Printed, for the output of a failing test."""
    return Steps(Console(highlight=False, width=140))


@pytest.fixture(scope="session")
def system(steps: Steps) -> Iterator[System]:
    """Kafka, AWS, Vantiq, the stack built and deployed, a poller for each mapping."""
    with _brought_up(RUN, steps) as system:
        yield system


@pytest.fixture(scope="module")
def own_system(steps: Steps) -> Iterator[System]:
    """Another such system, which no other file has touched."""
    with _brought_up(RUN.with_name("own-system"), steps) as system:
        yield system


@contextmanager
def _brought_up(run: Path, steps: Steps) -> Iterator[System]:
    with ledger(run).sole_run():
        try:
            yield bring_up(run, HOME / "cache", steps)
        finally:
            bring_down(run)
