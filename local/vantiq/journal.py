"""What was accepted, in the order of arrival, in memory and on disk."""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import msgspec


class Entry(msgspec.Struct, frozen=True):
    """One accepted event.

    ``seq`` counts from 1, ``time`` is the monotonic clock in seconds, ``kind`` is topics, services, sources,
    procedures or custom, ``name`` the topic, ``service/Event``, source, procedure or type, and ``body`` the
    event's JSON as it came (one array element where an array was unwound).
    """

    seq: int
    time: float
    namespace: str
    kind: str
    name: str
    body: msgspec.Raw

    def value(self) -> Any:
        """The body, decoded."""
        return msgspec.json.decode(self.body)


class Journal:
    """Keeps accepted events; written by one thread (the server's), readable from any."""

    def __init__(self, path: Path | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._entries: list[Entry] = []
        self._grown = threading.Condition()
        self._file: BinaryIO | None = None
        if path is not None:
            self._file = self._continue(path)

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, namespace: str, kind: str, name: str, bodies: Sequence[bytes | msgspec.Raw]) -> None:
        """Keep one entry a body; on return they are with the operating system when there is a file."""
        now = self._clock()
        first = len(self._entries) + 1
        # A body spread over lines would break the file's one line an entry.
        new = [
            Entry(seq, now, namespace, kind, name, msgspec.Raw(_one_line(body)))
            for seq, body in enumerate(bodies, first)
        ]
        if self._file is not None:
            self._file.write(msgspec.json.Encoder().encode_lines(new))
            self._file.flush()
        with self._grown:
            self._entries.extend(new)
            self._grown.notify_all()

    def entries(self, after: int = 0, limit: int | None = None) -> list[Entry]:
        """Entries with a higher sequence number than ``after``, oldest first."""
        if limit is None:
            return self._entries[after:]
        return self._entries[after : after + limit]

    def values(self, kind: str | None = None, name: str | None = None) -> list[Any]:
        """The decoded bodies, in order, of one kind and name or of all."""
        return [entry.value() for entry in self.entries() if kind in (None, entry.kind) and name in (None, entry.name)]

    def wait_for(self, count: int, timeout_seconds: float = 10.0) -> list[Entry]:
        """Wait until at least ``count`` events were accepted; TimeoutError names how many there are."""
        with self._grown:
            if not self._grown.wait_for(lambda: len(self._entries) >= count, timeout_seconds):
                raise TimeoutError(f"{len(self._entries)} of {count} events after {timeout_seconds} s")
            return list(self._entries)

    def clear(self) -> None:
        """Forget everything, on disk too; the next entry has sequence number 1."""
        if self._file is not None:
            self._file.seek(0)
            self._file.truncate()
        with self._grown:
            self._entries = []

    def close(self) -> None:
        """Close the file; what was accepted stays readable in memory."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _continue(self, path: Path) -> BinaryIO:
        """Take over what an earlier run left; a last line cut off by a kill was never answered for."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.chmod(0o600)  # an earlier version's, too: it holds records
        file = path.open("r+b")
        kept = file.read()
        whole = kept.rfind(b"\n") + 1
        self._entries = msgspec.json.Decoder(Entry).decode_lines(kept[:whole])
        file.seek(whole)
        file.truncate()
        return file


def _one_line(body: bytes | msgspec.Raw) -> bytes:
    text = bytes(body)
    if b"\n" in text or b"\r" in text:
        return msgspec.json.format(text, indent=-1)
    return text
