"""Following what Vantiq's stand-in has accepted, from its journal file."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from local.vantiq.journal import Entry

_POLL_S = 0.1


class Deliveries:
    """The envelopes of one cluster's records in a journal, read as the file grows."""

    def __init__(self, journal: Path, cluster_arn: str) -> None:
        self.envelopes: list[dict[str, Any]] = []
        self._cluster = cluster_arn.rpartition(":cluster/")[2]
        self._places: set[tuple[str, int, int]] = set()
        self._journal = journal
        self._position = 0

    def read(self) -> int:
        """Read on; answers how many different records have arrived so far."""
        if self._journal.exists():
            with self._journal.open("rb") as file:
                file.seek(self._position)
                data = file.read()
            # The last line may still be being written.
            whole = data[: data.rfind(b"\n") + 1]
            self._position += len(whole)
            for entry in msgspec.json.Decoder(Entry).decode_lines(whole):
                envelope = entry.value()
                if envelope["cluster"] != self._cluster:
                    continue
                self.envelopes.append(envelope)
                self._places.add((envelope["topic"], envelope["partition"], envelope["offset"]))
        return len(self._places)

    def wait_for(self, count: int, limit_s: float, arrived: Callable[[int], None] = lambda _: None) -> bool:
        """Wait until ``count`` different records have arrived; False when the time is up first."""
        deadline = time.monotonic() + limit_s
        while (found := self.read()) < count:
            arrived(found)
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_S)
        arrived(found)
        return True
