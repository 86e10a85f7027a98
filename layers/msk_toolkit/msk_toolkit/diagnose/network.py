"""All findings about the network, in the order in which they matter: a pure decision."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from ipaddress import ip_network
from typing import Literal, NamedTuple

import msgspec

from msk_toolkit.diagnose.filters import Flow, acl_findings, security_group_findings
from msk_toolkit.diagnose.finding import (
    BROKERS,
    FUNCTION,
    Code,
    NetworkEnd,
    NetworkFinding,
    Severity,
    downgrade,
    listed,
)
from msk_toolkit.diagnose.paths import Start, path_out, path_through_interface
from msk_toolkit.diagnose.routes import address_findings, private_nats, references, route_findings
from msk_toolkit.diagnose.services import Need, dns_findings, internet_findings, service_findings
from msk_toolkit.msk.listeners import Network
from msk_toolkit.vpc.facts import Endpoint, Facts
from msk_toolkit.vpc.filters import Ends, through_groups

_ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "note": 2}
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

    def finding(self, code: Code, text: str, remedy: str) -> NetworkFinding:
        """A finding about the function's connection to this port."""
        return NetworkFinding(
            severity=self.severity,
            code=code,
            port=self.port,
            source=FUNCTION,
            target=BROKERS,
            text=text,
            remedy=remedy,
        )


class Proof(NamedTuple):
    """What the function has just done, so that it is proven to work.

    Args:
        ports: those on which a connection to every broker succeeded.
        services: the AWS services that answered.
        ports_elsewhere: ports likewise, of listeners that other routes lead to: they prove the port only.
    """

    ports: Collection[int] = ()
    services: Collection[str] = ()
    ports_elsewhere: Collection[int] = ()

    def contradicts(self, finding: NetworkFinding) -> bool:
        """Whether a finding says that something can't work that just has."""
        if finding.source != FUNCTION or finding.severity == "note":
            return False
        if finding.target == BROKERS and finding.code != "not-visible":
            if finding.port is None:
                return bool(self.ports)
            return finding.port in {*self.ports, *self.ports_elsewhere}
        return finding.code == "service-unreachable" and finding.target in self.services


def network_findings(
    facts: Facts,
    function: NetworkEnd,
    brokers: NetworkEnd,
    ports: Sequence[BrokerPort],
    needs: Sequence[Need],
    *,
    resolved: Collection[str] = (),
) -> list[NetworkFinding]:
    """What keeps the function from the brokers' ports and from the services that it needs.

    Args:
        resolved: the VPCs in which names have just been resolved.
    """
    findings = [*_unread(facts), *_unknown_ends(facts, function, brokers)]
    findings += _private_ports(facts, function, brokers, ports)
    for port in ports:
        if port.network == "public":
            findings += _public(facts, function, brokers, port)
        elif port.network == "multi-vpc":
            findings += _multi_vpc(facts, function, brokers, port)
    findings += dns_findings(facts, function, resolved)
    findings += service_findings(facts, function, needs)
    findings += internet_findings(facts, function)
    return ordered(findings)


def ordered(findings: Iterable[NetworkFinding]) -> list[NetworkFinding]:
    """Errors first, each finding once."""
    return sorted(dict.fromkeys(findings), key=lambda finding: _ORDER[finding.severity])


def weighed(findings: Iterable[NetworkFinding], proof: Proof) -> list[NetworkFinding]:
    """Findings that the function itself has just disproved become notes: a part of the network is not visible."""
    weighed_findings: list[NetworkFinding] = []
    for finding in findings:
        if proof.contradicts(finding):
            weighed_findings.append(_disproved(finding))
        else:
            weighed_findings.append(finding)
    return ordered(weighed_findings)


def _disproved(finding: NetworkFinding) -> NetworkFinding:
    text = (
        f"{finding.text} (but the connection succeeded just now: the function runs elsewhere, or a rule is not visible)"
    )
    return msgspec.structs.replace(finding, severity="note", text=text)


def _private_ports(
    facts: Facts, function: NetworkEnd, brokers: NetworkEnd, ports: Sequence[BrokerPort]
) -> Iterator[NetworkFinding]:
    """Rules and ACLs for each port; routes, which are the same for every port, once for each address family."""
    private = [port for port in ports if port.network in ("vpc", "ipv6", "zookeeper")]
    reference = references(facts, function, brokers)
    gateways = private_nats(facts, function, brokers)
    if gateways and private:
        yield _translated(gateways)
    checked_versions: set[int] = set()
    # The ports in use first: the routes are as severe as the most severe port.
    for port in sorted(private, key=lambda port: not port.in_use):
        version = 6 if port.network == "ipv6" else 4
        severity = port.severity
        if gateways and version == 4:
            # The brokers receive the gateway's address, not the function's: nothing is sure then.
            severity = downgrade(severity)
        flow = Flow(function, brokers, port.port, severity, reference, version)
        is_first = version not in checked_versions
        yield from security_group_findings(facts, flow)
        yield from acl_findings(facts, flow, answers=is_first)
        if is_first:
            yield from route_findings(facts, flow)
            yield from address_findings(facts, flow)
        checked_versions.add(version)


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


