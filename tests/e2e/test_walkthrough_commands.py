"""Each command of the walk-through, run on the deployed stack as it is shown."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from local.system import System
from tests.walkthrough_commands import mskv_commands

pytestmark = pytest.mark.e2e

MSKV = str(Path(sys.executable).with_name("mskv"))


@pytest.mark.parametrize("command", dict.fromkeys(mskv_commands("walkthrough.md")))
def test_a_command_of_the_walkthrough_runs_as_it_is_shown(system: System, tmp_path: Path, command: str) -> None:
    arguments = shlex.split(command)[1:]
    # No person is there to approve it.
    consent = ["--yes"] if "register" in arguments else []
    done = subprocess.run(
        [MSKV, *arguments, *consent, "--local", "--local-run", str(system.run)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    # Other tests leave letters and alarms behind.
    assert done.returncode in {0, 1}, done.stderr
    assert done.stdout
    if arguments[:2] == ["connect", "files"]:
        assert (tmp_path / "clients" / "users_jaas.conf").stat().st_mode & 0o777 == 0o600
