"""Files that only their owner may read, in folders that git does not track."""

import os
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO

import click

_FILE_MODE, _FOLDER_MODE = 0o600, 0o700
_MAX_NAMED = 5


def refuse_tracked(folder: Path, names: Iterable[str], held: str) -> None:
    """A folder in a git checkout must have all of these files ignored by it.

    Args:
        held: what the files hold, for the message.

    Raises:
        UsageError: git would track one.
    """
    # Git takes a path through a symbolic link for one outside of the checkout.
    folder = folder.resolve()
    existing = next(path for path in (folder, *folder.parents) if path.is_dir())
    tracked = _tracked(existing, folder, list(names))
    if tracked:
        named = ", ".join(tracked[:_MAX_NAMED])
        if len(tracked) > _MAX_NAMED:
            named += f" and {len(tracked) - _MAX_NAMED:,} more"
        raise click.UsageError(
            f"git would track {named} in {folder}, and the files hold {held}: use a folder outside of "
            "the checkout, add it to .gitignore, or use --force"
        )


def refuse_existing(folder: Path, names: Iterable[str]) -> None:
    """None of these files may be in the folder.

    Raises:
        UsageError: one is.
    """
    existing = sorted(name for name in names if os.path.lexists(folder / Path(name).name))
    if existing:
        raise click.UsageError(f"{folder} already has {', '.join(existing)}: use another name, or --force")


def make_folder(folder: Path) -> None:
    """Make a folder that only its owner may enter; one that is there stays as it is.

    Raises:
        OSError: it can't be made.
    """
    folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)


def new_file(path: Path) -> IO[str]:
    """A new file to write to, instead of one that is there: that may be readable by others.

    Raises:
        OSError: it can't be made.
    """
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE), "w", encoding="utf-8")


def _tracked(existing: Path, folder: Path, names: Sequence[str]) -> list[str]:
    """Those that git does not ignore, asked about all at once: letters may be thousands."""
    command = ["git", "-C", str(existing), "check-ignore", "--stdin", "-z"]
    paths = {name: str(folder / name) for name in names}
    try:
        answer = subprocess.run(
            command, input=os.fsencode("\0".join(paths.values())), capture_output=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return []  # without git nothing is tracked
    # 0: some are ignored. 1: none is. 128: not a checkout.
    if answer.returncode not in {0, 1}:
        return []
    ignored = set(os.fsdecode(answer.stdout).split("\0"))
    return [name for name, path in paths.items() if path not in ignored]
