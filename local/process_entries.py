"""The file of a ledger: what was started, under which name, and how it is recognised."""

import fcntl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec


class Entry(msgspec.Struct, frozen=True):
    """What identifies a process: its mark, and its pid together with its time of creation."""

    mark: str
    log: str
    pid: int | None = None  # unknown between the announcement and the birth
    created: float | None = None  # seconds since 1970


class Entries:
    """The entries in the JSON file ``path``, by name, in the order of the starts."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, Entry]:
        """All of them; none where there is no file yet."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, Entry])
        except FileNotFoundError:
            return {}

    def record(self, name: str, entry: Entry) -> None:
        """Add or replace an entry; it is the last one then."""
        with self._changing() as entries:
            entries.pop(name, None)
            entries[name] = entry

    def forget(self, names: Iterable[str]) -> None:
        """Remove entries."""
        with self._changing() as entries:
            for name in names:
                entries.pop(name, None)

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Entry]]:
        """Read, change and replace the file: one writer at a time, and a crash leaves the old or the new one."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            entries = self.read()
            yield entries
            temporary = self._path.with_suffix(".new")
            temporary.write_bytes(msgspec.json.format(msgspec.json.encode(entries)))
            temporary.replace(self._path)
