"""All findings about the network, in the order in which they matter: a pure decision."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from ipaddress import ip_network
from typing import Literal

import msgspec

from msk_toolkit.diagnose.endpoint_paths import path_through_interface
from msk_toolkit.diagnose.filters import Flow, acl_findings, security_group_findings
from msk_toolkit.diagnose.finding import (
    BROKERS,
    FUNCTION,
    PORTS,
    Code,
    NetworkEnd,
    NetworkFinding,
    Severity,
    downgrade,
    grouped,
    listed,
)
from msk_toolkit.diagnose.paths import PathResult, Start, faults_on_path_out
from msk_toolkit.diagnose.routes import address_findings, private_nats, references, route_findings
from msk_toolkit.diagnose.services import Need, dns_findings, internet_findings, service_findings
from msk_toolkit.diagnose.unread import unread_findings
from msk_toolkit.msk.listeners import Network
from msk_toolkit.vpc.facts import Endpoint, Facts
from msk_toolkit.vpc.filters import Ends, through_groups

# The names of endpoint services that AWS does not own begin so, and so does that of an MSK VPC connection.
_PRIVATE_SERVICE = "vpce-svc-"


class BrokerPort(msgspec.Struct, frozen=True):
    """A port of the brokers, or of ZooKeeper, and whether the toolkit uses it."""

    port: int
    network: Network | Literal["zookeeper"]
    in_use: bool

    @property
    def severity(self) -> Severity:
        """How severe it is when the port can't be reached."""
        return "error" if self.in_use else "note"

    @property
    def is_private(self) -> bool:
        """Whether it is at the brokers' own network interfaces."""
        return self.network in {"vpc", "ipv6", "zookeeper"}

    @property
    def version(self) -> int:
        """The family of its addresses: 4 or 6."""
        return 6 if self.network == "ipv6" else 4

    def finding(self, code: Code, text: str, remedy: str) -> NetworkFinding:
        """A finding about the function's connection to this port."""
        return NetworkFinding(
            severity=self.severity,
            code=code,
            ports=(self.port,),
            source=FUNCTION,
            target=BROKERS,
            text=text,
            remedy=remedy,
        )


def network_findings(
    facts: Facts,
    function: NetworkEnd,
    brokers: NetworkEnd,
    ports: Sequence[BrokerPort],
    needs: Sequence[Need],
    *,
    resolved: Collection[str] = (),
) -> list[NetworkFinding]:
    """What keeps the function from the brokers' ports and from the services that it needs, what is alike as one.

    Args:
        resolved: the VPCs in which names have just been resolved.
    """
    findings = [*unread_findings(facts, function, brokers), *_unknown_ends(facts, function, brokers)]
    findings += _private_ports(facts, function, brokers, ports)
    for port in ports:
        if port.network == "public":
            findings += _public(facts, function, brokers, port)
        elif port.network == "multi-vpc":
            findings += _multi_vpc(facts, function, brokers, port)
    findings += dns_findings(facts, function, resolved)
    findings += service_findings(facts, function, needs)
    findings += internet_findings(facts, function)
    return grouped(findings)


def _private_ports(
    facts: Facts, function: NetworkEnd, brokers: NetworkEnd, ports: Sequence[BrokerPort]
) -> Iterator[NetworkFinding]:
    """Rules and ACLs for each port; routes, which are the same for every port, once for each address family."""
    private = _private(ports)
    reference = references(facts, function, brokers)
    gateways = private_nats(facts, function, brokers)
    if gateways and private:
        yield _translated(gateways)
    checked_versions: set[int] = set()
    for port in private:
        severity = _severity(port, translated=bool(gateways))
        flow = Flow(function, brokers, port.port, severity, reference, port.version)
        yield from _flow_findings(facts, flow, with_routes=port.version not in checked_versions)
        checked_versions.add(port.version)


def _private(ports: Iterable[BrokerPort]) -> list[BrokerPort]:
    """Those in use first: the routes are as severe as the most severe port."""
    return sorted((port for port in ports if port.is_private), key=lambda port: not port.in_use)


def _severity(port: BrokerPort, *, translated: bool) -> Severity:
    if translated and port.version == 4:
        # The brokers receive the gateway's address, not the function's: nothing is sure then.
        return downgrade(port.severity)
    return port.severity


def _flow_findings(facts: Facts, flow: Flow, *, with_routes: bool) -> Iterator[NetworkFinding]:
    yield from security_group_findings(facts, flow)
    yield from acl_findings(facts, flow, answers=with_routes)
    if with_routes:
        yield from route_findings(facts, flow)
        yield from address_findings(facts, flow)


def _translated(gateways: Sequence[str]) -> NetworkFinding:
    names = listed(gateways)
    through = f"the private NAT gateway {names}"
    if len(gateways) > 1:
        through = f"the private NAT gateways {names}"
    return NetworkFinding(
        severity="note",
        code="not-visible",
        source=FUNCTION,
        target=BROKERS,
        text=f"{FUNCTION} reaches {BROKERS} through {through}, so they receive other addresses; their rules are "
        "checked against the function's own",
        remedy=f"check that they have inbound rules for the addresses of {names}, and a route back to them",
    )


