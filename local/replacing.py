"""Before a command ends a system that runs: a person is asked, and without one it needs to be agreed to beforehand."""

import os
import sys
from pathlib import Path

from rich.console import Console
from rich.prompt import Confirm

from local.system import OtherVersionError, System, ledger


def may_replace(run: Path, console: Console, command: str) -> bool:
    """Whether a command may end the system in ``run``; says what to do where it may not.

    Nothing is asked where no system runs, or where the variable FRESH agrees beforehand.
    """
    if os.environ.get("FRESH") or not _runs(run):
        return True
    console.print(f"The local system runs; {command} would end it, with its records and ports.")
    if sys.stdin.isatty() and sys.stdout.isatty():
        return Confirm.ask("End it?", console=console, default=False)
    console.print(f"Nothing was changed. End it yourself with make down, or agree with {command} FRESH=1")
    return False


def _runs(run: Path) -> bool:
    try:
        return System.open(run) is not None
    except OtherVersionError:
        # Its notes can't be read, but its processes are known.
        return bool(ledger(run).running())
