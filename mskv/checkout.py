"""Programs of the checkout's ``local`` package, started as processes; nothing of it is imported."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from mskv.errors import NotReachedError


def run_local(arguments: Sequence[str]) -> int:
    """Run ``python -m local`` in the checkout, with this terminal; returns its exit status.

    Raises:
        NotReachedError: there is no checkout.
    """
    checkout = _checkout()
    python = checkout / ".venv" / "bin" / "python"
    program = str(python) if python.exists() else sys.executable
    # Relative files are those of the current folder, so the program stays in it.
    paths = [str(checkout / "layers" / "msk_toolkit"), str(checkout)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    try:
        return subprocess.run([program, "-m", "local", *arguments], env=environment, check=False).returncode
    except KeyboardInterrupt:
        # The program has got the same Ctrl-C, and has said what it did.
        return 130


def _checkout() -> Path:
    package = importlib.util.find_spec("local")
    if package is None or not package.origin or not Path(package.origin).with_name("__main__.py").exists():
        raise NotReachedError("the local system only exists in a checkout", "use the checkout's .venv/bin/mskv")
    return Path(package.origin).parents[1]
