"""The evaluation of the alarms as a process of the local system."""

from pathlib import Path

import msgspec

from local.processes import Ledger
from local.system import module_command

PROCESS = "alarms"
_READY_SECONDS = 30.0


class Evaluated(msgspec.Struct, frozen=True):
    """That the alarms are evaluated: when last, in seconds since 1970, and how much faster than on AWS."""

    at: float
    factor: float


def mails_folder(run: Path) -> Path:
    """Where the mails of the system in ``run`` are."""
    return run / "mails"


def state_file(run: Path) -> Path:
    """What says that the alarms are evaluated."""
    return run / "alarms" / "state.json"


def start_alarms(ledger: Ledger, run: Path, factor: float) -> None:
    """Evaluate the alarms of the system in ``run``; returns after the first evaluation.

    Args:
        factor: how much shorter than on AWS their periods are.

    Raises:
        ProcessError, AlreadyRunningError: it does not start.
    """
    ledger.start(
        PROCESS,
        module_command("local.alarms", f"--run={run}", f"--factor={factor:g}", log=run / "alarms" / "alarms.log"),
        ready=state_file(run).exists,
        deadline_seconds=_READY_SECONDS,
    )