def _unknown_ends(facts: Facts, *ends: NetworkEnd) -> Iterator[NetworkFinding]:
    for end in ends:
        missing = _missing_subnets(facts, end)
        if missing:
            text = f"{listed(missing)} of {end.name} is not in this account and Region"
            yield _unknown(end, text, "check them where they are")
        elif not end.subnets or not end.groups:
            text = f"the subnets and security groups of {end.name} are not known"
            yield _unknown(end, text, "only the known part of the network is checked")


def _missing_subnets(facts: Facts, end: NetworkEnd) -> list[str]:
    if facts.subnets is None:
        return []
    return [subnet for subnet in end.subnets if subnet not in facts.subnets]


def _unknown(end: NetworkEnd, text: str, remedy: str) -> NetworkFinding:
    return NetworkFinding(
        severity="warning", code="not-visible", source=FUNCTION, target=end.name, text=text, remedy=remedy
    )


def _public(facts: Facts, function: NetworkEnd, brokers: NetworkEnd, port: BrokerPort) -> Iterator[NetworkFinding]:
    if not facts.shows_paths:
        return
    yield from _without_path_out(facts, function, port)
    for address in _nat_addresses(facts):
        yield from _public_from(facts, brokers, port, address)


def _without_path_out(facts: Facts, function: NetworkEnd, port: BrokerPort) -> Iterator[NetworkFinding]:
    faults = faults_on_path_out(facts, function, port.port)
    if faults:
        reasons = "; ".join(dict.fromkeys(faults.values()))
        text = f"the public listener {PORTS} can't be reached from {function.name}: {reasons}"
        yield port.finding("no-route", text, f"route 0.0.0.0/0 to a NAT gateway and allow tcp {PORTS} out")


def _nat_addresses(facts: Facts) -> list[str]:
    addresses: list[str] = []
    for nat in facts.nats or ():
        if nat.is_available:
            addresses += nat.addresses
    return addresses


def _public_from(facts: Facts, brokers: NetworkEnd, port: BrokerPort, address: str) -> Iterator[NetworkFinding]:
    ends = Ends([ip_network(address)], (), "invalid")
    if through_groups(facts, brokers.groups, ends, port.port, egress=False).outcome == "closed":
        groups = listed(brokers.groups)
        text = f"security group {groups} of {brokers.name} has no inbound rule for {PORTS} from NAT {address}"
        yield port.finding("ingress-closed", text, f"add one (ingress, tcp {PORTS}, from {address}/32)")


def _multi_vpc(facts: Facts, function: NetworkEnd, brokers: NetworkEnd, port: BrokerPort) -> Iterator[NetworkFinding]:
    vpcs = facts.vpcs_of(function.subnets)
    if facts.endpoints is None or not vpcs or vpcs == facts.vpcs_of(brokers.subnets):
        return  # inside the cluster's own VPC this listener is not needed
    endpoints = _private_endpoints(facts.endpoints, vpcs)
    reachable, faults = _through_any(facts, function, endpoints, port.port)
    if not reachable:
        text = f"{function.name} reaches no endpoint of {brokers.name} in {listed(vpcs)} on {port.port}"
        yield _without_vpc_connection(text, vpcs, port, faults)


def _private_endpoints(endpoints: Iterable[Endpoint], vpcs: Collection[str]) -> list[Endpoint]:
    return [
        endpoint for endpoint in endpoints if endpoint.vpc in vpcs and endpoint.service.startswith(_PRIVATE_SERVICE)
    ]


def _without_vpc_connection(text: str, vpcs: Sequence[str], port: BrokerPort, faults: Sequence[str]) -> NetworkFinding:
    if faults:
        text += f": {'; '.join(dict.fromkeys(faults))}"
    remedy = (
        f"create an MSK VPC connection in {listed(vpcs)} whose security group allows tcp {port.port} in, and allow "
        "the function out to it"
    )
    return port.finding("service-unreachable", text, remedy)


def _through_any(
    facts: Facts, function: NetworkEnd, endpoints: Sequence[Endpoint], port: int
) -> tuple[bool, list[str]]:
    """Whether each subnet reaches an endpoint of its VPC, and the faults of those that do not."""
    reachable = True
    faults: list[str] = []
    for subnet in function.known(facts):
        paths = _paths_inside(facts, Start(function, subnet), endpoints, port)
        if not any(path.works for path in paths):
            reachable = False
            faults += [path.fault for path in paths]
    return reachable, faults


def _paths_inside(facts: Facts, start: Start, endpoints: Iterable[Endpoint], port: int) -> list[PathResult]:
    """The paths to those of the endpoints that are in the subnet's VPC."""
    own = [endpoint for endpoint in endpoints if endpoint.vpc == start.subnet.vpc]
    return [path_through_interface(facts, start, endpoint, port) for endpoint in own]
