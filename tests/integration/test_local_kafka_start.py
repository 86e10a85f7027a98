"""How a local cluster starts: what was left is ended, what fails is said, and nothing stays behind."""

import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from local.kafka import BROKER_IDS, CertificateAuthority, KafkaCluster, KafkaClusterError, KafkaOptions
from local.kafka.jars import KafkaUnavailableError, kafka_jars
from local.kafka.settings import KafkaSettings
from local.kafka.versions import DEFAULT_VERSION
from local.ports import free_ports
from local.processes import Ledger

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".local" / "cache"


def ports_of(settings: KafkaSettings) -> list[int]:
    return [port for by_broker in settings.ports.values() for port in by_broker.values()]


def is_listening(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A place for a cluster of the test's own, which is ended with it."""
    yield tmp_path
    Ledger(tmp_path / "processes.json").stop_all(grace_seconds=0)


def start_in(folder: Path, **options: Any) -> KafkaCluster:
    ledger = Ledger(folder / "processes.json")
    return KafkaCluster.start(ledger, folder / "kafka", KafkaOptions("test", "own", CACHE, **options))


def test_a_second_start_ends_what_a_killed_first_one_left(folder: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from local.kafka import KafkaCluster, KafkaOptions; from local.processes import Ledger\n"
        "folder, cache = map(Path, sys.argv[1:])\n"
        "options = KafkaOptions('test', 'first', cache)\n"
        "KafkaCluster.start(Ledger(folder / 'processes.json'), folder / 'kafka', options)\n"
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


def test_brokers_of_the_usual_version_start_from_a_cache_that_java_accepts(kafka: KafkaCluster) -> None:
    if kafka.settings.version != DEFAULT_VERSION:
        assert not kafka.programs.startup_cache.exists()
        return
    # With "on", Java ends instead of passing over a cache that does not fit.
    command = kafka.programs.command("kafka.tools.StorageTool", "-XX:AOTMode=on")
    done = subprocess.run([*command, "random-uuid"], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, len(done.stdout.strip())) == (0, 22), done.stdout + done.stderr
    assert f"-XX:AOTCache={kafka.programs.startup_cache}" in command


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
    """What a client that trusts ``ca_file`` and wants localhost says of a server, in memory."""
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
