"""Whether the cluster is a standard one, has Express brokers, or is serverless."""

from typing import Any

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError
from msk_toolkit.msk.cluster import cluster_kind
from msk_toolkit.settings.topics import TopicsSettings

SETTINGS = TopicsSettings(cluster_arn="arn", auth_mode="iam")


def provisioned(instance: str) -> dict[str, Any]:
    return {"ClusterType": "PROVISIONED", "Provisioned": {"BrokerNodeGroupInfo": {"InstanceType": instance}}}


@pytest.mark.parametrize(
    ("cluster", "kind"),
    [
        ({"ClusterType": "SERVERLESS", "Serverless": {}}, "serverless"),
        (provisioned("express.m7g.large"), "express"),
        (provisioned("kafka.m7g.large"), "standard"),
        ({}, "standard"),
    ],
)
def test_the_kind_is_what_msk_describes(cluster: dict[str, Any], kind: str) -> None:
    class Msk:
        def describe_cluster_v2(self, ClusterArn: str) -> dict[str, Any]:  # noqa: N803 - boto3's own name
            return {"ClusterInfo": cluster}

    assert cluster_kind(SETTINGS, lambda service: Msk(), Deadline(5)) == kind


def test_where_msk_may_not_be_asked_the_cluster_counts_as_standard() -> None:
    def denied(service: str) -> Any:
        raise AwsError("denied")

    assert cluster_kind(SETTINGS, denied, Deadline(5)) == "standard"


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        (TopicsSettings(cluster_arn="arn", cluster_kind="express"), "express"),
        (TopicsSettings(cluster_arn="arn", bootstrap_servers="b:9096"), "standard"),
    ],
)
def test_msk_is_not_asked_where_it_is_set_or_where_there_may_be_no_way_to_it(
    settings: TopicsSettings, kind: str
) -> None:
    def never(service: str) -> Any:
        raise AssertionError

    assert cluster_kind(settings, never, Deadline(5)) == kind
