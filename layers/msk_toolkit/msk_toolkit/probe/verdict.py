"""From every broker's stages to one verdict: a pure function that names the cause and not its echoes."""

from collections.abc import Sequence

from msk_toolkit.causes import Cause
from msk_toolkit.network.stages import StageResult
from msk_toolkit.probe.results import BrokerReport, Health, Verdict
from msk_toolkit.stage import Stage
from msk_toolkit.version import document_url

RUNBOOK = document_url("docs/runbook.md")

# A broker that is gone makes the others wait for its acknowledgement, lose its replica, take over its partitions, or
# lose the group's coordinator: true of them, but not their fault.
_ECHOES = {
    Cause.ACKNOWLEDGEMENT_LATE,
    Cause.ISR_BELOW_MINIMUM,
    Cause.NOT_ENOUGH_REPLICAS,
    Cause.LEADER_MOVED,
    Cause.LEADERLESS,
    Cause.COORDINATOR_UNAVAILABLE,
    Cause.COORDINATOR_MOVED,
    Cause.REBALANCE_TIMEOUT,
    Cause.REQUEST_TIMEOUT,
    Cause.OFFSET_NOT_AVAILABLE,
}
# Never the end of the whole cluster: what passes by itself when brokers restart, and what tells of the past.
_STILL_UP = {
    Cause.LEADER_MOVED,
    Cause.COORDINATOR_UNAVAILABLE,
    Cause.COORDINATOR_MOVED,
    Cause.REBALANCE_TIMEOUT,
    Cause.HEARTBEAT_MISSING,
}
# The broker refused a write for as long as the stage lasted.
_REFUSED = Cause.ISR_BELOW_MINIMUM
# Warnings of brokers that tell of the cluster or its groups: no broker is to blame, and still something is wrong.
_CLUSTER_WIDE = {Cause.LEADERLESS, Cause.REBALANCE_TIMEOUT}
# What a broker shows that leaves in the middle of a run.
_GONE = {Cause.CONNECTION_CLOSED, Cause.CONNECTION_REFUSED, Cause.CONNECT_TIMEOUT, Cause.UNREACHABLE, Cause.TLS_TIMEOUT}

Failed = tuple[BrokerReport, StageResult]


def judge_brokers(reports: Sequence[BrokerReport]) -> Verdict:
    """Judge the brokers.

    ``down`` when every broker fails by itself or none takes a write, ``degraded`` when some fail or the cluster has a
    fault that is no single broker's, ``healthy`` otherwise.
    """
    brokers = [report for report in reports if not report.is_alias]
    if not brokers:
        return Verdict("down", "no broker is known")
    warnings = _warnings(reports)
    failed = [(report, failure) for report in brokers if (failure := report.failure)]
    if failed:
        return _failing(brokers, failed, warnings)
    if clusters := _of_the_cluster(brokers):
        text = f"all brokers answer, and {clusters.detail}"
        return Verdict(
            status="degraded",
            summary=text,
            stage=clusters.stage,
            cause=clusters.cause,
            remedy=clusters.remedy,
            runbook=f"{RUNBOOK}#{clusters.cause}",
            warnings=warnings,
        )
    everyone = f"all {len(brokers)} brokers pass" if len(brokers) > 1 else "the only broker passes"
    text = f"{everyone} every stage{_not_written_to(brokers)}{_also_known_as(reports)}"
    return Verdict("healthy", text, warnings=warnings)


def _failing(brokers: Sequence[BrokerReport], failed: list[Failed], warnings: list[str]) -> Verdict:
    own = _without_echoes(failed)
    first, failure = min(own, key=_first_to_look_at)
    same = [report for report, other in own if (other.stage, other.cause) == (failure.stage, failure.cause)]
    everyone_fails_alike = len(same) == len(brokers) and len(brokers) > 1
    if everyone_fails_alike:
        text = f"all {len(brokers)} brokers fail at {failure.stage}: {failure.detail}"
    else:
        names = " and ".join(report.name for report in same)
        text = f"{names} {'fails' if len(same) == 1 else 'fail'} at {failure.stage}: {failure.detail}"
    if others := len(failed) - len(same):
        text += f"; {others} other broker{'s' if others > 1 else ''} affected"
    if (leaderless := _of_the_cluster(brokers)) and leaderless.cause == Cause.LEADERLESS:
        text += f"; {leaderless.detail}"
    return Verdict(
        _health(brokers, own),
        text,
        None if everyone_fails_alike else first.broker,
        None if everyone_fails_alike else first.address,
        failure.stage,
        failure.cause,
        failure.remedy,
        f"{RUNBOOK}#{failure.cause}",
        warnings,
    )


def _health(brokers: Sequence[BrokerReport], own: list[Failed]) -> Health:
    if no_writes(brokers):
        return "down"
    still_up = all(failure.cause in _STILL_UP for _, failure in own)
    return "down" if len(own) == len(brokers) and not still_up else "degraded"


def no_writes(reports: Sequence[BrokerReport]) -> bool:
    """Whether brokers refuse writes for want of replicas, and none takes one."""
    writes = [result for report in reports for result in report.stages if result.stage == Stage.PRODUCE]
    tried = [result for result in writes if result.status != "skipped"]
    return bool(tried) and all(result.status == "failed" and result.cause == _REFUSED for result in tried)


def explained_by_planned_work(reports: Sequence[BrokerReport]) -> bool:
    """Whether planned work of MSK, which takes one broker at a time, may be all that fails here.

    Work that is planned leaves every partition writable: a write that is refused is an outage whatever MSK says.
    """
    seen = {result.cause for report in reports for result in report.stages if result.status in ("failed", "warn")}
    return len(own_failures(reports)) <= 1 and seen.isdisjoint({_REFUSED, Cause.LEADERLESS})


def _first_to_look_at(pair: Failed) -> tuple[bool, int]:
    _, failure = pair
    # That no broker lists one more is what others say of it; a broker of which a connection tells more comes first.
    return failure.cause == Cause.NOT_IN_METADATA, failure.stage.position


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
    if not failure.stage.comes_after(Stage.METADATA) or failure.cause in _GONE:
        return True
    # It stopped answering, and does not answer a second connection either.
    later = [result.cause for result in report.stages if result.status == "failed" and result is not failure]
    return any(cause in _GONE or cause == Cause.REQUEST_TIMEOUT for cause in later)


def _warnings(reports: Sequence[BrokerReport]) -> list[str]:
    return [
        f"{report.name} warns at {result.stage}: {result.detail}"
        for report in reports
        for result in report.stages
        if result.status == "warn"
    ]


def _of_the_cluster(reports: Sequence[BrokerReport]) -> StageResult | None:
    results = (result for report in reports for result in report.stages)
    return next((result for result in results if result.cause in _CLUSTER_WIDE), None)


def _not_written_to(reports: Sequence[BrokerReport]) -> str:
    idle = [
        report.name
        for report in reports
        if any(result.stage == Stage.PRODUCE and result.status == "skipped" for result in report.stages)
    ]
    if not idle:
        return ""
    lead, were = ("leads", "was") if len(idle) == 1 else ("lead", "were")
    return (
        f"; {' and '.join(idle)} {lead} no partition of the probe topic and {were} not written to "
        "(normal for some minutes after a restart)"
    )


def _also_known_as(reports: Sequence[BrokerReport]) -> str:
    aliases = [report.address for report in reports if report.is_alias]
    if not aliases:
        return ""
    return f"; the bootstrap addresses {', '.join(aliases)} are other names of them"
