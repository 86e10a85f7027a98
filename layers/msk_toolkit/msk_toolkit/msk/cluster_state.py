"""What MSK itself says about the cluster: its state, and how many brokers it has."""

from typing import Protocol

import msgspec

from msk_toolkit.aws.call import call_within
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError

# In these MSK itself takes brokers away and brings them back.
PLANNED = {"MAINTENANCE", "HEALING", "REBOOTING_BROKER", "UPDATING"}


class ClusterState(msgspec.Struct, frozen=True):
    """``state`` is MSK's word, such as ``ACTIVE``; ``brokers`` is None for a serverless cluster."""

    state: str
    brokers: int | None = None

    @property
    def planned(self) -> bool:
        """Whether the state explains that a broker is away."""
        return self.state in PLANNED


class DescribesClusters(Protocol):
    """The one call of boto3's ``kafka`` client that is used."""

    def describe_cluster_v2(self, *, ClusterArn: str) -> dict[str, dict[str, object]]:  # noqa: N803 - boto3's own name
        """Answer ``{"ClusterInfo": {...}}``."""
        ...


def cluster_state(control_plane: DescribesClusters, cluster_arn: str, deadline: Deadline) -> ClusterState | None:
    """The cluster's state; None where MSK can't be asked: a verdict is right without it."""
    try:
        answer = call_within(
            deadline,
            "asking MSK for the cluster's state",
            lambda: control_plane.describe_cluster_v2(ClusterArn=cluster_arn),
        )
    except AwsError:
        return None
    return parse_state(answer)


def parse_state(answer: dict[str, dict[str, object]]) -> ClusterState | None:
    """The state out of DescribeClusterV2's answer; None where it holds none."""
    info = answer.get("ClusterInfo") or {}
    state, provisioned = info.get("State"), info.get("Provisioned")
    count = provisioned.get("NumberOfBrokerNodes") if isinstance(provisioned, dict) else None
    return ClusterState(state, count if isinstance(count, int) else None) if isinstance(state, str) else None
