"""What Lambda's Python 3.13 runtime brings beside the interpreter: the runtime client and boto3."""

import sysconfig
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

RUNTIME_DISTRIBUTIONS = ("awslambdaric", "boto3")


def runtime_distributions() -> list[Distribution]:
    """The installed distributions that the runtime consists of, with all that they need, by name.

    Raises:
        importlib.metadata.PackageNotFoundError: one of them is not installed.
    """
    distributions: dict[str, Distribution] = {}
    names = list(RUNTIME_DISTRIBUTIONS)
    while names:
        name = names.pop()
        if name in distributions:
            continue
        distributions[name] = distribution(name)
        requirements = map(Requirement, distributions[name].requires or ())
        names += [need.name for need in requirements if not need.marker or need.marker.evaluate({"extra": ""})]
    return [distributions[name] for name in sorted(distributions)]


def runtime_files() -> dict[str, Path]:
    """Path below /var/runtime -> installed file, for every importable file of the runtime.

    Byte code is left out: whoever places the files compiles them for the place where they are then read.
    """
    site = Path(sysconfig.get_path("purelib"))
    files: dict[str, Path] = {}
    for package in runtime_distributions():
        for file in package.files or ():
            path = file.as_posix()
            if not path.startswith("..") and "__pycache__" not in file.parts and (site / path).is_file():
                files[path] = site / path
    return files
