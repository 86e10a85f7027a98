"""A cluster of a version that is not the session's."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.kafka import KafkaCluster, KafkaOptions
from local.processes import Ledger

CACHE = Path(__file__).parents[2] / ".local" / "cache"


@contextmanager
def cluster_of(version: str, folder: Path) -> Iterator[KafkaCluster]:
    """Three brokers of that version, gone at the end."""
    ledger = Ledger(folder / "processes.json")
    try:
        yield KafkaCluster.start(ledger, folder / "home", KafkaOptions("test", "own", CACHE, version))
    finally:
        ledger.stop_all(grace_seconds=0)
