"""The command line without the checkout's environment, as `uv tool run --from . mskv` has it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OWN_UV = ROOT / ".tools" / "uv" / "bin" / "uv"


def test_mskv_runs_in_an_empty_folder_with_the_libraries_of_its_package_alone(tmp_path: Path) -> None:
    uv = OWN_UV if OWN_UV.exists() else shutil.which("uv")
    assert uv, "uv is needed: make brings it into .tools"
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    python = str(Path(sys.executable).resolve())
    done = subprocess.run(
        [uv, "tool", "run", "--quiet", "--python", python, "--from", ROOT, "mskv", "mapping", "--local"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    # Everything but the local system, which a checkout has, was imported.
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.splitlines()[0].startswith("mskv: --local only works in a checkout: No module named 'local'")
