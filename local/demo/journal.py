"""Following what Vantiq's stand-in has accepted, from its journal file."""

import time
from collections.abc import Callable, Set
from pathlib import Path
from typing import Any

import msgspec

from local.vantiq.journal import Entry

_POLL_SECONDS = 0.1

# Topic, partition, offset.
Place = tuple[str, int, int]


class Deliveries:
    """The envelopes of one cluster's records in a journal, read as the file grows."""

    def __init__(self, journal: Path, cluster_arn: str) -> None:
        self.envelopes: list[dict[str, Any]] = []
        self._cluster = cluster_arn.rpartition(":cluster/")[2]
        self._places: set[Place] = set()
        self._journal = journal
        self._position = 0

    def read(self) -> Set[Place]:
        """Read on; returns the places of all records that have arrived so far."""
        if self._journal.exists():
            with self._journal.open("rb") as file:
                file.seek(self._position)
                data = file.read()
            # The last line may still be being written.
            whole = data[: data.rfind(b"\n") + 1]
            self._position += len(whole)
            for entry in msgspec.json.Decoder(Entry).decode_lines(whole):
                envelope = entry.value()
                # Others publish too: a source that is being tested, an event from somewhere else.
                if isinstance(envelope, dict) and envelope.get("cluster") == self._cluster:
                    self.envelopes.append(envelope)
                    self._places.add((envelope["topic"], envelope["partition"], envelope["offset"]))
        return self._places

    def wait_for(
        self, places: Set[Place], limit_seconds: float, arrived: Callable[[int], None] = lambda _: None
    ) -> bool:
        """Wait until every one of ``places`` has arrived; False when the time is up first."""
        deadline = time.monotonic() + limit_seconds
        missing = places - self.read()
        while missing:
            arrived(len(places) - len(missing))
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
            missing = places - self.read()
        arrived(len(places))
        return True
