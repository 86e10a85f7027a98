"""The command line without the checkout's environment, as `uv tool run --from . mskv` has it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OWN_UV = ROOT / ".tools" / "uv" / "bin" / "uv"


EVERY_MODULE = """
import importlib, pkgutil, mskv
for module in pkgutil.walk_packages(mskv.__path__, "mskv."):
    importlib.import_module(module.name)
"""


@pytest.fixture
def command() -> list[str]:
    """What runs a program beside the package and its libraries alone."""
    uv = OWN_UV if OWN_UV.exists() else shutil.which("uv")
    assert uv, "uv is needed: make brings it into .tools"
    python = str(Path(sys.executable).resolve())
    return [str(uv), "tool", "run", "--quiet", "--python", python, "--from", str(ROOT)]


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    return subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, timeout=180, check=False
    )


def test_mskv_runs_in_an_empty_folder_without_a_checkout(command: list[str], tmp_path: Path) -> None:
    done = run([*command, "mskv", "mapping", "--local"], tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.splitlines()[0].startswith("mskv: --local only works in a checkout: No module named 'local'")


def test_every_module_finds_the_libraries_that_it_imports(command: list[str], tmp_path: Path) -> None:
    # A command imports what it needs only when it runs.
    done = run([*command, "python", "-c", EVERY_MODULE], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
