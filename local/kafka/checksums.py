"""The SHA-256 checksums of each version's jars: what is downloaded is exactly what was tested, or is not used.

The files have the form of ``sha256sum``; ``python -m local.kafka VERSION ...`` writes them.
"""

import hashlib
from pathlib import Path

FOLDER = Path(__file__).with_name("checksums")


class ChecksumError(Exception):
    """Jars are not those that were written down, or nothing is."""


def file_of(version: str) -> Path:
    """Where the checksums of a version are."""
    return FOLDER / f"{version}.sha256"


def expect(version: str) -> None:
    """Raises:
    ChecksumError: nothing is written down for the version.
    """
    if not file_of(version).is_file():
        known = sorted(path.stem for path in FOLDER.glob("*.sha256"))
        raise ChecksumError(
            f"the checksums of Apache Kafka {version} are not in {FOLDER} (there: {', '.join(known)}); to write down "
            f"those of what is served now: python -m local.kafka {version}"
        )


def verify(version: str, library: Path) -> None:
    """Compare a folder of jars with what is written down.

    Raises:
        ChecksumError: a jar is missing, another, or not expected.
    """
    expect(version)
    expected = set(file_of(version).read_text(encoding="utf-8").splitlines())
    differing = sorted({line.split("  ", 1)[1] for line in expected ^ set(_lines(library))})
    if differing:
        raise ChecksumError(f"not the jars that {file_of(version)} lists: {', '.join(differing)}")


def write(version: str, library: Path) -> None:
    """Write down the checksums of a folder of jars."""
    FOLDER.mkdir(exist_ok=True)
    file_of(version).write_text("".join(f"{line}\n" for line in _lines(library)), encoding="utf-8")


def _lines(library: Path) -> list[str]:
    jars = sorted(library.iterdir())
    return [f"{hashlib.sha256(jar.read_bytes()).hexdigest()}  {jar.name}" for jar in jars]
