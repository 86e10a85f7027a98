import os
import socket
import ssl
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import KafkaError

from local.kafka import BROKER_IDS, KafkaCluster
from local.kafka.queries import known_brokers
from local.kafka.settings import KafkaSettings, Listener
from local.processes import Ledger

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".local" / "cache"


def login(kafka: KafkaCluster, **changes: Any) -> dict[str, Any]:
    """A client's settings for SASL_SSL with SCRAM-SHA-512."""
    return {**kafka.client_settings, **changes}


def ports_of(settings: KafkaSettings) -> list[int]:
    return [port for by_broker in settings.ports.values() for port in by_broker.values()]


def is_listening(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


def write_and_read(settings: dict[str, Any], topic: str, value: bytes) -> list[bytes]:
    """Write a record that all in-sync replicas acknowledge and read the topic from its beginning."""
    producer = KafkaProducer(**settings, acks="all", request_timeout_ms=10_000)
    try:
        producer.send(topic, value).get(timeout=20)
    finally:
        producer.close(timeout=5)
    consumer = KafkaConsumer(**settings, consumer_timeout_ms=10_000)
    try:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        consumer.seek_to_beginning(partition)
        end = consumer.end_offsets([partition])[partition]
        return [record.value for record in islice(consumer, end)]
    finally:
        consumer.close(timeout_ms=5_000)


@pytest.fixture
def topic(kafka: KafkaCluster) -> str:
    """A new topic with a replica on every broker."""
    name = f"test-{uuid4().hex[:8]}"
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap("PLAINTEXT").split(","))
    try:
        admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=3)])
    finally:
        admin.close()
    return name


def test_a_scram_login_over_tls_writes_and_reads_a_record(kafka: KafkaCluster, topic: str) -> None:
    assert write_and_read(login(kafka), topic, b"hello") == [b"hello"]


@pytest.mark.parametrize("listener", ["PLAINTEXT", "SSL"])
def test_a_client_without_login_writes_and_reads_a_record(kafka: KafkaCluster, topic: str, listener: Listener) -> None:
    settings = {
        "bootstrap_servers": kafka.bootstrap(listener).split(","),
        "security_protocol": listener,
        "ssl_cafile": str(kafka.ca_file),
    }
    assert write_and_read(settings, topic, b"hello") == [b"hello"]


def test_a_wrong_password_is_refused(kafka: KafkaCluster, topic: str) -> None:
    with pytest.raises(KafkaError):
        KafkaProducer(**login(kafka, sasl_plain_password="wrong", bootstrap_timeout_ms=3_000))


def test_a_group_commits_its_offset(kafka: KafkaCluster, topic: str) -> None:
    write_and_read(login(kafka), topic, b"hello")
    consumer = KafkaConsumer(topic, **login(kafka), group_id=f"group-{topic}", auto_offset_reset="earliest")
    try:
        assert [record.value for records in consumer.poll(20_000).values() for record in records] == [b"hello"]
        consumer.commit()
        assert consumer.committed(TopicPartition(topic, 0)) == 1
    finally:
        consumer.close(timeout_ms=5_000)


def test_an_added_user_can_log_in_at_once_on_every_broker(kafka: KafkaCluster, topic: str) -> None:
    name = f"user-{topic}"
    kafka.add_scram_user(name, 'odd, "password"=]')
    for address in kafka.bootstrap("SASL_SSL").split(","):
        user = {"sasl_plain_username": name, "sasl_plain_password": 'odd, "password"=]'}
        settings = login(kafka, bootstrap_servers=[address], bootstrap_timeout_ms=5_000, **user)
        KafkaProducer(**settings).close(timeout=5)


def test_the_certificate_of_every_broker_passes_strict_verification(kafka: KafkaCluster) -> None:
    context = ssl.create_default_context(cafile=str(kafka.ca_file))
    for host in ("localhost", "127.0.0.1", "host.docker.internal"):
        for port in kafka.settings.ports["SSL"].values():
            with socket.create_connection(("127.0.0.1", port), timeout=5) as plain:
                context.wrap_socket(plain, server_hostname=host).close()


def test_records_are_written_while_one_broker_is_stopped_and_it_comes_back(kafka: KafkaCluster, topic: str) -> None:
    kafka.stop_broker(2)
    try:
        assert kafka.running_brokers() == [1, 3]
        assert write_and_read(login(kafka), topic, b"without 2") == [b"without 2"]
    finally:
        kafka.start_broker(2)
    for port in kafka.settings.ports["PLAINTEXT"].values():
        assert known_brokers(port) == set(BROKER_IDS)
    assert write_and_read(login(kafka), topic, b"with 2") == [b"without 2", b"with 2"]


def test_a_killed_broker_leaves_the_metadata_and_comes_back(kafka: KafkaCluster) -> None:
    kafka.kill_broker(3)
    try:
        deadline = time.monotonic() + 20
        while known_brokers(kafka.settings.ports["PLAINTEXT"][1]) != {1, 2}:
            assert time.monotonic() < deadline, "broker 3 is still in the metadata of broker 1"
            time.sleep(0.1)
    finally:
        kafka.start_broker(3)
    assert known_brokers(kafka.settings.ports["PLAINTEXT"][1]) == set(BROKER_IDS)


def test_a_paused_broker_accepts_connections_and_does_not_answer(kafka: KafkaCluster) -> None:
    port = kafka.settings.ports["PLAINTEXT"][1]
    kafka.pause_broker(1)
    try:
        assert is_listening(port)
        assert known_brokers(port) == frozenset()
    finally:
        kafka.resume_broker(1)
    deadline = time.monotonic() + 30
    while any(known_brokers(port) != set(BROKER_IDS) for port in kafka.settings.ports["PLAINTEXT"].values()):
        assert time.monotonic() < deadline, "the resumed broker is not back"
        time.sleep(0.1)


def test_another_process_can_open_a_running_cluster(kafka: KafkaCluster) -> None:
    program = (
        "import sys; from pathlib import Path; from local.kafka import KafkaCluster\n"
        "cluster = KafkaCluster.open(Path(sys.argv[1]))\n"
        "print(cluster.bootstrap('SASL_SSL'), cluster.running_brokers(), cluster.ca_file)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(kafka.settings.home)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    assert done.stdout == f"{kafka.bootstrap('SASL_SSL')} [1, 2, 3] {kafka.ca_file}\n"


def test_a_console_tool_of_kafka_runs(kafka: KafkaCluster, topic: str) -> None:
    command = [*kafka.console_tool("TopicCommand"), "--bootstrap-server", kafka.bootstrap("PLAINTEXT"), "--list"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert topic in done.stdout.splitlines()


def test_the_password_is_in_no_log_and_on_no_command_line(kafka: KafkaCluster) -> None:
    password = kafka.settings.password
    for broker in BROKER_IDS:
        assert password not in kafka.log(broker).read_text()
    for process in Ledger(kafka.settings.ledger).running().values():
        assert password not in " ".join(process.cmdline())
