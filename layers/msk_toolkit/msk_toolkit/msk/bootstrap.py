"""From a cluster ARN and an auth mode to the bootstrap brokers."""

from collections.abc import Iterable
from typing import Any

from msk_toolkit.aws.call import NotFoundAtAwsError
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.msk.listeners import AUTH_MODE_OF, PROTOCOL_OF, Listener, Protocol, ask_listeners
from msk_toolkit.settings.cluster import AuthMode


def choose_brokers(listeners: Iterable[Listener], auth_mode: AuthMode) -> str:
    """The brokers of the listener for ``auth_mode`` inside the VPC, as ``host:port,host:port``.

    Raises:
        ConfigurationError: the cluster has no such listener; names those that it has.
    """
    brokers = {listener.protocol: listener.brokers for listener in listeners if listener.network == "vpc"}
    protocol = PROTOCOL_OF[auth_mode]
    if protocol in brokers:
        return brokers[protocol]
    raise ConfigurationError("AUTH_MODE", [f"the cluster has no listener for {auth_mode}; it offers {_modes(brokers)}"])


def _modes(protocols: Iterable[Protocol]) -> str:
    return ", ".join(AUTH_MODE_OF[protocol] for protocol in protocols) or "none inside the VPC"


def bootstrap_brokers(kafka: Any, cluster_arn: str, auth_mode: AuthMode, deadline: Deadline) -> str:
    """Ask MSK for the brokers, as ``host:port,host:port``.

    Args:
        kafka: boto3's client of MSK.

    Raises:
        ConfigurationError: no such cluster, or no such listener.
        AwsError: denied, or no answer.
    """
    try:
        listeners = ask_listeners(kafka, cluster_arn, deadline)
    except NotFoundAtAwsError as error:
        text = f"there is no cluster {cluster_arn} in this account and Region"
        raise ConfigurationError("CLUSTER_ARN", [text]) from error
    return choose_brokers(listeners, auth_mode)
