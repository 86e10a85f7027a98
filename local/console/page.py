"""The console's page and the files that it loads."""

from functools import cache
from html import escape
from pathlib import Path
from typing import NamedTuple

_FOLDER = Path(__file__).parent / "static"
_TYPES = {".js": "text/javascript", ".css": "text/css"}
_TOKEN = "TOKEN"  # noqa: S105 the placeholder in the page


class StaticFile(NamedTuple):
    """A file as it is served."""

    content: bytes
    content_type: str


@cache
def static_files() -> dict[str, StaticFile]:
    """Every file that a page may load, by its path below ``/static/``; nothing else is served."""
    files = (file for file in _FOLDER.rglob("*") if file.suffix in _TYPES)
    return {file.relative_to(_FOLDER).as_posix(): StaticFile(file.read_bytes(), _TYPES[file.suffix]) for file in files}


def page(token: str) -> str:
    """The page, which sends ``token`` with each of its requests."""
    return (_FOLDER / "index.html").read_text(encoding="utf-8").replace(_TOKEN, escape(token, quote=True))
