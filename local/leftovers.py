"""Processes that crashed runs have left: tests, a start that was killed."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec

from local.processes import AlreadyRunningError, Ledger

_LEDGER = "processes.json"


class Leftovers(msgspec.Struct, frozen=True):
    """By the folder of the ledger: the names of the processes that were ended, and those of live runs."""

    ended: dict[Path, list[str]]
    live: dict[Path, list[str]]


def end_leftovers(home: Path) -> Leftovers:
    """End what every ledger below ``home`` records, except where its run goes on.

    A run holds the ledger's folder, or one above it.
    """
    leftovers = Leftovers({}, {})
    # A run that has started nothing yet has no ledger, only its lock.
    for folder in sorted({path.parent for path in home.rglob("processes.*")}):
        ledger = Ledger(folder / _LEDGER)
        with ExitStack() as held:
            try:
                for run in _runs(folder, home):
                    held.enter_context(run.sole_run())
            except AlreadyRunningError:
                leftovers.live[folder] = list(ledger.running())
                continue
            # Their data are no longer used, so they need no time to end in good order.
            names = ledger.stop_all(grace_seconds=0)
            if names:
                leftovers.ended[folder] = names
    return leftovers


def _runs(folder: Path, home: Path) -> Iterator[Ledger]:
    """The ledgers whose run may hold this folder: its own, and those above it up to ``home``."""
    yield Ledger(folder / _LEDGER)
    while folder != home:
        folder = folder.parent
        above = Ledger(folder / _LEDGER)
        if above.run_file.exists():
            yield above
