"""A cluster as MSK describes it, out of either shape of the answer, whatever parts of it are missing."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from msk_toolkit.settings.cluster import ClusterKind

Switch = bool | None


class DeclaredAuth(msgspec.Struct, frozen=True):
    """The logins that the cluster says to have switched on; None where it says nothing, as clusters of 2021 do."""

    none: Switch = None
    scram: Switch = None
    iam: Switch = None
    mtls: Switch = None


class ClusterDescription(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster; None where MSK's answer says nothing."""

    arn: str
    name: str
    kind: ClusterKind = "standard"
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
    # Whether the cluster logs whom it denied what, wherever to.
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
    if serverless or info.get("ClusterType") == "SERVERLESS":
        return _serverless(info, serverless)
    # Version 1 has flat what version 2 puts under Provisioned.
    return _provisioned(info, _part(info, "Provisioned") or info)


def broker_node_types(nodes: Iterable[Mapping[str, Any]]) -> list[str]:
    """The kinds of brokers in the answers of ListNodes, without repetition; none where MSK or boto3 does not say."""
    kinds = [_text(_part(node, "BrokerNodeInfo"), "BrokerNodeType") for node in nodes]
    return sorted({kind for kind in kinds if kind})


def _serverless(info: Mapping[str, Any], body: Mapping[str, Any]) -> ClusterDescription:
    networks = _parts(body, "VpcConfigs")
    # A serverless cluster accepts no other login, whether it says so or not.
    auth = DeclaredAuth(_switch(_part(body, "ClientAuthentication"), "Unauthenticated"), False, True, False)
    return ClusterDescription(
        arn=_known_text(info, "ClusterArn"),
        name=_known_text(info, "ClusterName"),
        kind="serverless",
        state=_text(info, "State"),
        state_reason=_text(_part(info, "StateInfo"), "Message"),
        encryption_in_transit="TLS",
        subnets=_texts_of_all(networks, "SubnetIds"),
        security_groups=_texts_of_all(networks, "SecurityGroupIds"),
        declared_auth=auth,
    )


def _provisioned(info: Mapping[str, Any], body: Mapping[str, Any]) -> ClusterDescription:
    nodes = _part(body, "BrokerNodeGroupInfo")
    encryption = _part(body, "EncryptionInfo")
    transit = _part(encryption, "EncryptionInTransit")
    version = _text(_part(body, "CurrentBrokerSoftwareInfo"), "KafkaVersion")
    instance = _text(nodes, "InstanceType")
    zookeeper = _text(body, "ZookeeperConnectString")
    zookeeper_tls = _text(body, "ZookeeperConnectStringTls")
    return ClusterDescription(
        arn=_known_text(info, "ClusterArn"),
        name=_known_text(info, "ClusterName"),
        kind=_kind(instance),
        state=_text(info, "State"),
        state_reason=_text(_part(info, "StateInfo"), "Message"),
        kafka_version=version,
        coordination=_coordination(version, zookeeper or zookeeper_tls),
        brokers=_number(body, "NumberOfBrokerNodes"),
        instance_type=instance,
        storage_mode=_text(body, "StorageMode"),
        customer_action=_text(body, "CustomerActionStatus"),
        authorizer_logs=_authorizer_logs(body),
        encryption_in_transit=_text(transit, "ClientBroker"),
        encryption_in_cluster=transit.get("InCluster"),
        kms_key_arn=_text(_part(encryption, "EncryptionAtRest"), "DataVolumeKMSKeyId"),
        zookeeper=zookeeper,
        zookeeper_tls=zookeeper_tls,
        subnets=_texts(nodes, "ClientSubnets"),
        security_groups=_texts(nodes, "SecurityGroups"),
        public=_is_public(nodes),
        declared_auth=_declared_auth(_part(body, "ClientAuthentication")),
    )


def _kind(instance_type: str | None) -> ClusterKind:
    if instance_type and instance_type.startswith("express."):
        return "express"
    return "standard"


def _is_public(nodes: Mapping[str, Any]) -> bool:
    access = _text(_part(nodes, "ConnectivityInfo", "PublicAccess"), "Type")
    return access is not None and access != "DISABLED"


def _declared_auth(auth: Mapping[str, Any]) -> DeclaredAuth:
    return DeclaredAuth(
        none=_switch(auth, "Unauthenticated"),
        scram=_switch(auth, "Sasl", "Scram"),
        iam=_switch(auth, "Sasl", "Iam"),
        mtls=_switch(auth, "Tls"),
    )


def _authorizer_logs(body: Mapping[str, Any]) -> bool | None:
    logging = _part(body, "LoggingInfo")
    if not logging:
        return None
    targets = _part(logging, "AuthorizerLogs").values()
    return any(isinstance(target, Mapping) and target.get("Enabled") is True for target in targets)


def _coordination(version: str | None, zookeeper: str | None) -> Literal["zookeeper", "kraft"] | None:
    if zookeeper:
        return "zookeeper"
    if _is_kraft((version or "").split(".")):
        return "kraft"
    return None


def _is_kraft(version: Sequence[str]) -> bool:
    return version[-1] == "kraft" or (version[0].isdigit() and int(version[0]) >= 4)


def _part(whole: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """A part of an answer, empty where it is missing or null."""
    for name in path:
        part = whole.get(name)
        whole = part if isinstance(part, Mapping) else {}
    return whole


def _parts(whole: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    return [part for part in whole.get(name) or [] if isinstance(part, Mapping)]


def _known_text(whole: Mapping[str, Any], name: str) -> str:
    """A text, empty where it is missing."""
    return _text(whole, name) or ""


def _text(whole: Mapping[str, Any], name: str) -> str | None:
    text = whole.get(name)
    return text if isinstance(text, str) and text else None


def _texts(whole: Mapping[str, Any], name: str) -> list[str]:
    return [text for text in whole.get(name) or [] if isinstance(text, str)]


def _texts_of_all(parts: Sequence[Mapping[str, Any]], name: str) -> list[str]:
    texts: list[str] = []
    for part in parts:
        texts += _texts(part, name)
    return texts


def _number(whole: Mapping[str, Any], name: str) -> int | None:
    number = whole.get(name)
    return number if isinstance(number, int) else None


def _switch(auth: Mapping[str, Any], *path: str) -> Switch:
    enabled = _part(auth, *path).get("Enabled")
    return enabled if isinstance(enabled, bool) else None
