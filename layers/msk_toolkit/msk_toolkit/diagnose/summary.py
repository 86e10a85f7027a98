"""The diagnosis in one status and one sentence: a pure decision."""

from collections.abc import Iterable, Sequence
from typing import Literal

from msk_toolkit.causes import Cause
from msk_toolkit.diagnose.finding import BROKERS, NetworkFinding
from msk_toolkit.diagnose.report import ListenerReport
from msk_toolkit.msk.findings import Finding

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
) -> tuple[Literal["healthy", "degraded", "down"], str]:
    """The status of the listener in use, and a sentence with the reason, where the network explains it."""
    errors = sum(finding.severity == "error" for finding in findings)
    errors += sum(finding.severity == "error" for finding in (*network, *mapping))
    counted = f"{errors or 'no'} error{'' if errors == 1 else 's'} in the AWS configuration"
    used = next((listener for listener in listeners if listener.in_use), None)
    if used is None:
        return "down", f"the listener in use is not known; {counted}"
    name = f"the listener in use ({used.network} {used.protocol})"
    if used.status == "healthy":
        return "degraded" if errors else "healthy", f"{name} works; {counted}"
    summary = f"{name}: {used.summary}{_reason(used, network)}; {counted}"
    return "degraded" if used.status == "degraded" else "down", summary


def _reason(used: ListenerReport, network: Iterable[NetworkFinding]) -> str:
    """The finding that explains why brokers can't be reached, where there is one."""
    causes = {report.failure.cause for report in used.broker_reports if report.failure}
    if not causes & _NETWORK_CAUSES:
        return ""
    for finding in network:
        if _explains(finding, used.ports):
            return f"; {finding.sentence}"
    return ""


def _explains(finding: NetworkFinding, ports: Sequence[int]) -> bool:
    if finding.severity == "note" or finding.target != BROKERS or finding.code in _INCONCLUSIVE:
        return False
    return finding.port is None or finding.port in ports
