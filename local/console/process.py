"""The console as a process of the local system."""

import os
import socket
import sys
from pathlib import Path

from local.processes import Command, Ledger
from local.system import CONSOLE

_READY_SECONDS = 30.0


def start_console(ledger: Ledger, run: Path, port: int, checkout: Path) -> None:
    """Serve the page of the system in ``run``; returns when it listens.

    Raises:
        ProcessError, AlreadyRunningError: it does not start.
    """
    ledger.start(
        CONSOLE,
        Command(
            [sys.executable, "-m", "local.console", f"--run={run}", f"--port={port}"],
            env=dict(os.environ),
            cwd=checkout,
            log=run / "console.log",
        ),
        ready=lambda: _listens(port),
        deadline_seconds=_READY_SECONDS,
    )


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2):
            return True
    except OSError:
        return False
