"""Recognising the processes of a ledger among all that run: by pid and time of creation, and by their mark."""

import signal
from collections.abc import Iterable, Mapping
from contextlib import suppress

import psutil

from local.process_entries import Entry

# Every process we start carries this variable with a value of its own, and hands it down to its children.
# So a child that outlives its parent is recognised as well, and no other process ever is.
MARK = "LOCAL_SYSTEM_PROCESS"


def leader(entry: Entry) -> psutil.Process | None:
    """The process that was started, unless it has ended or its pid belongs to another one by now."""
    if entry.pid is None:
        return next((process for process in psutil.process_iter() if _mark(process) == entry.mark), None)
    try:
        process = psutil.Process(entry.pid)
        # The creation time is computed from the clock: where that was set meanwhile, the mark decides.
        ours = process.create_time() == entry.created or _mark(process) == entry.mark
    except psutil.NoSuchProcess:
        return None
    if ours and is_alive(process):
        return process
    return None


def members(entries: Mapping[str, Entry]) -> dict[str, list[psutil.Process]]:
    """The live processes of each entry: the one started and its descendants; names without any are left out."""
    if not entries:
        return {}
    processes: dict[str, list[psutil.Process]] = {}
    for name, entry in entries.items():
        process = leader(entry)
        if process is not None:
            processes[name] = [process]
    names = {entry.mark: name for name, entry in entries.items()}
    for process in psutil.process_iter():
        name_of_mark = names.get(_mark(process) or "")
        if name_of_mark and process not in processes.get(name_of_mark, []) and is_alive(process):
            processes.setdefault(name_of_mark, []).append(process)
    return processes


def is_alive(process: psutil.Process) -> bool:
    """Whether it runs or is paused; a zombie has ended and only waits for its parent.

    A zombie with threads is still ending, and keeps its ports open until the last one has gone.
    """
    try:
        if not process.is_running():
            return False
        return process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1
    except psutil.NoSuchProcess:
        return False


def send_signal(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    """Send a signal to those that still run."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # psutil itself refuses a pid that was given to another process
            process.send_signal(number)


def _mark(process: psutil.Process) -> str | None:
    """The mark in the environment of a process, None if it has none or is not ours to read."""
    try:
        return process.environ().get(MARK)
    except (psutil.Error, OSError):
        return None
