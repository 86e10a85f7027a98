import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import KafkaError

from local.kafka import BROKER_IDS, CertificateAuthority, KafkaCluster, KafkaClusterError
from local.kafka.jars import KafkaUnavailableError, kafka_jars
from local.kafka.queries import known_brokers
from local.kafka.settings import KafkaSettings, Listener
from local.ports import free_ports
from local.processes import Ledger

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".local" / "cache"


def login(kafka: KafkaCluster, **changes: Any) -> dict[str, Any]:
    """A client's settings for SASL_SSL with SCRAM-SHA-512."""
    return {
        "bootstrap_servers": kafka.bootstrap("SASL_SSL").split(","),
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": kafka.settings.username,
        "sasl_plain_password": kafka.settings.password,
        "ssl_cafile": str(kafka.ca_file),
        **changes,
    }


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


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A place for a cluster of the test's own, which is ended with it."""
    yield tmp_path
    Ledger(tmp_path / "processes.json").stop_all(grace_s=0)


def start_in(folder: Path, **options: Any) -> KafkaCluster:
    ledger = Ledger(folder / "processes.json")
    return KafkaCluster.start(ledger, folder / "kafka", username="test", password="own", cache=CACHE, **options)


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


def test_a_second_start_ends_what_a_killed_first_one_left(folder: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from local.kafka import KafkaCluster; from local.processes import Ledger\n"
        "folder, cache = map(Path, sys.argv[1:])\n"
        "KafkaCluster.start(Ledger(folder / 'processes.json'), folder / 'kafka', username='test', password='first',\n"
        "                   cache=cache)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    first = subprocess.run(
        [sys.executable, "-c", program, str(folder), str(CACHE)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=200,
        check=False,
    )
    assert first.returncode == -signal.SIGKILL
    left = KafkaCluster.open(folder / "kafka")
    processes = [Ledger(left.settings.ledger).running()[f"kafka-{broker}"] for broker in BROKER_IDS]

    second = start_in(folder, container_address="127.0.0.2")

    assert not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)
    assert not any(is_listening(port) for port in set(ports_of(left.settings)) - set(ports_of(second.settings)))
    assert second.running_brokers() == list(BROKER_IDS)

    for port in second.settings.ports["CONTAINER"].values():
        context = ssl.create_default_context(cafile=str(second.ca_file))
        with socket.create_connection(("127.0.0.2", port), timeout=5) as plain:
            context.wrap_socket(plain, server_hostname="host.docker.internal").close()
    assert second.bootstrap("CONTAINER").startswith("host.docker.internal:")

    second.stop()

    assert Ledger(second.settings.ledger).running() == {}
    assert not any(is_listening(port) for port in ports_of(second.settings))


def test_a_start_that_fails_names_the_log_and_leaves_nothing_running(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as occupied:
        occupied.bind(("127.0.0.1", 0))
        occupied.listen()
        taken = occupied.getsockname()[1]
        monkeypatch.setattr("local.kafka.cluster.free_ports", lambda count: [taken, *free_ports(count - 1)])
        with pytest.raises(KafkaClusterError, match=r"(?s)Address already in use.*kafka-1 ended.*broker\.log"):
            start_in(folder)
    assert Ledger(folder / "processes.json").running() == {}


def test_a_container_address_that_is_not_this_machines_is_refused(folder: Path) -> None:
    with pytest.raises(KafkaClusterError, match="Cannot assign requested address"):
        start_in(folder, container_address="192.0.2.1")
    assert Ledger(folder / "processes.json").running() == {}


def test_a_version_that_does_not_exist_is_refused_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(KafkaUnavailableError, match=r"4\.999\.0"):
        kafka_jars("4.999.0", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_cached_version_needs_no_network(monkeypatch: pytest.MonkeyPatch, kafka: KafkaCluster) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert kafka_jars(kafka.settings.version, CACHE).is_dir()


def test_a_home_without_a_cluster_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(KafkaClusterError, match="no Kafka cluster was started in"):
        KafkaCluster.open(tmp_path)


def test_an_expired_and_a_foreign_certificate_fail_verification(tmp_path: Path) -> None:
    ours = CertificateAuthority.create(tmp_path / "ours")
    foreign = CertificateAuthority.create(tmp_path / "foreign")
    now = datetime.now(UTC)
    expired = ours.issue(
        "expired", ["localhost"], not_before=now - timedelta(days=2), not_after=now - timedelta(days=1)
    )
    assert verification_error(ours.ca_file, *ours.issue("good", ["localhost"])) is None
    assert verification_error(ours.ca_file, *expired) == "certificate has expired"
    assert verification_error(ours.ca_file, *foreign.issue("server", ["localhost"])) is not None
    assert verification_error(ours.ca_file, *CertificateAuthority.open(tmp_path / "ours").issue("b", ["b"])) is not None


def verification_error(ca_file: Path, chain: Path, key: Path) -> str | None:
    """What a client that trusts `ca_file` and wants localhost says of a server, in memory."""
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(chain, key)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context(cafile=str(ca_file)).wrap_bio(to_client, to_server, server_hostname="localhost")
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(5):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError as error:
                return error.verify_message
    return None
