"""Contradictions between parameters about brokers: ports that nothing opens, logins that MSK does not have."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msk_toolkit.msk.listeners import MSK_PORTS, MULTI_VPC_PORTS, PROTOCOL_OF, PUBLIC_PORTS

_LAST_PORT = 65535
_NAME_ON_MSK = "AmazonMSK_"


def broker_findings(given: Mapping[str, Any]) -> list[str]:
    """Each in a sentence; ``given`` are the parameters that are not empty."""
    return [*_ports(given), *_kinds(given), *_secret_name(given)]


def _ports(given: Mapping[str, Any]) -> Iterator[str]:
    opened = str(given.get("BootstrapPorts", ""))
    if opened and not _is_port_range(opened):
        yield f"BootstrapPorts {opened}: give the first and the last port, from 1 to {_LAST_PORT}, such as 9001-9003"
        return
    if _is_outside_msk(given):
        yield from _ports_outside_msk(given, opened)
    else:
        yield from _ports_of_msk(given, opened)


def _is_outside_msk(given: Mapping[str, Any]) -> bool:
    return "ClusterName" in given and "ClusterArn" not in given


def _ports_outside_msk(given: Mapping[str, Any], opened: str) -> Iterator[str]:
    strange = sorted(_server_ports(given) - set(_ports_of(opened)))
    if strange:
        ports = ", ".join(map(str, strange))
        yield (
            f"BootstrapServers: the stack's security group has no outbound rule for port {ports}; give BootstrapPorts "
            f"a range with all of the brokers' ports, such as {strange[0]}-{strange[-1]}"
        )


def _ports_of_msk(given: Mapping[str, Any], opened: str) -> Iterator[str]:
    mode = str(given.get("AuthMode", "scram"))
    listeners = _listener_ports(str(given.get("Listener", "private")), mode)
    strange = sorted(_server_ports(given) - {*listeners, *_ports_of(opened)})
    if strange:
        ports = ", ".join(map(str, strange))
        listener = _port_text(listeners)
        yield (
            f"BootstrapServers: the stack's security groups have no outbound rule for port {ports}; MSK's port "
            f"for AuthMode {mode} is {listener}. Correct the port or the AuthMode, or, where something in front of the "
            f"brokers listens there, give BootstrapPorts, such as {strange[0]}-{strange[-1]}"
        )


def _listener_ports(network: str, mode: str) -> Sequence[int]:
    """The ports of the auth mode's listener, which the functions' security groups allow."""
    if network == "multi-vpc":
        return MULTI_VPC_PORTS
    ports = PUBLIC_PORTS if network == "public" else MSK_PORTS
    return [ports[protocol] for name, protocol in PROTOCOL_OF.items() if name == mode and protocol in ports]


def _port_text(ports: Sequence[int]) -> str:
    if len(ports) > 1:
        return f"from {ports[0]} to {ports[-1]}"
    return "".join(map(str, ports))


def _is_port_range(text: str) -> bool:
    first, _, last = text.partition("-")
    return 1 <= int(first) <= int(last) <= _LAST_PORT


def _ports_of(port_range: str) -> range:
    if not port_range:
        return range(0)
    first, _, last = port_range.partition("-")
    return range(int(first), int(last) + 1)


def _server_ports(given: Mapping[str, Any]) -> set[int]:
    servers = str(given.get("BootstrapServers", "")).split(",")
    return {int(server.rpartition(":")[2]) for server in servers if server}


def _kinds(given: Mapping[str, Any]) -> Iterator[str]:
    if given.get("ClusterKind") == "serverless" and given.get("AuthMode", "scram") != "iam":
        yield f"ClusterKind serverless: MSK Serverless accepts only AuthMode iam, not {given.get('AuthMode', 'scram')}"


def _secret_name(given: Mapping[str, Any]) -> Iterator[str]:
    name = str(given.get("ScramSecretArn", _NAME_ON_MSK)).rpartition(":secret:")[2]
    if not _is_outside_msk(given) and not name.startswith(_NAME_ON_MSK):
        yield (
            f"ScramSecretArn names the secret {name}: MSK accepts only names that begin with {_NAME_ON_MSK}; create "
            "another secret, since one cannot be renamed"
        )
