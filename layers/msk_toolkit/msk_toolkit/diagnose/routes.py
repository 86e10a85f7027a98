"""Routes between two ends, in both directions, and the state of the gateways that they lead through."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from typing import NamedTuple

from msk_toolkit.diagnose.filters import Flow
from msk_toolkit.diagnose.finding import Code, NetworkEnd, NetworkFinding, listed
from msk_toolkit.vpc.facts import Attachment, Block, Facts, Peering, Route, RouteKind, RouteTable, Subnet, VpnConnection
from msk_toolkit.vpc.filters import References
from msk_toolkit.vpc.routing import routed


class RouteFault(NamedTuple):
    """What is wrong with a route, and what to do."""

    code: Code
    text: str
    remedy: str


class _Hop(NamedTuple):
    """The route from a subnet to a part of the other end."""

    subnet: Subnet
    table: RouteTable
    block: Block
    end: NetworkEnd
    route: Route

    @property
    def sentence(self) -> str:
        """The beginning of a sentence, up to the target."""
        return f"route table {self.table.id} of {self.subnet.id} sends {self.block} of {self.end.name}"


def references(facts: Facts, source: NetworkEnd, target: NetworkEnd) -> References:
    """Whether a rule may refer to a group at the other end: inside a VPC, and over an active peering."""
    source_vpcs, target_vpcs = set(facts.vpcs_of(source.subnets)), set(facts.vpcs_of(target.subnets))
    if source_vpcs == target_vpcs:
        return "valid"
    if not source_vpcs or not target_vpcs:
        return "unknown"
    return _references_over({route.kind for route in _routes(facts, source, target)})


def _references_over(kinds: Set[RouteKind]) -> References:
    if kinds == {"peering"}:
        return "valid"
    if kinds & {"transit", "peering"}:
        return "unknown"
    return "invalid"


def private_nats(facts: Facts, source: NetworkEnd, target: NetworkEnd) -> list[str]:
    """The private NAT gateways on the path: the other end receives their addresses instead of the source's."""
    gateways = dict.fromkeys(route.target for route in _routes(facts, source, target) if route.kind == "nat")
    return list(filter(facts.is_private_nat, gateways))


def route_findings(facts: Facts, flow: Flow) -> Iterator[NetworkFinding]:
    """Where a route is missing or leads nowhere, in both directions; the same for every port."""
    forth = _faults_between(facts, flow.source, flow.target, flow.version)
    back = _faults_between(facts, flow.target, flow.source, flow.version)
    faults: dict[RouteFault, str] = {}
    for fault in forth:
        faults.setdefault(fault, fault.text)
    for fault in back:
        faults.setdefault(fault, f"{fault.text}, so the answers do not come back")
    for fault, text in faults.items():
        yield flow.finding(fault.code, text, fault.remedy, every_port=True)


def address_findings(facts: Facts, flow: Flow) -> Iterator[NetworkFinding]:
    """An end whose subnets have no addresses of the family that the listener uses."""
    for end in (flow.source, flow.target):
        without = _without_addresses(facts, end, flow.version)
        if without:
            text = f"no IPv{flow.version} block belongs to {listed(without)} of {end.name}"
            yield flow.finding("no-address", text, f"associate one, or use a listener without IPv{flow.version}")


def _without_addresses(facts: Facts, end: NetworkEnd, version: int) -> list[str]:
    return [subnet.id for subnet in end.known(facts) if not subnet.blocks_of(version)]


def _faults_between(facts: Facts, start: NetworkEnd, end: NetworkEnd, version: int) -> Iterator[RouteFault]:
    for subnet, table in start.route_tables(facts):
        yield from _of_subnet(facts, subnet, table, end, version)


def _of_subnet(facts: Facts, subnet: Subnet, table: RouteTable, end: NetworkEnd, version: int) -> Iterator[RouteFault]:
    missing: list[Block] = []
    for block, route in routed(facts, table, end.blocks(facts, version)):
        if route is None:
            missing.append(block)
        else:
            yield from _of_route(facts, _Hop(subnet, table, block, end, route))
    # A prefix list that could not be read may have the route.
    if missing and not facts.unread_routes(table):
        blocks = ", ".join(map(str, missing))
        yield RouteFault(
            "no-route",
            f"route table {table.id} of {subnet.id} has no route to {blocks} of {end.name}",
            f"add one to {blocks}, through the peering connection or the gateway that joins the networks",
        )


