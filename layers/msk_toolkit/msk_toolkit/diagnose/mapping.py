"""What the event source mappings lack: their pollers stand in the cluster's subnets, with the cluster's groups."""

from collections.abc import Collection, Iterator, Sequence

import msgspec

from msk_toolkit.aws.mappings import MappingState
from msk_toolkit.aws.permissions import Denied
from msk_toolkit.diagnose.filters import Flow, acl_findings, security_group_findings
from msk_toolkit.diagnose.finding import BROKERS, POLLERS, Code, NetworkEnd, NetworkFinding, Severity
from msk_toolkit.diagnose.mapping_mode import mode_findings, poller_group_findings
from msk_toolkit.diagnose.mapping_states import STATES, UNKNOWN, Meaning, meaning_of_reason, meaning_of_result
from msk_toolkit.diagnose.needs import FunctionMode, needs_of
from msk_toolkit.diagnose.network import ordered
from msk_toolkit.diagnose.poller_role import MOST_MAPPINGS
from msk_toolkit.diagnose.services import Need, dns_findings, service_findings
from msk_toolkit.msk.pollers import PollerListener
from msk_toolkit.settings.cluster import AuthMode
from msk_toolkit.vpc.facts import Facts

_FORWARDER = "the forwarder"
# Lambda changes these itself; nobody should help.
_IN_TRANSITION = {"Creating", "Enabling", "Updating"}


class MappingFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What Lambda and IAM told; None where they did not. ``refusals`` say why."""

    states: list[MappingState] | None = None
    denied: list[Denied] | None = None
    refusals: list[str] = []


class Pollers(msgspec.Struct, frozen=True, kw_only=True):
    """The pollers as the stack declares them, and the listener that Lambda takes.

    ``ports`` are the listener's inside the VPC; ``provisioned`` is what PollerMode says; ``function`` is the name of
    the forwarder, for commands.
    """

    auth_mode: AuthMode
    listener: PollerListener
    ports: Sequence[int]
    provisioned: bool
    function: str = ""


def poller_needs(pollers: Pollers, states: Sequence[MappingState] | None) -> list[Need]:
    """The services that the pollers call from the cluster's subnets, in the modes that the mappings really have."""
    provisioned = {state.provisioned for state in states or ()} or {pollers.provisioned}
    modes: set[FunctionMode] = {"provisioned" if each else "on-demand" for each in provisioned}
    if pollers.auth_mode == "scram":
        modes.add("scram")
    return needs_of("pollers", modes)


def mapping_findings(
    facts: Facts, cluster: NetworkEnd, pollers: Pollers, told: MappingFacts, *, resolved: Collection[str] = ()
) -> list[NetworkFinding]:
    """Everything that keeps the pollers from the brokers, from the function or from their credentials.

    Args:
        resolved: the VPCs in which names have just been resolved.
    """
    source, brokers = cluster._replace(name=POLLERS), cluster._replace(name=BROKERS)
    findings: list[NetworkFinding] = []
    for port in pollers.ports:
        way = Flow(source, brokers, port, "error")
        findings += [*security_group_findings(facts, way), *acl_findings(facts, way)]
    findings += dns_findings(facts, source, resolved)
    findings += service_findings(facts, source, poller_needs(pollers, told.states))
    findings += [_role(action, resource) for action, resource in told.denied or ()]
    findings += _listener(pollers)
    states = told.states or ()
    findings += [*mode_findings(states, provisioned=pollers.provisioned), *poller_group_findings(states)]
    # Lambda's words come last: what explains them has been found by then.
    known = {finding.code for finding in findings if finding.severity == "error"}
    for state in states:
        findings += _state(state, pollers.function, known)
    if told.states == []:
        text, remedy = "no event source mapping leads from the cluster to the forwarder", "look at the stack's events"
        findings.append(_finding("mapping-failing", "error", _FORWARDER, text, remedy))
    findings += _unasked(told, pollers.listener)
    return ordered(findings)


