"""Leave out of a layer what a list names, and correct the RECORD files of its libraries.

Called by the layer's build: ``python3.13 prune.py LIST FOLDER``, with the folder ``python`` of a layer. Each line of
the list is ``remove PATTERN`` or ``empty FILE``, but for blank lines and those that begin with #.
"""

import base64
import csv
import hashlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

_NOTICE = b"# Emptied by the build of the MSK-Vantiq toolkit's layer: see left-out.txt in its sources.\n"


def rules(text: str) -> Iterator[tuple[str, str]]:
    """The lines of a list, each an action and a pattern.

    Raises:
        ValueError: a line is neither.
    """
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        action, _, pattern = line.strip().partition(" ")
        if action not in {"remove", "empty"} or not pattern:
            raise ValueError(f"neither `remove PATTERN` nor `empty FILE`: {line}")
        yield action, pattern


def prune(folder: Path, text: str) -> list[str]:
    """Apply a list to a folder of installed libraries; returns the lines that changed nothing."""
    idle = []
    for action, pattern in rules(text):
        paths = sorted(folder.glob(pattern))
        for path in paths:
            _leave_out(action, path)
        if not paths:
            idle.append(f"{action} {pattern}")
    for record in folder.glob("*.dist-info/RECORD"):
        _correct(record)
    return idle


def _leave_out(action: str, path: Path) -> None:
    if action == "empty":
        path.write_bytes(_NOTICE)
    elif path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _correct(record: Path) -> None:
    """Let a RECORD name only what is there, with its hash and size."""
    folder = record.parents[1]
    with record.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.reader(file) if (folder / row[0]).is_file()]
    with record.open("w", newline="", encoding="utf-8") as file:
        for name, digest, _ in rows:
            content = (folder / name).read_bytes()
            # It does not know its own hash.
            hashed = (_hashed(content), str(len(content))) if digest else ("", "")
            csv.writer(file, lineterminator="\n").writerow((name, *hashed))


def _hashed(content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
    return f"sha256={digest}"


if __name__ == "__main__":
    for line in prune(Path(sys.argv[2]), Path(sys.argv[1]).read_text(encoding="utf-8")):
        print(f"left-out.txt: nothing to {line}", file=sys.stderr)
