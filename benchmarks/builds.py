"""Builds of the toolkit that are measured side by side: this tree, and an earlier one."""

import io
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def search_path(build: Path) -> dict[str, str]:
    """The environment of a process that finds the toolkit and the forwarder's handler of a build before any other."""
    folders = [build / "layers" / "msk_toolkit", build / "functions" / "forwarder", ROOT]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))}


@contextmanager
def baseline(version: str | None) -> Iterator[Path | None]:
    """The folder of an earlier build: the version itself where it is a folder, otherwise out of git.

    Args:
        version: a folder with ``layers`` and ``functions``, a tag or a commit; None for no baseline.
    """
    if version is None:
        yield None
        return
    if Path(version).is_dir():
        yield Path(version).resolve()
        return
    done = subprocess.run(
        ["git", "archive", version, "layers", "functions"], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
        yield Path(folder)
