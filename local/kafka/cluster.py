"""A real Apache Kafka cluster on this machine: three brokers that can be stopped, killed and paused one by one."""

import os
import secrets
import shutil
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Self

import msgspec
from kafka.admin import KafkaAdminClient, ScramMechanism, UserScramCredentialUpsertion

from local.kafka import zookeeper
from local.kafka.certificates import CertificateAuthority, key_store
from local.kafka.java import java_environment
from local.kafka.kraft import FormatError, format_data
from local.kafka.logs import LOGGING, first_error
from local.kafka.programs import KafkaPrograms, kafka_programs
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
from local.kafka.sockets import listening_ports
from local.kafka.versions import DEFAULT_VERSION
from local.kafka.zookeeper import ZooKeeper, ZooKeeperError
from local.ports import free_ports
from local.processes import Ledger, ProcessError

_START_DEADLINE_SECONDS = 90.0
_STOP_GRACE_SECONDS = 20.0


class KafkaClusterError(Exception):
    """The cluster could not be prepared, or did not do what it was asked within its time."""


class KafkaCluster:
    """A running cluster, its processes in ``ledger`` under the names ``kafka-1``, ``kafka-2`` and ``kafka-3``.

    Versions that need a ZooKeeper have one more, ``zookeeper``.
    """

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
        """Start a new, empty cluster in ``home``; whatever an earlier one left there is ended and deleted.

        ``cache`` keeps the downloads. Without ``version`` the environment variable KAFKA_VERSION decides, and without
        that ``DEFAULT_VERSION``. The user may log in with SCRAM-SHA-512. Raises ``KafkaUnavailableError`` when the
        version can't be downloaded or can't be run here, ``KafkaClusterError`` when the data can't be prepared or a
        broker does not come up; then nothing is left running.
        """
        ledger.kill(*map(_process, BROKER_IDS), zookeeper.PROCESS)
        if home.exists():
            shutil.rmtree(home)
        home.mkdir(parents=True)
        version = version or os.environ.get("KAFKA_VERSION") or DEFAULT_VERSION
        # The processes are started elsewhere, so that no path may depend on where we are.
        programs = kafka_programs(version, cache.resolve(), on_progress)
        settings = KafkaSettings.choose(
            home.resolve(),
            cache=cache.resolve(),
            ledger=ledger.path.resolve(),
            version=version,
            username=username,
            password=password,
            container_address=container_address,
            ports=free_ports(port_count(version, container_address)),
        )
        cluster = cls(settings, ledger)
        with_zookeeper = " and ZooKeeper" if settings.zookeeper_port else ""
        on_progress(f"starting Apache Kafka {version}: {len(BROKER_IDS)} brokers{with_zookeeper}")
        try:
            cluster._prepare(programs)
            settings.write()
            cluster._launch(BROKER_IDS)
        except BaseException:  # Ctrl-C too
            cluster.stop()
            raise
        return cluster

    @classmethod
    def open(cls, home: Path) -> Self:
        """The cluster that another process started in ``home``. Raises ``KafkaClusterError`` when there is none."""
        try:
            settings = KafkaSettings.read(home)
        except FileNotFoundError as error:
            raise KafkaClusterError(f"no Kafka cluster was started in {home}") from error
        except msgspec.ValidationError as error:
            raise KafkaClusterError(f"what {home} holds was started by another version of this checkout") from error
        return cls(settings, Ledger(settings.ledger))

    @property
    def programs(self) -> KafkaPrograms:
        """Kafka's own programs, in the brokers' version."""
        return kafka_programs(self.settings.version, self.settings.cache)

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
        self._ledger.stop(_process(broker), grace_seconds=_STOP_GRACE_SECONDS)

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

        Raises ``KafkaClusterError`` with the broker's own first error when it does not come up.
        """
        if self._zookeeper:
            try:
                self._zookeeper.await_end_of_session(broker)
            except ZooKeeperError as error:
                raise KafkaClusterError(str(error)) from error
        self._launch([broker])

    def stop(self) -> None:
        """End all brokers, and their ZooKeeper. What they logged stays in ``home`` until the next ``start``."""
        # Without asking: the data are of no more use, and the last brokers could not hand over their partitions
        # anyway, since with two of three controllers gone nobody answers them.
        self._ledger.kill(*map(_process, BROKER_IDS), zookeeper.PROCESS)

    def add_scram_user(self, username: str, password: str) -> None:
        """Add a SCRAM-SHA-512 user, or change its password; returns when every running broker knows the user.

        Raises ``KafkaClusterError`` when that takes more than 10 s.
        """
        self._put_scram_user(username, password)
        deadline = time.monotonic() + 10
        ports = self.settings.ports["SASL_SSL"]
        while not all(knows_scram_user(ports[broker], self.ca_file, username) for broker in self.running_brokers()):
            if time.monotonic() > deadline:
                raise KafkaClusterError(f"not every broker knows the user {username} after 10 s")
            time.sleep(0.05)

    def console_tool(self, tool: str) -> list[str]:
        """The command line of one of Kafka's console tools, for example ``ConsoleConsumer`` or ``TopicCommand``."""
        return self.programs.console_tool(tool)

    @property
    def _zookeeper(self) -> ZooKeeper | None:
        port = self.settings.zookeeper_port
        return ZooKeeper(self.settings.home / "zookeeper", port) if port else None

    def _prepare(self, programs: KafkaPrograms) -> None:
        """Certificates, configuration, and the cluster's user where the brokers will look for it."""
        authority = CertificateAuthority.create(self._certificates)
        store, store_password = self._certificates / "broker.p12", secrets.token_urlsafe(16)
        store.touch(mode=0o600)
        store.write_bytes(key_store(*authority.issue("broker", BROKER_NAMES), store_password))
        for broker in BROKER_IDS:
            self.settings.broker_home(broker).mkdir()
            properties = broker_properties(self.settings, broker, store, store_password)
            write_private(self.settings.properties_file(broker), properties)
        try:
            if self._zookeeper:
                self._zookeeper.start(programs, self._ledger)
                self._put_scram_user(self.settings.username, self.settings.password)
            else:
                format_data(programs, self.settings)
        except (FormatError, ProcessError) as error:
            raise KafkaClusterError(str(error)) from error

    def _put_scram_user(self, username: str, password: str) -> None:
        if self._zookeeper:
            try:
                self._zookeeper.put_scram_user(username, password)
            except ZooKeeperError as error:
                raise KafkaClusterError(f"the user {username} can't be added: {error}") from error
            return
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap("PLAINTEXT").split(","))
        try:
            change = UserScramCredentialUpsertion(username, ScramMechanism.SCRAM_SHA_512, password)
            refusal = admin.alter_user_scram_credentials([change])[username]
        finally:
            admin.close()
        if refusal:
            raise KafkaClusterError(f"the user {username} can't be added: {refusal}")

    def _launch(self, brokers: Sequence[int]) -> None:
        programs = self.programs
        log_ends = {_process(broker): (self.log(broker), _size(self.log(broker))) for broker in brokers}
        for broker in brokers:
            self._ledger.start(
                _process(broker),
                [*programs.command("kafka.Kafka", *LOGGING), self.settings.properties_file(broker)],
                env=java_environment(),
                cwd=self.settings.broker_home(broker),
                log=self.log(broker),
            )
        checks = {_process(broker): partial(self._is_ready, broker) for broker in brokers}
        try:
            self._ledger.await_ready(checks, _START_DEADLINE_SECONDS)
        except ProcessError as error:
            cause = first_error(*log_ends[error.name])
            raise KafkaClusterError(f"{cause}\n{error}" if cause else str(error)) from error

    def _is_ready(self, broker: int) -> bool:
        """Whether the broker has opened all its listeners, and is a live broker to all that answer."""
        # It is in the metadata a moment before it opens them, and ends when one of them can't be opened.
        expected = {ports[broker] for ports in self.settings.ports.values()}
        if not expected <= listening_ports(self._ledger.running().get(_process(broker))):
            return False
        views = {other: known_brokers(self._port(other)) for other in self.running_brokers()}
        return bool(views.get(broker)) and all(broker in view for view in views.values() if view)

    def _port(self, broker: int) -> int:
        return self.settings.ports["PLAINTEXT"][broker]


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _process(broker: int) -> str:
    return f"kafka-{broker}"
