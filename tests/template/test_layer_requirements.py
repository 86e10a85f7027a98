"""The layer's requirements are those of the lock file."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAYER = ROOT / "layers" / "msk_toolkit"
OWN_UV = ROOT / ".tools" / "uv" / "bin" / "uv"


def test_the_layers_requirements_are_exported_from_the_lock() -> None:
    uv = OWN_UV if OWN_UV.exists() else shutil.which("uv")
    assert uv, "uv is needed: make brings it into .tools"
    done = subprocess.run(
        ["make", "--silent", "--no-print-directory", "-C", LAYER, "locked-requirements", f"UV={uv}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (LAYER / "requirements.txt").read_text(encoding="utf-8") == done.stdout, "run make lock"
