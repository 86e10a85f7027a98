"""What Lambda says of a mapping, as a cause."""

from collections.abc import Mapping

from msk_toolkit.aws.mappings import MappingState
from msk_toolkit.diagnose.finding import Code
from msk_toolkit.diagnose.mapping_states import Meaning, meaning_of_reason, meaning_of_result
from msk_toolkit.path_causes import PathCause
from msk_toolkit.status.model import MappingStatus

_OFF = frozenset({"Disabled", "Disabling", "Deleting"})
# What the forwarder itself reports in its log, with the reason.
_FORWARDER_FAILED = "Function call failed"
_CAUSE_OF_CODE: Mapping[Code, PathCause] = {
    "role-denied": PathCause.MAPPING_CANNOT_LOG_IN,
    "egress-closed": PathCause.MAPPING_CANNOT_CONNECT,
    "service-unreachable": PathCause.MAPPING_CANNOT_CONNECT,
    "dns-off": PathCause.MAPPING_CANNOT_CONNECT,
}


def mapping_status(state: MappingState) -> MappingStatus:
    """A mapping for people."""
    return MappingStatus(
        id=state.id, state=state.state, reason=state.reason, result=state.result, filters=state.filters
    )


def mapping_cause(state: MappingState) -> PathCause | None:
    """Why it does not poll; None for one that does, and for one whose trouble is the forwarder's."""
    reason = meaning_of_reason(state.reason)
    if reason is not None and reason.severity == "error":
        return _cause(reason)
    if state.state in _OFF:
        return PathCause.MAPPING_DISABLED
    result = meaning_of_result(state.result)
    if result is None or forwarder_failed(state):
        return None
    return _cause(result)


def forwarder_failed(state: MappingState) -> bool:
    """Whether the last result is that the forwarder failed."""
    return _FORWARDER_FAILED.casefold() in state.result.casefold()


def mapping_detail(state: MappingState) -> str:
    """What Lambda says, and what that means."""
    reason = meaning_of_reason(state.reason)
    if reason is not None:
        return f"{state.reason}: {reason.meaning}"
    result = meaning_of_result(state.result)
    if result is not None and state.state not in _OFF:
        return f"{state.result}: {result.meaning}"
    return f"{state.state} ({state.reason})" if state.reason else state.state


def _cause(meaning: Meaning) -> PathCause:
    for code, cause in _CAUSE_OF_CODE.items():
        if code in meaning.related:
            return cause
    return PathCause.MAPPING_FAILING
