"""The network paths from a subnet to a service through other networks, which may share their endpoints."""

from collections.abc import Sequence

from msk_toolkit.diagnose.finding import HTTPS, SERVICES, listed
from msk_toolkit.diagnose.paths import PathResult, Start, ipv4_blocks, is_wide, path_through_acl
from msk_toolkit.vpc.facts import Block, Facts, Peering, Route, Subnet
from msk_toolkit.vpc.filters import Ends, through_groups
from msk_toolkit.vpc.routing import destinations


def paths_through_other_networks(facts: Facts, start: Start, service: str) -> list[PathResult]:
    """Routes to other networks: whether one of them shares its endpoint and its name is not visible here."""
    targets = _other_networks(facts, start, service)
    if not targets:
        return []
    verb = "leads"
    if len(targets) > 1:
        verb = "lead"
    fault = f"{listed(targets)} {verb} to other networks, which may share an endpoint for {SERVICES}"
    return [PathResult(True, False, fault)]


def _other_networks(facts: Facts, start: Start, service: str) -> list[str]:
    """The targets of routes to networks that may share an endpoint for the service."""
    table = facts.route_table(start.subnet)
    if table is None or _has_private_name(facts, start.subnet, service):
        return []
    targets = [route.target for route in table.routes if _may_lead_to(facts, start, route, service)]
    return list(dict.fromkeys(targets))


def _has_private_name(facts: Facts, subnet: Subnet, service: str) -> bool:
    """Whether the service's name resolves to an endpoint of the VPC itself."""
    endpoints = facts.endpoints_for(subnet.vpc, service)
    return any(endpoint.private_dns and endpoint.state == "available" for endpoint in endpoints)


def _may_lead_to(facts: Facts, start: Start, route: Route, service: str) -> bool:
    if route.blackhole or is_wide(facts, route) or not _may_share(facts, route, start.subnet.vpc, service):
        return False
    return _is_allowed_out(facts, start, ipv4_blocks(destinations(facts, route)))


def _may_share(facts: Facts, route: Route, vpc: str, service: str) -> bool:
    match route.kind:
        case "nat":
            return facts.is_private_nat(route.target)
        case "peering" if facts.peerings is not None:
            return _peer_may_share(facts, facts.peering(route.target), vpc, service)
        case kind:
            return kind in {"peering", "transit"}


def _peer_may_share(facts: Facts, peering: Peering | None, vpc: str, service: str) -> bool:
    if peering is None or peering.status != "active":
        return False
    other = peering.opposite({vpc})
    # A peering leads to one network only, and the endpoints of a network that was read are known.
    return other not in facts.vpcs or bool(facts.endpoints_for(other, service))


def _is_allowed_out(facts: Facts, start: Start, blocks: Sequence[Block]) -> bool:
    if not blocks:
        return False
    outcome = through_groups(facts, start.end.groups, Ends(blocks), HTTPS, egress=True).outcome
    return outcome != "closed" and path_through_acl(facts, start.subnet, blocks, HTTPS, "them").works
