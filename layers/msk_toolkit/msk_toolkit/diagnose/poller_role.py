"""What the forwarder's role must be allowed for the mappings' pollers, which assume it."""

from collections.abc import Mapping, Sequence

from msk_toolkit.aws.mappings import MappingState
from msk_toolkit.msk.listeners import Protocol
from msk_toolkit.msk.pollers import (
    CLUSTER_ACTIONS,
    DESTINATION_ACTIONS,
    GROUP_ACTIONS,
    TOPIC_ACTIONS,
    PollerListener,
)

_ON_CLUSTER = ("kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers")
# In addition, with these logins.
_LOGIN_ON_CLUSTER: Mapping[Protocol, Sequence[str]] = {"iam": CLUSTER_ACTIONS, "scram": ("kafka:ListScramSecrets",)}
# EC2 has no narrower resource for a network interface that does not exist yet.
_ON_ALL = (
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeVpcs",
    "ec2:DescribeSubnets",
    "ec2:DescribeSecurityGroups",
)
# IAM is asked once for each topic and group, and all of it must end within some seconds.
MAX_MAPPINGS = 10


def poller_actions(
    listener: PollerListener, cluster_arn: str, secret_arn: str, key_arn: str, states: Sequence[MappingState] = ()
) -> dict[str, Sequence[str]]:
    """The actions that the pollers need, by resource.

    Args:
        states: the mappings, whose topics and groups IAM's login reads; the first ten are enough, since one statement
            of the template allows them all.
    """
    actions: dict[str, Sequence[str]] = {"*": _ON_ALL}
    if cluster_arn:
        actions[cluster_arn] = (*_ON_CLUSTER, *_LOGIN_ON_CLUSTER.get(listener.protocol, ()))
    match listener.protocol:
        case "iam":
            actions |= _login_by_iam(cluster_arn, states)
        # With TLS there is a secret only for a client certificate.
        case "scram" | "tls":
            actions |= _login_by_secret(secret_arn, key_arn)
    if listener.protocol == "iam" and cluster_arn:
        actions |= _writing_to_topics(cluster_arn, states)
    return actions | _writing_discarded(states)


def _login_by_iam(cluster_arn: str, states: Sequence[MappingState]) -> dict[str, Sequence[str]]:
    actions: dict[str, Sequence[str]] = {}
    if cluster_arn:
        for state in states[:MAX_MAPPINGS]:
            actions |= _reading(cluster_arn, state)
    return actions


def _login_by_secret(secret_arn: str, key_arn: str) -> dict[str, Sequence[str]]:
    actions: dict[str, Sequence[str]] = {}
    if secret_arn.startswith("arn:"):
        actions[secret_arn] = ("secretsmanager:GetSecretValue",)
    # A secret may name its key by an alias, which a policy never does.
    if ":key/" in key_arn:
        actions[key_arn] = ("kms:Decrypt",)
    return actions


def _writing_discarded(states: Sequence[MappingState]) -> dict[str, Sequence[str]]:
    """Discarded batches go to a bucket, which Lambda checks first."""
    actions: dict[str, Sequence[str]] = {}
    for bucket in {state.destination for state in states if ":s3:::" in state.destination}:
        actions[bucket] = ("s3:ListBucket",)
        actions[f"{bucket}/*"] = ("s3:PutObject",)
    return actions


def _writing_to_topics(cluster_arn: str, states: Sequence[MappingState]) -> dict[str, Sequence[str]]:
    """Discarded records may also go to a topic of the same cluster."""
    topics = {state.destination_topic for state in states} - {""}
    return {f"{cluster_arn.replace(':cluster/', ':topic/')}/{topic}": DESTINATION_ACTIONS for topic in topics}


def _reading(cluster_arn: str, state: MappingState) -> dict[str, Sequence[str]]:
    actions: dict[str, Sequence[str]] = {}
    for topic in state.topics:
        actions[f"{cluster_arn.replace(':cluster/', ':topic/')}/{topic}"] = TOPIC_ACTIONS
    actions[f"{cluster_arn.replace(':cluster/', ':group/')}/{state.group}"] = GROUP_ACTIONS
    return actions
