"""No command ends a system that runs unless somebody agrees."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import local.command_line as command
import local.cost.__main__ as cost
from local.processes import Command
from local.system import ledger

COMMANDS: dict[str, Callable[[], int]] = {"demo": command.main, "up": command.main, "cost": cost.main}


@pytest.fixture(params=COMMANDS)
def name(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A command that would bring a system up; another version of the checkout has brought up one that runs."""
    name: str = request.param
    for module in (command, cost):
        monkeypatch.setattr(module, "HOME", tmp_path)
    monkeypatch.setattr(sys, "argv", ["local", *([] if name == "cost" else [name])])
    monkeypatch.delenv("FRESH", raising=False)
    run = tmp_path / "run"
    run.mkdir()
    (run / "system.json").write_text("{}")
    return name


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was begun; nothing really is."""
    calls: list[str] = []

    def begin(*_: object) -> int:
        calls.append("began")
        raise OSError("far enough")

    for place in ("local.command_line.run_demo", "local.command_line.bring_up", "local.cost.__main__.count"):
        monkeypatch.setattr(place, begin)
    monkeypatch.setattr("local.command_line.bring_down", lambda _: [])
    return calls


@pytest.fixture
def running(tmp_path: Path) -> object:
    """A process of the system."""
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    run = tmp_path / "run"
    run.mkdir(exist_ok=True)
    process = ledger(run).start("aws", Command(sleep, dict(os.environ), run, run / "log"))
    yield process
    ledger(run).stop_all(grace_seconds=0)


def main(name: str) -> int | str:
    try:
        return COMMANDS[name]()
    except OSError as error:
        return str(error)


def test_without_a_terminal_it_refuses_and_says_what_to_do(
    name: str, calls: list[str], running: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(name) == 1
    assert calls == []
    assert "aws" in ledger(tmp_path / "run").running()
    assert f"make down, or agree with make {name} FRESH=1" in capsys.readouterr().out


@pytest.mark.parametrize(("answer", "begun"), [(True, ["began"]), (False, [])])
def test_a_person_is_asked(
    name: str, calls: list[str], running: object, monkeypatch: pytest.MonkeyPatch, answer: bool, begun: list[str]
) -> None:
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr("local.replacing.Confirm.ask", lambda *_, **__: answer)
    main(name)
    assert calls == begun


def test_told_beforehand_or_without_a_system_that_runs_it_begins(
    name: str, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    main(name)
    monkeypatch.setenv("FRESH", "1")
    main(name)
    assert calls == ["began", "began"]
