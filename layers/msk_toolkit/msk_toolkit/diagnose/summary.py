"""The diagnosis in one status and one sentence: a pure decision."""

from collections.abc import Iterable, Sequence
from typing import Literal

from msk_toolkit.causes import Cause
from msk_toolkit.diagnose.finding import BROKERS, NetworkFinding
from msk_toolkit.diagnose.report import ListenerReport
from msk_toolkit.msk.findings import Finding

_Status = Literal["healthy", "degraded", "down"]
# The causes that a blocked connection has; a broker that is down refuses it, or has no address.
_NETWORK_CAUSES = {
    Cause.CONNECT_TIMEOUT,
    Cause.UNREACHABLE,
    Cause.NAME_NOT_FOUND,
    Cause.RESOLVER_TIMEOUT,
}
# These do not say that something is blocked.
_INCONCLUSIVE = {"not-visible", "not-read"}


def summarize(
    listeners: Sequence[ListenerReport],
    findings: Iterable[Finding],
    network: Sequence[NetworkFinding],
    mapping: Iterable[NetworkFinding],
) -> tuple[_Status, str]:
    """The status of the listener in use, and a sentence with the reason, where the network explains it."""
    errors = sum(finding.severity == "error" for finding in findings)
    errors += sum(finding.severity == "error" for finding in (*network, *mapping))
    used = _in_use(listeners)
    if used is None:
        return "down", f"the listener in use is not known; {_counted(errors)}"
    name = f"the listener in use ({used.network} {used.protocol})"
    return _status(used, errors), f"{name}{_result(used, network)}; {_counted(errors)}"


def _in_use(listeners: Iterable[ListenerReport]) -> ListenerReport | None:
    return next((listener for listener in listeners if listener.in_use), None)


def _counted(errors: int) -> str:
    if errors == 1:
        return "1 error in the AWS configuration"
    return f"{errors or 'no'} errors in the AWS configuration"


def _status(used: ListenerReport, errors: int) -> _Status:
    if used.status not in {"healthy", "degraded"}:
        return "down"
    if used.status == "degraded" or errors:
        return "degraded"
    return "healthy"


def _result(used: ListenerReport, network: Iterable[NetworkFinding]) -> str:
    """What continues the name of the listener in use."""
    if used.status == "healthy":
        return " works"
    return f": {used.summary}{_reason(used, network)}"


def _reason(used: ListenerReport, network: Iterable[NetworkFinding]) -> str:
    """The finding that explains why brokers can't be reached, where there is one."""
    if used.causes.isdisjoint(_NETWORK_CAUSES):
        return ""
    for finding in network:
        if _explains(finding, used.ports):
            return f"; {finding.sentence}"
    return ""


def _explains(finding: NetworkFinding, ports: Sequence[int]) -> bool:
    return _is_conclusive(finding) and finding.port in (None, *ports)


def _is_conclusive(finding: NetworkFinding) -> bool:
    """Whether a finding says that the path to the brokers is blocked."""
    return finding.severity != "note" and finding.target == BROKERS and finding.code not in _INCONCLUSIVE
