"""The AWS services that subnets need and do not reach, the internet, and DNS: a finding for each."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from msk_toolkit.diagnose.endpoint_paths import paths_through_endpoints
from msk_toolkit.diagnose.finding import HTTPS, NetworkEnd, NetworkFinding, Severity, listed
from msk_toolkit.diagnose.neighbour_paths import paths_through_other_networks
from msk_toolkit.diagnose.paths import PathResult, Start, faults_on_path_out, path_out
from msk_toolkit.vpc.facts import Facts, VpcDns

_UNREAD = VpcDns(None, None)


class Need(NamedTuple):
    """A service, how severe it is if it is not reached, and what does not work then."""

    service: str
    severity: Severity
    lacking: str


class _Unreached(NamedTuple):
    """Subnets that do not reach a service, by the faults of their paths; and why others may not."""

    subnets: dict[tuple[str, ...], list[str]]
    doubts: list[str]

    def add(self, subnet: str, paths: Sequence[PathResult]) -> None:
        """Sort a subnet in, by all its paths to the service."""
        working = _working(paths)
        if not working:
            self.subnets.setdefault(_faults(paths), []).append(subnet)
        elif not any(path.sure for path in working):
            self.doubts.extend(_faults(working))


def service_findings(facts: Facts, end: NetworkEnd, needs: Sequence[Need]) -> Iterator[NetworkFinding]:
    """The services that some of the end's subnets do not reach, each with the faults of the paths to it."""
    if facts.endpoints is None or not facts.shows_paths:
        return  # the findings about unread facts say so
    for need in needs:
        yield from _need_findings(end, need, _unreached(facts, end, need))


def _need_findings(end: NetworkEnd, need: Need, unreached: _Unreached) -> Iterator[NetworkFinding]:
    for faults, subnets in unreached.subnets.items():
        text = f"{listed(subnets)} of {end.name} can't reach {need.service}: {'; '.join(faults)}; {need.lacking}"
        yield _service_finding(end, need, need.severity, text)
    if unreached.doubts:
        doubts = "; ".join(dict.fromkeys(unreached.doubts))
        text = f"it is not visible whether {end.name} can reach {need.service}: {doubts}"
        yield _service_finding(end, need, "note", text)


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
            port=HTTPS,
            source=end.name,
            target="Vantiq",
            text=f"{listed(list(faults))} of {end.name} can't reach a public Vantiq server: {fault}",
            remedy="route 0.0.0.0/0 to a NAT gateway, unless Vantiq is connected to the VPC",
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


def _unreached(facts: Facts, end: NetworkEnd, need: Need) -> _Unreached:
    unreached = _Unreached({}, [])
    for subnet in end.known(facts):
        unreached.add(subnet.id, _paths_to(facts, Start(end, subnet), need.service))
    return unreached


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


def _service_finding(end: NetworkEnd, need: Need, severity: Severity, text: str) -> NetworkFinding:
    endpoint = "an interface endpoint (with private DNS)"
    if need.service == "s3":
        endpoint = "a gateway endpoint"
    return NetworkFinding(
        severity=severity,
        code="service-unreachable",
        port=HTTPS,
        source=end.name,
        target=need.service,
        text=text,
        remedy=f"create {endpoint} for {need.service}, or fix the path to it, or route 0.0.0.0/0 to a NAT gateway",
    )


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
