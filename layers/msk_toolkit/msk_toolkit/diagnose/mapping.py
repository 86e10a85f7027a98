"""What the event source mappings lack; their pollers are in the cluster's subnets and security groups."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import msgspec

from msk_toolkit.aws.mappings import MappingState
from msk_toolkit.aws.permissions import Denied
from msk_toolkit.diagnose.filters import Flow, acl_findings, security_group_findings
from msk_toolkit.diagnose.finding import BROKERS, POLLERS, Code, NetworkEnd, NetworkFinding, Severity
from msk_toolkit.diagnose.mapping_mode import mode_findings, poller_group_findings
from msk_toolkit.diagnose.mapping_states import STATES, UNKNOWN, Meaning, meaning_of_reason, meaning_of_result
from msk_toolkit.diagnose.needs import FunctionMode, needs_of
from msk_toolkit.diagnose.network import ordered
from msk_toolkit.diagnose.poller_role import MAX_MAPPINGS
from msk_toolkit.diagnose.services import Need, dns_findings, service_findings
from msk_toolkit.msk.listeners import Protocol
from msk_toolkit.msk.pollers import PollerListener
from msk_toolkit.settings.cluster import AuthMode
from msk_toolkit.vpc.facts import Facts

_FORWARDER = "the forwarder"
_PROTOCOLS: Mapping[AuthMode, Protocol] = {"none": "plaintext", "tls": "tls"}
_POLLER_MODES: Mapping[bool, FunctionMode] = {True: "provisioned", False: "on-demand"}
# Lambda ends these states itself.
_IN_TRANSITION = {"Creating", "Enabling", "Updating"}


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
    if pollers.auth_mode == "scram":
        modes.add("scram")
    return needs_of("pollers", modes)


def _poller_modes(states: Iterable[MappingState]) -> set[FunctionMode]:
    return {_POLLER_MODES[state.provisioned] for state in states}


def mapping_findings(
    facts: Facts, cluster: NetworkEnd, pollers: Pollers, mappings: MappingFacts, *, resolved: Collection[str] = ()
) -> list[NetworkFinding]:
    """Everything that keeps the pollers from the brokers, from the function or from their credentials.

    Args:
        resolved: the VPCs in which names have just been resolved.
    """
    source, brokers = cluster._replace(name=POLLERS), cluster._replace(name=BROKERS)
    states = mappings.states or ()
    findings = list(_port_findings(facts, source, brokers, pollers.ports))
    findings += dns_findings(facts, source, resolved)
    findings += service_findings(facts, source, poller_needs(pollers, mappings.states))
    findings += _denied(mappings.denied or ())
    findings += _listener(pollers)
    findings += [*mode_findings(states, provisioned=pollers.provisioned), *poller_group_findings(states)]
    # Lambda's own results come last: the findings before may explain them.
    findings += _state_findings(mappings.states, pollers.function, _error_codes(findings))
    findings += [*_refused(mappings.refusals), *_not_checked(mappings, pollers.listener)]
    return ordered(findings)


def _error_codes(findings: Iterable[NetworkFinding]) -> set[Code]:
    return {finding.code for finding in findings if finding.severity == "error"}


def _port_findings(
    facts: Facts, source: NetworkEnd, brokers: NetworkEnd, ports: Iterable[int]
) -> Iterator[NetworkFinding]:
    for port in ports:
        flow = Flow(source, brokers, port, "error")
        yield from security_group_findings(facts, flow)
        yield from acl_findings(facts, flow)


def _state_findings(
    states: Sequence[MappingState] | None, function: str, errors: Collection[Code]
) -> Iterator[NetworkFinding]:
    for state in states or ():
        yield from _state(state, function, errors)
    if states == []:
        text = "no event source mapping leads from the cluster to the forwarder"
        yield _finding("mapping-failing", "error", _FORWARDER, text, "check the stack's events")


def _refused(refusals: Iterable[str]) -> Iterator[NetworkFinding]:
    for refusal in refusals:
        remedy = "allow it, and give the function a route to it (endpoint or NAT); the rest is checked without it"
        yield _finding("not-read", "note", _FORWARDER, refusal, remedy)


def _not_checked(mappings: MappingFacts, listener: PollerListener) -> Iterator[NetworkFinding]:
    more = len(mappings.states or ()) - MAX_MAPPINGS
    if listener.protocol == "iam" and more > 0 and mappings.denied is not None:
        text = f"the role's permissions on the topics and groups of {more} more mappings were not checked"
        yield _finding("not-read", "note", _FORWARDER, text, "usually they have the permissions of the others")


def _denied(denied: Iterable[Denied]) -> Iterator[NetworkFinding]:
    for action, resource in denied:
        text = f"the forwarder's role, which the pollers assume, is not allowed {action} on {resource}"
        yield _finding("role-denied", "error", resource, text, "allow it in the role's policies")


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


def _state(state: MappingState, function: str, errors: Collection[Code]) -> Iterator[NetworkFinding]:
    """What Lambda says of one mapping: its last result, the reason for its last change, and its state."""
    result, reason = meaning_of_result(state.result), meaning_of_reason(state.reason)
    if result:
        text = f"{state.name} reports of its last run: {state.result} ({result.meaning})"
        remedy = _remedy(result, state, function, errors)
        yield _finding("mapping-failing", _severity_of_result(state), _FORWARDER, text, remedy)
    if reason and state.state not in _IN_TRANSITION:
        text = f"{state.name} is {state.state} with {state.reason}: {reason.meaning}"
        remedy = _remedy(reason, state, function, errors)
        yield _finding("mapping-failing", reason.severity, _FORWARDER, text, remedy)
    elif state.state != "Enabled":
        yield _not_enabled(state, function, errors)


def _severity_of_result(state: MappingState) -> Severity:
    if state.state == "Enabled":
        return "error"
    # The result of a mapping that is off is an old one.
    return "warning"


def _not_enabled(state: MappingState, function: str, errors: Collection[Code]) -> NetworkFinding:
    meaning = STATES.get(state.state, UNKNOWN._replace(severity="warning"))
    code: Code = "mapping-changing" if state.state in _IN_TRANSITION else "mapping-off"
    label = f"{state.name} is {state.state}"
    if state.reason:
        label += f" ({state.reason})"
    text = f"{label}: {meaning.meaning.format(topic=_topic(state))}"
    return _finding(code, meaning.severity, _FORWARDER, text, _remedy(meaning, state, function, errors))


def _remedy(meaning: Meaning, state: MappingState, function: str, errors: Collection[Code]) -> str:
    names = {"topic": _topic(state), "group": state.group, "uuid": state.id, "function": function or "FORWARDER"}
    remedy = meaning.remedy.format(**names)
    first = sorted(meaning.related & set(errors))
    if not first:
        return remedy
    return f"fix {' and '.join(first)} above first; then {remedy}"


def _topic(state: MappingState) -> str:
    return ", ".join(state.topics) or "its topic"


def _finding(code: Code, severity: Severity, target: str, text: str, remedy: str) -> NetworkFinding:
    return NetworkFinding(severity=severity, code=code, source=POLLERS, target=target, text=text, remedy=remedy)
