"""How one gets from a subnet to a service: through a VPC endpoint, another network's, or out of the VPC."""

from collections.abc import Iterable, Sequence
from ipaddress import ip_network
from typing import NamedTuple

from msk_toolkit.diagnose.filters import LINUX_PORTS, dropped
from msk_toolkit.diagnose.finding import HTTPS, NetworkEnd, listed
from msk_toolkit.vpc.facts import Block, Endpoint, Facts, Route, RouteTable, Subnet
from msk_toolkit.vpc.filters import Ends, through_groups
from msk_toolkit.vpc.routing import destinations, routed
from msk_toolkit.vpc.rule_matching import within

EVERYWHERE = ip_network("0.0.0.0/0")


class PathResult(NamedTuple):
    """Whether a way works; ``sure`` is False where that can't be seen. ``fault`` says why not, or why it is unsure."""

    works: bool
    sure: bool = True
    fault: str = ""


def path_out(facts: Facts, side: NetworkEnd, subnet: Subnet, port: int = HTTPS) -> PathResult:
    """The default route: NAT leads out; where another gateway leads is not to be seen here."""
    table = facts.route_table(subnet)
    if table is None:
        return PathResult(False, fault="its route table is not visible")
    route = _default(facts, table)
    lists = [one.prefix_list for one in table.routes if one.prefix_list and one.kind != "endpoint"]
    unread = [one for one in lists if one not in facts.prefix_lists]
    if route is None and unread:
        return PathResult(True, False, f"route table {table.id} has a route to {unread[0]}, which could not be read")
    if route is None:
        return PathResult(False, fault=f"route table {table.id} has no default route (NAT)")
    if route.blackhole:
        return PathResult(
            False, fault=f"the default route of {table.id} leads to {route.target}, which is gone (blackhole)"
        )
    if route.kind == "internet":
        words = "the internet gateway {0}: a function's interface has no public address, so it needs NAT"
        return PathResult(False, fault=f"the default route of {table.id} leads to {words.format(route.target)}")
    parts = [
        _groups_out(facts, side, port),
        _past_acl(facts, subnet, [EVERYWHERE], port, "the internet"),
        _onward(facts, table, route),
    ]
    return _worst(parts)


def _worst(parts: Iterable[PathResult]) -> PathResult:
    # A way is as good as its worst part.
    return min(parts, key=lambda way: (way.works, way.sure))


def _groups_out(facts: Facts, side: NetworkEnd, port: int) -> PathResult:
    out = through_groups(facts, side.groups, Ends([EVERYWHERE]), port, egress=True).outcome
    groups = listed(side.groups)
    if out == "closed":
        return PathResult(False, fault=f"{groups} has no outbound rule for {port} to {EVERYWHERE}")
    if out == "partly":
        return PathResult(True, False, f"{groups} lets {port} out to part of the internet only")
    return PathResult(True, out == "open", f"whether {groups} lets {port} out to {EVERYWHERE} could not be read")


def _past_acl(
    facts: Facts, subnet: Subnet, remote: Sequence[Block], port: int, peer: str, *, inward: bool = False
) -> PathResult:
    """Whether the network ACL before a subnet lets a connection out (or in), and the answers back."""
    there, back = ("from", "to") if inward else ("to", "from")
    drops = [
        dropped(facts, subnet, remote, (port, port), egress=not inward, what=f"{there} {peer}"),
        dropped(facts, subnet, remote, LINUX_PORTS, egress=inward, what=f"{back} {peer} (the answers)"),
    ]
    # Without the subnet's name: those that share an ACL share the finding.
    faults = [PathResult(not one.whole, False, f"network ACL {one.acl} {one.text}") for one in drops if one]
    return _worst([*faults, PathResult(True)])


def _onward(facts: Facts, table: RouteTable, route: Route) -> PathResult:
    if route.kind != "nat":
        return PathResult(True, False, f"the default route of {table.id} leads on to {route.target}")
    if facts.is_private_nat(route.target):
        return PathResult(
            True, False, f"the default route of {table.id} leads on to {route.target}, a private NAT gateway"
        )
    state = next((nat.state for nat in facts.nats or () if nat.id == route.target), None)
    if state not in (None, "available"):
        return PathResult(False, fault=f"NAT gateway {route.target} is {state}")
    return PathResult(True)


def _default(facts: Facts, table: RouteTable) -> Route | None:
    # Somewhere that only a default route covers: of several halves of the internet the first one tells.
    hops = routed(facts, table, [EVERYWHERE])
    widest = sorted(hops, key=lambda hop: hop[0].prefixlen)
    outside = [route for _, route in widest if route and route.kind != "local" and _is_wide(facts, route)]
    return outside[0] if outside else None


def _is_wide(facts: Facts, route: Route) -> bool:
    return any(block.prefixlen <= 1 for block in destinations(facts, route))


def hubs(facts: Facts, side: NetworkEnd, subnet: Subnet, service: str) -> list[PathResult]:
    """Routes to other networks: that one of them shares its endpoint, and the name of it, is not to be seen here."""
    table = facts.route_table(subnet)
    own = [one for one in facts.endpoints or () if one.vpc == subnet.vpc and one.service == service]
    if table is None or any(one.private_dns and one.state == "available" for one in own):
        return []  # the name leads to the own endpoint
    targets = [
        route.target
        for route in table.routes
        if not route.blackhole
        and not _is_wide(facts, route)
        and _may_share(facts, route, subnet.vpc, service)
        and _is_let_out(facts, side, subnet, _v4(destinations(facts, route)))
    ]
    names = listed(list(dict.fromkeys(targets)))
    verb = "leads" if len(set(targets)) == 1 else "lead"
    words = f"{names} {verb} to other networks, which may share an endpoint for {service}"
    return [PathResult(True, False, words)] if targets else []


