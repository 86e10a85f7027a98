"""The ledger of the processes that the local system has started.

Whoever opens the ledger later, also after a crash, can end exactly these processes and no others. Nothing is
kept in memory that the file does not say, so that several programs (the demo, a test, ``make down``) can work with
one ledger at the same time.
"""

import fcntl
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import psutil

# Every process we start carries this variable with a value of its own, and hands it down to its children.
# So a child that outlives its parent is found as well, and a stranger never is.
_MARK = "LOCAL_SYSTEM_PROCESS"
_POLL_SECONDS = 0.05


class ProcessError(Exception):
    """A process can't be started, ended before it was ready, or was not ready in time.

    ``name`` is its name; the message ends with the last lines of its log, if it has one.
    """

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"{name} {what}")
        self.name = name


class AlreadyRunningError(Exception):
    """Another run holds the ledger, or a process of that name is running."""


class _Entry(msgspec.Struct, frozen=True):
    """What identifies a process: its mark, and its pid together with its time of creation."""

    mark: str
    log: str
    pid: int | None = None  # unknown between the announcement and the birth
    created: float | None = None  # seconds since 1970


class Ledger:
    """The processes recorded in the file ``path`` (JSON)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    @property
    def run_file(self) -> Path:
        """The file that a run locks while it goes on."""
        return self.path.with_suffix(".run")

    @contextmanager
    def sole_run(self) -> Iterator[None]:
        """Hold the ledger for one run; the kernel lets go of it when the holder ends, however it ends.

        Raises ``AlreadyRunningError`` when another process holds it.
        """
        lock = self.run_file
        lock.parent.mkdir(parents=True, exist_ok=True)
        with lock.open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                file.seek(0)
                raise AlreadyRunningError(
                    f"the local system is being started or stopped by process {file.read() or 'unknown'}; "
                    f"wait for it or end it (lock: {lock})"
                ) from error
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield

    def start(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        cwd: Path,
        log: Path,
        ready: Callable[[], bool] | None = None,
        deadline_seconds: float = 60,
    ) -> psutil.Process:
        """Start a process in a session of its own, its output appended to ``log``.

        ``env`` is its whole environment. With ``ready``, returns when that says True; see ``await_ready``.
        Raises ``AlreadyRunningError`` when a process of that name is running, ``ProcessError`` when it can't be started
        or does not become ready.
        """
        if name in self.running():
            raise AlreadyRunningError(f"{name} is already running")
        entry = _Entry(mark=uuid.uuid4().hex, log=str(log))
        # Announced before it is born: a crash between the two leaves a mark to find it by.
        self._record(name, entry)
        log.parent.mkdir(parents=True, exist_ok=True)
        try:
            with log.open("ab") as output:
                child = subprocess.Popen(
                    [str(word) for word in argv],
                    env={**env, _MARK: entry.mark},
                    cwd=cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as error:
            self._forget([name])
            raise ProcessError(name, f"can't be started: {error}") from error
        self._children[child.pid] = child
        process = psutil.Process(child.pid)  # not reaped yet, so the pid is still its own
        self._record(name, msgspec.structs.replace(entry, pid=child.pid, created=process.create_time()))
        if ready is not None:
            self.await_ready({name: ready}, deadline_seconds)
        return process

    def await_ready(self, checks: Mapping[str, Callable[[], bool]], deadline_seconds: float) -> None:
        """Return when the check of every named process has said True.

        Raises ``ProcessError`` for the first that ends before that, or is not ready in time; that one is ended.
        """
        deadline = time.monotonic() + deadline_seconds
        waiting = dict(checks)
        while waiting := {name: is_ready for name, is_ready in waiting.items() if not is_ready()}:
            running = self.running()
            for name in checks:
                if name not in running:
                    self._fail(name, f"ended{self._exit_status(name)} before it was ready")
            if time.monotonic() > deadline:
                self._fail(next(iter(waiting)), f"was not ready within {deadline_seconds:g} s")
            time.sleep(_POLL_SECONDS)

    def running(self) -> dict[str, psutil.Process]:
        """The recorded processes that are alive, by name, in the order of their start."""
        found = {name: _leader(entry) for name, entry in self._entries().items()}
        return {name: process for name, process in found.items() if process is not None}

    def stop(self, *names: str, grace_seconds: float = 10) -> None:
        """Send SIGTERM to processes and their descendants, and SIGKILL after ``grace_seconds``."""
        self._end(names, grace_seconds)

    def kill(self, *names: str) -> None:
        """End processes and their descendants without asking (SIGKILL)."""
        self._end(names, 0)

    def stop_all(self, grace_seconds: float = 10) -> list[str]:
        """Stop every recorded process, all at once; returns the names of those that were still there."""
        return self._end(list(self._entries()), grace_seconds)

    def pause(self, name: str) -> None:
        """Freeze the process and its descendants (SIGSTOP): their connections stay open and nobody answers."""
        _signal(self._members((name,)), signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """Let a paused process go on (SIGCONT)."""
        _signal(self._members((name,)), signal.SIGCONT)

    def _end(self, names: Sequence[str], grace_seconds: float) -> list[str]:
        members = self._members(names)
        found = [name for name in names if members.get(name)]
        if grace_seconds > 0:
            _signal(members, signal.SIGTERM)
            _signal(members, signal.SIGCONT)  # a paused process would never see the SIGTERM
            deadline = time.monotonic() + grace_seconds
            while self._alive(members) and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)
        # Looked up again each time: a process may have had children meanwhile.
        deadline = time.monotonic() + 10
        while members := self._members(names):
            _signal(members, signal.SIGKILL)
            if time.monotonic() > deadline:
                raise ProcessError(", ".join(members), "still there 10 s after SIGKILL")
            time.sleep(_POLL_SECONDS)
        self._forget(names)
        return found

    def _members(self, names: Sequence[str]) -> dict[str, list[psutil.Process]]:
        """The live processes of each name: the one started and whatever it started; names without any are left out."""
        entries = {name: entry for name, entry in self._entries().items() if name in names}
        marks = {entry.mark: name for name, entry in entries.items()}
        members: dict[str, list[psutil.Process]] = {}
        for name, entry in entries.items():
            if (leader := _leader(entry)) is not None:
                members.setdefault(name, []).append(leader)
        for process in psutil.process_iter() if entries else ():
            name_of_mark = marks.get(_mark(process) or "")
            if name_of_mark and process not in members.get(name_of_mark, []) and _is_alive(process):
                members.setdefault(name_of_mark, []).append(process)
        self._reap()
        return members

    def _alive(self, members: Mapping[str, list[psutil.Process]]) -> bool:
        self._reap()
        return any(_is_alive(process) for processes in members.values() for process in processes)

    def _reap(self) -> None:
        for child in self._children.values():
            child.poll()

    def _exit_status(self, name: str) -> str:
        pid = self._entries()[name].pid
        child = self._children.get(pid) if pid is not None else None
        status = child.poll() if child is not None else None
        return "" if status is None else f" (exit status {status})"

    def _fail(self, name: str, what: str) -> None:
        log = Path(self._entries()[name].log)
        self.kill(name)
        raise ProcessError(name, f"{what}; its log is {log}, which ends:\n{_last_lines(log)}")

    def _entries(self) -> dict[str, _Entry]:
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=dict[str, _Entry])
        except FileNotFoundError:
            return {}

    def _record(self, name: str, entry: _Entry) -> None:
        with self._changing() as entries:
            entries.pop(name, None)  # the file keeps the order of the starts
            entries[name] = entry

    def _forget(self, names: Iterable[str]) -> None:
        with self._changing() as entries:
            for name in names:
                entries.pop(name, None)

    @contextmanager
    def _changing(self) -> Iterator[dict[str, _Entry]]:
        """Read, change and replace the file: one writer at a time, and a crash leaves the old or the new one."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            entries = self._entries()
            yield entries
            temporary = self.path.with_suffix(".new")
            temporary.write_bytes(msgspec.json.format(msgspec.json.encode(entries)))
            temporary.replace(self.path)


