"""What the event source mappings lack; their pollers are in the cluster's subnets and security groups."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import msgspec

from msk_toolkit.aws.mappings import MappingState
from msk_toolkit.aws.permissions import Denied
from msk_toolkit.diagnose.filters import Flow, acl_findings, security_group_findings
from msk_toolkit.diagnose.finding import BROKERS, POLLERS, Code, NetworkEnd, NetworkFinding, Severity, grouped, listed
from msk_toolkit.diagnose.mapping_mode import filter_findings, mode_findings, poller_group_findings
from msk_toolkit.diagnose.mapping_reports import report_findings
from msk_toolkit.diagnose.needs import FunctionMode, needs_of
from msk_toolkit.diagnose.poller_role import MAX_MAPPINGS
from msk_toolkit.diagnose.services import Need, dns_findings, service_findings
from msk_toolkit.msk.listeners import Protocol
from msk_toolkit.msk.pollers import PollerListener
from msk_toolkit.settings.cluster import SECRET_MODES, AuthMode
from msk_toolkit.vpc.facts import Facts

_FORWARDER = "the forwarder"
_PROTOCOLS: Mapping[AuthMode, Protocol] = {"none": "plaintext", "tls": "tls"}
_POLLER_MODES: Mapping[bool, FunctionMode] = {True: "provisioned", False: "on-demand"}


class MappingFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What Lambda and IAM answered; None where they did not. ``refusals`` say why."""

    states: list[MappingState] | None = None
    denied: list[Denied] | None = None
    refusals: list[str] = []


class Pollers(msgspec.Struct, frozen=True, kw_only=True):
    """The pollers as the stack declares them, and the listener that Lambda chooses.

    ``ports`` are the listener's inside the VPC; ``provisioned`` is PollerMode; ``function`` is the forwarder's name,
    for commands.
    """

    auth_mode: AuthMode
    listener: PollerListener
    ports: Sequence[int]
    provisioned: bool
    function: str = ""


def poller_needs(pollers: Pollers, states: Sequence[MappingState] | None) -> list[Need]:
    """The services that the pollers call from the cluster's subnets, in the modes that the mappings really have."""
    modes = _poller_modes(states or ()) or {_POLLER_MODES[pollers.provisioned]}
    if pollers.auth_mode in SECRET_MODES:
        modes.add("scram")
    if not states or not all(state.destination_topic for state in states if state.provisioned):
        modes.add("bucket")
    return needs_of("pollers", modes)


def _poller_modes(states: Iterable[MappingState]) -> set[FunctionMode]:
    return {_POLLER_MODES[state.provisioned] for state in states}


def mapping_findings(
    facts: Facts,
    cluster: NetworkEnd,
    pollers: Pollers,
    mappings: MappingFacts,
    *,
    at: NetworkEnd | None = None,
    resolved: Collection[str] = (),
) -> list[NetworkFinding]:
    """Everything that keeps the pollers from the brokers, from the function or from their credentials, what is alike
    as one.

    Args:
        at: where the pollers are if not beside the brokers: outside MSK they are in the functions' subnets.
        resolved: the VPCs in which names have just been resolved.
    """
    source, brokers = (at or cluster)._replace(name=POLLERS), cluster._replace(name=BROKERS)
    states = mappings.states or ()
    findings = list(_port_findings(facts, source, brokers, pollers.ports))
    findings += dns_findings(facts, source, resolved)
    findings += service_findings(facts, source, poller_needs(pollers, mappings.states))
    findings += _denied(mappings.denied or ())
    findings += _listener(pollers)
    findings += [*mode_findings(states, provisioned=pollers.provisioned), *poller_group_findings(states)]
    findings += filter_findings(states)
    # Lambda's own results come last: the findings before may explain them.
    findings += report_findings(mappings.states, pollers.function, _error_codes(findings))
    findings += [*_refused(mappings.refusals), *_not_checked(mappings, pollers.listener)]
    return grouped(findings)


def _error_codes(findings: Iterable[NetworkFinding]) -> set[Code]:
    return {finding.code for finding in findings if finding.severity == "error"}


def _port_findings(
    facts: Facts, source: NetworkEnd, brokers: NetworkEnd, ports: Iterable[int]
) -> Iterator[NetworkFinding]:
    for port in ports:
        flow = Flow(source, brokers, port, "error")
        yield from security_group_findings(facts, flow)
        yield from acl_findings(facts, flow)


def _refused(refusals: Iterable[str]) -> Iterator[NetworkFinding]:
    for refusal in refusals:
        remedy = "allow it, and give the function a route to it (endpoint or NAT); the rest is checked without it"
        yield _finding("not-read", "note", _FORWARDER, refusal, remedy)


def _not_checked(mappings: MappingFacts, listener: PollerListener) -> Iterator[NetworkFinding]:
    more = len(mappings.states or ()) - MAX_MAPPINGS
    if listener.protocol == "iam" and more > 0 and mappings.denied is not None:
        text = f"the role's permissions on the topics and groups of {more} more mappings were not checked"
        yield _finding("not-read", "note", _FORWARDER, text, "usually they have the permissions of the others")


def _denied(denied: Sequence[Denied]) -> Iterator[NetworkFinding]:
    """All of them as one finding: usually one statement of a policy is missing."""
    if not denied:
        return
    actions: dict[str, list[str]] = {}
    for action, resource in denied:
        actions.setdefault(resource, []).append(action)
    refused = "; ".join(f"{listed(names)} on {resource}" for resource, names in actions.items())
    text = f"the forwarder's role, which the pollers assume, is not allowed {refused}"
    yield _finding("role-denied", "error", listed(list(actions)), text, "allow it in the role's policies")


def _listener(pollers: Pollers) -> Iterator[NetworkFinding]:
    """Where Lambda chooses another listener than AuthMode names, or may."""
    mode, listener = pollers.auth_mode, pollers.listener
    if mode not in {"none", "tls"}:
        return
    if not listener.sure:
        text = "it is not known whether the cluster has IAM or TLS on; if so, the pollers use that, not AuthMode"
        yield _finding("poller-listener", "note", BROKERS, text, "allow kafka:GetBootstrapBrokers, then run it again")
    elif listener.protocol != _PROTOCOLS[mode]:
        text = (
            f"the pollers use {listener.protocol} on {listener.port}, the strongest that the cluster has on, whatever "
            f"AuthMode is ({mode}); Lambda tries no other"
        )
        remedy = "nothing to do unless this list has a finding about that port or the role"
        yield _finding("poller-listener", "note", BROKERS, text, remedy)


def _finding(code: Code, severity: Severity, target: str, text: str, remedy: str) -> NetworkFinding:
    return NetworkFinding(severity=severity, code=code, source=POLLERS, target=target, text=text, remedy=remedy)
