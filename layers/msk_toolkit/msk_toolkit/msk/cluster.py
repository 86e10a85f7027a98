"""DescribeClusterV2, asked once: the cluster's description, its kind, and its state with the number of its brokers."""

from typing import Any

import msgspec

from msk_toolkit.aws.call import answer_or_none, call_within
from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError
from msk_toolkit.msk.description import ClusterDescription, describe
from msk_toolkit.settings.cluster import ClusterKind
from msk_toolkit.settings.topics import TopicsSettings

# In these MSK itself takes brokers away and brings them back.
PLANNED = {"MAINTENANCE", "HEALING", "REBOOTING_BROKER", "UPDATING"}


class ClusterState(msgspec.Struct, frozen=True):
    """``state`` as MSK names it, such as ``ACTIVE``; ``brokers`` is None for a serverless cluster."""

    state: str
    brokers: int | None = None

    @property
    def planned(self) -> bool:
        """Whether the state explains that a broker is away."""
        return self.state in PLANNED


def describe_cluster(kafka: Any, cluster_arn: str, deadline: Deadline) -> ClusterDescription:
    """Ask MSK for the cluster's description.

    Args:
        kafka: boto3's client of MSK.

    Raises:
        NotFoundAtAwsError: no such cluster.
        AwsError: denied, or no answer.
    """
    action = "kafka:DescribeClusterV2"
    return describe(call_within(deadline, action, lambda: kafka.describe_cluster_v2(ClusterArn=cluster_arn)))


def cluster_state(kafka: Any, cluster_arn: str, deadline: Deadline) -> ClusterState | None:
    """The cluster's state; None where MSK can't be asked: a verdict is right without it."""
    try:
        return state_of(describe_cluster(kafka, cluster_arn, deadline))
    except AwsError:
        return None


def state_of(cluster: ClusterDescription | None) -> ClusterState | None:
    """The state in a description; None where it has none."""
    if cluster is None or cluster.state is None:
        return None
    return ClusterState(cluster.state, cluster.brokers)


def cluster_kind(settings: TopicsSettings, client: MakeClient, deadline: Deadline) -> ClusterKind:
    """As set, or as MSK describes the cluster; standard where neither is known.

    MSK is asked only where it was asked for the brokers: with BOOTSTRAP_SERVERS there may be no network path to its
    API, and each attempt would cost seconds.
    """
    if settings.cluster_kind != "auto":
        return settings.cluster_kind
    if settings.bootstrap_servers:
        return "standard"
    # Not permitted, or an endpoint that does not know the call: then the cluster itself judges what it accepts.
    answer = answer_or_none(
        deadline,
        "kafka:DescribeClusterV2",
        lambda: client("kafka").describe_cluster_v2(ClusterArn=settings.cluster_arn),
    )
    if answer is None:
        return "standard"
    return describe(answer).kind
