"""The AWS services that subnets need and do not reach, the internet, and DNS: a finding for each."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from msk_toolkit.diagnose.endpoint_paths import paths_through_endpoints
from msk_toolkit.diagnose.finding import DISPROVED, HTTPS, SERVICES, NetworkEnd, NetworkFinding, Severity, listed
from msk_toolkit.diagnose.neighbour_paths import paths_through_other_networks
from msk_toolkit.diagnose.paths import PathResult, Start, faults_on_path_out, path_out
from msk_toolkit.vpc.facts import Facts, VpcDns

_UNREAD = VpcDns(None, None)
_GATEWAY_SERVICE = "s3"


class Need(NamedTuple):
    """A service, how severe it is if it is not reached, and what does not work then.

    ``answered`` says that it has just answered, so that not to reach it can only be a note.
    """

    service: str
    severity: Severity
    lacking: str
    answered: bool = False


class _Gap(NamedTuple):
    """Subnets that do not reach some service, with the fault of each path to it; ``doubts`` where they may."""

    severity: Severity
    subnets: tuple[str, ...]
    faults: tuple[str, ...]
    answered: bool
    doubts: bool


def service_findings(facts: Facts, end: NetworkEnd, needs: Sequence[Need]) -> Iterator[NetworkFinding]:
    """The services that some of the end's subnets do not reach, with the faults of the paths to them.

    Services that the same subnets do not reach for the same reasons are one finding.
    """
    if facts.endpoints is None or not facts.shows_paths:
        return  # the findings about unread facts say so
    lacking: dict[_Gap, list[Need]] = {}
    for need in needs:
        for gap in _gaps(facts, end, need):
            lacking.setdefault(gap, []).append(need)
    for gap, lacked in lacking.items():
        yield _gap_finding(end, gap, lacked)


def _gaps(facts: Facts, end: NetworkEnd, need: Need) -> Iterator[_Gap]:
    severity: Severity = "note" if need.answered else need.severity
    subnets: dict[tuple[str, ...], list[str]] = {}
    doubts: dict[str, None] = {}
    for subnet in end.known(facts):
        paths = _paths_to(facts, Start(end, subnet), need.service)
        working = _working(paths)
        if not working:
            subnets.setdefault(_faults(paths), []).append(subnet.id)
        elif not any(path.sure for path in working):
            doubts.update(dict.fromkeys(_faults(working)))
    for faults, without in subnets.items():
        yield _Gap(severity, tuple(without), faults, need.answered, doubts=False)
    if doubts and not need.answered:
        yield _Gap("note", (), tuple(doubts), answered=False, doubts=True)


def _gap_finding(end: NetworkEnd, gap: _Gap, needs: Sequence[Need]) -> NetworkFinding:
    services = listed([need.service for need in needs])
    faults = "; ".join(gap.faults).replace(SERVICES, services)
    if gap.doubts:
        text = f"it is not visible whether {end.name} can reach {services}: {faults}"
    else:
        text = f"{listed(gap.subnets)} of {end.name} can't reach {services}: {faults}; {_effects(needs)}"
    if gap.answered:
        text += DISPROVED
    return NetworkFinding(
        severity=gap.severity,
        code="service-unreachable",
        ports=(HTTPS,),
        source=end.name,
        target=services,
        text=text,
        remedy=_service_remedy(needs, services),
    )


def _effects(needs: Sequence[Need]) -> str:
    """What does not work without the services, by service where there are several."""
    if len(needs) == 1:
        return needs[0].lacking
    return "; ".join(f"{need.service}: {need.lacking}" for need in needs)


def _service_remedy(needs: Sequence[Need], services: str) -> str:
    endpoints = f"interface endpoints (with private DNS) for {services}"
    if len(needs) == 1:
        endpoints = f"an interface endpoint (with private DNS) for {services}"
    if services == _GATEWAY_SERVICE:
        endpoints = f"a gateway endpoint for {services}"
    elif any(need.service == _GATEWAY_SERVICE for need in needs):
        endpoints = f"endpoints for {services} (interface endpoints with private DNS; a gateway endpoint for s3)"
    return f"create {endpoints}, or fix the path there, or route 0.0.0.0/0 to a NAT gateway"


def internet_findings(facts: Facts, end: NetworkEnd) -> Iterator[NetworkFinding]:
    """Subnets without a path to the internet: then Vantiq must be reachable without one."""
    if not facts.shows_paths:
        return
    faults = faults_on_path_out(facts, end)
    if faults:
        fault = next(iter(faults.values()))
        yield NetworkFinding(
            severity="note",
            code="no-internet-route",
            ports=(HTTPS,),
            source=end.name,
            target="Vantiq",
            text=f"{listed(list(faults))} of {end.name} can't reach a public Vantiq server: {fault}",
            remedy="route 0.0.0.0/0 to a NAT gateway, unless Vantiq or VantiqProxy is connected to the VPC",
        )


def dns_findings(facts: Facts, end: NetworkEnd, resolved: Collection[str]) -> Iterator[NetworkFinding]:
    """A VPC's two DNS attributes, without which names do not resolve.

    Args:
        resolved: the VPCs in which names have just been resolved: by another resolver, where AWS's is off.
    """
    for vpc in facts.vpcs_of(end.subnets):
        dns = facts.dns.get(vpc, _UNREAD)
        if dns.support is False:
            yield _resolver_off(end, vpc, resolves_anyway=vpc in resolved)
        if dns.hostnames is False:
            yield from _hostnames_off(facts, end, vpc)


def _working(paths: Iterable[PathResult]) -> list[PathResult]:
    return [path for path in paths if path.works]


def _faults(paths: Iterable[PathResult]) -> tuple[str, ...]:
    return tuple(path.fault for path in paths if path.fault)


def _paths_to(facts: Facts, start: Start, service: str) -> list[PathResult]:
    return [
        *paths_through_endpoints(facts, start, service),
        *paths_through_other_networks(facts, start, service),
        path_out(facts, start),
    ]


def _has_interface_endpoint(facts: Facts, vpc: str) -> bool:
    return any(endpoint.vpc == vpc and endpoint.kind == "Interface" for endpoint in facts.endpoints or ())


def _resolver_off(end: NetworkEnd, vpc: str, *, resolves_anyway: bool) -> NetworkFinding:
    text = f"{vpc} of {end.name} resolves no names (enableDnsSupport is off)"
    if not resolves_anyway:
        return _dns_finding(end, "error", text, "support")
    text += ", but the function resolves some: it uses another resolver, or it runs elsewhere"
    return _dns_finding(end, "note", text, "support")


def _hostnames_off(facts: Facts, end: NetworkEnd, vpc: str) -> Iterator[NetworkFinding]:
    if _has_interface_endpoint(facts, vpc):
        text = f"{vpc} of {end.name} has enableDnsHostnames off: private names of endpoints do not resolve there"
        yield _dns_finding(end, "warning", text, "hostnames")


def _dns_finding(end: NetworkEnd, severity: Severity, text: str, attribute: str) -> NetworkFinding:
    return NetworkFinding(
        severity=severity,
        code="dns-off",
        source=end.name,
        target="the resolver",
        text=text,
        remedy=f"turn it on (modify-vpc-attribute --enable-dns-{attribute})",
    )
