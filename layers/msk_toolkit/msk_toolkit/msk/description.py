"""A cluster as MSK describes it, out of either shape of the answer, whatever parts of it are missing."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from msk_toolkit.msk.findings import Finding

ClusterOffering = Literal["provisioned", "express", "serverless"]
Switch = bool | None


class DeclaredAuth(msgspec.Struct, frozen=True):
    """What the cluster says of its ways to log in; None where it says nothing, as clusters of 2021 do."""

    none: Switch = None
    scram: Switch = None
    iam: Switch = None
    mtls: Switch = None


class ClusterDescription(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster; None where MSK's answer says nothing."""

    arn: str
    name: str
    kind: ClusterOffering = "provisioned"
    state: str | None = None
    state_reason: str | None = None
    kafka_version: str | None = None
    coordination: Literal["zookeeper", "kraft"] | None = None
    brokers: int | None = None
    instance_type: str | None = None
    # STANDARD or EXPRESS, as MSK says of each broker; both while UpdateBrokerType upgrades the cluster in place.
    broker_node_types: list[str] = []
    storage_mode: str | None = None
    # NONE, ACTION_RECOMMENDED or CRITICAL_ACTION_REQUIRED: what MSK waits for the cluster's owner to do.
    customer_action: str | None = None
    # Whether the cluster writes who was denied what, wherever to.
    authorizer_logs: bool | None = None
    encryption_in_transit: str | None = None
    encryption_in_cluster: bool | None = None
    kms_key_arn: str | None = None
    zookeeper: str | None = None
    zookeeper_tls: str | None = None
    subnets: list[str] = []
    security_groups: list[str] = []
    public: bool = False
    declared_auth: DeclaredAuth = DeclaredAuth()


def describe(answer: Mapping[str, Any]) -> ClusterDescription:
    """The description in the answer of DescribeCluster or DescribeClusterV2 (with or without ``ClusterInfo``)."""
    info = _part(answer, "ClusterInfo") or answer
    serverless = _part(info, "Serverless")
    # Version 1 has flat what version 2 puts under Provisioned.
    body = _part(info, "Provisioned") or serverless or info
    nodes = _part(body, "BrokerNodeGroupInfo")
    auth = _part(body, "ClientAuthentication")
    encryption = _part(body, "EncryptionInfo")
    transit = _part(encryption, "EncryptionInTransit")
    version = _text(_part(body, "CurrentBrokerSoftwareInfo"), "KafkaVersion")
    instance = _text(nodes, "InstanceType")
    zookeeper = _text(body, "ZookeeperConnectString")
    zookeeper_tls = _text(body, "ZookeeperConnectStringTls")
    is_serverless = bool(serverless) or info.get("ClusterType") == "SERVERLESS"
    networks = [part for part in serverless.get("VpcConfigs") or [] if isinstance(part, Mapping)]
    access = _text(_part(nodes, "ConnectivityInfo", "PublicAccess"), "Type")
    return ClusterDescription(
        arn=_text(info, "ClusterArn") or "",
        name=_text(info, "ClusterName") or "",
        kind="serverless" if is_serverless else "express" if (instance or "").startswith("express.") else "provisioned",
        state=_text(info, "State"),
        state_reason=_text(_part(info, "StateInfo"), "Message"),
        kafka_version=version,
        coordination=_coordination(version, zookeeper or zookeeper_tls),
        brokers=body.get("NumberOfBrokerNodes"),
        instance_type=instance,
        storage_mode=_text(body, "StorageMode"),
        customer_action=_text(body, "CustomerActionStatus"),
        authorizer_logs=_authorizer_logs(body),
        encryption_in_transit="TLS" if is_serverless else _text(transit, "ClientBroker"),
        encryption_in_cluster=transit.get("InCluster"),
        kms_key_arn=_text(_part(encryption, "EncryptionAtRest"), "DataVolumeKMSKeyId"),
        zookeeper=zookeeper,
        zookeeper_tls=zookeeper_tls,
        subnets=_texts(nodes, "ClientSubnets") or [subnet for part in networks for subnet in _texts(part, "SubnetIds")],
        security_groups=_texts(nodes, "SecurityGroups")
        or [group for part in networks for group in _texts(part, "SecurityGroupIds")],
        public=access is not None and access != "DISABLED",
        declared_auth=DeclaredAuth(
            none=_switch(auth, "Unauthenticated"),
            scram=False if is_serverless else _switch(auth, "Sasl", "Scram"),
            # A serverless cluster knows no other login, whether it says so or not.
            iam=True if is_serverless else _switch(auth, "Sasl", "Iam"),
            mtls=False if is_serverless else _switch(auth, "Tls"),
        ),
    )


