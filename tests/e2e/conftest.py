"""The whole local system, brought up once for all end-to-end tests and ended behind them."""

from collections.abc import Iterator

import pytest
from rich.console import Console

from local.startup import bring_down, bring_up
from local.steps import Steps
from local.system import HOME, System, ledger

# Not `make up`'s own: that may be running. With the other tests' ledgers, so that it is found with them.
RUN = HOME / "tests" / "system"


@pytest.fixture(scope="session")
def steps() -> Steps:
    """Told to whoever looks at a failing test's output."""
    return Steps(Console(highlight=False, width=140))


@pytest.fixture(scope="session")
def system(steps: Steps) -> Iterator[System]:
    """Kafka, AWS, Vantiq, the stack built and deployed, a poller for each mapping."""
    with ledger(RUN).sole_run():
        try:
            yield bring_up(RUN, HOME / "cache", steps)
        finally:
            bring_down(RUN)
