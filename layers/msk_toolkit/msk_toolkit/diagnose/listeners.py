"""Which listeners there are, which one the toolkit uses, and who can log in to each."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from msk_toolkit.diagnose.network import BrokerPort
from msk_toolkit.kafka.access import Access, parse_brokers
from msk_toolkit.msk.credentials import ScramCredentials
from msk_toolkit.msk.description import ClusterDescription
from msk_toolkit.msk.listeners import AUTH_MODE_OF, MSK_PORTS, NETWORK_OF, PROTOCOL_OF, Listener, Network, Protocol
from msk_toolkit.msk.pollers import PollerListener
from msk_toolkit.network.client_certificate import ClientCertificate
from msk_toolkit.settings.cluster import SCRAM_MODES, AuthMode, ClusterSettings


class Logins(NamedTuple):
    """What was read to log in with; None where it could not be read, or is not needed."""

    credentials: ScramCredentials | None = None
    certificate: ClientCertificate | None = None


class ListenerAccess(NamedTuple):
    """A listener, and how to log in to it; ``access`` is None where there are no credentials for it."""

    listener: Listener
    in_use: bool
    access: Access | None

    @property
    def without_login(self) -> Access:
        """Access that ends before the login."""
        encrypted: AuthMode = "none" if self.listener.protocol == "plaintext" else "tls"
        return Access(brokers=parse_brokers(self.listener.brokers), auth_mode=encrypted)


def listeners_to_check(
    known: Sequence[Listener],
    settings: ClusterSettings,
    logins: Logins,
    networks: Sequence[Network],
) -> list[ListenerAccess]:
    """The listeners of these networks, the one in use first. BOOTSTRAP_SERVERS replaces what MSK says of that one.

    IAM counts as a login only where AUTH_MODE says so: otherwise the function's role has no permission to use it.
    """
    listeners = [listener for listener in known if listener.network in {*networks, NETWORK_OF[settings.listener]}]
    used = _in_use(listeners, settings)
    if settings.bootstrap_servers:
        configured = _configured(used, settings)
        listeners = [*_without(used, listeners), configured]
        used = configured
    accesses = [
        ListenerAccess(listener, listener == used, _access(listener, settings, logins)) for listener in listeners
    ]
    return sorted(accesses, key=lambda access: not access.in_use)


def broker_ports(
    accesses: Sequence[ListenerAccess], cluster: ClusterDescription | None, auth_mode: AuthMode
) -> list[BrokerPort]:
    """The ports to check: of the listeners, of ZooKeeper where the cluster has it, MSK's own where none is known."""
    ports = _listener_ports(accesses)
    if not any(port.in_use for port in ports):
        ports.append(BrokerPort(MSK_PORTS[PROTOCOL_OF[auth_mode]], "vpc", True))
    if cluster is not None:
        ports += _zookeeper_ports(cluster)
    return list(dict.fromkeys(ports))


def _listener_ports(accesses: Iterable[ListenerAccess]) -> list[BrokerPort]:
    ports: list[BrokerPort] = []
    for access in accesses:
        ports += [BrokerPort(port, access.listener.network, access.in_use) for port in access.listener.ports]
    return ports


def _zookeeper_ports(cluster: ClusterDescription) -> list[BrokerPort]:
    addresses = (*parse_brokers(cluster.zookeeper or ""), *parse_brokers(cluster.zookeeper_tls or ""))
    return [BrokerPort(address.port, "zookeeper", False) for address in addresses]


def poller_ports(
    accesses: Sequence[ListenerAccess], listeners: Sequence[Listener] | None, pollers: PollerListener
) -> tuple[int, ...]:
    """The ports of the pollers' listener, as MSK names them: Lambda asks MSK, not BOOTSTRAP_SERVERS.

    Args:
        accesses: the listeners that are checked, in case MSK did not answer.
        listeners: what MSK answered; None where it did not.
    """
    known = listeners
    if known is None:
        known = [access.listener for access in accesses]
    return tuple(dict.fromkeys(_ports_inside(known, pollers.protocol))) or (pollers.port,)


def _ports_inside(listeners: Iterable[Listener], protocol: Protocol) -> list[int]:
    ports: list[int] = []
    for listener in listeners:
        if (listener.network, listener.protocol) == ("vpc", protocol):
            ports += listener.ports
    return ports


def _in_use(listeners: Sequence[Listener], settings: ClusterSettings) -> Listener | None:
    candidates = [listener for listener in listeners if listener.protocol == PROTOCOL_OF[settings.auth_mode]]
    return _with_port_of(settings.bootstrap_servers, candidates) or _chosen(candidates, NETWORK_OF[settings.listener])


def _with_port_of(bootstrap_servers: str, listeners: Iterable[Listener]) -> Listener | None:
    ports = {broker.port for broker in parse_brokers(bootstrap_servers)}
    return next((listener for listener in listeners if not ports.isdisjoint(listener.ports)), None)


def _chosen(listeners: Iterable[Listener], network: Network) -> Listener | None:
    return next((listener for listener in listeners if listener.network == network), None)


def _configured(used: Listener | None, settings: ClusterSettings) -> Listener:
    """The listener in use, with the brokers of BOOTSTRAP_SERVERS."""
    network: Network = used.network if used else NETWORK_OF[settings.listener]
    brokers = parse_brokers(settings.bootstrap_servers)
    ports = sorted({broker.port for broker in brokers})
    return Listener(network, PROTOCOL_OF[settings.auth_mode], ports, ",".join(map(str, brokers)))


def _without(used: Listener | None, listeners: Iterable[Listener]) -> list[Listener]:
    return [listener for listener in listeners if listener != used]


def _access(listener: Listener, settings: ClusterSettings, logins: Logins) -> Access | None:
    mode = AUTH_MODE_OF[listener.protocol]
    if PROTOCOL_OF[settings.auth_mode] == listener.protocol:
        mode = settings.auth_mode
    if mode == "iam" and settings.auth_mode != "iam":
        return None
    brokers = parse_brokers(listener.brokers)
    if mode == "none":
        return Access(brokers=brokers, auth_mode=mode)
    access = Access(brokers=brokers, auth_mode=mode, trusted_ca=settings.trusted_ca)
    if mode in SCRAM_MODES:
        return _with_credentials(access, logins.credentials)
    if mode == "mtls":
        return _with_certificate(access, logins.certificate)
    return access


def _with_certificate(access: Access, certificate: ClientCertificate | None) -> Access | None:
    if certificate is None:
        return None
    return msgspec.structs.replace(access, client_certificate=certificate)


def _with_credentials(access: Access, credentials: ScramCredentials | None) -> Access | None:
    if credentials is None:
        return None
    return msgspec.structs.replace(access, username=credentials.username, password=credentials.password)