def _of_route(facts: Facts, hop: _Hop) -> Iterator[RouteFault]:
    route = hop.route
    check = _CHECKS.get(route.kind)
    if route.blackhole:
        text = f"{hop.sentence} to {route.target}, which no longer exists (blackhole)"
        yield RouteFault("blackhole", text, "replace the route")
    elif check is not None:
        yield from check(facts, hop)


def _to_internet(facts: Facts, hop: _Hop) -> Iterator[RouteFault]:
    if facts.is_private_nat(hop.route.target):
        return  # it leads to other networks; which ones is not visible here
    text = f"{hop.sentence} to {hop.route.target}, to the internet, where private addresses are not routed"
    remedy = "add a route through the peering connection or the gateway that joins the networks"
    yield RouteFault("wrong-route", text, remedy)


def _of_peering(facts: Facts, hop: _Hop) -> Iterator[RouteFault]:
    if facts.peerings is None:
        return
    peering = facts.peering(hop.route.target)
    if peering is None or peering.status != "active":
        yield _inactive_peering(peering, hop)
    else:
        yield from _not_joined(facts, peering, hop)


def _not_joined(facts: Facts, peering: Peering, hop: _Hop) -> Iterator[RouteFault]:
    """The VPCs of the other end that the peering does not lead to."""
    joined = {peering.requester, peering.accepter}
    for vpc in facts.vpcs_of(hop.end.subnets):
        if vpc not in joined:
            text = f"{hop.sentence} over {peering.id}, which joins {' and '.join(sorted(joined))} and not {vpc}"
            yield RouteFault("wrong-route", text, f"peer {hop.subnet.vpc} with {vpc}: peerings are not transitive")


def _inactive_peering(peering: Peering | None, hop: _Hop) -> RouteFault:
    status, remedy = "not visible", "create a new one and route through it"
    if peering is not None:
        status = peering.status
    if status == "pending-acceptance":
        remedy = "accept it"
    return RouteFault("peering-not-active", f"{hop.sentence} over {hop.route.target}, which is {status}", remedy)


def _of_transit(facts: Facts, hop: _Hop) -> Iterator[RouteFault]:
    if facts.attachments is None:
        return
    vpc, gateway = hop.subnet.vpc, hop.route.target
    attachments = _attachments_to(facts.attachments, vpc, gateway)
    if not attachments:
        text = f"{hop.sentence} to {gateway}, to which {vpc} is not attached"
        yield RouteFault("attachment-not-available", text, f"attach {vpc} to {gateway}")
    elif not any(attachment.state == "available" for attachment in attachments):
        yield _unavailable(attachments, hop)


def _attachments_to(attachments: Iterable[Attachment], vpc: str, gateway: str) -> list[Attachment]:
    return [attachment for attachment in attachments if attachment.resource == vpc and attachment.gateway == gateway]


def _unavailable(attachments: Sequence[Attachment], hop: _Hop) -> RouteFault:
    states = ", ".join(f"{attachment.id} is {attachment.state}" for attachment in attachments)
    remedy = "make it available"
    if any(attachment.state == "pendingAcceptance" for attachment in attachments):
        remedy = "accept it"
    text = f"{hop.sentence} to {hop.route.target}, and its attachment {states}"
    return RouteFault("attachment-not-available", text, remedy)


def _of_virtual_gateway(facts: Facts, hop: _Hop) -> Iterator[RouteFault]:
    vpns = _vpns_at(facts, hop.route.target)
    # Without a VPN the gateway may be Direct Connect's, which EC2 does not describe.
    if vpns and not any(vpn.tunnels_up for vpn in vpns):
        ids = listed([vpn.id for vpn in vpns])
        text = f"{hop.sentence} to {hop.route.target}, whose VPN {ids} has no tunnel up"
        yield RouteFault("vpn-down", text, "check the customer gateway")


def _vpns_at(facts: Facts, gateway: str) -> list[VpnConnection]:
    return [vpn for vpn in facts.vpn_connections or () if vpn.gateway == gateway]


def _routes(facts: Facts, source: NetworkEnd, target: NetworkEnd) -> list[Route]:
    """The routes from one end to the other, where there are some."""
    routes: list[Route] = []
    blocks = target.blocks(facts)
    for _, table in source.route_tables(facts):
        routes += [route for _, route in routed(facts, table, blocks) if route]
    return routes


# What can be wrong with a route of a kind; nothing is known of other kinds.
_CHECKS: Mapping[RouteKind, Callable[[Facts, _Hop], Iterator[RouteFault]]] = {
    "nat": _to_internet,
    "internet": _to_internet,
    "peering": _of_peering,
    "transit": _of_transit,
    "virtual-private": _of_virtual_gateway,
}
