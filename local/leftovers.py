"""What runs that died have left running: tests, a start that was killed."""

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
    found = Leftovers({}, {})
    # A run that has started nothing yet has no ledger, only its lock.
    for folder in sorted({path.parent for path in home.rglob("processes.*")}):
        ledger = Ledger(folder / _LEDGER)
        with ExitStack() as held:
            try:
                for one in _runs(folder, home):
                    held.enter_context(one.sole_run())
            except AlreadyRunningError:
                found.live[folder] = list(ledger.running())
                continue
            # Nobody uses their data any more, so they need no time to end in good order.
            if names := ledger.stop_all(grace_seconds=0):
                found.ended[folder] = names
    return found


def _runs(folder: Path, home: Path) -> Iterator[Ledger]:
    """The ledgers whose run may hold this folder: its own, and those above it up to ``home``."""
    yield Ledger(folder / _LEDGER)
    while folder != home:
        folder = folder.parent
        if (above := Ledger(folder / _LEDGER)).run_file.exists():
            yield above
