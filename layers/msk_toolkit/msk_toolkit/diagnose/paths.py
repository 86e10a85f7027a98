"""The network paths from a subnet: their results, a network ACL on them, and the path out of the VPC."""

from collections.abc import Iterable, Sequence
from ipaddress import ip_network
from typing import NamedTuple

from msk_toolkit.diagnose.filters import LINUX_PORTS, PacketPath, dropped
from msk_toolkit.diagnose.finding import HTTPS, NetworkEnd, listed
from msk_toolkit.vpc.facts import Block, Facts, Route, RouteTable, Subnet
from msk_toolkit.vpc.filters import Ends, through_groups
from msk_toolkit.vpc.routing import destinations, routed
from msk_toolkit.vpc.rule_matching import within

EVERYWHERE = ip_network("0.0.0.0/0")


class PathResult(NamedTuple):
    """Whether a path works; ``sure`` is False where that is not visible; ``fault`` says why not, or why not sure."""

    works: bool
    sure: bool = True
    fault: str = ""


class Start(NamedTuple):
    """Where a path begins: one subnet of an end."""

    end: NetworkEnd
    subnet: Subnet


def path_out(facts: Facts, start: Start, port: int = HTTPS) -> PathResult:
    """The path to the internet: NAT leads there; where another gateway leads is not visible here."""
    table = facts.route_table(start.subnet)
    if table is None:
        return PathResult(False, fault="its route table is not visible")
    route = _default_route(facts, table)
    if route is None:
        return _without_default_route(facts, table)
    fault = _route_fault(table, route)
    if fault:
        return PathResult(False, fault=fault)
    parts = [
        _groups_out(facts, start.end, port),
        path_through_acl(facts, start.subnet, [EVERYWHERE], port, "the internet"),
        _through_gateway_of_route(facts, table, route),
    ]
    return worst_path(parts)


def faults_on_path_out(facts: Facts, end: NetworkEnd, port: int = HTTPS) -> dict[str, str]:
    """Why subnets do not reach the internet, by the subnet."""
    faults: dict[str, str] = {}
    for subnet in end.known(facts):
        path = path_out(facts, Start(end, subnet), port)
        if not path.works:
            faults[subnet.id] = path.fault
    return faults


def _without_default_route(facts: Facts, table: RouteTable) -> PathResult:
    unread = [route.prefix_list for route in facts.unread_routes(table) if route.kind != "endpoint"]
    if unread:
        return PathResult(True, False, f"route table {table.id} has a route to {unread[0]}, which could not be read")
    return PathResult(False, fault=f"route table {table.id} has no default route (NAT)")


def _route_fault(table: RouteTable, route: Route) -> str:
    """Why a default route is of no use to a function; nothing where it is."""
    start = f"the default route of {table.id} leads to"
    if route.blackhole:
        return f"{start} {route.target}, which no longer exists (blackhole)"
    if route.kind == "internet":
        return f"{start} the internet gateway {route.target}: a function has no public address, so it needs NAT"
    return ""


def worst_path(parts: Iterable[PathResult]) -> PathResult:
    """The worst part of a path, which is as good as that."""
    return min(parts, key=lambda part: (part.works, part.sure))


def _groups_out(facts: Facts, end: NetworkEnd, port: int) -> PathResult:
    outcome = through_groups(facts, end.groups, Ends([EVERYWHERE]), port, egress=True).outcome
    groups = listed(end.groups)
    if outcome == "closed":
        return PathResult(False, fault=f"{groups} has no outbound rule for {port} to {EVERYWHERE}")
    if outcome == "partly":
        return PathResult(True, False, f"{groups} has outbound rules for {port} to a part of the internet only")
    fault = f"whether {groups} has an outbound rule for {port} to {EVERYWHERE} could not be read"
    return PathResult(True, outcome == "open", fault)


def path_through_acl(
    facts: Facts, subnet: Subnet, remote: Sequence[Block], port: int, peer: str, *, inbound: bool = False
) -> PathResult:
    """Whether the network ACL of a subnet allows a connection out (or in), and the answers."""
    there, back = ("from", "to") if inbound else ("to", "from")
    drops = [
        dropped(facts, PacketPath(subnet, remote, (port, port), not inbound, f"{there} {peer}")),
        dropped(facts, PacketPath(subnet, remote, LINUX_PORTS, inbound, f"{back} {peer} (the answers)")),
    ]
    # Without the subnet's name: those that share an ACL share the finding.
    faults = [PathResult(not drop.whole, False, f"network ACL {drop.acl} {drop.text}") for drop in drops if drop]
    return worst_path([*faults, PathResult(True)])


def _through_gateway_of_route(facts: Facts, table: RouteTable, route: Route) -> PathResult:
    if route.kind != "nat":
        return PathResult(True, False, f"the default route of {table.id} leads to {route.target}")
    if facts.is_private_nat(route.target):
        fault = f"the default route of {table.id} leads to {route.target}, a private NAT gateway"
        return PathResult(True, False, fault)
    return _through_nat(facts, route.target)


def _through_nat(facts: Facts, gateway: str) -> PathResult:
    nat = facts.nat(gateway)
    if nat is not None and not nat.is_available:
        return PathResult(False, fault=f"NAT gateway {gateway} is {nat.state}")
    return PathResult(True)


def _default_route(facts: Facts, table: RouteTable) -> Route | None:
    # The route to something that only a default route covers: of two halves of the internet the first is enough.
    hops = sorted(routed(facts, table, [EVERYWHERE]), key=lambda hop: hop[0].prefixlen)
    return next((route for _, route in hops if route and _is_default(facts, route)), None)


def _is_default(facts: Facts, route: Route) -> bool:
    return route.kind != "local" and is_wide(facts, route)


def is_wide(facts: Facts, route: Route) -> bool:
    """Whether a route covers the internet, or a half of it."""
    return any(block.prefixlen <= 1 for block in destinations(facts, route))


def ipv4_blocks(blocks: Sequence[Block]) -> list[Block]:
    """Those of the blocks that are IPv4."""
    return [block for block in blocks if within(block, EVERYWHERE)]
