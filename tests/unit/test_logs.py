"""The functions' loggers, and those of the libraries that would print a secret or a record."""

import contextlib
import io
import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from msk_toolkit.telemetry.logs import toolkit_logger

from tests.unit.test_functions import HANDLERS, ROOT

# Each logger, and the least severe level that it may show; the libraries' own loggers are below these.
HELD = {
    "boto3.session": logging.WARNING,
    "botocore.parsers": logging.WARNING,
    "s3transfer.tasks": logging.WARNING,
    "urllib3.connectionpool": logging.WARNING,
    "kafka.conn": logging.WARNING,
    "kafka.protocol.parser": logging.CRITICAL + 1,
    "websockets.client": logging.WARNING,
}


@pytest.mark.parametrize("path", HANDLERS, ids=lambda path: path.stem)
def test_no_function_shows_what_libraries_say_at_debug(path: Path) -> None:
    program = (
        "import json, logging\n"
        "logging.getLogger().setLevel(logging.DEBUG)\n"
        f"import {path.stem}\n"
        f"levels = {{name: logging.getLogger(name).getEffectiveLevel() for name in {sorted(HELD)!r}}}\n"
        "print(json.dumps(levels))"
    )
    environment = {
        "PYTHONPATH": str(ROOT / "layers" / "msk_toolkit"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "POWERTOOLS_LOG_LEVEL": "DEBUG",
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=path.parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == HELD


def test_a_line_with_text_that_utf_8_can_not_hold_is_written_nevertheless() -> None:
    octets = io.BytesIO()
    output = io.TextIOWrapper(octets, encoding="utf-8", write_through=True)
    with contextlib.redirect_stdout(output):
        toolkit_logger("surrogates").info("refused", extra={"place": "orders-\ud800", "topic": "Müller"})
    last = octets.getvalue().decode().splitlines()[-1]
    assert "Müller" in last
    assert json.loads(last)["place"] == "orders-\ud800"
