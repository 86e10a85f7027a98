"""Ask AWS about a cluster. A call that is refused becomes a finding, and the others still answer."""

from collections.abc import Mapping
from typing import Any

import msgspec

from msk_toolkit.aws.call import NotFoundAtAwsError, all_items, answer_or_none, call_within, first_item
from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ToolkitError
from msk_toolkit.msk.cluster import describe_cluster
from msk_toolkit.msk.description import ClusterDescription, broker_node_types, describe
from msk_toolkit.msk.findings import Finding
from msk_toolkit.msk.listeners import Listener, ask_listeners

# Long enough for boto3 to fail to connect twice, or for one slow answer.
CALL_SECONDS = 12.0


class ObservedCluster(msgspec.Struct, frozen=True):
    """What AWS answered; None for what it did not."""

    arn: str
    cluster: ClusterDescription | None
    listeners: list[Listener] | None
    findings: list[Finding]


def outside_msk() -> ObservedCluster:
    """A cluster without an ARN: what is not known of it, as a finding."""
    text = (
        "CLUSTER_ARN is not set, as for Kafka outside MSK: MSK was not asked, so the cluster's state, its other "
        "listeners, its subnets and security groups are not known; the brokers are those of BOOTSTRAP_SERVERS"
    )
    return ObservedCluster("", None, None, [Finding("note", "cluster", text)])


def observe_cluster(client: MakeClient, cluster: str, deadline: Deadline) -> ObservedCluster:
    """The cluster with this ARN or name, as far as AWS answers by the deadline."""
    kafka = client("kafka")
    region = kafka.meta.region_name
    try:
        arn = _arn_of(kafka, cluster, deadline)
    except ToolkitError as error:
        return _unknown(cluster, str(error))
    if arn is None:
        return _unknown(cluster, f"there is no cluster named {cluster} in this account and Region {region}")
    if _region_of(arn) != region:
        text = f"is in Region {_region_of(arn)}, but this function runs in {region}: deploy the toolkit there"
        return _unknown(arn, text)
    return _observed(kafka, arn, deadline)


def _unknown(cluster: str, text: str) -> ObservedCluster:
    return ObservedCluster(cluster, None, None, [Finding("error", "cluster", text)])


def _observed(kafka: Any, arn: str, deadline: Deadline) -> ObservedCluster:
    findings: list[Finding] = []
    cluster = listeners = None
    exists = True
    try:
        cluster = _described(kafka, arn, deadline)
    except ToolkitError as error:
        exists = not isinstance(error, NotFoundAtAwsError)
        findings.append(Finding("error", "cluster", str(error)))
    try:
        listeners = ask_listeners(kafka, arn, deadline.at_most(CALL_SECONDS))
    except ToolkitError as error:
        # A cluster that does not exist is reported once, not once a call.
        if exists:
            findings.append(Finding("error", "listeners", str(error)))
    return ObservedCluster(arn, cluster, listeners, findings)


def _described(kafka: Any, arn: str, deadline: Deadline) -> ClusterDescription:
    try:
        cluster = describe_cluster(kafka, arn, deadline.at_most(CALL_SECONDS))
    except ToolkitError as error:
        cluster = _described_by_version_1(kafka, arn, deadline, error)
    if cluster.kind == "serverless":
        return cluster
    # Nothing depends on the kinds of its brokers, so a refusal is no finding.
    nodes = answer_or_none(
        deadline, "kafka:ListNodes", lambda: all_items(kafka, "list_nodes", "NodeInfoList", ClusterArn=arn)
    )
    return msgspec.structs.replace(cluster, broker_node_types=broker_node_types(nodes or ()))


def _described_by_version_1(kafka: Any, arn: str, deadline: Deadline, newer: ToolkitError) -> ClusterDescription:
    # Old policies, and emulators, know the first version of the call alone.
    until = deadline.at_most(CALL_SECONDS)
    try:
        return describe(call_within(until, "kafka:DescribeCluster", lambda: kafka.describe_cluster(ClusterArn=arn)))
    except ToolkitError:
        raise newer from None


def _arn_of(kafka: Any, cluster: str, deadline: Deadline) -> str | None:
    """The ARN of the cluster with this ARN or name; None where there is no cluster of that name."""
    if cluster.startswith("arn:"):
        return cluster
    return _arn_of_name(kafka, cluster, deadline)


def _arn_of_name(kafka: Any, name: str, deadline: Deadline) -> str | None:
    def is_named(cluster: Mapping[str, Any]) -> bool:
        # The API's filter takes a prefix.
        return cluster.get("ClusterName") == name

    cluster = call_within(
        deadline.at_most(CALL_SECONDS),
        "kafka:ListClustersV2",
        lambda: first_item(kafka, "list_clusters_v2", "ClusterInfoList", is_named, ClusterNameFilter=name),
    )
    if cluster is None:
        return None
    return str(cluster["ClusterArn"])


def _region_of(arn: str) -> str:
    return (arn.split(":") + [""] * 4)[3]
