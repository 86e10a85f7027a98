"""Follows what the Vantiq stand-in has accepted and compares each record with what was written."""

import threading
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from local.demo.accounting import is_unharmed
from tests.chaos.account import Arrival
from tests.chaos.records import ID_HEADER, record

_POLL_SECONDS = 0.2
_CHUNK = 16 * 1024 * 1024


class _Entry(msgspec.Struct):
    """A line of the journal, as far as it matters here."""

    name: str
    body: msgspec.Raw


class Arrivals:
    """The arrivals of one run, read on by a thread of its own: ``with Arrivals(...) as arrivals``.

    Args:
        journal: a file with a line for each accepted event, in the order of acceptance.
        name: of Vantiq topics without records of the run, whose events are passed over.
    """

    def __init__(self, journal: Path, seed: int, *, ignored: frozenset[str], large: bool = True) -> None:
        self._journal, self._seed, self._large = journal, seed, large
        self._ignored = ignored
        self._position = journal.stat().st_size if journal.exists() else 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._decoder = msgspec.json.Decoder(_Entry)
        self.arrivals: list[Arrival] = []
        self.numbers: set[int] = set()
        self.failure: str = ""

    def __enter__(self) -> "Arrivals":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(30)

    def counted(self) -> Counter[str]:
        """How many arrivals each Kafka topic has."""
        return Counter(arrival.topic for arrival in self.arrivals)

    def _follow(self) -> None:
        try:
            while not self._stop.wait(_POLL_SECONDS):
                while self._read():
                    pass
            while self._read():
                pass
        except (msgspec.MsgspecError, ValueError, LookupError) as error:
            self.failure = f"the journal can't be read: {type(error).__name__}: {error}"

    def _read(self) -> bool:
        """Read on; whether there may be more."""
        with self._journal.open("rb") as file:
            file.seek(self._position)
            data = file.read(_CHUNK)
        # The last line may still be being written.
        whole = data[: data.rfind(b"\n") + 1]
        self._position += len(whole)
        for entry in self._decoder.decode_lines(whole):
            if entry.name not in self._ignored:
                self._add(msgspec.json.decode(entry.body))
        return bool(whole)

    def _add(self, envelope: dict[str, Any]) -> None:
        number = _number(envelope, self._seed)
        unharmed = number is not None and is_unharmed(record(self._seed, number, large=self._large), envelope)
        arrival = Arrival(number, envelope["topic"], envelope["partition"], envelope["offset"], unharmed)
        self.arrivals.append(arrival)
        if number is not None:
            self.numbers.add(number)


def _number(envelope: dict[str, Any], seed: int) -> int | None:
    """The record's own number; None where it belongs to no or another run."""
    for header in envelope["headers"]:
        if header["name"] == ID_HEADER:
            of_seed, _, number = str(header["value"]).partition("/")
            if of_seed == str(seed) and number.isdigit():
                return int(number)
    return None
