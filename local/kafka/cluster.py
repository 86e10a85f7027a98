"""Apache Kafka itself, as a cluster on this machine whose brokers can be stopped, killed and paused separately."""

import os
import shutil
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Self

import msgspec

from local.kafka import zookeeper
from local.kafka.certificates import CertificateAuthority
from local.kafka.java import java_environment
from local.kafka.kraft import FormatError
from local.kafka.logs import LOGGING, first_error
from local.kafka.preparation import prepare
from local.kafka.programs import KafkaPrograms, kafka_programs
from local.kafka.settings import KafkaOptions, KafkaSettings, Listener, port_count
from local.kafka.sockets import listening_ports
from local.kafka.startup_cache import write_startup_cache
from local.kafka.users import UserError, put_scram_user, zookeeper_of
from local.kafka.versions import DEFAULT_VERSION
from local.kafka.zookeeper import ZooKeeperError
from local.ports import free_ports
from local.processes import Command, Ledger, ProcessError

_START_DEADLINE_SECONDS = 90.0
_STOP_GRACE_SECONDS = 20.0
_USER_SECONDS = 10


class KafkaClusterError(Exception):
    """The cluster could not be prepared, or did not do what was requested within its time."""


class KafkaCluster:
    """A running cluster, its processes in ``ledger`` under the names ``kafka-1``, ``kafka-2`` and so on.

    Versions that need a ZooKeeper have one more, ``zookeeper``. Stopping, killing, pausing and resuming single brokers
    is how tests inject faults.
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
        options: KafkaOptions,
        on_progress: Callable[[str], object] = lambda _: None,
    ) -> Self:
        """Start a new, empty cluster in ``home``; whatever an earlier cluster left there is ended and deleted.

        Without a version, the environment variable KAFKA_VERSION decides, and without that ``DEFAULT_VERSION``. After
        an error nothing is left running.

        Raises:
            KafkaUnavailableError: the version can't be downloaded or can't be run here.
            KafkaClusterError: the data can't be prepared, or a broker does not start.
        """
        ledger.kill(*filter(_is_process, ledger.running()))
        if home.exists():
            shutil.rmtree(home)
        home.mkdir(parents=True)
        version = options.version or os.environ.get("KAFKA_VERSION") or DEFAULT_VERSION
        # The processes are started elsewhere, so no path may depend on the current folder.
        options = options._replace(version=version, cache=options.cache.resolve())
        programs = kafka_programs(version, options.cache, on_progress)
        write_startup_cache(programs, options, on_progress)
        ports = free_ports(port_count(version, options.container_address, options.brokers))
        settings = KafkaSettings.choose(home.resolve(), ledger.path.resolve(), options, ports)
        cluster = cls(settings, ledger)
        on_progress(f"starting Apache Kafka {version}: {_processes_of(settings)}")
        try:
            cluster._prepare(programs)
            settings.write()
            cluster._launch(settings.brokers, on_progress)
        except BaseException:  # Ctrl-C too
            cluster.stop()
            raise
        return cluster

    @classmethod
    def open(cls, home: Path) -> Self:
        """The cluster that another process started in ``home``.

        Raises:
            KafkaClusterError: there is none, or another version of this checkout started it.
        """
        try:
            settings = KafkaSettings.read(home)
        except FileNotFoundError as error:
            raise KafkaClusterError(f"no Kafka cluster was started in {home}") from error
        except msgspec.ValidationError as error:
            raise KafkaClusterError(f"{home} was written by another version of this checkout") from error
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
    def client_settings(self) -> dict[str, Any]:
        """How kafka-python's clients log in to the brokers: SASL_SSL with SCRAM-SHA-512."""
        return {
            "bootstrap_servers": self.bootstrap("SASL_SSL").split(","),
            "security_protocol": "SASL_SSL",
            "ssl_cafile": str(self.ca_file),
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": self.settings.username,
            "sasl_plain_password": self.settings.password,
        }

    @property
    def authority(self) -> CertificateAuthority:
        """The authority that signed the brokers' certificates, to issue more."""
        return CertificateAuthority.open(self._certificates)

    def client_certificate(self, name: str) -> dict[str, str]:
        """A new client certificate for the listener MTLS, as the secret holds it that Lambda's mappings read."""
        chain, key = self.authority.issue(name, [name])
        return {"certificate": chain.read_text(), "privateKey": key.read_text()}

    def bootstrap(self, listener: Listener) -> str:
        """The brokers' addresses on a listener, "host:port,host:port,host:port".

        Raises:
            KeyError: the listener is off.
        """
        return self.settings.bootstrap(listener)

    def log(self, broker: int) -> Path:
        """The log file of a broker."""
        return self.settings.broker_home(broker) / "broker.log"

    def running_brokers(self) -> list[int]:
        """The ids of the brokers whose process is alive, paused brokers included."""
        running = self._ledger.running()
        return [broker for broker in self.settings.brokers if _process(broker) in running]

    def stop_broker(self, broker: int) -> None:
        """Stop a broker in good order: it hands its partitions to the others first."""
        self._ledger.stop(_process(broker), grace_seconds=_STOP_GRACE_SECONDS)

    def kill_broker(self, broker: int) -> None:
        """End a broker as a power cut does (SIGKILL)."""
        self._ledger.kill(_process(broker))

    def pause_broker(self, broker: int) -> None:
        """Freeze a broker: its connections stay open and nothing is answered."""
        self._ledger.pause(_process(broker))

    def resume_broker(self, broker: int) -> None:
        """Let a paused broker go on. Until it has caught up, it may be missing from the in-sync replicas."""
        self._ledger.resume(_process(broker))

    def start_broker(self, broker: int) -> None:
        """Start a stopped broker with its data; returns when every broker that answers counts it in again.

        Raises:
            KafkaClusterError: it does not start; the message holds the broker's own first error.
        """
        zookeeper_server = zookeeper_of(self.settings)
        if zookeeper_server:
            try:
                zookeeper_server.await_end_of_session(broker)
            except ZooKeeperError as error:
                raise KafkaClusterError(str(error)) from error
        self._launch([broker])

    def stop(self) -> None:
        """End all brokers, and their ZooKeeper. What they logged stays in ``home`` until the next ``start``."""
        # With SIGKILL: the data are no longer needed, and the last brokers could not hand over their partitions
        # anyway, since with two of three controllers gone they get no answer.
        self._ledger.kill(*map(_process, self.settings.brokers), zookeeper.PROCESS)

    def add_scram_user(self, username: str, password: str) -> None:
        """Add a SCRAM-SHA-512 user, or change its password; returns when every running broker knows the user.

        Raises:
            KafkaClusterError: it is refused, or takes more than 10 s.
        """
        # Not above: what only reads where the cluster is does without kafka-python, which takes a quarter of a second.
        from local.kafka.queries import knows_scram_user

        try:
            put_scram_user(self.settings, username, password)
        except UserError as error:
            raise KafkaClusterError(str(error)) from error
        deadline = time.monotonic() + _USER_SECONDS
        ports = self.settings.ports["SASL_SSL"]
        while not all(knows_scram_user(ports[broker], self.ca_file, username) for broker in self.running_brokers()):
            if time.monotonic() > deadline:
                raise KafkaClusterError(f"not every broker knows the user {username} after {_USER_SECONDS} s")
            time.sleep(0.05)

    def console_tool(self, tool: str) -> list[str]:
        """The command line of one of Kafka's console tools, for example ``ConsoleConsumer`` or ``TopicCommand``."""
        return self.programs.console_tool(tool)

    def _prepare(self, programs: KafkaPrograms) -> None:
        try:
            prepare(self.settings, self._certificates, programs, self._ledger)
        except (FormatError, ProcessError, UserError) as error:
            raise KafkaClusterError(str(error)) from error

    def _launch(self, brokers: Sequence[int], on_progress: Callable[[str], object] = lambda _: None) -> None:
        programs = self.programs
        log_ends = {_process(broker): (self.log(broker), _size(self.log(broker))) for broker in brokers}
        for broker in brokers:
            self._ledger.start(
                _process(broker),
                Command(
                    [*programs.command("kafka.Kafka", *LOGGING), self.settings.properties_file(broker)],
                    env=java_environment(),
                    cwd=self.settings.broker_home(broker),
                    log=self.log(broker),
                ),
            )
        checks = {_process(broker): partial(self._reports_ready, broker, on_progress) for broker in brokers}
        try:
            self._ledger.await_ready(checks, _START_DEADLINE_SECONDS)
        except ProcessError as error:
            cause = first_error(*log_ends[error.name])
            raise KafkaClusterError(f"{cause}\n{error}".strip()) from error

    def _reports_ready(self, broker: int, on_progress: Callable[[str], object]) -> bool:
        if not self._is_ready(broker):
            return False
        on_progress(f"broker {broker} is ready")
        return True

    def _is_ready(self, broker: int) -> bool:
        """Whether the broker has opened all its listeners, and is a live broker to all that answer."""
        from local.kafka.queries import known_brokers

        # It is in the metadata a moment before it opens them, and ends when one of them can't be opened.
        expected = {ports[broker] for ports in self.settings.ports.values() if broker in ports}
        if not expected <= listening_ports(self._ledger.running().get(_process(broker))):
            return False
        views = {other: known_brokers(self._port(other)) for other in self.running_brokers()}
        return bool(views.get(broker)) and all(broker in view for view in views.values() if view)

    def _port(self, broker: int) -> int:
        return self.settings.ports["PLAINTEXT"][broker]


def _processes_of(settings: KafkaSettings) -> str:
    brokers = f"{len(settings.brokers)} brokers"
    if settings.zookeeper_port is None:
        return brokers
    return f"{brokers} and ZooKeeper"


def _size(file: Path) -> int:
    if not file.exists():
        return 0
    return file.stat().st_size


def _process(broker: int) -> str:
    return f"kafka-{broker}"


def _is_process(name: str) -> bool:
    return name == zookeeper.PROCESS or name.startswith("kafka-")
