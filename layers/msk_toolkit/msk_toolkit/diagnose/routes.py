"""Routes between two ends, both ways, and the state of what they lead through."""

from collections.abc import Iterator, Sequence

from msk_toolkit.diagnose.filters import Flow
from msk_toolkit.diagnose.finding import Code, NetworkEnd, NetworkFinding, listed
from msk_toolkit.vpc.facts import Block, Facts, Route, RouteTable, Subnet
from msk_toolkit.vpc.filters import References
from msk_toolkit.vpc.routing import routed

RouteFault = tuple[Code, str, str]


def references(facts: Facts, source: NetworkEnd, target: NetworkEnd) -> References:
    """Whether a rule may refer to a group at the other end: inside a VPC, and over an active peering."""
    ours, theirs = set(facts.vpcs_of(source.subnets)), set(facts.vpcs_of(target.subnets))
    if ours == theirs:
        return "count"
    kinds = {route.kind for route in _routes(facts, source, target) if route}
    if kinds == {"peering"}:
        return "count"
    return "unknown" if kinds & {"transit", "peering"} or not ours or not theirs else "never"


def private_nats(facts: Facts, source: NetworkEnd, target: NetworkEnd) -> list[str]:
    """The private NAT gateways on the way: the other end sees their addresses instead of the source's."""
    hops = [route.target for route in _routes(facts, source, target) if route and route.kind == "nat"]
    return [one for one in dict.fromkeys(hops) if facts.is_private_nat(one)]


def route_findings(facts: Facts, way: Flow) -> Iterator[NetworkFinding]:
    """Where a route is missing or leads nowhere, on the way there and on the way back; the same for every port."""
    seen: set[tuple[Code, str, str]] = set()
    for start, end, back in ((way.source, way.target, False), (way.target, way.source, True)):
        for subnet in start.known(facts):
            table = facts.route_table(subnet)
            if table is None:
                continue
            for found in _of_subnet(facts, subnet, table, end, way.version):
                if found not in seen:
                    seen.add(found)
                    code, text, remedy = found
                    yield NetworkFinding(
                        severity=way.severity,
                        code=code,
                        source=way.source.name,
                        target=way.target.name,
                        text=f"{text}{', so the answers do not come back' if back else ''}",
                        remedy=remedy,
                    )


def address_findings(facts: Facts, way: Flow) -> Iterator[NetworkFinding]:
    """An end whose subnets have no address of the family that the listener speaks."""
    for side in (way.source, way.target):
        without = [subnet.id for subnet in side.known(facts) if not _family(subnet, way.version)]
        if without:
            yield NetworkFinding(
                severity=way.severity,
                code="no-address",
                port=way.port,
                source=way.source.name,
                target=way.target.name,
                text=f"no IPv{way.version} block belongs to {listed(without)} of {side.name}",
                remedy=f"associate one, or use a listener without IPv{way.version}",
            )


def _of_subnet(facts: Facts, subnet: Subnet, table: RouteTable, end: NetworkEnd, version: int) -> Iterator[RouteFault]:
    missing: list[Block] = []
    for block, route in routed(facts, table, end.blocks(facts, version)):
        if route is None:
            missing.append(block)
        else:
            yield from _of_route(facts, subnet, table, block, end, route)
    # A prefix list that could not be read may hold the route.
    unread = any(route.prefix_list and route.prefix_list not in facts.prefix_lists for route in table.routes)
    if missing and not unread:
        blocks = ", ".join(map(str, missing))
        yield (
            "no-route",
            f"route table {table.id} of {subnet.id} has no route to {blocks} of {end.name}",
            f"add one to {blocks}, through the peering connection or the gateway that joins the networks",
        )


def _of_route(
    facts: Facts, subnet: Subnet, table: RouteTable, block: Block, end: NetworkEnd, route: Route
) -> Iterator[RouteFault]:
    where = f"route table {table.id} of {subnet.id} sends {block} of {end.name}"
    if route.blackhole:
        yield "blackhole", f"{where} to {route.target}, which is gone (blackhole)", "replace the route"
        return
    match route.kind:
        case "nat" if facts.is_private_nat(route.target):
            pass  # it leads on, and where to is not to be seen here
        case "nat" | "internet":
            text = f"{where} to {route.target}, into the internet, where private addresses lead nowhere"
            yield (
                "wrong-route",
                text,
                "add a route through the peering connection or the gateway that joins the networks",
            )
        case "peering":
            yield from _of_peering(facts, subnet, route, end, where)
        case "transit":
            yield from _of_transit(facts, subnet, route, where)
        case "virtual-private":
            yield from _of_virtual(facts, route, where)


def _of_peering(facts: Facts, subnet: Subnet, route: Route, end: NetworkEnd, where: str) -> Iterator[RouteFault]:
    if facts.peerings is None:
        return
    peering = next((one for one in facts.peerings if one.id == route.target), None)
    if peering is None or peering.status != "active":
        status = peering.status if peering else "not visible"
        remedy = "accept it" if status == "pending-acceptance" else "make a new one and route through it"
        yield "peering-not-active", f"{where} over {route.target}, which is {status}", remedy
        return
    joined = {peering.requester, peering.accepter}
    for vpc in facts.vpcs_of(end.subnets):
        if vpc not in joined:
            text = f"{where} over {route.target}, which joins {' and '.join(sorted(joined))} and not {vpc}"
            yield "wrong-route", text, f"peer {subnet.vpc} with {vpc}: peerings do not pass packets on"


def _of_transit(facts: Facts, subnet: Subnet, route: Route, where: str) -> Iterator[RouteFault]:
    if facts.attachments is None:
        return
    mine = [one for one in facts.attachments if one.resource == subnet.vpc and one.gateway == route.target]
    if not mine:
        text = f"{where} to {route.target}, to which {subnet.vpc} is not attached"
        yield "attachment-not-available", text, f"attach {subnet.vpc} to {route.target}"
    elif not any(one.state == "available" for one in mine):
        states = ", ".join(f"{one.id} is {one.state}" for one in mine)
        remedy = "accept it" if any(one.state == "pendingAcceptance" for one in mine) else "make it available"
        yield "attachment-not-available", f"{where} to {route.target}, and its attachment {states}", remedy


def _of_virtual(facts: Facts, route: Route, where: str) -> Iterator[RouteFault]:
    vpns = [one for one in facts.vpn_connections or () if one.gateway == route.target]
    # Without a VPN the gateway may be Direct Connect's, of which EC2 tells nothing.
    if vpns and not any(one.tunnels_up for one in vpns):
        ids = listed([one.id for one in vpns])
        yield "vpn-down", f"{where} to {route.target}, whose VPN {ids} has no tunnel up", "look at the customer gateway"


def _routes(facts: Facts, source: NetworkEnd, target: NetworkEnd) -> Sequence[Route | None]:
    tables = [table for subnet in source.known(facts) if (table := facts.route_table(subnet))]
    blocks = target.blocks(facts)
    return [route for table in tables for _, route in routed(facts, table, blocks)]


def _family(subnet: Subnet, version: int) -> list[Block]:
    return [block for block in subnet.blocks if block.version == version]
