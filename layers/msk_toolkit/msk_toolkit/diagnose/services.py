"""How subnets reach the AWS services that they need: a VPC endpoint, or NAT."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_network
from typing import NamedTuple

from msk_toolkit.diagnose.finding import HTTPS, Code, NetworkFinding, Severity, Side, listed, soften
from msk_toolkit.vpc.facts import Block, Endpoint, Facts, Route, RouteTable, Subnet
from msk_toolkit.vpc.filters import Ends, through_groups
from msk_toolkit.vpc.routing import routed
from msk_toolkit.vpc.spans import within

EVERYWHERE = ip_network("0.0.0.0/0")


class Need(NamedTuple):
    """A service, how grave it is without, and what can't be done then."""

    service: str
    severity: Severity
    lacking: str


class _Way(NamedTuple):
    """Whether a way works; ``sure`` is False where that can't be seen. ``fault`` says why it does not."""

    works: bool
    sure: bool = True
    fault: str = ""


def service_findings(facts: Facts, side: Side, needs: Sequence[Need]) -> Iterator[NetworkFinding]:
    """The services that some of the side's subnets don't reach, each with what is wrong with the ways there."""
    if facts.endpoints is None or facts.route_tables is None or facts.groups is None:
        return  # the refusals tell
    for need in needs:
        stuck: dict[tuple[str, ...], list[Subnet]] = {}
        unsure: list[str] = []
        for subnet in side.known(facts):
            ways = [*_endpoints(facts, side, subnet, need.service), way_out(facts, side, subnet)]
            if any(way.works and way.sure for way in ways):
                continue
            if doubtful := [way.fault for way in ways if way.works]:
                unsure += doubtful
            else:
                stuck.setdefault(tuple(way.fault for way in ways if way.fault), []).append(subnet)
        for faults, subnets in stuck.items():
            text = (
                f"{listed([one.id for one in subnets])} of {side.name} can't reach {need.service}: {'; '.join(faults)}"
            )
            yield _finding(side, need, need.severity, f"{text}; {need.lacking}")
        if unsure:
            text = f"whether {side.name} can reach {need.service} can't be seen: {'; '.join(dict.fromkeys(unsure))}"
            yield _finding(side, need, "note", text)


def way_out_findings(facts: Facts, side: Side) -> Iterator[NetworkFinding]:
    """Subnets without a way into the internet: then Vantiq must be reachable without one."""
    if facts.route_tables is None or facts.groups is None:
        return
    without = [subnet for subnet in side.known(facts) if not way_out(facts, side, subnet).works]
    if without:
        fault = way_out(facts, side, without[0]).fault
        yield NetworkFinding(
            severity="note",
            code="no-way-out",
            port=HTTPS,
            source=side.name,
            target="Vantiq",
            text=f"{listed([one.id for one in without])} of {side.name} can't reach a public Vantiq server: {fault}",
            remedy="route 0.0.0.0/0 to a NAT gateway, unless Vantiq is joined to the VPC",
        )


def dns_findings(facts: Facts, side: Side, severity: Severity) -> Iterator[NetworkFinding]:
    """A VPC's two switches, without which names lead nowhere."""
    for vpc in facts.vpcs_of(side.subnets):
        dns = facts.dns.get(vpc)
        if dns and dns.support is False:
            yield _dns(side, severity, f"{vpc} of {side.name} resolves no names (enableDnsSupport is off)", "Support")
        if (
            dns
            and dns.hostnames is False
            and any(one.vpc == vpc and one.kind == "Interface" for one in facts.endpoints or ())
        ):
            text = f"{vpc} of {side.name} has enableDnsHostnames off: private names of endpoints do not work there"
            yield _dns(side, soften(severity), text, "Hostnames")


def way_out(facts: Facts, side: Side, subnet: Subnet, port: int = HTTPS) -> _Way:
    """The default route: NAT leads out; where another gateway leads is not to be seen here."""
    table = facts.route_table(subnet)
    if table is None:
        return _Way(False, fault="its route table is not visible")
    route = _default(facts, table)
    if route is None:
        return _Way(False, fault=f"route table {table.id} has no default route (NAT)")
    if route.blackhole:
        return _Way(False, fault=f"the default route of {table.id} leads to {route.target}, which is gone (blackhole)")
    if route.kind == "internet":
        words = "the internet gateway {0}: a function's interface has no public address, so it needs NAT"
        return _Way(False, fault=f"the default route of {table.id} leads to {words.format(route.target)}")
    out = through_groups(facts, side.groups, Ends([EVERYWHERE]), port, egress=True).outcome
    if out == "closed":
        return _Way(False, fault=f"{listed(side.groups)} has no outbound rule for {port} to 0.0.0.0/0")
    if out == "partly":
        return _Way(True, False, f"{listed(side.groups)} lets {port} out to part of the internet only")
    if route.kind != "nat":
        return _Way(True, False, f"the default route of {table.id} leads on to {route.target}")
    state = next((nat.state for nat in facts.nats or () if nat.id == route.target), None)
    if state not in (None, "available"):
        return _Way(False, fault=f"NAT gateway {route.target} is {state}")
    return _Way(True)