def state_findings(cluster: ClusterDescription) -> list[Finding]:
    """What the cluster's state and kind mean for whoever wants to connect."""
    found: list[Finding] = []
    reason = f" ({cluster.state_reason})" if cluster.state_reason else ""
    match cluster.state:
        case "ACTIVE" | None:
            pass
        case "CREATING":
            text = "is still CREATING: it has no brokers to connect to before it is ACTIVE, after 15 to 40 minutes"
            found.append(Finding("error", "cluster", text))
        case "DELETING" | "FAILED":
            found.append(Finding("error", "cluster", f"is {cluster.state}{reason}: nothing can connect to it"))
        case state:
            text = f"is {state}{reason}: it works, but a broker may be away for some minutes"
            found.append(Finding("warning", "cluster", text))
    found += _action_findings(cluster)
    if len(cluster.broker_node_types) > 1:
        text = "is being upgraded from Standard to Express brokers and has both: brokers come and go until it is done"
        found.append(Finding("warning", "cluster", text))
    if cluster.kind == "serverless":
        text = (
            "is serverless, which offers IAM as its only login: Vantiq's own Kafka source can't use it (as far as is "
            "known), so let the toolkit's forwarder bring the records to Vantiq, with AuthMode iam"
        )
        found.append(Finding("warning", "cluster", text))
    return found


def _action_findings(cluster: ClusterDescription) -> list[Finding]:
    where = "the API does not say which: look at the cluster in MSK's console and at the AWS Health Dashboard"
    match cluster.customer_action:
        case "CRITICAL_ACTION_REQUIRED":
            text = f"needs an action of its owner (CustomerActionStatus CRITICAL_ACTION_REQUIRED); {where}"
            if cluster.state not in (None, "ACTIVE"):
                text += f"; waiting alone may not end {cluster.state}"
            return [Finding("error", "cluster", text)]
        case "ACTION_RECOMMENDED":
            text = f"recommends an action to its owner (CustomerActionStatus ACTION_RECOMMENDED); {where}"
            return [Finding("warning", "cluster", text)]
        case _:
            return []


def broker_node_types(nodes: Iterable[Mapping[str, Any]]) -> list[str]:
    """The kinds of brokers in the answers of ListNodes, each once; none where MSK (or an old boto3) does not say."""
    kinds = [_text(_part(node, "BrokerNodeInfo"), "BrokerNodeType") for node in nodes]
    return sorted({kind for kind in kinds if kind})


def _authorizer_logs(body: Mapping[str, Any]) -> bool | None:
    logging = _part(body, "LoggingInfo")
    if not logging:
        return None
    targets = _part(logging, "AuthorizerLogs").values()
    return any(isinstance(target, Mapping) and target.get("Enabled") is True for target in targets)


def _coordination(version: str | None, zookeeper: str | None) -> Literal["zookeeper", "kraft"] | None:
    if zookeeper:
        return "zookeeper"
    numbers = (version or "").split(".")
    if numbers[-1] == "kraft" or (numbers[0].isdigit() and int(numbers[0]) >= 4):
        return "kraft"
    return None


def _part(whole: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """A part of an answer, empty where it is missing or null."""
    for name in path:
        found = whole.get(name)
        whole = found if isinstance(found, Mapping) else {}
    return whole


def _text(whole: Mapping[str, Any], name: str) -> str | None:
    found = whole.get(name)
    return found if isinstance(found, str) and found else None


def _texts(whole: Mapping[str, Any], name: str) -> list[str]:
    return [text for text in whole.get(name) or [] if isinstance(text, str)]


def _switch(auth: Mapping[str, Any], *path: str) -> Switch:
    found = _part(auth, *path).get("Enabled")
    return found if isinstance(found, bool) else None
