"""The calls that EC2 did not answer: what is not known of the networks, and whether it matters on this path."""

from collections.abc import Iterable, Iterator, Mapping

from msk_toolkit.diagnose.finding import FUNCTION, NetworkEnd, NetworkFinding, Severity, listed
from msk_toolkit.vpc.facts import Facts, RouteKind

# What these calls show matters where a route leads there.
_OF_ROUTES: Mapping[str, RouteKind] = {
    "ec2:DescribeTransitGatewayAttachments": "transit",
    "ec2:DescribeVpcPeeringConnections": "peering",
    "ec2:DescribeVpnGateways": "virtual-private",
    "ec2:DescribeVpnConnections": "virtual-private",
}


def unread_findings(facts: Facts, *ends: NetworkEnd) -> Iterator[NetworkFinding]:
    """The calls that were not answered, one finding for each reason.

    Where the route tables were read, a call about a kind of gateway to which no route leads is a note.
    """
    kinds = _kinds_of_routes(facts, ends)
    actions: dict[tuple[Severity, str], list[str]] = {}
    for unread in facts.unread:
        reason = unread.why.removeprefix(f"{unread.action}: ")
        actions.setdefault((_severity(unread.action, kinds), reason), []).append(unread.action)
    for (severity, reason), denied in actions.items():
        names = listed(denied)
        yield NetworkFinding(
            severity=severity,
            code="not-read",
            source=FUNCTION,
            target="ec2",
            text=f"{names}: {reason}",
            remedy=f"allow {names}, and give the function a route to EC2 (endpoint or NAT); "
            "or run `sam local invoke` on a machine that has one",
        )


def _kinds_of_routes(facts: Facts, ends: Iterable[NetworkEnd]) -> set[RouteKind] | None:
    """The kinds of gateways to which the ends' routes lead; None where a route table could not be read."""
    kinds: set[RouteKind] = set()
    for end in ends:
        tables = [table for _, table in end.route_tables(facts)]
        if len(tables) < max(1, len(end.subnets)):
            return None
        for table in tables:
            kinds.update(route.kind for route in table.routes)
    return kinds


def _severity(action: str, kinds: set[RouteKind] | None) -> Severity:
    kind = _OF_ROUTES.get(action)
    if kind is None or kinds is None or kind in kinds:
        return "warning"
    return "note"
