"""Ask AWS about a cluster and its secret. A call that is refused becomes a finding, and the others still answer."""

from collections.abc import Callable
from typing import Any

import msgspec

from msk_toolkit.aws.call import answer_or_none, call_within
from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.aws.secrets import read_secret
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ToolkitError
from msk_toolkit.msk.description import ClusterDescription, broker_node_types, describe
from msk_toolkit.msk.findings import Finding
from msk_toolkit.msk.listeners import Listener, listeners
from msk_toolkit.msk.secret import SecretFacts

# Time enough for boto3 to try twice and not to connect either time, or for one slow answer.
_SECONDS = 12.0


class ObservedCluster(msgspec.Struct, frozen=True):
    """What AWS told; None for what it did not."""

    arn: str
    cluster: ClusterDescription | None
    listeners: list[Listener] | None
    findings: list[Finding]


def observe_cluster(client: MakeClient, cluster: str, deadline: Deadline) -> ObservedCluster:
    """The cluster with this ARN or name, as far as AWS answers by the deadline."""
    findings: list[Finding] = []
    kafka = client("kafka")
    arn = cluster if cluster.startswith("arn:") else _arn_of(kafka, cluster, findings, deadline)
    region = kafka.meta.region_name
    if arn and _region_of(arn) != region:
        text = f"lies in Region {_region_of(arn)}, and this function in {region}: deploy the toolkit there"
        return ObservedCluster(arn, None, None, [Finding("error", "cluster", text)])
    if not arn:
        return ObservedCluster(cluster, None, None, findings)
    described = _with_nodes(kafka, _describe(kafka, arn, findings, deadline), deadline)
    answer = _try(
        "listeners",
        findings,
        lambda: _ask(deadline, "kafka:GetBootstrapBrokers", lambda: kafka.get_bootstrap_brokers(ClusterArn=arn)),
    )
    return ObservedCluster(arn, described, None if answer is None else listeners(answer), _once(findings))


def observe_secret(
    client: MakeClient, cluster_arn: str, secret_id: str, deadline: Deadline
) -> tuple[SecretFacts, list[Finding]]:
    """The SCRAM secret and what the cluster has associated, as far as AWS answers by the deadline."""
    findings: list[Finding] = []
    secrets, kafka = client("secretsmanager"), client("kafka")
    subject = f"secret {secret_id}"
    description = _try(
        subject,
        findings,
        lambda: _ask(deadline, "secretsmanager:DescribeSecret", lambda: secrets.describe_secret(SecretId=secret_id)),
    )
    text = _try(
        subject,
        findings,
        lambda: read_secret(secrets, secret_id, deadline.at_most(_SECONDS)),
    )
    associated = _try("cluster", findings, lambda: _associated(kafka, cluster_arn, deadline)) if cluster_arn else None
    facts = SecretFacts(
        secret_id=secret_id,
        name=(description or {}).get("Name"),
        arn=(description or {}).get("ARN"),
        kms_key_id=(description or {}).get("KmsKeyId"),
        described=description is not None,
        rotates=(description or {}).get("RotationEnabled"),
        associated=associated,
        text=text,
    )
    return facts, findings


def _ask[Answer](deadline: Deadline, action: str, call: Callable[[], Answer]) -> Answer:
    return call_within(deadline.at_most(_SECONDS), action, call)


def _describe(kafka: Any, arn: str, findings: list[Finding], deadline: Deadline) -> ClusterDescription | None:
    try:
        return describe(_ask(deadline, "kafka:DescribeClusterV2", lambda: kafka.describe_cluster_v2(ClusterArn=arn)))
    except ToolkitError as newer:
        # Old policies, and emulators, know the first version of the call alone.
        try:
            return describe(_ask(deadline, "kafka:DescribeCluster", lambda: kafka.describe_cluster(ClusterArn=arn)))
        except ToolkitError:
            findings.append(Finding("error", "cluster", str(newer)))
            return None


def _with_nodes(kafka: Any, cluster: ClusterDescription | None, deadline: Deadline) -> ClusterDescription | None:
    """With the kinds of its brokers, where MSK says them; nothing depends on that, so a refusal is no finding."""
    if cluster is None or cluster.kind == "serverless":
        return cluster
    pages = kafka.get_paginator("list_nodes").paginate(ClusterArn=cluster.arn)
    nodes = answer_or_none(
        deadline, "kafka:ListNodes", lambda: [node for page in pages for node in page.get("NodeInfoList", ())]
    )
    return msgspec.structs.replace(cluster, broker_node_types=broker_node_types(nodes or ()))


def _arn_of(kafka: Any, name: str, findings: list[Finding], deadline: Deadline) -> str | None:
    """The ARN of the cluster with this name; the API's filter takes a prefix."""
    token: dict[str, str] = {}
    while True:
        page = _try(
            "cluster",
            findings,
            lambda: _ask(
                deadline,
                "kafka:ListClustersV2",
                lambda: kafka.list_clusters_v2(ClusterNameFilter=name, **token),  # noqa: B023 - called at once
            ),
        )
        if page is None:
            return None
        for info in page.get("ClusterInfoList", []):
            if info.get("ClusterName") == name:
                return str(info["ClusterArn"])
        if not page.get("NextToken"):
            text = f"there is no cluster named {name} in this account and Region {kafka.meta.region_name}"
            findings.append(Finding("error", "cluster", text))
            return None
        token = {"NextToken": page["NextToken"]}


def _associated(kafka: Any, arn: str, deadline: Deadline) -> list[str]:
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = _ask(
            deadline,
            "kafka:ListScramSecrets",
            lambda: kafka.list_scram_secrets(ClusterArn=arn, **token),  # noqa: B023 - called at once
        )
        found += page.get("SecretArnList", [])
        if not page.get("NextToken"):
            return found
        token = {"NextToken": page["NextToken"]}


def _try[Answer](subject: str, findings: list[Finding], question: Callable[[], Answer]) -> Answer | None:
    try:
        return question()
    except ToolkitError as error:
        findings.append(Finding("error", subject, str(error)))
        return None


def _once(findings: list[Finding]) -> list[Finding]:
    """A cluster that does not exist is told once, not once a call."""
    missing = [one for one in findings if one.subject == "cluster" and "not found" in one.text]
    return missing or findings


def _region_of(arn: str) -> str:
    return (arn.split(":") + [""] * 4)[3]
