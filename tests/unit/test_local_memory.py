"""The memory of the local system is told as one figure."""

import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from local.memory import resident

# A parent that holds little, and a child of it that holds 50 MB.
CHILD = "import sys; held = bytearray(50_000_000); print(flush=True); sys.stdin.read()"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {CHILD!r}])"


@pytest.fixture
def parent() -> Iterator[psutil.Process]:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        yield psutil.Process(process.pid)
        process.communicate(timeout=10)


def test_a_process_counts_with_its_descendants(parent: psutil.Process) -> None:
    assert resident({"kafka-1": parent})["kafka-1"] > parent.memory_info().rss + 50_000_000


def test_a_process_that_has_ended_counts_nothing() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    process = psutil.Process(gone.pid)
    gone.wait(10)
    assert resident({"gone": process}) == {"gone": 0}
