"""Runs that are interrupted: what they have started ends with them, or is told."""

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

import local.command_line as command
from local.interrupts import end_as_on_ctrl_c, not_cut_off
from local.leftovers import end_leftovers
from local.processes import Command, Ledger
from local.startup import bring_down
from local.system import System

ROOT = Path(__file__).parents[2]
SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
# A test that has started a process and is at work.
TESTS = """
import os, sys, time
from pathlib import Path
import pytest
from local.processes import Command, Ledger

@pytest.fixture(scope="session")
def process(tmp_path_factory):
    folder = tmp_path_factory.mktemp("process")
    ledger = Ledger(folder / "processes.json")
    try:
        argv = [sys.executable, "-c", "import time; time.sleep(60)"]
        yield ledger.start("child", Command(argv, {}, folder, folder / "log"))
    finally:
        ledger.stop_all(grace_seconds=0)

def test_at_work(process):
    Path("started.new").write_text(str(process.pid))
    Path("started.new").rename("started")
    time.sleep(60)
"""


class Run:
    """A pytest of its own with this checkout's conftest, on a terminal of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        (folder / "test_at_work.py").write_text(TESTS)
        self.terminal, inside = pty.openpty()
        self.pytest = subprocess.Popen(
            [
                *(sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider"),
                *(*options, "test_at_work.py"),
            ],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DEBUG_TEMPROOT": str(folder)},
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
        )
        os.close(inside)
        await_file(folder / "started", self.pytest)
        self.child = psutil.Process(int((folder / "started").read_text()))


def await_file(path: Path, writer: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert writer.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_gone(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@contextmanager
def running(folder: Path, *options: str) -> Iterator[Run]:
    run = Run(folder, *options)
    try:
        yield run
    finally:
        run.pytest.kill()
        run.pytest.wait(10)
        os.close(run.terminal)
        end_leftovers(folder)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    with running(tmp_path) as run:
        yield run


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """As in a terminal: who is started in the background ignores Ctrl-C, and under `nohup` a hang-up."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        signal.signal(number, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """The ledger of a run with one process."""
    ledger = Ledger(tmp_path / "run" / "processes.json")
    ledger.start("kafka-1", Command(SLEEP, {}, tmp_path, tmp_path / "log"))
    yield ledger
    ledger.stop_all(grace_seconds=0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_test_run_that_is_ended_ends_what_its_fixtures_have_started(run: Run, number: signal.Signals) -> None:
    run.pytest.send_signal(number)
    assert run.pytest.wait(20) == pytest.ExitCode.INTERRUPTED
    assert is_gone(run.child)


def test_tests_that_run_side_by_side_end_what_they_have_started(tmp_path: Path) -> None:
    with running(tmp_path, "-n", "2") as run:
        # To the main process alone, as a CI system does it.
        run.pytest.send_signal(signal.SIGTERM)
        assert run.pytest.wait(40) == pytest.ExitCode.INTERRUPTED
        assert is_gone(run.child)


def test_a_test_run_whose_terminal_closes_ends_what_its_fixtures_have_started(run: Run) -> None:
    os.close(run.terminal)
    run.terminal = os.open(os.devnull, os.O_RDONLY)
    run.pytest.send_signal(signal.SIGHUP)
    run.pytest.wait(20)
    assert is_gone(run.child)


def test_a_terminal_that_closes_does_not_disturb_what_ends_the_run(tmp_path: Path) -> None:
    terminal, inside = pty.openpty()
    program = (
        "import time; from pathlib import Path; from rich.console import Console\n"
        "from local.interrupts import end_as_on_ctrl_c; from local.steps import Steps\n"
        "end_as_on_ctrl_c(); steps = Steps(Console())\n"
        "try:\n"
        "    Path('started').touch(); time.sleep(60)\n"
        "finally:\n"
        "    with steps.step('Stop everything'): Path('stopped').touch()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=inside,
        stderr=inside,
    ) as running:
        os.close(inside)
        await_file(tmp_path / "started", running)
        os.close(terminal)
        running.send_signal(signal.SIGHUP)
        running.wait(20)
    assert (tmp_path / "stopped").exists()


def test_what_a_killed_test_run_has_left_is_ended_later_and_not_while_it_lives(run: Run, tmp_path: Path) -> None:
    assert ["child"] in end_leftovers(tmp_path).live.values()
    run.pytest.kill()
    run.pytest.wait(10)
    assert not is_gone(run.child)
    assert [*end_leftovers(tmp_path).ended.values()] == [["child"]]
    assert is_gone(run.child)


@pytest.mark.parametrize("held", [".", "a", "a/b"])
def test_a_ledger_is_left_alone_while_a_run_holds_its_folder_or_one_above(held: str, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "a" / "b" / "processes.json")
    process = ledger.start("one", Command(SLEEP, {}, tmp_path, tmp_path / "log"))
    with Ledger(tmp_path / held / "processes.json").sole_run():
        assert end_leftovers(tmp_path).live[tmp_path / "a" / "b"] == ["one"]
    assert not is_gone(process)
    assert end_leftovers(tmp_path).ended == {tmp_path / "a" / "b": ["one"]}
    assert end_leftovers(tmp_path).ended == {}


def test_down_for_everything_fails_while_another_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "HOME", tmp_path)
    statuses = []
    with Ledger(tmp_path / "tests" / "processes.json").sole_run():
        for arguments in (["down"], ["down", "--all"]):
            monkeypatch.setattr(sys, "argv", ["local", *arguments])
            statuses.append(command.main())
    statuses.append(command.main())
    assert statuses == [0, 1, 0]
    assert capsys.readouterr().out.count("not stopped, its run is still in progress: no process yet") == 2


def test_ctrl_c_waits_for_the_end_of_what_must_not_be_cut_off() -> None:
    done = []

    def work() -> None:
        with not_cut_off():
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.raise_signal(number)
                done.append(number)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_ctrl_c_while_everything_is_brought_down_leaves_nothing_running(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_all = Ledger.stop_all

    def interrupted(*arguments: object) -> list[str]:
        signal.raise_signal(signal.SIGINT)
        return stop_all(ledger)

    monkeypatch.setattr(Ledger, "stop_all", interrupted)
    with pytest.raises(KeyboardInterrupt):
        bring_down(tmp_path / "run")
    assert ledger.running() == {}


def test_an_interrupted_command_tells_what_still_runs(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "HOME", tmp_path)
    monkeypatch.setattr(System, "open", interrupted)
    monkeypatch.setattr(sys, "argv", ["local", "probe"])
    assert command.main() == 130
    ledger.stop_all(grace_seconds=0)
    assert command.main() == 130
    assert capsys.readouterr().out.splitlines() == [
        "interrupted; still running: kafka-1 (stop with: make down)",
        "interrupted",
    ]


def test_a_terminal_that_closes_does_not_end_what_ignores_that() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    end_as_on_ctrl_c()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
