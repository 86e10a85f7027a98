"""What a local Kafka cluster consists of, and the configuration of each of its brokers."""

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, Self

import msgspec

from local.kafka.properties import properties_text
from local.kafka.versions import runtime_of

BROKER_IDS = (1, 2, 3)
# Of more brokers only the first are controllers as well, as MSK's are a few nodes of their own.
_MOST_CONTROLLERS = 3

type Listener = Literal["PLAINTEXT", "SSL", "SASL_SSL", "SCRAM_256", "MTLS", "CONTAINER"]

_HOST = "localhost"
_LOOPBACK = "127.0.0.1"
_CONTAINER_HOST = "host.docker.internal"
_SECURITY: Mapping[str, str] = {
    "PLAINTEXT": "PLAINTEXT",
    "SSL": "SSL",
    "SASL_SSL": "SASL_SSL",
    # As clusters outside MSK have them.
    "SCRAM_256": "SASL_SSL",
    "MTLS": "SSL",
    "CONTAINER": "SASL_SSL",
    "CONTROLLER": "PLAINTEXT",
}
# The CAs of clients that log in with a certificate; in the folder and with the password of the key store.
TRUST_STORE = "clients.p12"
_SCRAM_MODULE = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
# For three zones.
_MSK_DEFAULTS: Mapping[str, object] = {
    "auto.create.topics.enable": "false",
    "default.replication.factor": 3,
    "min.insync.replicas": 2,
    "offsets.topic.replication.factor": 3,
    "transaction.state.log.replication.factor": 3,
    "transaction.state.log.min.isr": 2,
    "num.partitions": 1,
}
# Few internal partitions and threads, no waiting for more members of a group.
_SMALL_AND_QUICK: Mapping[str, object] = {
    "offsets.topic.num.partitions": 6,
    "transaction.state.log.num.partitions": 3,
    "group.initial.rebalance.delay.ms": 0,
    "num.network.threads": 2,
    "num.io.threads": 4,
    "num.recovery.threads.per.data.dir": 1,
    "log.cleaner.dedupe.buffer.size": 4 * 1024 * 1024,  # 128 MB otherwise, half of the heap
}
# The host names and addresses that the brokers' certificate is good for.
BROKER_NAMES = (_HOST, _LOOPBACK, _CONTAINER_HOST)


class KafkaOptions(NamedTuple):
    """What whoever starts a cluster decides.

    Args:
        username, password: of the user that may log in with SCRAM-SHA-512.
        cache: keeps the downloads.
        version: of Apache Kafka; empty for the default.
        container_address: the address of this machine as containers see it.
        brokers: how many; each takes about 270 MB of memory.
    """

    username: str
    password: str
    cache: Path
    version: str = ""
    container_address: str | None = None
    brokers: int = len(BROKER_IDS)


class KafkaSettings(msgspec.Struct, frozen=True):
    """Brokers with their ports by listener and broker. The first three are controllers as well, or have a ZooKeeper.

    ``home`` holds data, logs, certificates and these settings, ``cache`` the downloads; ``ledger`` is the file of the
    ledger with the brokers' processes. ``container_address`` is the address of this machine
    as containers see it; with it, the listener CONTAINER is bound there and advertised as host.docker.internal.
    ``zookeeper_port`` is None for versions that need no ZooKeeper.
    """

    version: str
    home: Path
    cache: Path
    ledger: Path
    cluster_id: str
    username: str
    password: str
    container_address: str | None
    ports: dict[str, dict[int, int]]
    zookeeper_port: int | None

    @classmethod
    def choose(cls, home: Path, ledger: Path, options: KafkaOptions, ports: Sequence[int]) -> Self:
        """Settings for a new cluster; ``ports`` are free ports, ``port_count`` of them.

        Raises:
            ValueError: the version can't be run here.
        """
        free = iter(ports)
        listeners = _listeners(options.version, options.container_address)
        by_listener: dict[str, dict[int, int]] = {}
        for listener in listeners:
            by_listener[listener] = {broker: next(free) for broker in _brokers_on(listener, options.brokers)}
        zookeeper_port = None
        if runtime_of(options.version).zookeeper:
            zookeeper_port = next(free)
        return cls(
            version=options.version,
            home=home,
            cache=options.cache,
            ledger=ledger,
            cluster_id=_new_cluster_id(),
            username=options.username,
            password=options.password,
            container_address=options.container_address,
            ports=by_listener,
            zookeeper_port=zookeeper_port,
        )

    @classmethod
    def read(cls, home: Path) -> Self:
        """The settings that ``write`` left in ``home``.

        Raises:
            FileNotFoundError: there are none.
        """
        text = (home / "cluster.json").read_bytes()
        return msgspec.json.decode(text, type=cls, dec_hook=lambda kind, value: kind(value))

    def write(self) -> None:
        """Keep the settings in ``home``, readable by the owner only: the password is among them."""
        text = msgspec.json.format(msgspec.json.encode(self, enc_hook=str))
        write_private(self.home / "cluster.json", text.decode())

    def bootstrap(self, listener: Listener) -> str:
        """The brokers' addresses on a listener, "host:port,host:port,host:port".

        Raises:
            KeyError: the listener is off.
        """
        return ",".join(f"{_host(listener)}:{port}" for port in self.ports[listener].values())

    @property
    def brokers(self) -> tuple[int, ...]:
        """The ids of the brokers."""
        return tuple(self.ports["PLAINTEXT"])

    def broker_home(self, broker: int) -> Path:
        """The directory of one broker: its configuration, log and data."""
        return self.home / f"broker-{broker}"

    def properties_file(self, broker: int) -> Path:
        """The configuration file of one broker."""
        return self.broker_home(broker) / "server.properties"


