"""``mskv local`` starts the checkout's own programs; those find their Python by themselves."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from local.breaking import FAULTS
from local.command_line import _parser
from mskv import exits
from mskv.command_line import commands
from mskv.commands import local as group
from tests.unit.test_mskv_package import ROOT


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The arguments of what was started, each as the program itself reads them."""
    calls: list[list[str]] = []

    def run_local(arguments: list[str]) -> int:
        _parser().parse_args(arguments)
        calls.append(list(arguments))
        return 1

    monkeypatch.setattr("mskv.checkout.run_local", run_local)
    return calls


@pytest.mark.parametrize(
    ("typed", "arguments"),
    [
        ("up", ["up"]),
        ("up --fresh", ["up", "--fresh"]),
        ("down", ["down"]),
        ("demo --records 100", ["demo", "--records=100"]),
        ("env", ["env"]),
        ("env other.json", ["env", "other.json"]),
        ("status", ["status"]),
        ("mails", ["mails"]),
        ("heal", ["heal"]),
        ("break --heal", ["heal"]),
        ("break broker 2", ["break", "broker", "2"]),
        ("break mapping --topic orders", ["break", "mapping", "--topic=orders"]),
    ],
)
def test_a_command_starts_the_program_and_has_its_exit_status(
    typed: str, arguments: list[str], started: list[list[str]]
) -> None:
    result = CliRunner(mix_stderr=False).invoke(commands, ["local", *typed.split()])
    assert (result.exit_code, started) == (1, [arguments])


def test_every_fault_can_be_named(started: list[list[str]]) -> None:
    assert set(group.FAULTS) == set(FAULTS)
    for typed in (["break"], ["break", "nothing"]):
        assert CliRunner(mix_stderr=False).invoke(commands, ["local", *typed]).exit_code == exits.USAGE
    assert started == []


@pytest.mark.parametrize("module", ["local", "local.container"])
def test_a_program_runs_in_the_projects_python_whichever_is_typed(module: str) -> None:
    # Without site-packages it is as poor as the system's own.
    command = [sys.executable, "-S", "-m", module, "--help"]
    result = subprocess.run(command, cwd=ROOT, env={}, capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert f"python -m {module}" in result.stdout


def test_without_the_projects_python_one_sentence_says_what_to_type(tmp_path: Path) -> None:
    (tmp_path / "local").mkdir()
    for name in ("__init__.py", "__main__.py", "interpreter.py"):
        shutil.copy(ROOT / "local" / name, tmp_path / "local" / name)
    command = [sys.executable, "-S", "-m", "local", "status"]
    result = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        "python -m local: the project's Python is not ready; `make up` prepares it in .venv"
    ]
