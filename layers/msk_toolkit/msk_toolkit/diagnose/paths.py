"""The network paths from a subnet to a service: through a VPC endpoint, another network's, or out of the VPC."""

from collections.abc import Iterable, Sequence
from ipaddress import ip_network
from typing import NamedTuple

from msk_toolkit.diagnose.filters import LINUX_PORTS, PacketPath, dropped
from msk_toolkit.diagnose.finding import HTTPS, NetworkEnd, listed
from msk_toolkit.vpc.facts import Block, Endpoint, Facts, Route, RouteTable, Subnet
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
        _through_acl(facts, start.subnet, [EVERYWHERE], port, "the internet"),
        _through_gateway_of_route(facts, table, route),
    ]
    return _worst(parts)


def _without_default_route(facts: Facts, table: RouteTable) -> PathResult:
    lists = [route.prefix_list for route in table.routes if route.prefix_list and route.kind != "endpoint"]
    unread = [prefix_list for prefix_list in lists if prefix_list not in facts.prefix_lists]
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


def _worst(parts: Iterable[PathResult]) -> PathResult:
    # A path is as good as its worst part.
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


def _through_acl(
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
    return _worst([*faults, PathResult(True)])


def _through_gateway_of_route(facts: Facts, table: RouteTable, route: Route) -> PathResult:
    if route.kind != "nat":
        return PathResult(True, False, f"the default route of {table.id} leads to {route.target}")
    if facts.is_private_nat(route.target):
        fault = f"the default route of {table.id} leads to {route.target}, a private NAT gateway"
        return PathResult(True, False, fault)
    state = next((nat.state for nat in facts.nats or () if nat.id == route.target), None)
    if state not in (None, "available"):
        return PathResult(False, fault=f"NAT gateway {route.target} is {state}")
    return PathResult(True)


def _default_route(facts: Facts, table: RouteTable) -> Route | None:
    # The route to something that only a default route covers: of two halves of the internet the first is enough.
    hops = sorted(routed(facts, table, [EVERYWHERE]), key=lambda hop: hop[0].prefixlen)
    for _, route in hops:
        if route and route.kind != "local" and _is_wide(facts, route):
            return route
    return None


def _is_wide(facts: Facts, route: Route) -> bool:
    return any(block.prefixlen <= 1 for block in destinations(facts, route))


def paths_through_other_networks(facts: Facts, start: Start, service: str) -> list[PathResult]:
    """Routes to other networks: whether one of them shares its endpoint and its name is not visible here."""
    subnet = start.subnet
    table = facts.route_table(subnet)
    if table is None or _has_private_name(facts, subnet, service):
        return []
    targets = [route.target for route in table.routes if _may_lead_to(facts, start, route, service)]
    if not targets:
        return []
    names = list(dict.fromkeys(targets))
    verb = "leads" if len(names) == 1 else "lead"
    fault = f"{listed(names)} {verb} to other networks, which may share an endpoint for {service}"
    return [PathResult(True, False, fault)]


def _has_private_name(facts: Facts, subnet: Subnet, service: str) -> bool:
    """Whether the service's name resolves to an endpoint of the VPC itself."""
    endpoints = _endpoints(facts, subnet, service)
    return any(endpoint.private_dns and endpoint.state == "available" for endpoint in endpoints)


def _endpoints(facts: Facts, subnet: Subnet, service: str) -> list[Endpoint]:
    return [
        endpoint for endpoint in facts.endpoints or () if endpoint.vpc == subnet.vpc and endpoint.service == service
    ]


def _may_lead_to(facts: Facts, start: Start, route: Route, service: str) -> bool:
    if route.blackhole or _is_wide(facts, route) or not _may_share(facts, route, start.subnet.vpc, service):
        return False
    return _is_allowed_out(facts, start, _ipv4(destinations(facts, route)))


def _may_share(facts: Facts, route: Route, vpc: str, service: str) -> bool:
    if route.kind == "nat":
        return facts.is_private_nat(route.target)
    if route.kind != "peering" or facts.peerings is None:
        return route.kind in {"peering", "transit"}
    active = [peering for peering in facts.peerings if peering.id == route.target and peering.status == "active"]
    if not active:
        return False
    other = active[0].accepter
    if active[0].requester != vpc:
        other = active[0].requester
    # A peering leads to one network only, and the endpoints of a network that was read are known.
    known = {subnet.vpc for subnet in (facts.subnets or {}).values()}
    if other not in known:
        return True
    return any(endpoint.vpc == other and endpoint.service == service for endpoint in facts.endpoints or ())


def _is_allowed_out(facts: Facts, start: Start, blocks: Sequence[Block]) -> bool:
    if not blocks:
        return False
    outcome = through_groups(facts, start.end.groups, Ends(blocks), HTTPS, egress=True).outcome
    return outcome != "closed" and _through_acl(facts, start.subnet, blocks, HTTPS, "them").works


def paths_through_endpoints(facts: Facts, start: Start, service: str) -> list[PathResult]:
    """The paths through the VPC's endpoints for a service."""
    endpoints = _endpoints(facts, start.subnet, service)
    paths = [_through_endpoint(facts, start, endpoint) for endpoint in endpoints if endpoint.kind != "other"]
    return paths or [PathResult(False, fault=f"{start.subnet.vpc} has no endpoint for {service}")]


def _through_endpoint(facts: Facts, start: Start, endpoint: Endpoint) -> PathResult:
    if endpoint.kind == "Gateway":
        return _through_gateway_endpoint(facts, start, endpoint)
    if endpoint.state == "available" and not endpoint.private_dns:
        fault = f"endpoint {endpoint.id} has private DNS off, so the service's name does not resolve to it"
        return PathResult(False, fault=fault)
    return path_through_interface(facts, start, endpoint, HTTPS)


def path_through_interface(facts: Facts, start: Start, endpoint: Endpoint, port: int) -> PathResult:
    """The path from a subnet to a port of an interface endpoint."""
    name = f"endpoint {endpoint.id}"
    if endpoint.state != "available":
        return PathResult(False, fault=f"{name} is {endpoint.state}")
    groups = _through_groups_of_endpoint(facts, start, endpoint, port)
    if not groups.works:
        return groups
    acls = [_between_subnets(facts, start, subnet, name, port) for subnet in facts.known_subnets(endpoint.subnets)]
    # The name resolves to any of its interfaces: where one can't be reached, every second connection may fail.
    any_works = any(acl.works for acl in acls)
    return _worst([groups, *(PathResult(any_works, acl.works and acl.sure, acl.fault) for acl in acls)])


def _through_groups_of_endpoint(facts: Facts, start: Start, endpoint: Endpoint, port: int) -> PathResult:
    name, groups = f"endpoint {endpoint.id}", start.end.groups
    source = Ends(_ipv4(start.subnet.blocks), groups)
    inbound = through_groups(facts, endpoint.groups, source, port, egress=False).outcome
    if inbound in {"closed", "partly"}:
        fault = f"{listed(endpoint.groups)} of {name} has no inbound rule for {port} from {listed(groups)}"
        return PathResult(False, fault=fault)
    blocks: list[Block] = []
    for subnet in facts.known_subnets(endpoint.subnets):
        blocks += _ipv4(subnet.blocks)
    outbound = through_groups(facts, groups, Ends(blocks, endpoint.groups), port, egress=True).outcome
    if blocks and outbound in {"closed", "partly"}:
        return PathResult(False, fault=f"{listed(groups)} has no outbound rule for {port} to {name}")
    sure = "unknown" not in (inbound, outbound)
    return PathResult(True, sure, f"not every rule of the security groups of {name} could be read")


def _between_subnets(facts: Facts, start: Start, subnet: Subnet, name: str, port: int) -> PathResult:
    if subnet.id == start.subnet.id:
        return PathResult(True)  # network ACLs do not filter inside a subnet
    return _worst(
        [
            _through_acl(facts, start.subnet, _ipv4(subnet.blocks), port, name),
            _through_acl(facts, subnet, _ipv4(start.subnet.blocks), port, start.end.name, inbound=True),
        ]
    )


def _through_gateway_endpoint(facts: Facts, start: Start, endpoint: Endpoint) -> PathResult:
    if endpoint.state != "available":
        return PathResult(False, fault=f"endpoint {endpoint.id} is {endpoint.state}")
    table = facts.route_table(start.subnet)
    if table is None or table.id not in endpoint.route_tables:
        table_name = table.id if table else f"of {start.subnet.id}"
        return PathResult(False, fault=f"endpoint {endpoint.id} is not associated with route table {table_name}")
    lists = [route.prefix_list for route in table.routes if route.target == endpoint.id and route.prefix_list]
    blocks: list[Block] = []
    for prefix_list in lists:
        blocks += _ipv4(facts.prefix_lists.get(prefix_list, ()))
    outcome = through_groups(facts, start.end.groups, Ends(blocks), HTTPS, egress=True).outcome
    if blocks and outcome in {"closed", "partly"}:
        fault = f"{listed(start.end.groups)} has no outbound rule for {HTTPS} to {listed(lists)}"
        return PathResult(False, fault=fault)
    return _through_acl(facts, start.subnet, blocks, HTTPS, endpoint.service)


def _ipv4(blocks: Sequence[Block]) -> list[Block]:
    return [block for block in blocks if within(block, EVERYWHERE)]
