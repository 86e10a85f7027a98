"""What is brought to this machine once: whoever needs it at the same time waits for the first to have brought it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def sole_download(place: Path) -> Iterator[None]:
    """Hold the right to bring something to ``place``; look inside the block whether another process has done it.

    The kernel lets go of the lock when its holder ends, however it ends. No file stays.
    """
    lock = place.with_name(f"{place.name}.lock")
    lock.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with lock.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            # Its last holder has deleted the file that we waited for, and somebody may hold a new one.
            if not _is_still(lock, file):
                continue
            try:
                yield
            finally:
                lock.unlink()
            return


def _is_still(path: Path, file: IO[str]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
