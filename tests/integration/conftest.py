"""The parts of the local system that integration tests share."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.topics.declared import DeclaredTopic

from local.kafka import KafkaCluster, KafkaOptions
from local.processes import Ledger
from tests.integration.kafka_access import new_name, plaintext, settled, wait_until
from tests.integration.topics_runs import run

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
        yield KafkaCluster.start(ledger, folder / "home", KafkaOptions("test", secrets.token_urlsafe(16), CACHE))
    finally:
        ledger.stop_all(grace_seconds=0)


@pytest.fixture(scope="module")
def topic(kafka: KafkaCluster) -> str:
    """A heartbeat topic of which each broker leads a partition."""
    name = new_name("heartbeat")
    wait_until(lambda: settled(kafka), "the cluster is not whole")
    declared = DeclaredTopic(name, 3, 3, {"min.insync.replicas": "2"})
    run([declared], plaintext(kafka), write=True, deadline=Deadline(20), stage_seconds=5)
    wait_until(lambda: settled(kafka, name), "the topic is not in sync")
    return name


@pytest.fixture
def group() -> str:
    """A consumer group that no other test knows."""
    return new_name("group")
