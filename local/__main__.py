"""``python -m local up|down|demo|status``: the whole system on this machine."""

import argparse
import sys
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from local.aws.deployment import DeploymentError
from local.aws.emulator import EmulatorError
from local.aws.functions import FunctionError, FunctionUnavailableError
from local.demo.story import run_demo
from local.interrupts import end_as_on_ctrl_c
from local.kafka.cluster import KafkaClusterError
from local.kafka.jars import KafkaUnavailableError
from local.laptop import NoContainerAddressError, write_environment
from local.leftovers import end_leftovers
from local.processes import AlreadyRunningError, ProcessError
from local.startup import bring_down, bring_up
from local.steps import Steps
from local.system import HOME, OtherVersionError, System, ledger
from local.tour import describe, write_shell

_KNOWN = (
    AlreadyRunningError,
    DeploymentError,
    EmulatorError,
    FunctionError,
    FunctionUnavailableError,
    KafkaClusterError,
    KafkaUnavailableError,
    NoContainerAddressError,
    OtherVersionError,
    ProcessError,
    BotoCoreError,
    ClientError,
    OSError,
)


# Where output goes to no terminal, lines are as long as their content.
_WIDTH = 140


def main() -> int:
    """Returns the exit status: 0, 1 when something failed, 130 after Ctrl-C."""
    arguments = _parser().parse_args()
    console = Console(highlight=False)
    if not sys.stdout.isatty():
        console = Console(highlight=False, width=_WIDTH)
    run = HOME / "run"
    end_as_on_ctrl_c()
    try:
        return _run(run, arguments, console)
    except KeyboardInterrupt:
        console.print(_interrupted(list(ledger(run).running())))
        return 130
    except _KNOWN as error:
        console.print(f"[red]{type(error).__name__}[/red]: ", end="")
        console.print(str(error), markup=False)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description="Run the whole system on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start everything and leave it running")
    down = commands.add_parser("down", help="stop what `up` started, and processes that crashed runs have left")
    down.add_argument("--all", action="store_true", help="exit with status 1 if another run is still in progress")
    commands.add_parser("status", help="show what is running, its addresses and first commands")
    commands.add_parser("topics", help="compare topics.yaml with the cluster")
    commands.add_parser("probe", help="run the producer probe: each broker, stage by stage")
    env = commands.add_parser("env", help="write the variables with which `sam local invoke` reaches this system")
    env.add_argument("file", type=Path, nargs="?", default=Path("env.local.json"), help="(default: %(default)s)")
    demo = commands.add_parser("demo", help="demonstrate the whole product step by step; leaves nothing running")
    demo.add_argument("--records", type=int, default=10_000, help="records in the large step (default: %(default)s)")
    demo.add_argument("--report", type=Path, default=Path("build/demo/report.json"), help="(default: %(default)s)")
    return parser


def _run(run: Path, arguments: argparse.Namespace, console: Console) -> int:
    match arguments.command:
        case "demo":
            with ledger(run).sole_run():
                return run_demo(run, HOME / "cache", console, arguments.records, arguments.report)
        case "up":
            with ledger(run).sole_run():
                return _up(run, console)
        case "down":
            return _down(run, console, alone=arguments.all)
        case command:
            system = System.open(run)
            if system is None:
                console.print("the local system is not running; start it with: make up")
                return 1
            _look(system, command, arguments, console)
            return 0


def _interrupted(running: list[str]) -> str:
    if not running:
        return "interrupted"
    return f"interrupted; still running: {', '.join(running)} (stop with: make down)"


def _up(run: Path, console: Console) -> int:
    try:
        system = bring_up(run, HOME / "cache", Steps(console))
    except BaseException:
        bring_down(run)
        raise
    write_shell(system.run, system.emulator, Path(sys.executable).parent)
    console.print(describe(system), markup=False, soft_wrap=True)
    return 0


def _down(run: Path, console: Console, *, alone: bool) -> int:
    with ledger(run).sole_run():
        stopped = bring_down(run)
    if stopped:
        console.print(f"stopped: {', '.join(stopped)}")
    else:
        console.print("nothing was running")
    leftovers = end_leftovers(HOME)
    for folder, names in leftovers.ended.items():
        console.print(f"stopped processes of a crashed run: {', '.join(names)} ({folder})", soft_wrap=True)
    for folder, names in leftovers.live.items():
        processes = ", ".join(names) or "no process yet"
        console.print(f"not stopped, its run is still in progress: {processes} ({folder})", soft_wrap=True)
    return int(alone and bool(leftovers.live))


def _look(system: System, command: str, arguments: argparse.Namespace, console: Console) -> None:
    match command:
        case "status":
            text = describe(system)
        case "topics":
            text = system.function("TopicsFunction").invoke({"action": "plan"})["table"]
        case "probe":
            text = system.function("ProducerProbeFunction").invoke({})["table"]
        case _:
            write_environment(system, arguments.file)
            text = f"{arguments.file} written"
    console.print(text, markup=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
