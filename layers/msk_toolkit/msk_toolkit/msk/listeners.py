"""Where a cluster's brokers listen: the answer of GetBootstrapBrokers, read."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import msgspec

Network = Literal["vpc", "public", "multi-vpc", "ipv6"]
Protocol = Literal["plaintext", "tls", "scram", "iam"]


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
