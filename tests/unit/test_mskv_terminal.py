"""What ``mskv`` prints on a terminal, on one without colours, and where none is there."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRINT_AN_ERROR = """
from mskv.log_lines import Entry
from mskv.log_text import Printer
Printer("table").print_all([Entry(milliseconds=0, function="topics", level="ERROR", message="drift")])
"""
SPIN = """
from mskv.progress import progress
with progress() as reporter:
    reporter.say("probing")
print("done")
"""
RED, CODE = "31m", "\x1b["


def on_a_terminal(code: str, **environment: str) -> str:
    """What a program prints on standard output, which is a terminal."""
    ours, theirs = pty.openpty()
    others = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}}
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**others, "TERM": "xterm-256color", **environment},
            stdout=theirs,
            stderr=subprocess.PIPE,
            timeout=60,
            check=True,
        )
        # Little enough for the terminal's own buffer.
        printed = terminal.read(4096).decode()
        os.close(theirs)
    return printed


@pytest.mark.parametrize(("environment", "colours"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_an_error_is_red_unless_no_color_is_set(environment: dict[str, str], colours: bool) -> None:
    printed = on_a_terminal(PRINT_AN_ERROR, **environment)
    assert "drift" in printed
    assert (RED in printed) is colours


@pytest.mark.parametrize("code", [PRINT_AN_ERROR, SPIN])
def test_where_no_terminal_is_there_nothing_is_coloured_and_progress_is_plain_lines(code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert CODE not in done.stdout + done.stderr
    assert done.stderr in {"", "... probing\n"}
