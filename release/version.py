"""The one version, and the files in which it has to be written out.

The source is ``__version__`` of the layer's package; ``tests/unit/test_version.py`` holds the other places to it.
"""

import re
from pathlib import Path
from typing import NamedTuple

from release.errors import ReleaseError

_SOURCE = Path("layers/msk_toolkit/msk_toolkit/__init__.py")
_NUMBER = r"\d+\.\d+\.\d+"


class Place(NamedTuple):
    """A text in a file, with ``{}`` in the place of the version; only the first such text is meant."""

    file: Path
    text: str


PLACES = (
    Place(_SOURCE, '__version__ = "{}"'),
    Place(Path("mskv/__init__.py"), '__version__ = "{}"'),
    Place(Path("pyproject.toml"), 'version = "{}"'),
    Place(Path("uv.lock"), 'name = "msk-vantiq-toolkit"\nversion = "{}"'),
    Place(Path("template.yaml"), "    SemanticVersion: {}\n"),
    Place(Path("template.yaml"), "/tree/v{}\n"),
    Place(Path("template.yaml"), "/blob/v{}/docs/runbook.md\n"),
    Place(Path("template.yaml"), "    Description: Version of the toolkit that this stack runs.\n    Value: {}\n"),
)


def current_version(root: Path) -> str:
    """The version of the sources below ``root``."""
    return _found(PLACES[0], (root / _SOURCE).read_text(encoding="utf-8"))[1]


def set_version(root: Path, new: str) -> None:
    """Write another version into every place.

    Raises:
        ReleaseError: it has not the form X.Y.Z, is not above the current one, or a place is missing; nothing was
            written.
    """
    if not re.fullmatch(_NUMBER, new):
        raise ReleaseError(f"{new} is not a version: give three numbers, such as 0.4.0")
    current = current_version(root)
    if _ordered(new) <= _ordered(current):
        raise ReleaseError(f"{new} is not above the current version {current}")
    texts: dict[Path, str] = {}
    for place in PLACES:
        path = root / place.file
        texts[path] = replaced(place, texts.get(path) or path.read_text(encoding="utf-8"), new)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")


def replaced(place: Place, text: str, new: str) -> str:
    """The text of the place's file with another version in that place.

    Raises:
        ReleaseError: the file has no such place.
    """
    written, _ = _found(place, text)
    return text.replace(written, place.text.format(new), 1)


def _found(place: Place, text: str) -> tuple[str, str]:
    before, after = place.text.split("{}")
    match = re.search(f"{re.escape(before)}({_NUMBER}){re.escape(after)}", text)
    if match is None:
        raise ReleaseError(f"{place.file} does not have the text {place.text!r}")
    return match[0], match[1]


def _ordered(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))
