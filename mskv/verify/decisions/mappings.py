"""Each event source mapping: its state, whether its mode matches the stack, and the result of its last poll."""

from collections.abc import Iterator, Sequence
from math import ceil

from mskv.facts import Mapping, Stack, Unavailable
from mskv.verify.check import Check, failed, joined, ok, unavailable

MAPPING_TYPE = "AWS::Lambda::EventSourceMapping"
_PARTIAL = "ReportBatchItemFailures"
# An event poller unit is four pollers, 0.185 USD an hour in us-east-1 (November 2026; README has the whole table).
_POLLERS_A_UNIT = 4
_UNIT_MONTH_USD = 135
_UPDATE = "aws lambda update-event-source-mapping --uuid"


def mapping_checks(stack: Stack, mappings: Sequence[Mapping] | Unavailable) -> list[Check]:
    """A line for each mapping of the stack."""
    if isinstance(mappings, Unavailable):
        return [unavailable("mappings", "all", mappings)]
    known = {mapping.id: mapping for mapping in mappings}
    ids = stack.physical_ids(MAPPING_TYPE)
    if not ids:
        return [failed("mappings", "all", "the stack has none, so no record is forwarded", "set ForwardTopics")]
    return [_mapping(stack, name, known.get(uuid)) for name, uuid in sorted(ids.items())]


def _mapping(stack: Stack, logical_id: str, mapping: Mapping | None) -> Check:
    if mapping is None:
        text = "the forwarder has no such mapping: it was deleted manually"
        return failed(
            "mappings", logical_id, text, "remove its topic from ForwardTopics and deploy, then add it again and deploy"
        )
    name = ", ".join(mapping.topics) or logical_id
    faults = list(_faults(stack, mapping))
    if faults:
        causes, remedies = zip(*faults, strict=True)
        return failed("mappings", name, joined(*causes), joined(*dict.fromkeys(remedies)))
    mode = "on demand"
    if mapping.minimum_pollers is not None:
        mode = f"provisioned, minimum {mapping.minimum_pollers} pollers"
    if mapping.has_filters:
        mode += ", with a filter: records that do not match are not forwarded"
    return ok("mappings", name, f"{mapping.state}, {mode}; last result: {mapping.last_result or 'none yet'}")


def _faults(stack: Stack, mapping: Mapping) -> Iterator[tuple[str, str]]:
    """Cause and remedy of each fault."""
    yield from _state_faults(mapping)
    expected = stack.parameters.get("PollerMode", "on-demand")
    if expected == "on-demand":
        yield from _on_demand_faults(mapping)
    elif mapping.minimum_pollers is None:
        text = "on demand, but PollerMode is provisioned: partial batch responses count as success and lose records"
        yield text, "deploy the stack again; until then the forwarder raises as on demand"
    elif _PARTIAL not in mapping.response_types:
        yield f"{_PARTIAL} is off, so partial batch responses are ignored", "deploy the stack again"
    if mapping.last_poll_failed:
        remedy = "see network and listener above, and the pollers' requirements in docs/diagnose.md"
        yield f"its last poll failed: {mapping.last_result}", remedy


def _state_faults(mapping: Mapping) -> Iterator[tuple[str, str]]:
    state = mapping.state or "in an unknown state"
    if mapping.transition_reason:
        state += f" ({mapping.transition_reason})"
    if mapping.state in ("Disabled", "Disabling"):
        yield f"it is {state}: its records wait in Kafka", f"{_UPDATE} {mapping.id} --enabled"
    elif mapping.state != "Enabled":
        yield f"it is {state}", "wait a few minutes, then run verify again"


def _on_demand_faults(mapping: Mapping) -> Iterator[tuple[str, str]]:
    if mapping.minimum_pollers is not None:
        yield _leftover(mapping), f"{_UPDATE} {mapping.id} --provisioned-poller-config '{{}}'"
    elif _PARTIAL in mapping.response_types:
        text = f"it is on demand with {_PARTIAL}, which requires provisioned mode"
        yield text, f"{_UPDATE} {mapping.id} --function-response-types"
    if mapping.has_destination:
        text = "it has an on-failure destination, which on demand limits the unlimited retries to ten"
        yield text, f"{_UPDATE} {mapping.id} --destination-config '{{}}'"


def _leftover(mapping: Mapping) -> str:
    units = ceil((mapping.minimum_pollers or 1) / _POLLERS_A_UNIT)
    return (
        f"its pollers are still provisioned, but PollerMode is on-demand: about {units * _UNIT_MONTH_USD} USD a month "
        "(less if several mappings share a poller group)"
    )
