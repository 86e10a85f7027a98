"""The ledger of the processes that the local system has started.

Whoever opens the ledger later, also after a crash, can end exactly these processes and no others. Nothing is
kept in memory that the file does not say, so that several programs (the demo, a test, ``make down``) can work with
one ledger at the same time.
"""

import fcntl
import itertools
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
import psutil

from local.process_entries import Entries, Entry
from local.process_tree import MARK, is_alive, leader, members, send_signal

_POLL_SECONDS = 0.05
_KILL_SECONDS = 10


class ProcessError(Exception):
    """A process can't be started, ended before it was ready, or was not ready in time.

    ``name`` is its name; the message ends with the last lines of its log, if it has one.
    """

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"{name} {what}")
        self.name = name


class AlreadyRunningError(Exception):
    """Another run holds the ledger, or a process of that name is running."""


class Command(NamedTuple):
    """How a process is started; ``env`` is its whole environment, its output is appended to ``log``."""

    argv: Sequence[str | Path]
    env: Mapping[str, str]
    cwd: Path
    log: Path


class Ledger:
    """The processes recorded in the file ``path`` (JSON)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._entries = Entries(path)
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    @property
    def run_file(self) -> Path:
        """The file that a run locks while it goes on."""
        return self.path.with_suffix(".run")

    @contextmanager
    def sole_run(self) -> Iterator[None]:
        """Hold the ledger for one run; the kernel releases it when the holder ends, however it ends.

        Raises:
            AlreadyRunningError: another process holds it.
        """
        lock = self.run_file
        lock.parent.mkdir(parents=True, exist_ok=True)
        with lock.open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                file.seek(0)
                raise AlreadyRunningError(
                    f"process {file.read() or 'unknown'} is starting or stopping the local system; wait for it or "
                    f"end it (lock: {lock})"
                ) from error
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield

    def start(
        self,
        name: str,
        command: Command,
        *,
        ready: Callable[[], bool] | None = None,
        deadline_seconds: float = 60,
    ) -> psutil.Process:
        """Start a process in a session of its own; with ``ready``, returns when that says True (see ``await_ready``).

        Raises:
            AlreadyRunningError: a process of that name is running.
            ProcessError: it can't be started or does not become ready.
        """
        if name in self.running():
            raise AlreadyRunningError(f"{name} is already running")
        entry = Entry(mark=uuid.uuid4().hex, log=str(command.log))
        # Announced before it is born: after a crash between the two, the mark is enough to recognise it.
        self._entries.record(name, entry)
        child = self._spawn(name, command, entry)
        process = psutil.Process(child.pid)  # not reaped yet, so the pid is still its own
        self._entries.record(name, msgspec.structs.replace(entry, pid=child.pid, created=process.create_time()))
        if ready is not None:
            self.await_ready({name: ready}, deadline_seconds)
        return process

    def _spawn(self, name: str, command: Command, entry: Entry) -> subprocess.Popen[bytes]:
        command.log.parent.mkdir(parents=True, exist_ok=True)
        try:
            with command.log.open("ab") as output:
                child = subprocess.Popen(
                    [str(argument) for argument in command.argv],
                    env={**command.env, MARK: entry.mark},
                    cwd=command.cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as error:
            self._entries.forget([name])
            raise ProcessError(name, f"can't be started: {error}") from error
        self._children[child.pid] = child
        return child

    def await_ready(self, checks: Mapping[str, Callable[[], bool]], deadline_seconds: float) -> None:
        """Return when the check of every named process has said True.

        Raises:
            ProcessError: a process ended before that, or is not ready in time and was ended.
        """
        deadline = time.monotonic() + deadline_seconds
        waiting = _not_ready(checks)
        while waiting:
            running = self.running()
            for name in checks:
                if name not in running:
                    self._fail(name, f"ended{self._exit_status(name)} before it was ready")
            if time.monotonic() > deadline:
                self._fail(next(iter(waiting)), f"was not ready within {deadline_seconds:g} s")
            time.sleep(_POLL_SECONDS)
            waiting = _not_ready(waiting)

    def running(self) -> dict[str, psutil.Process]:
        """The recorded processes that are alive, by name, in the order of their start."""
        leaders = {name: leader(entry) for name, entry in self._entries.read().items()}
        return {name: process for name, process in leaders.items() if process is not None}

    def stop(self, *names: str, grace_seconds: float = 10) -> None:
        """Send SIGTERM to processes and their descendants, and SIGKILL after ``grace_seconds``."""
        self._end(names, grace_seconds)

    def kill(self, *names: str) -> None:
        """Send SIGKILL to processes and their descendants."""
        self._end(names, 0)

    def stop_all(self, grace_seconds: float = 10) -> list[str]:
        """Stop every recorded process, all at once; returns the names of those that were still there."""
        return self._end(list(self._entries.read()), grace_seconds)

    def pause(self, name: str) -> None:
        """Freeze the process and its descendants (SIGSTOP): their connections stay open and nothing is answered."""
        self._signal([name], signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """Let a paused process go on (SIGCONT)."""
        self._signal([name], signal.SIGCONT)

    def _end(self, names: Sequence[str], grace_seconds: float) -> list[str]:
        processes = self._members(names)
        ended = [name for name in names if processes.get(name)]
        if grace_seconds > 0:
            everyone = list(itertools.chain.from_iterable(processes.values()))
            send_signal(everyone, signal.SIGTERM)
            send_signal(everyone, signal.SIGCONT)  # a paused process would never see the SIGTERM
            deadline = time.monotonic() + grace_seconds
            while self._any_alive(everyone) and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)
        # Looked up again each time: a process may have had children meanwhile.
        deadline = time.monotonic() + _KILL_SECONDS
        left = self._signal(names, signal.SIGKILL)
        while left:
            if time.monotonic() > deadline:
                raise ProcessError(", ".join(left), f"did not end within {_KILL_SECONDS} s after SIGKILL")
            time.sleep(_POLL_SECONDS)
            left = self._signal(names, signal.SIGKILL)
        self._entries.forget(names)
        return ended

    def _signal(self, names: Sequence[str], number: signal.Signals) -> list[str]:
        """Send a signal to processes and their descendants; returns the names of those that were there."""
        processes = self._members(names)
        send_signal(itertools.chain.from_iterable(processes.values()), number)
        return list(processes)

    def _members(self, names: Sequence[str]) -> dict[str, list[psutil.Process]]:
        processes = members({name: entry for name, entry in self._entries.read().items() if name in names})
        self._reap()
        return processes

    def _any_alive(self, processes: Sequence[psutil.Process]) -> bool:
        self._reap()
        return any(map(is_alive, processes))

    def _reap(self) -> None:
        for child in self._children.values():
            child.poll()

    def _exit_status(self, name: str) -> str:
        child = self._children.get(self._entries.read()[name].pid or 0)
        if child is None or child.poll() is None:
            return ""
        return f" (exit status {child.returncode})"

    def _fail(self, name: str, what: str) -> None:
        log = Path(self._entries.read()[name].log)
        self.kill(name)
        raise ProcessError(name, f"{what}; its log is {log}, which ends:\n{_last_lines(log)}")


def _not_ready(checks: Mapping[str, Callable[[], bool]]) -> dict[str, Callable[[], bool]]:
    return {name: is_ready for name, is_ready in checks.items() if not is_ready()}


def _last_lines(log: Path, lines: int = 20) -> str:
    with log.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 16_384))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
