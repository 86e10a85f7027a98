"""A real Apache Kafka cluster on this machine: three KRaft nodes that can be stopped, killed and paused one by one."""

import base64
import hashlib
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Self

import psutil
from kafka.admin import KafkaAdminClient, ScramMechanism, UserScramCredentialUpsertion

from local.kafka.certificates import CertificateAuthority
from local.kafka.jars import DEFAULT_VERSION, console_tool, java_command, kafka_jars
from local.kafka.logs import LOGGING, QUIET, first_error
from local.kafka.queries import known_brokers, knows_scram_user
from local.kafka.settings import (
    BROKER_IDS,
    BROKER_NAMES,
    KafkaSettings,
    Listener,
    broker_properties,
    port_count,
    write_private,
)
from local.ports import free_ports
from local.processes import Ledger, ProcessError

_START_DEADLINE_S = 90.0
_STOP_GRACE_S = 20.0
_SCRAM_ITERATIONS = 4096


class KafkaClusterError(Exception):
    """The cluster could not be prepared, or did not do what it was asked within its time."""


class KafkaCluster:
    """A running cluster, its processes in `ledger` under the names `kafka-1`, `kafka-2` and `kafka-3`."""

    def __init__(self, settings: KafkaSettings, ledger: Ledger) -> None:
        self.settings = settings
        self._ledger = ledger
        self._certificates = settings.home / "certificates"

    @classmethod
    def start(
        cls,
        ledger: Ledger,
        home: Path,
        *,
        username: str,
        password: str,
        cache: Path,
        version: str | None = None,
        container_address: str | None = None,
        on_progress: Callable[[str], object] = lambda _: None,
    ) -> Self:
        """Start a new, empty cluster in `home`; whatever an earlier one left there is ended and deleted.

        `cache` keeps the downloads. Without `version` the environment variable KAFKA_VERSION decides, and without
        that 4.1.0. The user may log in with SCRAM-SHA-512. Raises `KafkaUnavailableError` when the version can't be
        downloaded, `KafkaClusterError` when the data can't be prepared or a broker does not come up; then nothing
        is left running.
        """
        ledger.kill(*map(_process, BROKER_IDS))
        if home.exists():
            shutil.rmtree(home)
        home.mkdir(parents=True)
        version = version or os.environ.get("KAFKA_VERSION") or DEFAULT_VERSION
        settings = KafkaSettings.choose(
            home.resolve(),
            cache=cache.resolve(),
            ledger=ledger.path.resolve(),
            version=version,
            username=username,
            password=password,
            container_address=container_address,
            ports=free_ports(port_count(container_address)),
        )
        cluster = cls(settings, ledger)
        jars = kafka_jars(version, cache, on_progress)
        on_progress(f"starting Apache Kafka {version}: {len(BROKER_IDS)} brokers")
        cluster._prepare(jars)
        settings.write()
        try:
            cluster._launch(BROKER_IDS)
        except BaseException:  # Ctrl-C too
            cluster.stop()
            raise
        return cluster

    @classmethod
    def open(cls, home: Path) -> Self:
        """The cluster that another process started in `home`. Raises `KafkaClusterError` when there is none."""
        try:
            settings = KafkaSettings.read(home)
        except FileNotFoundError as error:
            raise KafkaClusterError(f"no Kafka cluster was started in {home}") from error
        return cls(settings, Ledger(settings.ledger))

    @property
    def ca_file(self) -> Path:
        """The certificate of the authority that signed the brokers' (PEM)."""
        return self.authority.ca_file

    @property
    def authority(self) -> CertificateAuthority:
        """The authority that signed the brokers' certificates, to issue more."""
        return CertificateAuthority.open(self._certificates)

    def bootstrap(self, listener: Listener) -> str:
        """The brokers' addresses on a listener, "host:port,host:port,host:port". KeyError for one that is off."""
        return self.settings.bootstrap(listener)

    def log(self, broker: int) -> Path:
        """The log file of a broker."""
        return self.settings.broker_home(broker) / "broker.log"

    def running_brokers(self) -> list[int]:
        """The ids of the brokers whose process is alive, paused ones included."""
        running = self._ledger.running()
        return [broker for broker in BROKER_IDS if _process(broker) in running]

    def stop_broker(self, broker: int) -> None:
        """Stop a broker in good order: it hands its partitions to the others first."""
        self._ledger.stop(_process(broker), grace_s=_STOP_GRACE_S)

    def kill_broker(self, broker: int) -> None:
        """End a broker as a power cut does (SIGKILL)."""
        self._ledger.kill(_process(broker))

    def pause_broker(self, broker: int) -> None:
        """Freeze a broker: its connections stay open and nobody answers."""
        self._ledger.pause(_process(broker))

    def resume_broker(self, broker: int) -> None:
        """Let a paused broker go on. Until it has caught up, it may be missing from the in-sync replicas."""
        self._ledger.resume(_process(broker))

    def start_broker(self, broker: int) -> None:
        """Start a stopped broker with its data; returns when every broker that answers counts it in again.

        Raises `KafkaClusterError` with the broker's own first error when it does not come up.
        """
        self._launch([broker])

    def stop(self) -> None:
        """End all brokers. What they logged stays in `home` until the next `start`."""
        # Without asking: the data are of no more use, and the last brokers could not hand over their partitions
        # anyway, since with two of three controllers gone nobody answers them.
        self._ledger.kill(*map(_process, BROKER_IDS))

    def add_scram_user(self, username: str, password: str) -> None:
        """Add a SCRAM-SHA-512 user, or change its password; returns when every running broker knows the user.

        Raises `KafkaClusterError` when that takes more than 10 s.
        """
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap("PLAINTEXT").split(","))
        try:
            change = UserScramCredentialUpsertion(username, ScramMechanism.SCRAM_SHA_512, password)
            error = admin.alter_user_scram_credentials([change])[username]
        finally:
            admin.close()
        if error:
            raise KafkaClusterError(f"the user {username} can't be added: {error}")
        deadline = time.monotonic() + 10
        while not all(knows_scram_user(self._port(broker), username) for broker in self.running_brokers()):
            if time.monotonic() > deadline:
                raise KafkaClusterError(f"not every broker knows the user {username} after 10 s")
            time.sleep(0.05)

    def console_tool(self, tool: str) -> list[str]:
        """The command line of one of Kafka's console tools, for example `ConsoleConsumer` or `TopicCommand`."""
        return console_tool(kafka_jars(self.settings.version, self.settings.cache), tool)

    def _prepare(self, jars: Path) -> None:
        """Certificates, configuration and formatted data directories."""
        authority = CertificateAuthority.create(self._certificates)
        chain, key = authority.issue("broker", BROKER_NAMES)
        key_store = self._certificates / "broker-key-store.pem"
        write_private(key_store, key.read_text() + chain.read_text())
        # In a file, since everyone on this machine can read a command line.
        arguments = self.settings.home / "format-arguments"
        write_private(arguments, f"--add-scram\n{_scram_credential(self.settings)}\n")
        for broker in BROKER_IDS:
            self.settings.broker_home(broker).mkdir()
            self._properties(broker).write_text(broker_properties(self.settings, broker, key_store))
        with ThreadPoolExecutor(len(BROKER_IDS)) as pool:
            list(pool.map(lambda broker: self._format(jars, broker, arguments), BROKER_IDS))
        arguments.unlink()

    def _format(self, jars: Path, broker: int, arguments: Path) -> None:
        command = java_command(jars, "kafka.tools.StorageTool", *QUIET)
        options = ["--cluster-id", self.settings.cluster_id, "--config", str(self._properties(broker))]
        try:
            done = subprocess.run(
                [*command, "format", *options, f"@{arguments}"],
                cwd=self.settings.home,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_START_DEADLINE_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise KafkaClusterError(f"the data of broker {broker} could not be prepared in time") from error
        if done.returncode:
            said = (done.stdout + done.stderr).strip()
            raise KafkaClusterError(f"the data of broker {broker} can't be prepared: {said}")

    def _launch(self, brokers: Sequence[int]) -> None:
        jars = kafka_jars(self.settings.version, self.settings.cache)
        log_ends = {_process(broker): (self.log(broker), _size(self.log(broker))) for broker in brokers}
        for broker in brokers:
            self._ledger.start(
                _process(broker),
                [*java_command(jars, "kafka.Kafka", *LOGGING), self._properties(broker)],
                env={name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ},
                cwd=self.settings.broker_home(broker),
                log=self.log(broker),
            )
        checks = {_process(broker): partial(self._is_ready, broker) for broker in brokers}
        try:
            self._ledger.await_ready(checks, _START_DEADLINE_S)
        except ProcessError as error:
            cause = first_error(*log_ends[error.name])
            raise KafkaClusterError(f"{cause}\n{error}" if cause else str(error)) from error

    def _is_ready(self, broker: int) -> bool:
        """Whether the broker has opened all its listeners, and is a live broker to all that answer."""
        # It is in the metadata a moment before it opens them, and ends when one of them can't be opened.
        expected = {ports[broker] for ports in self.settings.ports.values()}
        if not expected <= _listening_ports(self._ledger.running().get(_process(broker))):
            return False
        views = {other: known_brokers(self._port(other)) for other in self.running_brokers()}
        return bool(views.get(broker)) and all(broker in view for view in views.values() if view)

    def _port(self, broker: int) -> int:
        return self.settings.ports["PLAINTEXT"][broker]

    def _properties(self, broker: int) -> Path:
        return self.settings.broker_home(broker) / "server.properties"


def _listening_ports(process: psutil.Process | None) -> set[int]:
    try:
        sockets = process.net_connections("tcp") if process else []
    except psutil.NoSuchProcess:
        return set()
    return {socket.laddr.port for socket in sockets if socket.status == psutil.CONN_LISTEN}


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _process(broker: int) -> str:
    return f"kafka-{broker}"


def _scram_credential(settings: KafkaSettings) -> str:
    """The user as the format tool takes it; salted here, because the tool can't read every password."""
    salt = secrets.token_bytes(24)
    salted = hashlib.pbkdf2_hmac("sha512", settings.password.encode(), salt, _SCRAM_ITERATIONS)
    encoded_salt, encoded_password = base64.b64encode(salt).decode(), base64.b64encode(salted).decode()
    return (
        f"SCRAM-SHA-512=[name={settings.username},iterations={_SCRAM_ITERATIONS},"
        f'salt="{encoded_salt}",saltedpassword="{encoded_password}"]'
    )
