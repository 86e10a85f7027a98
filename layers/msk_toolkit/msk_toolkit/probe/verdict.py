"""From every broker's stages to one verdict: a pure function that names the cause and not its echoes."""

from collections.abc import Sequence

from msk_toolkit.network.stages import StageResult
from msk_toolkit.probe.report import BrokerReport, Health, Verdict

STAGES = ("dns", "tcp", "tls", "sasl", "metadata", "acl", "produce", "fetch", "commit")

# A broker that is gone makes the others wait for its acknowledgement, lose its replica, take over its partitions, or
# lose the group's coordinator: true of them, but not their fault.
_ECHOES = {
    "acknowledgement-late",
    "not-enough-replicas",
    "leader-moved",
    "leaderless",
    "coordinator-unavailable",
    "rebalance-timeout",
    "request-timeout",
}
_REACHED = STAGES.index("metadata")


def verdict(reports: Sequence[BrokerReport]) -> Verdict:
    """Judge the brokers.

    ``down`` when every broker fails by itself, ``degraded`` when some do, ``healthy`` otherwise.
    """
    if not reports:
        return Verdict("down", "no broker is known")
    failures = [(report, report.failure) for report in reports]
    failed = [(report, failure) for report, failure in failures if failure is not None]
    if not failed:
        everyone = f"all {len(reports)} brokers pass" if len(reports) > 1 else "the only broker passes"
        return Verdict("healthy", f"{everyone} every stage{_not_written_through(reports)}")
    own = _without_echoes(failed)
    first, failure = min(own, key=lambda pair: STAGES.index(pair[1].stage))
    same = [report for report, other in own if (other.stage, other.cause) == (failure.stage, failure.cause)]
    status: Health = "down" if len(own) == len(reports) else "degraded"
    if len(same) == len(reports) and len(reports) > 1:
        text = f"all {len(reports)} brokers fail at {failure.stage}: {failure.detail}"
        return Verdict(status, text, None, None, failure.stage, failure.cause, failure.remedy)
    names = " and ".join(report.name for report in same)
    text = f"{names} {'fails' if len(same) == 1 else 'fail'} at {failure.stage}: {failure.detail}"
    others = len(failed) - len(same)
    if others:
        text += f"; {others} other broker{'s' if others > 1 else ''} affected"
    return Verdict(status, text, first.broker, first.address, failure.stage, failure.cause, failure.remedy)


def _without_echoes(failed: list[tuple[BrokerReport, StageResult]]) -> list[tuple[BrokerReport, StageResult]]:
    unreached = [pair for pair in failed if STAGES.index(pair[1].stage) <= _REACHED]
    if not unreached:
        return failed
    own = [pair for pair in failed if pair in unreached or pair[1].cause not in _ECHOES]
    return own or failed


def _not_written_through(reports: Sequence[BrokerReport]) -> str:
    idle = [
        report.name
        for report in reports
        if any(result.stage == "produce" and result.status == "skipped" for result in report.stages)
    ]
    return f"; not written through: {', '.join(idle)} (no partition of the probe topic to lead)" if idle else ""
