"""Which of Amazon MSK's offerings the cluster is."""

from typing import Any, Literal

from msk_toolkit.aws.call import answer_or_none
from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.deadline import Deadline
from msk_toolkit.settings.topics import TopicsSettings

Offering = Literal["standard", "express", "serverless"]


def cluster_kind(settings: TopicsSettings, client: MakeClient, deadline: Deadline) -> Offering:
    """As set, or as MSK describes the cluster; standard where neither tells.

    MSK is asked only where it was asked for the brokers: with BOOTSTRAP_SERVERS there may be no way to its API, and
    each try would cost seconds.
    """
    if settings.cluster_kind != "auto":
        return settings.cluster_kind
    if settings.bootstrap_servers:
        return "standard"
    arn = settings.cluster_arn
    # Not permitted, or an endpoint that does not know it: then the cluster itself judges what it takes.
    answer = answer_or_none(
        deadline, f"asking MSK about {arn}", lambda: client("kafka").describe_cluster_v2(ClusterArn=arn)
    )
    return offering_of(answer.get("ClusterInfo", {})) if answer else "standard"


def offering_of(cluster: dict[str, Any]) -> Offering:
    """The offering in DescribeClusterV2's answer."""
    if cluster.get("ClusterType") == "SERVERLESS":
        return "serverless"
    brokers = cluster.get("Provisioned", {}).get("BrokerNodeGroupInfo", {})
    return "express" if str(brokers.get("InstanceType", "")).startswith("express.") else "standard"
