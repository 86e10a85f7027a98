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


def main() -> int:
    """Returns the exit status: 0, 1 when something failed, 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m local", description="Run the whole system on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start everything and leave it running")
    down = commands.add_parser("down", help="stop what `up` started, and what runs that died have left")
    down.add_argument("--all", action="store_true", help="fail while another run goes on")
    commands.add_parser("status", help="say what runs and how to look around")
    commands.add_parser("topics", help="what is declared, and what stands on the cluster")
    commands.add_parser("probe", help="each broker of the running system, stage by stage")
    env = commands.add_parser(
        "env", help="write the variables that `sam local invoke` needs to reach what `up` started"
    )
    env.add_argument("file", type=Path, nargs="?", default=Path("env.local.json"), help="(default: %(default)s)")
    demo = commands.add_parser("demo", help="the whole product, step by step; leaves nothing running")
    demo.add_argument("--records", type=int, default=10_000, help="records in the large step (default: %(default)s)")
    demo.add_argument("--report", type=Path, default=Path("build/demo/report.json"), help="(default: %(default)s)")
    arguments = parser.parse_args()
    # Where nobody looks at a terminal, lines are as long as they are.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
    run = HOME / "run"
    end_as_on_ctrl_c()
    try:
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
                    console.print("nothing is running; start it with: make up")
                    return 1
                _look(system, command, arguments, console)
    except KeyboardInterrupt:
        left = ", ".join(ledger(run).running())
        console.print(f"interrupted; still running: {left} (make down ends that)" if left else "interrupted")
        return 130
    except _KNOWN as error:
        console.print(f"[red]{type(error).__name__}[/red]: ", end="")
        console.print(str(error), markup=False)
        return 1
    return 0


def _up(run: Path, console: Console) -> int:
    try:
        system = bring_up(run, HOME / "cache", Steps(console))
    except BaseException:
        bring_down(run)
        raise
    write_shell(system.run, system.emulator.endpoint, Path(sys.executable).parent)
    console.print(describe(system), markup=False, soft_wrap=True)
    return 0


def _down(run: Path, console: Console, *, alone: bool) -> int:
    with ledger(run).sole_run():
        ended = bring_down(run)
    console.print(f"stopped: {', '.join(ended)}" if ended else "nothing was running")
    found = end_leftovers(HOME)
    for folder, names in found.ended.items():
        console.print(f"stopped, left by a run that died: {', '.join(names)} ({folder})", soft_wrap=True)
    for folder, names in found.live.items():
        console.print(f"left alone, its run goes on: {', '.join(names) or 'nothing yet'} ({folder})", soft_wrap=True)
    return 1 if alone and found.live else 0


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
            text = f"wrote {arguments.file}"
    console.print(text, markup=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
