"""What another version of the checkout has started is told and ended, though its notes can't be read any more."""

import os
import sys
from pathlib import Path

import pytest

from local.processes import Command
from local.startup import bring_down
from local.system import OtherVersionError, System, ledger


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run with a process, and with notes that miss what this version writes down."""
    (tmp_path / "kafka").mkdir()
    for notes in (tmp_path / "system.json", tmp_path / "kafka" / "cluster.json"):
        notes.write_text("{}")
    return tmp_path


def test_its_processes_are_ended(run: Path) -> None:
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    process = ledger(run).start("kafka-1", Command(sleep, dict(os.environ), run, run / "log"))
    assert bring_down(run) == ["kafka-1"]
    process.wait(5)  # raises where it goes on
    assert ledger(run).running() == {}


def test_what_its_emulator_has_unpacked_goes_and_its_log_stays(run: Path) -> None:
    (run / "aws" / "data" / "tmp").mkdir(parents=True)
    (run / "aws" / "data" / "tmp" / "function.zip").write_bytes(b"unpacked")
    (run / "aws" / "emulator.log").write_text("its log")
    bring_down(run)
    assert [path.name for path in (run / "aws").iterdir()] == ["emulator.log"]


def test_its_state_is_one_clear_error(run: Path) -> None:
    with pytest.raises(OtherVersionError, match="another version of this checkout; run make down, then make up"):
        System.open(run)
