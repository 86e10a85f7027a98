"""The latest mails of the local system, as files in a folder."""

from pathlib import Path

import msgspec

MAX_MAILS = 20
_MAX_CHARACTERS = 20_000


class Mail(msgspec.Struct, frozen=True):
    """A mail: its file's name, when it was written in seconds since 1970, and its text."""

    name: str
    at: float
    text: str


def latest_mails(folder: Path) -> list[Mail]:
    """The newest mails first; none where the folder does not exist.

    Raises:
        OSError: a file could not be read.
    """
    if not folder.is_dir():
        return []
    files = [(file.stat().st_mtime, file) for file in folder.iterdir() if file.is_file() and _is_mail(file)]
    files.sort(reverse=True)
    return [Mail(file.name, at, _text(file)) for at, file in files[:MAX_MAILS]]


def _is_mail(file: Path) -> bool:
    # Chat and ticket tools get the same as JSON.
    return file.suffix in (".txt", ".eml", ".md")


def _text(file: Path) -> str:
    with file.open(encoding="utf-8", errors="replace") as stream:
        return stream.read(_MAX_CHARACTERS)
