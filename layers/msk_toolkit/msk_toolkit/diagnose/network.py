"""Every finding about the network, in the order in which a person should look at them: a pure decision."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from ipaddress import ip_network
from typing import Literal

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
from msk_toolkit.diagnose.paths import path_out, path_through_interface
from msk_toolkit.diagnose.routes import address_findings, private_nats, references, route_findings
from msk_toolkit.diagnose.services import Need, dns_findings, path_out_findings, service_findings
from msk_toolkit.msk.listeners import Network
from msk_toolkit.vpc.facts import Facts
from msk_toolkit.vpc.filters import Ends, through_groups

_ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "note": 2}
# What a customer's own service is called, and so is the endpoint of an MSK VPC connection.
_PRIVATE_SERVICE = "vpce-svc-"


class BrokerPort(msgspec.Struct, frozen=True):
    """A port of the brokers, or of ZooKeeper, and whether the toolkit uses it."""

    port: int
    network: Network | Literal["zookeeper"]
    in_use: bool

    @property
    def severity(self) -> Severity:
        """How grave it is when the port can't be reached."""
        return "error" if self.in_use else "note"


def network_findings(
    facts: Facts,
    function: NetworkEnd,
    brokers: NetworkEnd,
    doors: Sequence[BrokerPort],
    needs: Sequence[Need],
    *,
    resolved: Collection[str] = (),
) -> list[NetworkFinding]:
    """What keeps the function from the brokers' ports and from the services that it needs.

    Args:
        resolved: the VPCs in which names have just been resolved.
    """
    findings = [*_unread(facts), *_unknown_ends(facts, function, brokers)]
    private = sorted(
        (door for door in doors if door.network in ("vpc", "ipv6", "zookeeper")), key=lambda door: not door.in_use
    )
    first: set[int] = set()
    reference = references(facts, function, brokers)
    masks = private_nats(facts, function, brokers)
    if masks and private:
        findings.append(_masked(masks))
    for door in private:
        version = 6 if door.network == "ipv6" else 4
        # The brokers see the gateway's address, not the function's: nothing is sure then.
        severity = downgrade(door.severity) if masks and version == 4 else door.severity
        way = Flow(function, brokers, door.port, severity, reference, version)
        findings += security_group_findings(facts, way)
        findings += acl_findings(facts, way, answers=version not in first)
        if version not in first:
            # Roads are the same for every port: they are as grave as the gravest of them.
            findings += route_findings(facts, way)
            findings += address_findings(facts, way)
        first.add(version)
    for door in doors:
        if door.network == "public":
            findings += _public(facts, function, brokers, door)
        elif door.network == "multi-vpc":
            findings += _multi_vpc(facts, function, brokers, door)
    findings += dns_findings(facts, function, resolved)
    findings += service_findings(facts, function, needs)
    findings += path_out_findings(facts, function)
    return ordered(findings)


def ordered(findings: Iterable[NetworkFinding]) -> list[NetworkFinding]:
    """Errors first, each finding once."""
    return sorted(dict.fromkeys(findings), key=lambda finding: _ORDER[finding.severity])


def weighed(
    findings: Iterable[NetworkFinding],
    ports: Iterable[int],
    services: Iterable[str] = (),
    elsewhere: Iterable[int] = (),
) -> list[NetworkFinding]:
    """Findings against what the function itself has just done become notes: there is something that was not seen.

    Args:
        ports: where a connection to every broker came about.
        services: which AWS services have answered.
        elsewhere: ports likewise, of listeners that other roads lead to: nothing is proven but the port.
    """
    proven_ports, proven_services, proven_elsewhere = set(ports), set(services), set(elsewhere)

    def proven(finding: NetworkFinding) -> bool:
        if finding.source != FUNCTION or finding.severity == "note":
            return False
        if finding.target == BROKERS and finding.code != "not-visible":
            return bool(proven_ports) if finding.port is None else finding.port in proven_ports | proven_elsewhere
        return finding.code == "service-unreachable" and finding.target in proven_services

    return ordered(_contradicted(finding) if proven(finding) else finding for finding in findings)


def _contradicted(finding: NetworkFinding) -> NetworkFinding:
    text = f"{finding.text} (and yet it came through just now: it ran elsewhere, or not all was visible)"
    return msgspec.structs.replace(finding, severity="note", text=text)


