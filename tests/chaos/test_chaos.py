"""Everything breaks, and every record is accounted for; `make chaos` does so for longer and with many seeds."""

from collections.abc import Iterator

import pytest
from rich.console import Console

from local.startup import bring_down, bring_up
from local.steps import Steps
from local.system import HOME, System, ledger
from tests.chaos.__main__ import VARIANT, play
from tests.chaos.report import text_of
from tests.chaos.run import Plan

RUN = HOME / "tests" / "chaos-short"
# Bringing the system up, a minute of disturbance, and draining, beside other tests.
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
_SHORT = Plan(seed=1, records=10_000, backlog=500, pace=3.0, write_seconds=45.0, drain_seconds=240.0, large=False)


@pytest.fixture
def system() -> Iterator[System]:
    """A system of its own: everything in it is broken."""
    with ledger(RUN).sole_run():
        try:
            yield bring_up(RUN, HOME / "cache", Steps(Console(highlight=False, width=140)), VARIANT)
        finally:
            bring_down(RUN)


def test_nothing_is_lost_altered_or_reordered_while_everything_breaks(system: System) -> None:
    outcomes = play(system, [_SHORT], Console(highlight=False, width=140))
    outcome = outcomes[0]
    assert outcome.clean, text_of(outcomes)
    assert outcome.account.arrived >= outcome.account.acknowledged - outcome.account.kafka_gave_up > 0
    # Which acts fit into the time depends on the machine; some of each line do.
    assert len(outcome.acts) >= 4, text_of(outcomes)
