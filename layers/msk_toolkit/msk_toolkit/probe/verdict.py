"""From every broker's stages to one verdict: a pure function that names the cause and not its echoes."""

from collections.abc import Sequence

from msk_toolkit.network.stages import StageResult
from msk_toolkit.probe.results import BrokerReport, Health, Verdict

STAGES = ("dns", "tcp", "tls", "sasl", "metadata", "acl", "produce", "fetch", "commit")
RUNBOOK = "docs/runbook.md"

# A broker that is gone makes the others wait for its acknowledgement, lose its replica, take over its partitions, or
# lose the group's coordinator: true of them, but not their fault.
_ECHOES = {
    "acknowledgement-late",
    "isr-below-minimum",
    "not-enough-replicas",
    "leader-moved",
    "leaderless",
    "coordinator-unavailable",
    "coordinator-moved",
    "rebalance-timeout",
    "request-timeout",
    "offset-not-available",
}
# Never the end of the whole cluster: what passes by itself when brokers restart, and what tells of the past.
_STILL_UP = {"leader-moved", "coordinator-unavailable", "coordinator-moved", "rebalance-timeout", "heartbeat-missing"}
_REACHED = STAGES.index("metadata")
# What a broker shows that leaves in the middle of a run.
_GONE = {"connection-closed", "connection-refused", "connect-timeout", "unreachable", "tls-timeout"}

Failed = tuple[BrokerReport, StageResult]


def verdict(reports: Sequence[BrokerReport]) -> Verdict:
    """Judge the brokers.

    ``down`` when every broker fails by itself, ``degraded`` when some do, ``healthy`` otherwise.
    """
    warnings = [
        f"{report.name} warns at {result.stage}: {result.detail}"
        for report in reports
        for result in report.stages
        if result.status == "warn"
    ]
    if not reports:
        return Verdict("down", "no broker is known")
    failed = [(report, failure) for report in reports if (failure := report.failure)]
    if not failed and (leaderless := _leaderless(reports)):
        text, found = f"all brokers answer, and {leaderless.detail}", leaderless.cause
        return Verdict(
            "degraded", text, None, None, "metadata", found, leaderless.remedy, f"{RUNBOOK}#{found}", warnings
        )
    if not failed:
        everyone = f"all {len(reports)} brokers pass" if len(reports) > 1 else "the only broker passes"
        return Verdict("healthy", f"{everyone} every stage{_not_written_through(reports)}", warnings=warnings)
    own = _without_echoes(failed)
    first, failure = min(own, key=_first_to_look_at)
    same = [report for report, other in own if (other.stage, other.cause) == (failure.stage, failure.cause)]
    still_up = all(other.cause in _STILL_UP for _, other in own)
    status: Health = "down" if len(own) == len(reports) and not still_up else "degraded"
    if len(same) == len(reports) and len(reports) > 1:
        text, named = f"all {len(reports)} brokers fail at {failure.stage}: {failure.detail}", None
    else:
        names = " and ".join(report.name for report in same)
        text, named = f"{names} {'fails' if len(same) == 1 else 'fail'} at {failure.stage}: {failure.detail}", first
    if others := len(failed) - len(same):
        text += f"; {others} other broker{'s' if others > 1 else ''} affected"
    return Verdict(
        status,
        text,
        named.broker if named else None,
        named.address if named else None,
        failure.stage,
        failure.cause,
        failure.remedy,
        f"{RUNBOOK}#{failure.cause}",
        warnings,
    )


def _first_to_look_at(pair: Failed) -> tuple[bool, int]:
    _, failure = pair
    # That no broker lists one more is what others say of it; a broker of which a connection tells more comes first.
    return failure.cause == "not-in-metadata", STAGES.index(failure.stage)


def own_failures(reports: Sequence[BrokerReport]) -> list[Failed]:
    """The brokers that fail by themselves, with their first failure; those that only echo another's are left out."""
    return _without_echoes([(report, failure) for report in reports if (failure := report.failure)])


def _without_echoes(failed: list[Failed]) -> list[Failed]:
    away = [pair for pair in failed if _is_away(*pair)]
    if not away:
        return failed
    return [pair for pair in failed if pair in away or pair[1].cause not in _ECHOES]


def _is_away(report: BrokerReport, failure: StageResult) -> bool:
    """Whether the broker was not reached, or left in the middle of the run."""
    if STAGES.index(failure.stage) <= _REACHED or failure.cause in _GONE:
        return True
    # It stopped answering, and does not answer a second connection either.
    later = [result.cause for result in report.stages if result.status == "failed" and result is not failure]
    return any(cause in _GONE or cause == "request-timeout" for cause in later)


def _leaderless(reports: Sequence[BrokerReport]) -> StageResult | None:
    results = (result for report in reports for result in report.stages)
    return next((result for result in results if result.cause == "leaderless"), None)


def _not_written_through(reports: Sequence[BrokerReport]) -> str:
    idle = [
        report.name
        for report in reports
        if any(result.stage == "produce" and result.status == "skipped" for result in report.stages)
    ]
    return f"; not written through: {', '.join(idle)} (no partition of the probe topic to lead)" if idle else ""
