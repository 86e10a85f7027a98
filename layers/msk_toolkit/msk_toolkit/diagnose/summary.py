"""The diagnosis in one status and one sentence, which begins with what blocks first: a pure decision."""

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
    findings: Sequence[Finding],
    network: Sequence[NetworkFinding],
    mapping: Iterable[NetworkFinding],
) -> tuple[_Status, str]:
    """The status of the listener in use, and a sentence that begins with what blocks first.

    1. The listener in use does not work: its verdict, and the finding that explains it, where there is one.
    2. It works: the first error of the cluster, the network or the mappings, in this order.
    3. There is no error: that everything works.
    """
    errors = [_sentence(finding) for finding in findings if finding.severity == "error"]
    errors += [finding.sentence for finding in (*network, *mapping) if finding.severity == "error"]
    used = _in_use(listeners)
    if used is None:
        return "down", f"the listener in use is not known; {_counted(errors)}"
    name = f"the listener in use ({used.network} {used.protocol})"
    if used.status != "healthy":
        reason = _refused_login(used, findings) or _reason(used, network)
        others = [error for error in errors if error != reason]
        explained = f"; {reason}{_more(others)}" if reason else f"; {_counted(errors)}"
        return _status(used, errors), f"{name}: {used.summary}{explained}"
    if errors:
        return "degraded", f"{errors[0]}{_more(errors[1:])}; {name} works"
    return "healthy", f"{name} works: {used.summary}; {_counted(errors)}"


def _in_use(listeners: Iterable[ListenerReport]) -> ListenerReport | None:
    return next((listener for listener in listeners if listener.in_use), None)


def _counted(errors: Sequence[str]) -> str:
    if len(errors) == 1:
        return "1 error in the AWS configuration"
    return f"{len(errors) or 'no'} errors in the AWS configuration"


def _more(errors: Sequence[str]) -> str:
    if not errors:
        return ""
    return f"; {len(errors)} more error{'s' if len(errors) > 1 else ''} in the AWS configuration"


def _status(used: ListenerReport, errors: Sequence[str]) -> _Status:
    if used.status not in {"healthy", "degraded"}:
        return "down"
    if used.status == "degraded" or errors:
        return "degraded"
    return "healthy"


def _sentence(finding: Finding) -> str:
    return f"{finding.subject}: {finding.text}"


def _refused_login(used: ListenerReport, findings: Iterable[Finding]) -> str:
    """The finding about the secret that explains why the login is refused, where it is and there is one."""
    if Cause.AUTHENTICATION_FAILED not in used.causes:
        return ""
    about_secret = [finding for finding in findings if finding.severity == "error" and _is_about_secret(finding)]
    return _sentence(about_secret[0]) if about_secret else ""


def _is_about_secret(finding: Finding) -> bool:
    return finding.subject.startswith("secret ")


def _reason(used: ListenerReport, network: Iterable[NetworkFinding]) -> str:
    """The finding that explains why brokers can't be reached, where there is one."""
    if used.causes.isdisjoint(_NETWORK_CAUSES):
        return ""
    return next((finding.sentence for finding in network if _explains(finding, used.ports)), "")


def _explains(finding: NetworkFinding, ports: Sequence[int]) -> bool:
    return _is_conclusive(finding) and (not finding.ports or not set(finding.ports).isdisjoint(ports))


def _is_conclusive(finding: NetworkFinding) -> bool:
    """Whether a finding says that the path to the brokers is blocked."""
    return finding.severity != "note" and finding.target == BROKERS and finding.code not in _INCONCLUSIVE
