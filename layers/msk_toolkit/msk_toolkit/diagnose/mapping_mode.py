"""Whether the mappings are in the stack's mode, what provisioned pollers cost, what the mappings leave out, and the
limits of a poller group."""

from collections.abc import Iterator, Sequence

from msk_toolkit.aws.mappings import MappingState
from msk_toolkit.aws.poller_groups import poller_group_problems
from msk_toolkit.diagnose.finding import POLLERS, Code, NetworkFinding, Severity, listed

# us-east-1, November 2026: an Event Poller Unit costs 0.185 an hour, and each mapping or group has one or more.
UNIT_DOLLARS_A_MONTH = round(0.185 * 730)
_UPDATE = "aws lambda update-event-source-mapping --uuid"


def mode_findings(states: Sequence[MappingState], *, provisioned: bool) -> Iterator[NetworkFinding]:
    """Mappings whose mode is not the stack's (``provisioned``), and what the other mode's properties do there.

    CloudFormation treats a ProvisionedPollerConfig that was removed from the template as "no change", so a stack that
    went back to on-demand may still pay for pollers.
    """
    for state in states:
        if state.provisioned != provisioned:
            yield _other_mode(state)
        if state.destination and not state.provisioned:
            yield _destination_on_demand(state)


def filter_findings(states: Sequence[MappingState]) -> Iterator[NetworkFinding]:
    """Mappings that select records: what they leave out is missing at the target, and no fault."""
    names = [", ".join(state.topics) or state.id for state in states if state.filters]
    if names:
        text = (
            f"the mappings of {listed(names)} have filters: records that match none are neither forwarded nor "
            "dead-lettered, and their offsets are committed"
        )
        remedy = "nothing to do; if records are missing in Vantiq, compare them with RecordFilter first"
        yield _finding("record-filter", "note", text, remedy)


def poller_group_findings(states: Sequence[MappingState]) -> Iterator[NetworkFinding]:
    """Poller groups that exceed what Lambda allows."""
    for name, maximums in sorted(_maximums_by_group(states).items()):
        for problem in poller_group_problems(maximums):
            remedy = "lower MaximumPollers, or forward some of the topics with a second stack"
            yield _finding("poller-group", "warning", f"poller group {name}: {problem}", remedy)


def _maximums_by_group(states: Sequence[MappingState]) -> dict[str, list[int]]:
    maximums: dict[str, list[int]] = {}
    for state in states:
        if state.poller_group:
            maximums.setdefault(state.poller_group, []).append(state.maximum_pollers)
    return maximums


def _other_mode(state: MappingState) -> NetworkFinding:
    """The finding about a mapping whose mode is not the stack's."""
    if state.provisioned:
        return _finding("mapping-mode", _severity(state, "warning"), _costs(state), _turn_off(state))
    text = (
        f"{state.name} is on demand, but the stack is provisioned: the forwarder fails whole batches instead "
        "of reporting batch item failures, and discarded batches are not kept"
    )
    return _finding("mapping-mode", _severity(state, "error"), text, _turn_on(state))


def _severity(state: MappingState, settled: Severity) -> Severity:
    # In the middle of a change Lambda may still report the old mode.
    if state.state in {"Creating", "Updating"}:
        return "note"
    return settled


def _destination_on_demand(state: MappingState) -> NetworkFinding:
    text = (
        f"{state.name} is on demand and has an on-failure destination ({state.destination}): Lambda discards a "
        "batch after ten attempts, which a short outage of Vantiq uses up"
    )
    remedy = f"""{_UPDATE} {state.id} --destination-config '{{"OnFailure":{{"Destination":""}}}}'"""
    return _finding("mapping-mode", "error", text, remedy)


def _costs(state: MappingState) -> str:
    payer = "it costs"
    if state.poller_group:
        payer = f"its poller group {state.poller_group} costs"
    return (
        f"{state.name} is provisioned ({state.minimum_pollers} to {state.maximum_pollers} pollers), but the stack is "
        f"on-demand: {payer} about {UNIT_DOLLARS_A_MONTH} USD a month or more"
    )


def _turn_off(state: MappingState) -> str:
    return f"{_UPDATE} {state.id} --provisioned-poller-config '{{}}'"


def _turn_on(state: MappingState) -> str:
    return (
        "deploy the stack again; where CloudFormation sees no change: "
        f"{_UPDATE} {state.id} --provisioned-poller-config MinimumPollers=1,MaximumPollers=3 "
        "--function-response-types ReportBatchItemFailures"
    )


def _finding(code: Code, severity: Severity, text: str, remedy: str) -> NetworkFinding:
    return NetworkFinding(
        severity=severity, code=code, source=POLLERS, target="the forwarder", text=text, remedy=remedy
    )
