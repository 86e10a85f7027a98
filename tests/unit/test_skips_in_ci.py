"""In CI a skipped test counts as failed, in one process and in several."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = """
import pytest

def test_skips_itself():
    pytest.skip("no such part here")

@pytest.mark.xfail(reason="a known defect", strict=True)
def test_is_known_to_fail():
    raise AssertionError
"""


@pytest.mark.parametrize(
    ("workers", "ci", "summary"), [("2", "true", "1 failed, 1 xfailed"), ("0", "", "1 skipped, 1 xfailed")]
)
def test_a_skip_fails_the_run_in_ci_alone(workers: str, ci: str, summary: str, tmp_path: Path) -> None:
    (tmp_path / "test_parts.py").write_text(TESTS)
    done = subprocess.run(
        [*(sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider"), "-n", workers],
        cwd=tmp_path,
        env={**os.environ, "CI": ci, "PYTHONPATH": str(ROOT), "PYTEST_DEBUG_TEMPROOT": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert summary in done.stdout, done.stdout + done.stderr
    assert ("skipped, which CI does not allow" in done.stdout) is bool(ci)
