"""From a cluster ARN and an auth mode to the bootstrap brokers."""

from typing import Protocol

from msk_toolkit.aws.call import NotFoundAtAwsError, call_within
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.settings.cluster import AuthMode

# GetBootstrapBrokers answers with one key per listener; absent where the cluster does not offer it.
_LISTENER_KEYS: dict[AuthMode, str] = {
    "none": "BootstrapBrokerString",
    "tls": "BootstrapBrokerStringTls",
    "scram": "BootstrapBrokerStringSaslScram",
    "iam": "BootstrapBrokerStringSaslIam",
}


class KafkaControlPlane(Protocol):
    """The one call of boto3's ``kafka`` client that is used."""

    def get_bootstrap_brokers(self, *, ClusterArn: str) -> dict[str, object]:  # noqa: N803 - boto3's own name
        """Answer up to 14 listener keys."""
        ...


def choose_brokers(answer: dict[str, object], auth_mode: AuthMode) -> str:
    """The broker string for ``auth_mode`` out of GetBootstrapBrokers' answer.

    Raises:
        ConfigurationError: the cluster has no such listener; names those that it has.
    """
    found = answer.get(_LISTENER_KEYS[auth_mode])
    if isinstance(found, str) and found:
        return found
    offered = [mode for mode, key in _LISTENER_KEYS.items() if answer.get(key)]
    raise ConfigurationError(
        "AUTH_MODE",
        [f"the cluster has no listener for {auth_mode}; it offers {', '.join(offered) or 'none inside the VPC'}"],
    )


def bootstrap_brokers(
    control_plane: KafkaControlPlane, cluster_arn: str, auth_mode: AuthMode, deadline: Deadline
) -> str:
    """Ask MSK for the brokers, as ``host:port,host:port``.

    Raises:
        ConfigurationError: no such cluster, or no such listener.
        AwsError: denied, or no answer.
    """
    action = f"kafka:GetBootstrapBrokers of {cluster_arn}"
    try:
        answer = call_within(deadline, action, lambda: control_plane.get_bootstrap_brokers(ClusterArn=cluster_arn))
    except NotFoundAtAwsError as error:
        raise ConfigurationError("CLUSTER_ARN", [f"{action}: no such cluster in this account and Region"]) from error
    return choose_brokers(answer, auth_mode)