def _may_share(facts: Facts, route: Route, vpc: str, service: str) -> bool:
    if route.kind == "nat":
        return facts.is_private_nat(route.target)
    if route.kind != "peering" or facts.peerings is None:
        return route.kind in {"peering", "transit"}
    joined = next((one for one in facts.peerings if one.id == route.target and one.status == "active"), None)
    if joined is None:
        return False
    other = joined.accepter if joined.requester == vpc else joined.requester
    # A peering leads to one network only; of one that was read it is known what endpoints it has.
    read = {one.vpc for one in (facts.subnets or {}).values()}
    return other not in read or any(one.vpc == other and one.service == service for one in facts.endpoints or ())


def _is_let_out(facts: Facts, side: NetworkEnd, subnet: Subnet, blocks: Sequence[Block]) -> bool:
    if not blocks:
        return False
    out = through_groups(facts, side.groups, Ends(blocks), HTTPS, egress=True).outcome
    return out != "closed" and _past_acl(facts, subnet, blocks, HTTPS, "them").works


def endpoints_of_service(facts: Facts, side: NetworkEnd, subnet: Subnet, service: str) -> list[PathResult]:
    """The ways through the VPC's endpoints for a service."""
    found = [one for one in facts.endpoints or () if one.vpc == subnet.vpc and one.service == service]
    ways = [_through_endpoint(facts, side, subnet, one) for one in found if one.kind != "other"]
    return ways or [PathResult(False, fault=f"{subnet.vpc} has no endpoint for {service}")]


def _through_endpoint(facts: Facts, side: NetworkEnd, subnet: Subnet, endpoint: Endpoint) -> PathResult:
    name = f"endpoint {endpoint.id}"
    if endpoint.kind == "Gateway":
        return _through_gateway(facts, side, subnet, endpoint)
    if endpoint.state == "available" and not endpoint.private_dns:
        return PathResult(False, fault=f"{name} has private DNS off, so the service's name does not lead to it")
    return path_through_interface(facts, side, subnet, endpoint, HTTPS)


def path_through_interface(facts: Facts, side: NetworkEnd, subnet: Subnet, endpoint: Endpoint, port: int) -> PathResult:
    """Whether one gets from a subnet to a port of an interface endpoint."""
    name = f"endpoint {endpoint.id}"
    if endpoint.state != "available":
        return PathResult(False, fault=f"{name} is {endpoint.state}")
    entering = through_groups(facts, endpoint.groups, Ends(_v4(subnet.blocks), side.groups), port, egress=False).outcome
    if entering in {"closed", "partly"}:
        groups = listed(endpoint.groups)
        return PathResult(False, fault=f"{groups} of {name} has no inbound rule for {port} from {listed(side.groups)}")
    subnets = facts.known_subnets(endpoint.subnets)
    there = [block for one in subnets for block in _v4(one.blocks)]
    leaving = through_groups(facts, side.groups, Ends(there, endpoint.groups), port, egress=True).outcome
    if there and leaving in {"closed", "partly"}:
        return PathResult(False, fault=f"{listed(side.groups)} has no outbound rule for {port} to {name}")
    unknown = "unknown" in (entering, leaving)
    doors = PathResult(True, not unknown, f"not every rule of the groups before {name} could be read")
    # The name leads to any of its interfaces. No ACL stands inside a subnet.
    roads = [
        PathResult(True)
        if one.id == subnet.id
        else _worst(
            [
                _past_acl(facts, subnet, _v4(one.blocks), port, name),
                _past_acl(facts, one, _v4(subnet.blocks), port, side.name, inward=True),
            ]
        )
        for one in subnets
    ]
    some = any(way.works for way in roads)
    return _worst([doors, *(PathResult(some, way.works and way.sure, way.fault) for way in roads)])


def _through_gateway(facts: Facts, side: NetworkEnd, subnet: Subnet, endpoint: Endpoint) -> PathResult:
    if endpoint.state != "available":
        return PathResult(False, fault=f"endpoint {endpoint.id} is {endpoint.state}")
    table = facts.route_table(subnet)
    if table is None or table.id not in endpoint.route_tables:
        which = table.id if table else f"of {subnet.id}"
        return PathResult(False, fault=f"endpoint {endpoint.id} is not associated with route table {which}")
    lists = [route.prefix_list for route in table.routes if route.target == endpoint.id and route.prefix_list]
    blocks = [block for one in lists for block in _v4(facts.prefix_lists.get(one, ()))]
    out = through_groups(facts, side.groups, Ends(blocks), HTTPS, egress=True).outcome
    if blocks and out in {"closed", "partly"}:
        return PathResult(False, fault=f"{listed(side.groups)} has no outbound rule for {HTTPS} to {listed(lists)}")
    return _past_acl(facts, subnet, blocks, HTTPS, endpoint.service)


def _v4(blocks: Sequence[Block]) -> list[Block]:
    return [block for block in blocks if within(block, EVERYWHERE)]
