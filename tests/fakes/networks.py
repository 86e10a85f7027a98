"""Networks to judge: a function and brokers in one VPC where everything is open, and what may be changed of it."""

from collections.abc import Sequence
from ipaddress import ip_network
from typing import Any

import msgspec
from msk_toolkit.diagnose.finding import BROKERS, FUNCTION, NetworkEnd
from msk_toolkit.diagnose.mapping import Pollers
from msk_toolkit.diagnose.network import BrokerPort, network_findings
from msk_toolkit.diagnose.services import Need
from msk_toolkit.msk.listeners import Protocol
from msk_toolkit.msk.pollers import PollerListener
from msk_toolkit.settings.cluster import AuthMode
from msk_toolkit.vpc.facts import (
    Acl,
    AclEntry,
    Attachment,
    Endpoint,
    Facts,
    GroupRule,
    Nat,
    Peering,
    Route,
    RouteKind,
    RouteTable,
    SecurityGroup,
    Subnet,
    VpcDns,
    VpnConnection,
    VpnGateway,
)

FUNCTION_SIDE = NetworkEnd(FUNCTION, ("subnet-f",), ("sg-f",))
BROKERS_SIDE = NetworkEnd(BROKERS, ("subnet-b",), ("sg-b",))
SCRAM = BrokerPort(9096, "vpc", True)
SECRETS = [Need("secretsmanager", "error", "nobody can log in")]
LAST = 65535


def pollers(
    mode: AuthMode = "scram",
    *,
    provisioned: bool = False,
    takes: Protocol = "scram",
    sure: bool = True,
    ports: Sequence[int] = (9096,),
) -> Pollers:
    """The pollers of a stack in this mode; by default all of them are at SCRAM's port."""
    listener = PollerListener(takes, sure)
    return Pollers(auth_mode=mode, listener=listener, ports=ports, provisioned=provisioned, function="shop-forwarder")


def told(facts: Facts, *ports: BrokerPort) -> list[tuple[str, str]]:
    """Severity and text of every finding, but that Vantiq itself may be out of reach."""
    findings = network_findings(facts, FUNCTION_SIDE, BROKERS_SIDE, ports, SECRETS)
    return [(finding.severity, finding.text) for finding in findings if finding.code != "no-internet-route"]


def subnet(name: str, vpc: str, *blocks: str) -> Subnet:
    return Subnet(name, vpc, tuple(ip_network(block) for block in blocks))


def rule(name: str, group: str, low: int, high: int, other: str, **more: Any) -> GroupRule:
    """``other`` is a block, a prefix list or a group; a rule inbound unless ``egress`` is given."""
    values: dict[str, Any] = {"egress": False, "protocol": "tcp"}
    if other.startswith("sg-"):
        values["referenced"] = other
    elif other.startswith("pl-"):
        values["prefix_list"] = other
    else:
        values["block"] = ip_network(other)
    values |= more
    return GroupRule(id=name, group=group, low=low, high=high, **values)


def group(name: str, *rules: GroupRule, vpc: str = "vpc-1") -> SecurityGroup:
    return SecurityGroup(name, vpc, rules)


def entry(number: int, *, egress: bool, allow: bool = True, low: int = 0, high: int = LAST, **more: Any) -> AclEntry:
    block = ip_network(more.pop("block", "0.0.0.0/0"))
    return AclEntry(number, egress, allow, more.pop("protocol", "-1"), low, high, block)


def acl(name: str, subnets: tuple[str, ...], *entries: AclEntry) -> Acl:
    return Acl(name, subnets, entries)


def open_acl(name: str, *subnets: str) -> Acl:
    return acl(name, subnets, entry(100, egress=False), entry(100, egress=True))


def route(kind: RouteKind, target: str, block: str, *, blackhole: bool = False, propagated: bool = False) -> Route:
    if block.startswith("pl-"):
        return Route(kind, target, blackhole, propagated, prefix_list=block)
    return Route(kind, target, blackhole, propagated, ip_network(block))


def table(name: str, vpc: str, subnets: tuple[str, ...], *routes: Route, main: bool = False) -> RouteTable:
    return RouteTable(name, vpc, main, subnets, routes)


