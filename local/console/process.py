"""The console as a process of the local system."""

import socket
from pathlib import Path

from local.processes import Ledger
from local.system import CONSOLE, module_command

_READY_SECONDS = 30.0


def start_console(ledger: Ledger, run: Path, port: int) -> None:
    """Serve the page of the system in ``run``; returns when it listens.

    Raises:
        ProcessError, AlreadyRunningError: it does not start.
    """
    ledger.start(
        CONSOLE,
        module_command("local.console", f"--run={run}", f"--port={port}", log=run / "console.log"),
        ready=lambda: _listens(port),
        deadline_seconds=_READY_SECONDS,
    )


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2):
            return True
    except OSError:
        return False
