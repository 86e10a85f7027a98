"""A cluster of a version that is not the session's."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from local.kafka import KafkaCluster, KafkaOptions, KafkaUnavailableError
from local.kafka.programs import kafka_programs
from local.processes import Ledger

# The last whose brokers keep the message formats of old producers.
OLD_FORMATS = "2.8.2"
CACHE = Path(__file__).parents[2] / ".local" / "cache"


@contextmanager
def cluster_of(version: str, folder: Path) -> Iterator[KafkaCluster]:
    """Three brokers of that version, gone at the end."""
    ledger = Ledger(folder / "processes.json")
    try:
        yield KafkaCluster.start(ledger, folder / "home", KafkaOptions("test", "own", CACHE, version))
    finally:
        ledger.stop_all(grace_seconds=0)


def download_ahead() -> None:
    """Bring the version that is needed late while other tests run; the test that needs it reports what fails."""
    with suppress(KafkaUnavailableError):
        kafka_programs(OLD_FORMATS, CACHE)
