"""The parts of the local system that integration tests share."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.kafka import KafkaCluster
from local.processes import Ledger

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".local" / "cache"


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    """Three real brokers for the whole session.

    With LOCAL_KAFKA_HOME they are those that run there already, and are left running. A test that stops, kills or
    pauses a broker brings it back itself.
    """
    if home := os.environ.get("LOCAL_KAFKA_HOME"):
        yield KafkaCluster.open(Path(home))
        return
    folder = tmp_path_factory.mktemp("kafka")
    ledger = Ledger(folder / "processes.json")
    try:
        yield KafkaCluster.start(
            ledger, folder / "home", username="test", password=secrets.token_urlsafe(16), cache=CACHE
        )
    finally:
        ledger.stop_all(grace_s=0)
