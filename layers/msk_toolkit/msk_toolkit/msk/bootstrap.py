"""From a cluster ARN, an auth mode and a choice of network to the bootstrap brokers."""

from collections.abc import Iterable, Mapping
from typing import Any

from msk_toolkit.aws.call import NotFoundAtAwsError
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.msk.listeners import (
    AUTH_MODE_OF,
    NETWORK_OF,
    PROTOCOL_OF,
    Listener,
    Network,
    Protocol,
    ask_listeners,
)
from msk_toolkit.settings.cluster import AuthMode, ClusterSettings


def choose_brokers(listeners: Iterable[Listener], auth_mode: AuthMode, network: Network = "vpc") -> str:
    """The brokers of the listener for ``auth_mode`` in this network, as ``host:port,host:port``.

    Raises:
        ConfigurationError: the cluster has no such listener; names those that it has.
    """
    brokers = {listener.protocol: listener.brokers for listener in listeners if listener.network == network}
    protocol = PROTOCOL_OF[auth_mode]
    if protocol in brokers:
        return brokers[protocol]
    offered = _modes(brokers, network)
    raise ConfigurationError("AUTH_MODE", [f"the cluster has no listener for {auth_mode}; it offers {offered}"])


_PLACES: Mapping[Network, str] = {
    "vpc": "inside the VPC",
    "public": "on the internet",
    "multi-vpc": "through a VPC connection",
    "ipv6": "on IPv6",
}


def _modes(protocols: Iterable[Protocol], network: Network) -> str:
    return ", ".join(AUTH_MODE_OF[protocol] for protocol in protocols) or f"none {_PLACES[network]}"


def bootstrap_brokers(kafka: Any, settings: ClusterSettings, deadline: Deadline) -> str:
    """Ask MSK for the brokers, as ``host:port,host:port``.

    Args:
        kafka: boto3's client of MSK.

    Raises:
        ConfigurationError: no such cluster, or no such listener.
        AwsError: denied, or no answer.
    """
    try:
        listeners = ask_listeners(kafka, settings.cluster_arn, deadline)
    except NotFoundAtAwsError as error:
        text = f"there is no cluster {settings.cluster_arn} in this account and Region"
        raise ConfigurationError("CLUSTER_ARN", [text]) from error
    return choose_brokers(listeners, settings.auth_mode, NETWORK_OF[settings.listener])