def port_count(version: str, container_address: str | None, brokers: int = len(BROKER_IDS)) -> int:
    """How many ports a cluster needs.

    Raises:
        ValueError: the version can't be run here.
    """
    by_listener = (len(_brokers_on(listener, brokers)) for listener in _listeners(version, container_address))
    return sum(by_listener) + runtime_of(version).zookeeper


def broker_properties(settings: KafkaSettings, broker: int, key_store: Path, key_store_password: str) -> str:
    """The configuration file of one broker, with the defaults of Amazon MSK where they matter to a client.

    ``key_store`` is a PKCS#12 file with the broker's key and certificate chain; ``TRUST_STORE`` is beside it.
    """
    properties = {
        **_metadata_properties(settings, broker),
        **_listener_properties(settings, broker),
        "log.dirs": settings.broker_home(broker) / "data",
        **_security_properties(settings, key_store, key_store_password),
        **_MSK_DEFAULTS,
        **_SMALL_AND_QUICK,
    }
    return properties_text(properties)


def _metadata_properties(settings: KafkaSettings, broker: int) -> dict[str, object]:
    if settings.zookeeper_port is None:
        return _without_zookeeper(settings, broker)
    return _with_zookeeper(settings, broker)


def _listener_properties(settings: KafkaSettings, broker: int) -> dict[str, object]:
    every = _listeners(settings.version, settings.container_address)
    listeners = [name for name in every if broker in settings.ports[name]]
    bound = (f"{name}://{_bound_address(settings, name)}:{settings.ports[name][broker]}" for name in listeners)
    # A name, as on MSK, so that clients resolve and verify one; it leads to 127.0.0.1, where the brokers listen.
    advertised = (f"{name}://{_host(name)}:{settings.ports[name][broker]}" for name in _for_clients(listeners))
    return {
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": ",".join(f"{name}:{_SECURITY[name]}" for name in every),
        "listeners": ",".join(bound),
        "advertised.listeners": ",".join(advertised),
    }


def _security_properties(settings: KafkaSettings, key_store: Path, key_store_password: str) -> dict[str, object]:
    """TLS, authentication and authorization."""
    listeners = _for_clients(_listeners(settings.version, settings.container_address))
    with_scram = [name for name in listeners if _SECURITY[name] == "SASL_SSL" and name != "SCRAM_256"]
    return {
        "ssl.keystore.type": "PKCS12",
        "ssl.keystore.location": key_store,
        "ssl.keystore.password": key_store_password,
        "ssl.key.password": key_store_password,
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        **{f"listener.name.{name.lower()}.scram-sha-512.sasl.jaas.config": _SCRAM_MODULE for name in with_scram},
        "listener.name.scram_256.sasl.enabled.mechanisms": "SCRAM-SHA-256",
        "listener.name.scram_256.scram-sha-256.sasl.jaas.config": _SCRAM_MODULE,
        "listener.name.mtls.ssl.client.auth": "required",
        "listener.name.mtls.ssl.truststore.type": "PKCS12",
        "listener.name.mtls.ssl.truststore.location": key_store.with_name(TRUST_STORE),
        "listener.name.mtls.ssl.truststore.password": key_store_password,
        # As on MSK: what no ACL mentions is allowed. The brokers themselves are anonymous.
        "authorizer.class.name": runtime_of(settings.version).authorizer,
        "allow.everyone.if.no.acl.found": "true",
        "super.users": "User:ANONYMOUS",
    }


def _without_zookeeper(settings: KafkaSettings, broker: int) -> dict[str, object]:
    voters = settings.ports["CONTROLLER"].items()
    return {
        "node.id": broker,
        "process.roles": "broker,controller" if broker in settings.ports["CONTROLLER"] else "broker",
        "controller.quorum.voters": ",".join(f"{node}@{_LOOPBACK}:{port}" for node, port in voters),
        "controller.listener.names": "CONTROLLER",
        # A broker that comes back is let in only when the session of its former self is over, after a stop in good
        # order as well: 9 s by default.
        "broker.session.timeout.ms": 5000,
        "broker.heartbeat.interval.ms": 500,
    }


def _with_zookeeper(settings: KafkaSettings, broker: int) -> dict[str, object]:
    return {
        "broker.id": broker,
        "zookeeper.connect": f"{_LOOPBACK}:{settings.zookeeper_port}",
        # As above; 18 s by default from 2.5 on.
        "zookeeper.session.timeout.ms": 5000,
    }


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read."""
    path.touch(mode=0o600)
    path.write_text(text)


def _listeners(version: str, container_address: str | None) -> list[str]:
    left_out = set()
    if not container_address:
        left_out.add("CONTAINER")
    if runtime_of(version).zookeeper:
        left_out.add("CONTROLLER")
    return [name for name in _SECURITY if name not in left_out]


def _brokers_on(listener: str, brokers: int) -> range:
    """The ids of the brokers that have the listener."""
    if listener == "CONTROLLER":
        brokers = min(brokers, _MOST_CONTROLLERS)
    return range(1, brokers + 1)


def _for_clients(listeners: Sequence[str]) -> list[str]:
    return [listener for listener in listeners if listener != "CONTROLLER"]


def _host(listener: str) -> str:
    """The host name under which clients reach a listener."""
    if listener == "CONTAINER":
        return _CONTAINER_HOST
    return _HOST


def _bound_address(settings: KafkaSettings, listener: str) -> str:
    if listener == "CONTAINER" and settings.container_address:
        return settings.container_address
    return _LOOPBACK


def _new_cluster_id() -> str:
    """A random id as Kafka makes them: 16 bytes in URL-safe base64."""
    cluster_id = secrets.token_urlsafe(16)
    while cluster_id.startswith("-"):  # Kafka's own format tool takes it for an option
        cluster_id = secrets.token_urlsafe(16)
    return cluster_id
