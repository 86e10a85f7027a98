"""Where a cluster's brokers listen, and by which protocol: the answer of GetBootstrapBrokers, read."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import msgspec

from msk_toolkit.aws.call import call_within
from msk_toolkit.deadline import Deadline
from msk_toolkit.settings.cluster import AuthMode, ListenerChoice

Network = Literal["vpc", "public", "multi-vpc", "ipv6"]
Protocol = Literal["plaintext", "tls", "scram", "iam"]
# How a client can log in; client certificates (mtls) are checked on the TLS listener itself.
ListenerMode = Literal["none", "tls", "mtls", "scram", "iam"]

PROTOCOL_OF: Mapping[AuthMode, Protocol] = {
    "none": "plaintext",
    "tls": "tls",
    "mtls": "tls",
    "scram": "scram",
    "scram256": "scram",
    "iam": "iam",
}
AUTH_MODE_OF: Mapping[Protocol, AuthMode] = {"plaintext": "none", "tls": "tls", "scram": "scram", "iam": "iam"}
NETWORK_OF: Mapping[ListenerChoice, Network] = {"private": "vpc", "public": "public", "multi-vpc": "multi-vpc"}
# MSK's ports inside the VPC.
MSK_PORTS: Mapping[Protocol, int] = {"plaintext": 9092, "tls": 9094, "scram": 9096, "iam": 9098}
# Over the internet; there is no plaintext.
PUBLIC_PORTS: Mapping[Protocol, int] = {"tls": 9194, "scram": 9196, "iam": 9198}
# Of a VPC connection: each broker has a port of its own.
MULTI_VPC_PORTS = range(14001, 14101)
# Kafka's own names, as clients take them for security.protocol.
SECURITY_PROTOCOLS: Mapping[Protocol, str] = {
    "plaintext": "PLAINTEXT",
    "tls": "SSL",
    "scram": "SASL_SSL",
    "iam": "SASL_SSL",
}


class Listener(msgspec.Struct, frozen=True):
    """Where the brokers listen for one protocol in one network."""

    network: Network
    protocol: Protocol
    ports: list[int]
    brokers: str


class _Key(NamedTuple):
    network: Network
    protocol: Protocol


# The 14 keys of GetBootstrapBrokers; each is absent where the cluster has no such listener.
_KEYS: Mapping[str, _Key] = {
    "BootstrapBrokerString": _Key("vpc", "plaintext"),
    "BootstrapBrokerStringTls": _Key("vpc", "tls"),
    "BootstrapBrokerStringSaslScram": _Key("vpc", "scram"),
    "BootstrapBrokerStringSaslIam": _Key("vpc", "iam"),
    "BootstrapBrokerStringPublicTls": _Key("public", "tls"),
    "BootstrapBrokerStringPublicSaslScram": _Key("public", "scram"),
    "BootstrapBrokerStringPublicSaslIam": _Key("public", "iam"),
    "BootstrapBrokerStringVpcConnectivityTls": _Key("multi-vpc", "tls"),
    "BootstrapBrokerStringVpcConnectivitySaslScram": _Key("multi-vpc", "scram"),
    "BootstrapBrokerStringVpcConnectivitySaslIam": _Key("multi-vpc", "iam"),
    "BootstrapBrokerStringIpv6": _Key("ipv6", "plaintext"),
    "BootstrapBrokerStringTlsIpv6": _Key("ipv6", "tls"),
    "BootstrapBrokerStringSaslScramIpv6": _Key("ipv6", "scram"),
    "BootstrapBrokerStringSaslIamIpv6": _Key("ipv6", "iam"),
}


def ask_listeners(kafka: Any, cluster_arn: str, deadline: Deadline) -> list[Listener]:
    """Ask MSK where the brokers listen.

    Args:
        kafka: boto3's client of MSK.

    Raises:
        NotFoundAtAwsError: no such cluster.
        AwsError: denied, or no answer.
    """
    action = f"kafka:GetBootstrapBrokers on {cluster_arn}"
    return listeners(call_within(deadline, action, lambda: kafka.get_bootstrap_brokers(ClusterArn=cluster_arn)))


def listeners(answer: Mapping[str, Any]) -> list[Listener]:
    """The listeners in the answer of GetBootstrapBrokers, those in the VPC first."""
    return [
        Listener(key.network, key.protocol, _ports(answer[name]), answer[name])
        for name, key in _KEYS.items()
        if isinstance(answer.get(name), str) and answer[name]
    ]


def _ports(brokers: str) -> list[int]:
    ports = (address.strip().rpartition(":")[2] for address in brokers.split(","))
    return sorted({int(port) for port in ports if port.isdigit()})
