"""The AWS services that subnets need and do not reach, the internet, and names: each with its sentence."""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from msk_toolkit.diagnose.finding import HTTPS, NetworkEnd, NetworkFinding, Severity, listed
from msk_toolkit.diagnose.paths import endpoints_of_service, hubs, path_out
from msk_toolkit.vpc.facts import Facts, Subnet


class Need(NamedTuple):
    """A service, how grave it is without, and what can't be done then."""

    service: str
    severity: Severity
    lacking: str


def service_findings(facts: Facts, side: NetworkEnd, needs: Sequence[Need]) -> Iterator[NetworkFinding]:
    """The services that some of the side's subnets don't reach, each with what is wrong with the ways there."""
    if facts.endpoints is None or facts.route_tables is None or facts.groups is None:
        return  # the refusals tell
    for need in needs:
        stuck: dict[tuple[str, ...], list[Subnet]] = {}
        unsure: list[str] = []
        for subnet in side.known(facts):
            ways = [
                *endpoints_of_service(facts, side, subnet, need.service),
                *hubs(facts, side, subnet, need.service),
                path_out(facts, side, subnet),
            ]
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


def path_out_findings(facts: Facts, side: NetworkEnd) -> Iterator[NetworkFinding]:
    """Subnets without a way into the internet: then Vantiq must be reachable without one."""
    if facts.route_tables is None or facts.groups is None:
        return
    without = [subnet for subnet in side.known(facts) if not path_out(facts, side, subnet).works]
    if without:
        fault = path_out(facts, side, without[0]).fault
        yield NetworkFinding(
            severity="note",
            code="no-way-out",
            port=HTTPS,
            source=side.name,
            target="Vantiq",
            text=f"{listed([one.id for one in without])} of {side.name} can't reach a public Vantiq server: {fault}",
            remedy="route 0.0.0.0/0 to a NAT gateway, unless Vantiq is joined to the VPC",
        )


def dns_findings(facts: Facts, side: NetworkEnd, resolved: Collection[str]) -> Iterator[NetworkFinding]:
    """A VPC's two switches, without which names lead nowhere.

    Args:
        resolved: the VPCs in which names have just been resolved: by a resolver of their own, where AWS's is off.
    """
    for vpc in facts.vpcs_of(side.subnets):
        dns = facts.dns.get(vpc)
        if dns and dns.support is False:
            text = f"{vpc} of {side.name} resolves no names (enableDnsSupport is off)"
            yet = ", and yet the function resolves some: a resolver of one's own, or it ran elsewhere"
            proven = vpc in resolved
            yield _dns(side, "note" if proven else "error", text + yet if proven else text, "Support")
        if (
            dns
            and dns.hostnames is False
            and any(one.vpc == vpc and one.kind == "Interface" for one in facts.endpoints or ())
        ):
            text = f"{vpc} of {side.name} has enableDnsHostnames off: private names of endpoints do not work there"
            yield _dns(side, "warning", text, "Hostnames")


def _finding(side: NetworkEnd, need: Need, severity: Severity, text: str) -> NetworkFinding:
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


def _dns(side: NetworkEnd, severity: Severity, text: str, switch: str) -> NetworkFinding:
    remedy = f"switch it on (modify-vpc-attribute --enable-dns-{switch.lower()})"
    return NetworkFinding(
        severity=severity, code="dns-off", source=side.name, target="the resolver", text=text, remedy=remedy
    )