def _leader(entry: _Entry) -> psutil.Process | None:
    """The process that was started, unless it has ended or its pid belongs to someone else by now."""
    if entry.pid is None:
        return next((process for process in psutil.process_iter() if _mark(process) == entry.mark), None)
    try:
        process = psutil.Process(entry.pid)
        # The creation time is computed from the clock: when that was set meanwhile, the mark still tells.
        ours = process.create_time() == entry.created or _mark(process) == entry.mark
    except psutil.NoSuchProcess:
        return None
    return process if ours and _is_alive(process) else None


def _mark(process: psutil.Process) -> str | None:
    """The mark in the environment of a process, None if it has none or is not ours to read."""
    try:
        return process.environ().get(_MARK)
    except (psutil.Error, OSError):
        return None


def _is_alive(process: psutil.Process) -> bool:
    """Whether it runs or is paused; a zombie has ended and only waits for its parent.

    A zombie with threads is still ending, and keeps its ports open until the last one has gone.
    """
    try:
        if not process.is_running():
            return False
        return process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1
    except psutil.NoSuchProcess:
        return False


def _signal(members: Mapping[str, list[psutil.Process]], number: signal.Signals) -> None:
    for processes in members.values():
        for process in processes:
            with suppress(psutil.NoSuchProcess):  # psutil itself refuses a pid that was given to another process
                process.send_signal(number)


def _last_lines(log: Path, lines: int = 20) -> str:
    with log.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 16_384))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
