"""The command line of ``python -m local``."""

import argparse
import os
import sys
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from local.aws.deployment import DeploymentError
from local.aws.emulator import EmulatorError
from local.aws.functions import FunctionError, FunctionUnavailableError
from local.breaking import FAULTS, break_part, forwarded_topics, heal
from local.demo.story import run_demo
from local.faults import FaultError
from local.health import are_well, parts_of
from local.interrupts import end_as_on_ctrl_c
from local.kafka.cluster import KafkaClusterError
from local.kafka.jars import KafkaUnavailableError
from local.laptop import NoContainerAddressError, invocation, sam_program, write_environment
from local.leftovers import end_leftovers
from local.processes import AlreadyRunningError, ProcessError
from local.replacing import may_replace
from local.self_managed import CLUSTER_NAME, NoSuchTopicError, start_second_mapping
from local.startup import bring_down, bring_up
from local.steps import Steps
from local.system import HOME, OtherVersionError, System, ledger
from local.tour import describe, mail_lines, write_shell

_KNOWN = (
    AlreadyRunningError,
    DeploymentError,
    EmulatorError,
    FaultError,
    FunctionError,
    FunctionUnavailableError,
    KafkaClusterError,
    KafkaUnavailableError,
    NoContainerAddressError,
    NoSuchTopicError,
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
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="start everything and leave it running")
    up.add_argument("--fresh", action="store_true", help="replace a system that runs, with its records and ports")
    down = commands.add_parser("down", help="stop what `up` started, and processes that crashed runs have left")
    down.add_argument("--all", action="store_true", help="exit with status 1 if another run is still in progress")
    commands.add_parser("status", help="show each part, its addresses and first commands; exit 1 if a part fails")
    commands.add_parser("topics", help="compare topics.yaml with the cluster")
    commands.add_parser("probe", help="run the producer probe: each broker, stage by stage")
    commands.add_parser("mails", help="list the mails of the alarms, and show the latest")
    _add_break(commands.add_parser("break", help="cause a fault, to see how it is reported"))
    commands.add_parser("heal", help="end every fault")
    outside = commands.add_parser("outside-msk", help="forward a topic a second time, as of Kafka outside MSK")
    outside.add_argument("topic", help="one that is forwarded")
    env = commands.add_parser("env", help="write the variables with which `sam local invoke` reaches this system")
    env.add_argument("file", type=Path, nargs="?", default=Path("env.local.json"), help="(default: %(default)s)")
    demo = commands.add_parser("demo", help="demonstrate the whole product step by step; leaves nothing running")
    demo.add_argument("--records", type=int, default=10_000, help="records in the large step (default: %(default)s)")
    demo.add_argument("--report", type=Path, default=Path("build/demo/report.json"), help="(default: %(default)s)")
    return parser


def _add_break(parser: argparse.ArgumentParser) -> None:
    faults = "; ".join(f"{name}: {meaning}" for name, meaning in FAULTS.items())
    parser.add_argument("fault", choices=FAULTS, metavar="FAULT", help=faults)
    parser.add_argument("number", type=int, nargs="?", help="of the broker")
    parser.add_argument("--topic", help="the topic (default: the last of those that are forwarded)")


def _run(run: Path, arguments: argparse.Namespace, console: Console) -> int:
    match arguments.command:
        case "demo":
            with ledger(run).sole_run():
                if not may_replace(run, console, "make demo"):
                    return 1
                return run_demo(run, HOME / "cache", console, arguments.records, arguments.report)
        case "up":
            return _up(run, console, fresh=arguments.fresh or bool(os.environ.get("FRESH")))
        case "down":
            return _down(run, console, alone=arguments.all)
        case command:
            system = System.open(run)
            if system is None:
                console.print("the local system is not running; start it with: make up")
                return 1
            return _look(system, command, arguments, console)


def _interrupted(running: list[str]) -> str:
    if not running:
        return "interrupted"
    return f"interrupted; still running: {', '.join(running)} (stop with: make down)"


def _up(run: Path, console: Console, *, fresh: bool) -> int:
    running = None if fresh else _running(run)
    if running is not None:
        console.print("The local system runs already. To begin again, without its records: make up FRESH=1")
        console.print(describe(running, parts_of(running)), markup=False, soft_wrap=True)
        return 0
    with ledger(run).sole_run():
        if not (fresh or may_replace(run, console, "make up")):
            return 1
        try:
            system = bring_up(run, HOME / "cache", Steps(console))
        except BaseException:
            bring_down(run)
            raise
    write_shell(system.run, system.emulator, Path(sys.executable).parent)
    console.print(describe(system, parts_of(system)), markup=False, soft_wrap=True)
    return 0


def _running(run: Path) -> System | None:
    """The system that runs; None also where another version of this checkout has started it."""
    try:
        return System.open(run)
    except OtherVersionError:
        return None


def _down(run: Path, console: Console, *, alone: bool) -> int:
    with ledger(run).sole_run():
        stopped = bring_down(run)
    if stopped:
        console.print(f"stopped: {', '.join(stopped)}", soft_wrap=True)
    else:
        console.print("nothing was running")
    leftovers = end_leftovers(HOME)
    for folder, names in leftovers.ended.items():
        console.print(f"stopped processes of a crashed run: {', '.join(names)} ({folder})", soft_wrap=True)
    for folder, names in leftovers.live.items():
        processes = ", ".join(names) or "no process yet"
        console.print(f"not stopped, its run is still in progress: {processes} ({folder})", soft_wrap=True)
    return int(alone and bool(leftovers.live))


def _look(system: System, command: str, arguments: argparse.Namespace, console: Console) -> int:
    """Show something of a running system, or change it; returns the exit status."""
    status = 0
    match command:
        case "status":
            parts = parts_of(system)
            status = int(not are_well(parts))
            text = describe(system, parts)
        case "topics":
            text = system.function("TopicsFunction").invoke({"action": "plan"})["table"]
        case "probe":
            text = system.function("ProducerProbeFunction").invoke({})["table"]
        case "mails":
            text = mail_lines(system.run)
        case "break":
            topic = arguments.topic or forwarded_topics(system)[-1]
            text = break_part(system, arguments.fault, arguments.number, topic)
        case "outside-msk":
            start_second_mapping(system, arguments.topic)
            text = f"A second mapping reads {arguments.topic} over mutual TLS; its ids begin with {CLUSTER_NAME}/."
        case "heal":
            text = "\n".join(heal(system)) or "No fault is left."
        case _:
            write_environment(system, arguments.file)
            text = invocation(arguments.file, sam_program())
    console.print(text, markup=False, soft_wrap=True)
    return status