def _unasked(told: MappingFacts, listener: PollerListener) -> Iterator[NetworkFinding]:
    for refusal in told.refusals:
        remedy = "allow it, and give the function a way there (endpoint or NAT); the rest is judged without"
        yield _finding("not-read", "note", _FORWARDER, refusal, remedy)
    rest = len(told.states or ()) - MOST_MAPPINGS
    if listener.protocol == "iam" and rest > 0 and told.denied is not None:
        text = f"the role's permissions on the topics and groups of {rest} more mappings were not tried"
        yield _finding("not-read", "note", _FORWARDER, text, "what holds for the others holds for them, as a rule")


def _role(action: str, resource: str) -> NetworkFinding:
    text = f"the forwarder's role, with which the pollers act, is not allowed {action} on {resource}"
    return _finding("role-denied", "error", resource, text, "allow it in the role's policies")


def _listener(pollers: Pollers) -> Iterator[NetworkFinding]:
    """Where Lambda takes another listener than the toolkit's mode says, or may."""
    mode, listener = pollers.auth_mode, pollers.listener
    if mode not in {"none", "tls"}:
        return
    if not listener.sure:
        text = "whether the cluster has IAM or TLS on is not known; where it has, the pollers take that, not AuthMode"
        yield _finding("poller-listener", "note", BROKERS, text, "allow kafka:GetBootstrapBrokers, then run it again")
    elif listener.protocol != ("plaintext" if mode == "none" else "tls"):
        text = (
            f"the pollers take {listener.protocol} on {listener.port}, the strongest that the cluster has on, whatever "
            f"AuthMode says ({mode}); Lambda tries no other"
        )
        remedy = "nothing to do where this list names no fault of that port or of the role"
        yield _finding("poller-listener", "note", BROKERS, text, remedy)


def _state(state: MappingState, function: str, known: Collection[Code]) -> Iterator[NetworkFinding]:
    """What Lambda says of one mapping: its last result, who changed it last and why, and its state."""

    def finding(code: Code, severity: Severity, text: str, meaning: Meaning) -> NetworkFinding:
        return _finding(code, severity, _FORWARDER, f"{state.name} {text}", _remedy(meaning, state, function, known))

    result, reason = meaning_of_result(state.result), meaning_of_reason(state.reason)
    if result:
        # Of a mapping that is off the result is an old one.
        severity: Severity = "error" if state.state == "Enabled" else "warning"
        text = f"says of its last run: {state.result} ({result.meaning})"
        yield finding("mapping-failing", severity, text, result)
    if reason and state.state not in _IN_TRANSITION:
        text = f"is {state.state} with {state.reason}: {reason.meaning}"
        yield finding("mapping-failing", reason.severity, text, reason)
    elif state.state != "Enabled":
        meaning = STATES.get(state.state, UNKNOWN._replace(severity="warning"))
        code: Code = "mapping-changing" if state.state in _IN_TRANSITION else "mapping-off"
        cause = f" ({state.reason})" if state.reason else ""
        text = f"is {state.state}{cause}: {meaning.meaning.format(topic=_topic(state))}"
        yield finding(code, meaning.severity, text, meaning)


def _remedy(meaning: Meaning, state: MappingState, function: str, known: Collection[Code]) -> str:
    names = {"topic": _topic(state), "group": state.group, "uuid": state.id, "function": function or "FORWARDER"}
    remedy = meaning.remedy.format(**names)
    first = sorted(meaning.related & set(known))
    return f"mend {' and '.join(first)} above first; then {remedy}" if first else remedy


def _topic(state: MappingState) -> str:
    return ", ".join(state.topics) or "its topic"


def _finding(code: Code, severity: Severity, target: str, text: str, remedy: str) -> NetworkFinding:
    return NetworkFinding(severity=severity, code=code, source=POLLERS, target=target, text=text, remedy=remedy)
