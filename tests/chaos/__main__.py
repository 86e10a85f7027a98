"""``python -m tests.chaos``: disturb the whole local system, and account for every record."""

import argparse
import faulthandler
import sys
from pathlib import Path

import msgspec
from rich.console import Console

from local.interrupts import end_as_on_ctrl_c
from local.startup import Variant, bring_down, bring_up
from local.steps import Steps
from local.system import HOME, System, ledger
from tests.chaos.live import Live
from tests.chaos.report import LEAST_RATIO, is_clean, ratio, text_of
from tests.chaos.run import Outcome, Plan, Run, say_with_time

# With the tests' systems, so that `make down` ends what a killed run has left.
RUN = HOME / "tests" / "chaos"
REPORT = Path("build/chaos/report.json")
# Short enough that a run need not wait for long where an environment stands still.
FORWARDER_SECONDS = 30.0
VARIANT = Variant(
    {"AdvancedSettings": '{"RESERVE_SECONDS": 24, "VANTIQ_TIMEOUT_SECONDS": 2}'}, pollers=2, watched=False
)


def play(system: System, plans: list[Plan], console: Console) -> list[Outcome]:
    """Play seeds one after the other on a running system; writes the report after each."""
    live, outcomes = Live(system, FORWARDER_SECONDS), list[Outcome]()
    for plan in plans:
        console.rule(f"seed {plan.seed}: {plan.records:,} records")
        say = say_with_time(lambda text: console.print(text, markup=False, highlight=False, soft_wrap=True))
        outcomes.append(Run(live, plan, say).play())
        REPORT.parent.mkdir(parents=True, exist_ok=True)
        REPORT.write_bytes(msgspec.json.format(msgspec.json.encode(outcomes)))
        console.print(text_of(outcomes), markup=False, highlight=False, soft_wrap=True)
    return outcomes


def main() -> int:
    """Returns the exit status: 0 if every record is where it belongs, and the system was quick enough."""
    arguments = _arguments()
    end_as_on_ctrl_c()
    faulthandler.enable()  # librdkafka is C
    console = Console(width=140)
    plans = [
        Plan(seed, arguments.records, arguments.backlog, pace=arguments.pace, drain_seconds=arguments.limit)
        for seed in arguments.seeds
    ]
    with ledger(RUN).sole_run():
        try:
            system = (System.open(RUN) if arguments.keep else None) or bring_up(
                RUN, HOME / "cache", Steps(console), VARIANT
            )
            outcomes = play(system, plans, console)
        finally:
            if not arguments.keep:
                bring_down(RUN)
    console.print(f"{REPORT} has the same as JSON")
    if not is_clean(outcomes):
        console.print("FAILED: records are lost, altered, out of order, foreign or left")
        return 1
    if ratio(outcomes) < LEAST_RATIO:
        console.print(f"FAILED: the rate under chaos is less than {LEAST_RATIO} of the quiet one")
        return 1
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--records", type=int, default=100_000, help="for each seed")
    parser.add_argument("--pace", type=float, default=1.0, help="how much quicker the acts follow one another")
    parser.add_argument("--backlog", type=int, default=5_000, help="how many records wait in Kafka at most")
    parser.add_argument("--limit", type=float, default=600.0, help="seconds without progress, or to drain")
    parser.add_argument("--keep", action="store_true", help="use the system of the last such run, and leave it running")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
