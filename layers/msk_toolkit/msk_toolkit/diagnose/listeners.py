"""Which listeners there are, which one the toolkit uses, and who can log in to each."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from msk_toolkit.diagnose.network import BrokerPort
from msk_toolkit.kafka.access import Access, parse_brokers
from msk_toolkit.msk.credentials import ScramCredentials
from msk_toolkit.msk.description import ClusterDescription
from msk_toolkit.msk.listeners import AUTH_MODE_OF, MSK_PORTS, PROTOCOL_OF, Listener, Network
from msk_toolkit.msk.pollers import PollerListener
from msk_toolkit.settings.cluster import AuthMode, ClusterSettings


class Offered(NamedTuple):
    """A listener, and how to log in to it; ``access`` is None where there are no credentials for it."""

    listener: Listener
    in_use: bool
    access: Access | None

    @property
    def name(self) -> str:
        """Its network and its protocol."""
        return f"{self.listener.network} {self.listener.protocol}"

    @property
    def bare(self) -> Access:
        """Without a login, as far as one comes."""
        encrypted: AuthMode = "none" if self.listener.protocol == "plaintext" else "tls"
        return Access(brokers=parse_brokers(self.listener.brokers), auth_mode=encrypted)


def offered(
    found: Sequence[Listener],
    settings: ClusterSettings,
    credentials: ScramCredentials | None,
    networks: Sequence[Network],
) -> list[Offered]:
    """The listeners of these networks, the one in use first. BOOTSTRAP_SERVERS take the place of what MSK says of it.

    IAM counts as a login only where AUTH_MODE says so: else the function's role has no permission to use it.
    """
    listeners = [one for one in found if one.network in networks]
    used = _in_use(listeners, settings)
    if settings.bootstrap_servers:
        listeners = [one for one in listeners if one != used]
        network: Network = used.network if used else "vpc"
        brokers = parse_brokers(settings.bootstrap_servers)
        ports = sorted({broker.port for broker in brokers})
        used = Listener(network, PROTOCOL_OF[settings.auth_mode], ports, ",".join(map(str, brokers)))
        listeners.append(used)
    each = [Offered(one, one == used, _access(one, settings, credentials)) for one in listeners]
    return sorted(each, key=lambda one: not one.in_use)


def broker_ports(each: Sequence[Offered], cluster: ClusterDescription | None, auth_mode: AuthMode) -> list[BrokerPort]:
    """The ports to judge: of the listeners, of ZooKeeper where the cluster has it, MSK's own where nothing is known."""
    found = [BrokerPort(port, one.listener.network, one.in_use) for one in each for port in one.listener.ports]
    if not any(door.in_use for door in found):
        found.append(BrokerPort(MSK_PORTS[PROTOCOL_OF[auth_mode]], "vpc", True))
    for text in (cluster.zookeeper, cluster.zookeeper_tls) if cluster else ():
        found += [BrokerPort(address.port, "zookeeper", False) for address in parse_brokers(text or "")]
    return list(dict.fromkeys(found))


def poller_ports(
    each: Sequence[Offered], listeners: Sequence[Listener] | None, pollers: PollerListener
) -> tuple[int, ...]:
    """The ports of the pollers' listener: as MSK names them, since Lambda asks it and not BOOTSTRAP_SERVERS.

    Args:
        each: the listeners that are probed, in case MSK did not tell.
        listeners: what MSK told; None where it did not.
    """
    known = listeners if listeners is not None else [offer.listener for offer in each]
    mine = [listener for listener in known if (listener.network, listener.protocol) == ("vpc", pollers.protocol)]
    ports = [port for listener in mine for port in listener.ports]
    return tuple(dict.fromkeys(ports)) or (pollers.port,)


def _in_use(listeners: Sequence[Listener], settings: ClusterSettings) -> Listener | None:
    mine = [one for one in listeners if one.protocol == PROTOCOL_OF[settings.auth_mode]]
    if settings.bootstrap_servers:
        ports = {broker.port for broker in parse_brokers(settings.bootstrap_servers)}
        same = next((one for one in mine if ports & set(one.ports)), None)
        return same or next((one for one in mine if one.network == "vpc"), None)
    return next((one for one in mine if one.network == "vpc"), None)


def _access(listener: Listener, settings: ClusterSettings, credentials: ScramCredentials | None) -> Access | None:
    mode = AUTH_MODE_OF[listener.protocol]
    if (mode == "scram" and credentials is None) or (mode == "iam" and settings.auth_mode != "iam"):
        return None
    access = Access(
        brokers=parse_brokers(listener.brokers),
        auth_mode=mode,
        trusted_ca=settings.trusted_ca if mode != "none" else "",
    )
    if mode == "scram" and credentials is not None:
        return msgspec.structs.replace(access, username=credentials.username, password=credentials.password)
    return access
