import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import psutil
import pytest

from local.ports import free_ports
from local.processes import AlreadyRunningError, Command, Ledger, ProcessError

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)",
]
PARENT = [
    sys.executable,
    "-c",
    "import subprocess, sys, time;"
    "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid, flush=True); time.sleep(60)",
]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path / "processes.json")
    yield ledger
    ledger.stop_all(grace_seconds=0)


@pytest.fixture
def stranger() -> Iterator[psutil.Process]:
    """A process that the ledger did not start."""
    child = subprocess.Popen(SLEEP)
    yield psutil.Process(child.pid)
    child.kill()
    child.wait(10)


def start(ledger: Ledger, name: str, argv: list[str], ready: Callable[[], bool] | None = None) -> psutil.Process:
    folder = ledger.path.parent
    log = folder / f"{name}.log"
    return ledger.start(name, Command(argv, {}, folder, log), ready=ready, deadline_seconds=10)


def says(ledger: Ledger, name: str) -> Callable[[], bool]:
    return lambda: "\n" in (ledger.path.parent / f"{name}.log").read_text()


def within_5_seconds(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 5
    while not (true := condition()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return true


def is_gone(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_started_process_is_in_a_session_of_its_own_and_writes_to_its_log(ledger: Ledger) -> None:
    argv = [sys.executable, "-c", "print('hello', flush=True); import time; time.sleep(60)"]
    process = start(ledger, "greeter", argv, says(ledger, "greeter"))
    assert os.getsid(process.pid) == process.pid
    assert (ledger.path.parent / "greeter.log").read_text() == "hello\n"
    assert ledger.running() == {"greeter": process}


def test_the_ledger_is_written_before_readiness_is_awaited(ledger: Ledger) -> None:
    seen: list[list[str]] = []

    def ready() -> bool:
        seen.append(list(Ledger(ledger.path).running()))
        return True

    start(ledger, "slow", SLEEP, ready)
    assert seen == [["slow"]]


def test_a_process_that_dies_before_it_is_ready_is_reported_with_its_last_lines(ledger: Ledger) -> None:
    argv = [sys.executable, "-c", "print('no such topic'); raise SystemExit(3)"]
    with pytest.raises(ProcessError, match=r"(?s)broken ended \(exit status 3\).*broken\.log.*no such topic"):
        start(ledger, "broken", argv, lambda: False)
    assert ledger.running() == {}


def test_a_process_that_is_not_ready_in_time_is_ended_and_reported(ledger: Ledger) -> None:
    process = start(ledger, "idle", SLEEP)
    with pytest.raises(ProcessError, match=r"idle was not ready within 0\.2 s"):
        ledger.await_ready({"idle": lambda: False}, 0.2)
    assert is_gone(process)


def test_of_several_processes_the_one_that_died_is_reported_at_once(ledger: Ledger) -> None:
    start(ledger, "idle", SLEEP)
    start(ledger, "dead", [sys.executable, "-c", ""])
    began = time.monotonic()
    with pytest.raises(ProcessError, match="dead ended"):
        ledger.await_ready({"idle": lambda: False, "dead": lambda: False}, 60)
    assert time.monotonic() - began < 10
    assert list(ledger.running()) == ["idle"]


def test_a_program_that_does_not_exist_leaves_no_entry(ledger: Ledger) -> None:
    with pytest.raises(ProcessError, match="ghost can't be started"):
        start(ledger, "ghost", ["/no/such/program"])
    assert msgspec.json.decode(ledger.path.read_bytes()) == {}


def test_a_name_can_be_started_only_once(ledger: Ledger) -> None:
    start(ledger, "one", SLEEP)
    with pytest.raises(AlreadyRunningError):
        start(ledger, "one", SLEEP)


def test_a_later_process_ends_what_the_first_left_and_nothing_else(ledger: Ledger, stranger: psutil.Process) -> None:
    program = (
        "import pathlib, sys; from local.processes import Command, Ledger\n"
        "folder = pathlib.Path(sys.argv[1]); ledger = Ledger(folder / 'processes.json')\n"
        "ledger.start('left', Command(sys.argv[2:], {}, folder, folder / 'left.log'))\n"
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    first = subprocess.run(
        [sys.executable, "-c", program, str(ledger.path.parent), *SLEEP],
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
        timeout=20,
        check=False,
    )
    assert first.returncode == -signal.SIGKILL
    left = ledger.running()["left"]
    assert ledger.stop_all() == ["left"]
    assert is_gone(left)
    assert not is_gone(stranger)


def test_a_stranger_with_a_recorded_pid_is_left_alone(ledger: Ledger, stranger: psutil.Process) -> None:
    entry = {"mark": "ended-long-ago", "log": "x.log", "pid": stranger.pid, "created": stranger.create_time() - 5}
    ledger.path.write_bytes(msgspec.json.encode({"old": entry}))
    assert ledger.running() == {}
    assert ledger.stop_all() == []
    assert not is_gone(stranger)


def test_a_process_whose_pid_was_never_recorded_is_found_by_its_mark(ledger: Ledger) -> None:
    process = start(ledger, "newborn", SLEEP)
    entries = msgspec.json.decode(ledger.path.read_bytes())
    entries["newborn"] |= {"pid": None, "created": None}
    ledger.path.write_bytes(msgspec.json.encode(entries))
    assert Ledger(ledger.path).stop_all() == ["newborn"]
    assert is_gone(process)


def test_children_end_with_the_process_that_started_them(ledger: Ledger) -> None:
    start(ledger, "parent", PARENT, says(ledger, "parent"))
    child = psutil.Process(int((ledger.path.parent / "parent.log").read_text()))
    ledger.stop("parent")
    assert is_gone(child)


def test_a_child_that_outlived_its_parent_is_still_ended(ledger: Ledger) -> None:
    parent = start(ledger, "parent", PARENT, says(ledger, "parent"))
    child = psutil.Process(int((ledger.path.parent / "parent.log").read_text()))
    parent.kill()
    parent.wait(10)
    assert ledger.running() == {}
    assert ledger.stop_all() == ["parent"]
    assert is_gone(child)


def test_a_process_that_ignores_sigterm_is_killed_after_the_grace(ledger: Ledger) -> None:
    process = start(ledger, "deaf", DEAF, says(ledger, "deaf"))
    began = time.monotonic()
    ledger.stop("deaf", grace_seconds=0.3)
    assert is_gone(process)
    assert 0.3 <= time.monotonic() - began < 5


def test_a_process_that_obeys_is_not_waited_for(ledger: Ledger) -> None:
    start(ledger, "polite", SLEEP)
    began = time.monotonic()
    ledger.stop("polite", grace_seconds=60)
    assert time.monotonic() - began < 5


def test_a_paused_process_is_alive_and_can_be_stopped(ledger: Ledger) -> None:
    process = start(ledger, "frozen", SLEEP)
    ledger.pause("frozen")
    assert within_5_seconds(lambda: process.status() == psutil.STATUS_STOPPED)
    assert list(ledger.running()) == ["frozen"]
    began = time.monotonic()
    ledger.stop("frozen", grace_seconds=60)
    assert time.monotonic() - began < 5
    assert is_gone(process)


def test_a_resumed_process_goes_on(ledger: Ledger) -> None:
    process = start(ledger, "napper", SLEEP)
    ledger.pause("napper")
    assert within_5_seconds(lambda: process.status() == psutil.STATUS_STOPPED)
    ledger.resume("napper")
    assert within_5_seconds(lambda: process.status() != psutil.STATUS_STOPPED)


def test_a_second_run_at_the_same_time_is_refused_and_names_the_first(ledger: Ledger) -> None:
    other = Ledger(ledger.path)
    with ledger.sole_run(), pytest.raises(AlreadyRunningError, match=str(os.getpid())), other.sole_run():
        pass
    with other.sole_run():
        pass


def test_a_started_process_does_not_keep_the_run_locked(ledger: Ledger) -> None:
    with ledger.sole_run():
        start(ledger, "child", SLEEP)
    with Ledger(ledger.path).sole_run():
        pass


@pytest.mark.enable_socket
@pytest.mark.enable_socket
def test_free_ports_are_different_and_can_be_bound() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20


@pytest.mark.enable_socket
def test_a_run_that_has_a_part_of_the_ports_draws_from_that_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_PORTS", "15000-15099")
    assert max(free_ports(20)) < 15100


@pytest.mark.enable_socket
def test_a_port_in_use_is_not_free() -> None:
    taken, free = free_ports(2)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", taken))
        listener.listen()
        assert free_ports(1, [taken, free]) == [free]
        with pytest.raises(OSError, match="only 1 of 2 ports"):
            free_ports(2, [taken, free])


def test_a_process_whose_first_thread_has_ended_is_not_over_before_its_last(ledger: Ledger, tmp_path: Path) -> None:
    # As a killed Java does for a moment, its ports still open.
    program = (
        "import ctypes, threading, time\n"
        "threading.Thread(target=time.sleep, args=(60,)).start()\n"
        "ctypes.PyDLL(None).pthread_exit(None)"
    )
    process = ledger.start("halved", Command([sys.executable, "-c", program], {}, tmp_path, tmp_path / "log"))
    deadline = time.monotonic() + 10
    while process.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert list(ledger.running()) == ["halved"]
    ledger.kill("halved")
    assert ledger.running() == {}
