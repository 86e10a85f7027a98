"""``python -m tests.fuzz.brokers_record``: ask three real brokers everything once, and store what they answer.

Run by hand after a question was added or changed; the file is a test's data.
"""

import json
import socket
import ssl
import tempfile
from base64 import b64encode
from pathlib import Path
from typing import Any

import confluent_kafka
from kafka.admin import KafkaAdminClient
from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.access import BrokerAddress
from msk_toolkit.kafka.bootstrap import open_any
from msk_toolkit.kafka.group import find_coordinator

from local.kafka import KafkaCluster, KafkaOptions
from local.processes import Ledger
from tests.fuzz.brokers_questions import (
    GROUP,
    PARTITIONS,
    PASSWORD,
    QUESTIONS,
    TOPIC,
    USERNAME,
    Conversation,
    Recorded,
    connection_over,
)
from tests.integration.kafka_access import created, plaintext, settled, wait_until

ROOT = Path(__file__).parents[2]
FILE = ROOT / "tests" / "data" / "broker-responses.json"
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
SECONDS = 30
GROUP_QUESTIONS = {"membership", "all positions", "group's type"}


def main() -> None:
    """Start the brokers, record, stop them."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder) / "processes.json")
        try:
            options = KafkaOptions(USERNAME, PASSWORD, ROOT / ".local" / "cache")
            kafka = KafkaCluster.start(ledger, Path(folder) / "home", options)
            wait_until(lambda: settled(kafka), "the cluster is not whole")
            prepare(kafka)
            recorded = {name: record(kafka, name, question) for name, question in QUESTIONS.items()}
        finally:
            ledger.stop_all(grace_seconds=0)
    content = {
        name: [[api_key, b64encode(frame).decode()] for api_key, frame in frames] for name, frames in recorded.items()
    }
    FILE.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(f"{FILE.name}: {len(recorded)} conversations, {FILE.stat().st_size} bytes")


def prepare(kafka: KafkaCluster) -> None:
    """The topic, with records in every codec; its last partition is empty."""
    brokers = kafka.bootstrap("PLAINTEXT")
    admin = KafkaAdminClient(bootstrap_servers=brokers.split(","))
    places = {number: [1] for number in range(PARTITIONS)}
    admin.create_topics({TOPIC: {"assignments": places, "configs": {"retention.ms": "-1"}}})
    admin.close()
    created(kafka, TOPIC)
    for partition, codec in enumerate(CODECS):
        sender = confluent_kafka.Producer({"bootstrap.servers": brokers, "compression.codec": codec, "linger.ms": 50})
        for number in range(5):
            headers: list[tuple[str, str | bytes | None]] = [("h", b"1"), ("h", None)]
            sender.produce(TOPIC, b"value %d " % number * 8, b"key", partition, timestamp=1000, headers=headers)
        assert sender.flush(SECONDS) == 0


def record(kafka: KafkaCluster, name: str, question: Conversation) -> list[tuple[int, bytes]]:
    """The frames of one conversation."""
    sock = connected(kafka, question, coordinator(kafka) if name in GROUP_QUESTIONS else 1)
    recorded = Recorded(sock)
    with connection_over(recorded) as connection:
        print(f"{name}: {question.ask(connection, Deadline(SECONDS))}"[:300])
    return recorded.frames


def coordinator(kafka: KafkaCluster) -> int:
    """The broker that coordinates the group."""
    connection, metadata = open_any(plaintext(kafka), Deadline(SECONDS), 5)
    with connection:
        address: BrokerAddress = find_coordinator(connection, GROUP, Deadline(SECONDS))
    return next(broker for broker, listed in metadata.brokers.items() if listed == address)


def connected(kafka: KafkaCluster, question: Conversation, broker: int) -> Any:
    """A socket to that broker's listener."""
    listener = "SASL_SSL" if question.with_login else "PLAINTEXT"
    sock = socket.create_connection(("localhost", kafka.settings.ports[listener][broker]), SECONDS)
    if not question.with_login:
        return sock
    return ssl.create_default_context(cafile=str(kafka.ca_file)).wrap_socket(sock, server_hostname="localhost")


if __name__ == "__main__":
    main()