def _default(facts: Facts, table: RouteTable) -> Route | None:
    # Somewhere that only a default route covers: of several halves of the internet the first one tells.
    hops = routed(facts, table, [EVERYWHERE])
    widest = sorted(hops, key=lambda hop: hop[0].prefixlen)
    outside: list[Route] = [route for _, route in widest if route and route.kind != "local" and _is_wide(route)]
    return outside[0] if outside else None


def _is_wide(route: Route) -> bool:
    return route.block is not None and route.block.prefixlen <= 1


def _endpoints(facts: Facts, side: Side, subnet: Subnet, service: str) -> list[_Way]:
    found = [one for one in facts.endpoints or () if one.vpc == subnet.vpc and one.service == service]
    ways = [_through_endpoint(facts, side, subnet, one) for one in found if one.kind != "other"]
    return ways or [_Way(False, fault=f"{subnet.vpc} has no endpoint for {service}")]


def _through_endpoint(facts: Facts, side: Side, subnet: Subnet, endpoint: Endpoint) -> _Way:
    name = f"endpoint {endpoint.id}"
    if endpoint.state != "available":
        return _Way(False, fault=f"{name} is {endpoint.state}")
    if endpoint.kind == "Gateway":
        return _through_gateway(facts, side, subnet, endpoint)
    if not endpoint.private_dns:
        return _Way(False, fault=f"{name} has private DNS off, so the service's name does not lead to it")
    entering = through_groups(
        facts, endpoint.groups, Ends(_v4(subnet.blocks), side.groups), HTTPS, egress=False
    ).outcome
    if entering in {"closed", "partly"}:
        groups = listed(endpoint.groups)
        return _Way(False, fault=f"{groups} of {name} has no inbound rule for {HTTPS} from {listed(side.groups)}")
    there = [block for one in facts.known_subnets(endpoint.subnets) for block in _v4(one.blocks)]
    leaving = through_groups(facts, side.groups, Ends(there, endpoint.groups), HTTPS, egress=True).outcome
    if there and leaving in {"closed", "partly"}:
        return _Way(False, fault=f"{listed(side.groups)} has no outbound rule for {HTTPS} to {name}")
    unknown = "unknown" in (entering, leaving)
    return _Way(True, not unknown, f"not every rule of the groups before {name} could be read" if unknown else "")


def _through_gateway(facts: Facts, side: Side, subnet: Subnet, endpoint: Endpoint) -> _Way:
    table = facts.route_table(subnet)
    if table is None or table.id not in endpoint.route_tables:
        which = table.id if table else f"of {subnet.id}"
        return _Way(False, fault=f"endpoint {endpoint.id} is not associated with route table {which}")
    lists = [route.prefix_list for route in table.routes if route.target == endpoint.id and route.prefix_list]
    blocks = [block for one in lists for block in _v4(facts.prefix_lists.get(one, ()))]
    out = through_groups(facts, side.groups, Ends(blocks), HTTPS, egress=True).outcome
    if blocks and out in {"closed", "partly"}:
        return _Way(False, fault=f"{listed(side.groups)} has no outbound rule for {HTTPS} to {listed(lists)}")
    return _Way(True)


def _v4(blocks: Sequence[Block]) -> list[Block]:
    return [block for block in blocks if within(block, EVERYWHERE)]


def _finding(side: Side, need: Need, severity: Severity, text: str) -> NetworkFinding:
    kind = "a gateway endpoint" if need.service == "s3" else "an interface endpoint (with private DNS)"
    return NetworkFinding(
        severity=severity,
        code="service-unreachable",
        port=HTTPS,
        source=side.name,
        target=need.service,
        text=text,
        remedy=f"make {kind} for {need.service}, or mend the way there, or route 0.0.0.0/0 to a NAT gateway",
    )


def _dns(side: Side, severity: Severity, text: str, switch: str) -> NetworkFinding:
    code: Code = "dns-off"
    remedy = f"switch it on (modify-vpc-attribute --enable-dns-{switch.lower()})"
    return NetworkFinding(
        severity=severity, code=code, source=side.name, target="the resolver", text=text, remedy=remedy
    )
