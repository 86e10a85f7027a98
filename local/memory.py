"""How much memory the local system takes, process by process."""

import contextlib
from collections.abc import Mapping

import psutil


def resident(running: Mapping[str, psutil.Process]) -> dict[str, int]:
    """Resident memory of each process with its descendants, in bytes; 0 for one that has just ended.

    Pages that processes share count for each of them, so the sum is an upper bound.
    """
    return {name: _with_descendants(process) for name, process in running.items()}


def _with_descendants(process: psutil.Process) -> int:
    size = 0
    with contextlib.suppress(psutil.NoSuchProcess):
        for member in [process, *process.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                size += member.memory_info().rss
    return size