LOCAL = route("local", "local", "10.0.0.0/16")
NAT_ROUTE = route("nat", "nat-1", "0.0.0.0/0")


def open_facts(**changes: Any) -> Facts:
    """Everything open: one VPC, NAT, groups that refer to each other."""
    facts = Facts(
        subnets={
            "subnet-f": subnet("subnet-f", "vpc-1", "10.0.1.0/24"),
            "subnet-b": subnet("subnet-b", "vpc-1", "10.0.2.0/24"),
        },
        groups={
            "sg-f": group(
                "sg-f",
                rule("sgr-f1", "sg-f", 9092, 9098, "sg-b", egress=True),
                rule("sgr-f2", "sg-f", 443, 443, "0.0.0.0/0", egress=True),
            ),
            "sg-b": group(
                "sg-b",
                rule("sgr-b1", "sg-b", 9096, 9096, "sg-f"),
                rule("sgr-b2", "sg-b", 9096, 9096, "sg-b"),
                rule("sgr-b3", "sg-b", 0, LAST, "0.0.0.0/0", egress=True, protocol="-1"),
            ),
        },
        acls=(open_acl("acl-1", "subnet-f", "subnet-b"),),
        route_tables=(table("rtb-1", "vpc-1", (), LOCAL, NAT_ROUTE, main=True),),
        peerings=(),
        attachments=(),
        endpoints=(),
        nats=(Nat("nat-1", "available", ("198.51.100.7",)),),
        vpn_gateways=(),
        vpn_connections=(),
        dns={"vpc-1": VpcDns(True, True)},
    )
    return msgspec.structs.replace(facts, **changes)


def joined_facts(kind: RouteKind, target: str, **changes: Any) -> Facts:
    """Brokers in another VPC, to which both route tables lead through ``target``."""
    here, there = "10.0.0.0/16", "10.1.0.0/16"
    facts = open_facts(
        subnets={
            "subnet-f": subnet("subnet-f", "vpc-1", "10.0.1.0/24"),
            "subnet-b": subnet("subnet-b", "vpc-2", "10.1.2.0/24"),
        },
        groups={
            "sg-f": group("sg-f", rule("sgr-f1", "sg-f", 0, LAST, "0.0.0.0/0", egress=True, protocol="-1")),
            "sg-b": group(
                "sg-b",
                rule("sgr-b1", "sg-b", 9096, 9096, "10.0.0.0/16"),
                rule("sgr-b3", "sg-b", 0, LAST, "0.0.0.0/0", egress=True, protocol="-1"),
                vpc="vpc-2",
            ),
        },
        route_tables=(
            table("rtb-1", "vpc-1", ("subnet-f",), LOCAL, NAT_ROUTE, route(kind, target, there)),
            table("rtb-2", "vpc-2", ("subnet-b",), route("local", "local", there), route(kind, target, here)),
        ),
        peerings=(Peering("pcx-1", "active", "vpc-1", "vpc-2"),),
        attachments=(
            Attachment("tgw-attach-1", "tgw-1", "vpc", "vpc-1", "available"),
            Attachment("tgw-attach-2", "tgw-1", "vpc", "vpc-2", "available"),
        ),
        dns={"vpc-1": VpcDns(True, True), "vpc-2": VpcDns(True, True)},
    )
    return msgspec.structs.replace(facts, **changes)


def endpoint(service: str, **changes: Any) -> Endpoint:
    """An interface endpoint in the function's subnet that lets everybody in, by default."""
    values: dict[str, Any] = {
        "id": f"vpce-{service}",
        "vpc": "vpc-1",
        "service": service,
        "kind": "Interface",
        "state": "available",
        "private_dns": True,
        "subnets": ("subnet-f",),
        "groups": ("sg-e",),
    }
    return Endpoint(**{**values, **changes})


ENDPOINT_GROUP = group("sg-e", rule("sgr-e1", "sg-e", 443, 443, "10.0.0.0/16"))
VPN = VpnConnection("vpn-1", "vgw-1", "available", 0)
VPN_GATEWAY = VpnGateway("vgw-1", "vpc-2")