def _unread(facts: Facts) -> Iterator[NetworkFinding]:
    for unread in facts.unread:
        yield NetworkFinding(
            severity="warning",
            code="not-read",
            source=FUNCTION,
            target="ec2",
            text=unread.why,
            remedy=f"allow {unread.action}, and give the function a route to EC2 (endpoint or NAT); "
            "or run `sam local invoke` on a machine that has one",
        )


def _unknown_ends(facts: Facts, *ends: NetworkEnd) -> Iterator[NetworkFinding]:
    for end in ends:
        missing = [subnet for subnet in end.subnets if facts.subnets is not None and subnet not in facts.subnets]
        if missing:
            text = f"{listed(missing)} of {end.name} is not in this account and Region"
            yield _unknown(end, text, "check them where they are")
        elif not end.subnets or not end.groups:
            text = f"the subnets and security groups of {end.name} are not known"
            yield _unknown(end, text, "only the known part of the network is checked")


def _unknown(end: NetworkEnd, text: str, remedy: str) -> NetworkFinding:
    return NetworkFinding(
        severity="warning", code="not-visible", source=FUNCTION, target=end.name, text=text, remedy=remedy
    )


def _public(facts: Facts, function: NetworkEnd, brokers: NetworkEnd, port: BrokerPort) -> Iterator[NetworkFinding]:
    if facts.groups is None or facts.route_tables is None:
        return
    paths = [path_out(facts, Start(function, subnet), port.port) for subnet in function.known(facts)]
    faults = [path.fault for path in paths if not path.works]
    if faults:
        reasons = "; ".join(dict.fromkeys(faults))
        text = f"the public listener {port.port} can't be reached from {function.name}: {reasons}"
        yield port.finding("no-route", text, f"route 0.0.0.0/0 to a NAT gateway and allow tcp {port.port} out")
    for nat in facts.nats or ():
        if nat.state != "available":
            continue
        for address in nat.addresses:
            yield from _public_from(facts, brokers, port, address)


def _public_from(facts: Facts, brokers: NetworkEnd, port: BrokerPort, address: str) -> Iterator[NetworkFinding]:
    ends = Ends([ip_network(address)], (), "invalid")
    if through_groups(facts, brokers.groups, ends, port.port, egress=False).outcome == "closed":
        groups = listed(brokers.groups)
        text = f"security group {groups} of {brokers.name} has no inbound rule for {port.port} from NAT {address}"
        yield port.finding("ingress-closed", text, f"add one (ingress, tcp {port.port}, from {address}/32)")


def _multi_vpc(facts: Facts, function: NetworkEnd, brokers: NetworkEnd, port: BrokerPort) -> Iterator[NetworkFinding]:
    vpcs = facts.vpcs_of(function.subnets)
    if facts.endpoints is None or not vpcs or vpcs == facts.vpcs_of(brokers.subnets):
        return  # inside the cluster's own VPC this listener is not needed
    endpoints = [
        endpoint
        for endpoint in facts.endpoints
        if endpoint.vpc in vpcs and endpoint.service.startswith(_PRIVATE_SERVICE)
    ]
    reachable, faults = _through_any(facts, function, endpoints, port.port)
    if reachable and endpoints:
        return
    text = f"{function.name} reaches no endpoint of {brokers.name} in {listed(vpcs)} on {port.port}"
    if faults:
        text += f": {'; '.join(dict.fromkeys(faults))}"
    remedy = (
        f"create an MSK VPC connection in {listed(vpcs)} whose security group allows tcp {port.port} in, and allow "
        "the function out to it"
    )
    yield port.finding("service-unreachable", text, remedy)


def _through_any(
    facts: Facts, function: NetworkEnd, endpoints: Sequence[Endpoint], port: int
) -> tuple[bool, list[str]]:
    """Whether each subnet reaches an endpoint of its VPC, and the faults of those that do not."""
    reachable = True
    faults: list[str] = []
    for subnet in function.known(facts):
        start = Start(function, subnet)
        own = [endpoint for endpoint in endpoints if endpoint.vpc == subnet.vpc]
        paths = [path_through_interface(facts, start, endpoint, port) for endpoint in own]
        if not any(path.works for path in paths):
            reachable = False
            faults += [path.fault for path in paths]
    return reachable, faults
