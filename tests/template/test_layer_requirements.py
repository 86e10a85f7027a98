"""The layers' requirements are those of the lock file."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OWN_UV = ROOT / ".tools" / "uv" / "bin" / "uv"


@pytest.mark.parametrize("layer", ["msk_toolkit", "schemas"])
def test_a_layer_s_requirements_are_exported_from_the_lock(layer: str) -> None:
    folder = ROOT / "layers" / layer
    uv = OWN_UV if OWN_UV.exists() else shutil.which("uv")
    assert uv, "uv is needed: make brings it into .tools"
    done = subprocess.run(
        ["make", "--silent", "--no-print-directory", "-C", folder, "locked-requirements", f"UV={uv}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (folder / "requirements.txt").read_text(encoding="utf-8") == done.stdout, "run make lock"