def _masked(gateways: Sequence[str]) -> NetworkFinding:
    names = listed(tuple(gateways))
    what = (
        "a private NAT gateway: they see its address" if len(gateways) == 1 else "private NAT gateways: they see theirs"
    )
    return NetworkFinding(
        severity="note",
        code="not-visible",
        source=FUNCTION,
        target=BROKERS,
        text=f"{FUNCTION} reaches {BROKERS} through {names}, {what}, and what stands before them is judged for "
        "the function's own",
        remedy=f"look whether they let in the addresses of {names}, and have a route back to them",
    )


def _unread(facts: Facts) -> Iterator[NetworkFinding]:
    for refusal in facts.refusals:
        yield NetworkFinding(
            severity="warning",
            code="not-read",
            source=FUNCTION,
            target="ec2",
            text=refusal.why,
            remedy=f"allow {refusal.action}, and give the function a way to EC2 (endpoint or NAT); "
            "or run `sam local invoke` where there is one",
        )


def _unknown_ends(facts: Facts, *sides: NetworkEnd) -> Iterator[NetworkFinding]:
    for side in sides:
        missing = [subnet for subnet in side.subnets if facts.subnets is not None and subnet not in facts.subnets]
        if missing or not side.subnets or not side.groups:
            what = f"{listed(missing)} of {side.name} is not in this account and Region" if missing else ""
            yield NetworkFinding(
                severity="warning",
                code="not-visible",
                source=FUNCTION,
                target=side.name,
                text=what or f"the subnets and security groups of {side.name} are not known",
                remedy="look at them where they are" if missing else "the network is judged as far as it is known",
            )


def _public(facts: Facts, function: NetworkEnd, brokers: NetworkEnd, door: BrokerPort) -> Iterator[NetworkFinding]:
    if facts.groups is None or facts.route_tables is None:
        return

    def finding(code: Code, text: str, remedy: str) -> NetworkFinding:
        ends = {"source": FUNCTION, "target": BROKERS}
        return NetworkFinding(severity=door.severity, code=code, port=door.port, text=text, remedy=remedy, **ends)

    faults = [path_out(facts, function, subnet, door.port) for subnet in function.known(facts)]
    stuck = [way.fault for way in faults if not way.works]
    if stuck:
        text = f"the public listener {door.port} is not reached from {function.name}: {'; '.join(dict.fromkeys(stuck))}"
        remedy = f"route 0.0.0.0/0 to a NAT gateway and allow tcp {door.port} out"
        yield finding("no-route", text, remedy)
    addresses = [address for nat in facts.nats or () for address in nat.addresses if nat.state == "available"]
    for address in addresses:
        ends = Ends([ip_network(address)], (), "never")
        if through_groups(facts, brokers.groups, ends, door.port, egress=False).outcome == "closed":
            groups = listed(brokers.groups)
            text = f"security group {groups} of {brokers.name} has no inbound rule for {door.port} from NAT {address}"
            yield finding("ingress-closed", text, f"add one (ingress, tcp {door.port}, from {address}/32)")


def _multi_vpc(facts: Facts, function: NetworkEnd, brokers: NetworkEnd, door: BrokerPort) -> Iterator[NetworkFinding]:
    ours = facts.vpcs_of(function.subnets)
    if facts.endpoints is None or not ours or ours == facts.vpcs_of(brokers.subnets):
        return  # inside the cluster's own VPC nobody needs it
    points = [one for one in facts.endpoints if one.vpc in ours and one.service.startswith(_PRIVATE_SERVICE)]
    faults: list[str] = []
    stuck = not points
    for subnet in function.known(facts):
        ways = [
            path_through_interface(facts, function, subnet, one, door.port) for one in points if one.vpc == subnet.vpc
        ]
        if not any(way.works for way in ways):
            stuck = True
            faults += [way.fault for way in ways]
    if not stuck:
        return
    why = f": {'; '.join(dict.fromkeys(faults))}" if faults else ""
    yield NetworkFinding(
        severity=door.severity,
        code="service-unreachable",
        port=door.port,
        source=FUNCTION,
        target=BROKERS,
        text=f"{function.name} reaches no endpoint of {brokers.name} in {listed(ours)} on {door.port}{why}",
        remedy=f"make a VPC connection of MSK in {listed(ours)}, with a group that lets in tcp {door.port}, and let "
        "the function out to it",
    )
