"""From every broker's stages to one verdict: a pure function that names the cause and not its consequences."""

from collections.abc import Iterable, Sequence

from msk_toolkit.causes import Cause, fault_class
from msk_toolkit.network.stages import StageResult
from msk_toolkit.probe.results import MOST_WITH_ADDRESS, BrokerReport, Health, Verdict, common_detail, several
from msk_toolkit.stage import FaultClass, Stage
from msk_toolkit.version import document_url

RUNBOOK = document_url("docs/runbook.md")

# A broker that is gone makes the others wait for its acknowledgement, lose its replica, take over its partitions, or
# lose the group's coordinator: true of them, but not their fault.
_CONSEQUENCES = {
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
# Never the end of the cluster: what passes by itself when brokers restart, and what was lost in the past.
_STILL_UP = {
    Cause.LEADER_MOVED,
    Cause.COORDINATOR_UNAVAILABLE,
    Cause.COORDINATOR_MOVED,
    Cause.REBALANCE_TIMEOUT,
    Cause.HEARTBEAT_MISSING,
}
# The broker refused a write for as long as the stage lasted.
_REFUSED = Cause.ISR_BELOW_MINIMUM
# Warnings of brokers that are about the cluster or its groups: no broker is to blame, and still something is wrong.
_CLUSTER_WIDE = {Cause.LEADERLESS, Cause.REBALANCE_TIMEOUT}
# What a broker shows that leaves in the middle of a run.
_GONE = {Cause.CONNECTION_CLOSED, Cause.CONNECTION_REFUSED, Cause.CONNECT_TIMEOUT, Cause.UNREACHABLE, Cause.TLS_TIMEOUT}

# It stopped answering, and does not answer a second connection either.
_UNANSWERED = _GONE | {Cause.REQUEST_TIMEOUT}

Failed = tuple[BrokerReport, StageResult]


def judge_brokers(reports: Sequence[BrokerReport]) -> Verdict:
    """Judge the brokers.

    1. Without any broker the cluster is ``down``.
    2. Where brokers fail: ``down`` when every broker fails by itself or none accepts a write, else ``degraded``.
    3. Where no broker fails and the cluster has a fault of no single broker: ``degraded``.
    4. Otherwise ``healthy``.
    """
    brokers = _without_aliases(reports)
    if not brokers:
        return Verdict("down", "no broker is known")
    warnings = _warnings(reports)
    failed = _failed(brokers)
    if failed:
        return _failing(brokers, failed, warnings)
    fault = _fault_of_the_cluster(brokers)
    if fault:
        return _degraded_by(fault, warnings)
    summary = f"{_everyone(brokers)} every stage{_not_written_to(brokers)}{_other_names(reports)}"
    return Verdict("healthy", summary, warnings=warnings)


def own_failures(reports: Sequence[BrokerReport]) -> list[Failed]:
    """The brokers that fail by themselves, with their first failure; mere consequences are left out."""
    return _without_consequences(_failed(reports))


def no_writes(reports: Sequence[BrokerReport]) -> bool:
    """Whether brokers refuse writes for want of replicas, and none accepts one."""
    writes = _writes(reports)
    return bool(writes) and all(result.status == "failed" and result.cause is _REFUSED for result in writes)


def explained_by_planned_work(reports: Sequence[BrokerReport]) -> bool:
    """Whether planned work of MSK, which takes one broker at a time, may be all that fails here.

    Work that is planned leaves every partition writable: a write that is refused is an outage whatever MSK says.
    """
    causes = {result.cause for result in _results(reports) if result.status in ("failed", "warn")}
    return len(own_failures(reports)) <= 1 and causes.isdisjoint({_REFUSED, Cause.LEADERLESS})


def _failing(brokers: Sequence[BrokerReport], failed: list[Failed], warnings: list[str]) -> Verdict:
    own = _without_consequences(failed)
    leading, *others = _by_kind(own)
    first, failure = leading[0]
    subject, detail = _subject(leading), common_detail(leading)
    broker: int | None = first.broker
    address: str | None = first.address
    if len(leading) == len(brokers) > 1:
        subject = f"all {len(brokers)} brokers fail"
        broker = address = None
    further = f"{_also(others)}{_others_affected(len(failed) - len(own))}"
    return Verdict(
        _health(brokers, own),
        f"{subject} at {failure.stage}: {detail}{further}{_leaderless(brokers)}",
        broker=broker,
        address=address,
        stage=failure.stage,
        cause=failure.cause,
        remedy=failure.remedy,
        runbook=f"{RUNBOOK}#{failure.cause}",
        warnings=warnings,
    )


def _by_kind(own: Iterable[Failed]) -> list[list[Failed]]:
    """The failures by stage and cause, the kind that the verdict begins with first."""
    kinds: dict[tuple[Stage, Cause | None], list[Failed]] = {}
    for report, failure in own:
        kinds.setdefault((failure.stage, failure.cause), []).append((report, failure))
    return sorted(kinds.values(), key=_order_of_kind)


def _order_of_kind(alike: Sequence[Failed]) -> tuple[bool, bool, int, int]:
    """What stops most brokers first, and among equals the earliest stage.

    That no broker lists another is only what others say of it, so it comes last; before it comes what a broker that is
    away may have caused in others.
    """
    _, failure = alike[0]
    unlisted = failure.cause is Cause.NOT_IN_METADATA
    return unlisted, _may_follow(failure), -len(alike), failure.stage.position


def _may_follow(failure: StageResult) -> bool:
    """Whether a broker that is away may be the cause, though nothing says so."""
    kind = fault_class(failure.stage, failure.cause)
    return failure.stage.comes_after(Stage.METADATA) and kind is not FaultClass.PERMISSION


def _subject(failing: Sequence[Failed]) -> str:
    verb = "fails" if len(failing) == 1 else "fail"
    return f"{_names([report for report, _ in failing])} {verb}"


def _names(reports: Sequence[BrokerReport]) -> str:
    """A few brokers with their addresses, many by their numbers."""
    if len(reports) > MOST_WITH_ADDRESS:
        return several([report.dimension for report in reports])
    return " and ".join(report.name for report in reports)


def _also(kinds: Iterable[Sequence[Failed]]) -> str:
    """The other failures, a clause for each kind."""
    clauses = [f"{_subject(alike)} at {alike[0][1].stage}: {common_detail(alike)}" for alike in kinds]
    return "".join(f"; also {clause}" for clause in clauses)


def _leaderless(brokers: Sequence[BrokerReport]) -> str:
    fault = _fault_of_the_cluster(brokers)
    if fault is None or fault.cause is not Cause.LEADERLESS:
        return ""
    return f"; {fault.detail}"


def _degraded_by(fault: StageResult, warnings: list[str]) -> Verdict:
    return Verdict(
        "degraded",
        f"all brokers answer, and {fault.detail}",
        stage=fault.stage,
        cause=fault.cause,
        remedy=fault.remedy,
        runbook=f"{RUNBOOK}#{fault.cause}",
        warnings=warnings,
    )


def _health(brokers: Sequence[BrokerReport], own: list[Failed]) -> Health:
    still_up = all(failure.cause in _STILL_UP for _, failure in own)
    if no_writes(brokers) or (len(own) == len(brokers) and not still_up):
        return "down"
    return "degraded"


def _failed(reports: Iterable[BrokerReport]) -> list[Failed]:
    return [(report, report.failure) for report in reports if report.failure]


def _without_consequences(failed: list[Failed]) -> list[Failed]:
    if not any(_is_away(*pair) for pair in failed):
        return failed
    return [pair for pair in failed if _fails_by_itself(*pair)]


def _fails_by_itself(report: BrokerReport, failure: StageResult) -> bool:
    return _is_away(report, failure) or failure.cause not in _CONSEQUENCES


def _is_away(report: BrokerReport, failure: StageResult) -> bool:
    """Whether the broker was not reached, or left in the middle of the run."""
    if not failure.stage.comes_after(Stage.METADATA) or failure.cause in _GONE:
        return True
    return any(result.cause in _UNANSWERED for result in _later_failures(report, failure))


def _later_failures(report: BrokerReport, first: StageResult) -> list[StageResult]:
    return [result for result in report.stages if result.status == "failed" and result is not first]


def _without_aliases(reports: Iterable[BrokerReport]) -> list[BrokerReport]:
    return [report for report in reports if not report.is_alias]


def _writes(reports: Iterable[BrokerReport]) -> list[StageResult]:
    return [result for result in _results(reports) if result.stage is Stage.PRODUCE and result.status != "skipped"]


def _results(reports: Iterable[BrokerReport]) -> list[StageResult]:
    results: list[StageResult] = []
    for report in reports:
        results += report.stages
    return results


def _warnings(reports: Iterable[BrokerReport]) -> list[str]:
    """A sentence for each warning, or for each kind that many brokers have."""
    kinds: dict[tuple[Stage, Cause | None], list[Failed]] = {}
    for report in reports:
        for result in report.stages:
            if result.status == "warn":
                kinds.setdefault((result.stage, result.cause), []).append((report, result))
    warnings: list[str] = []
    for alike in kinds.values():
        if len(alike) > MOST_WITH_ADDRESS:
            names = several([report.dimension for report, _ in alike])
            warnings.append(f"{names} warn at {alike[0][1].stage}: {common_detail(alike)}")
        else:
            warnings += [f"{report.name} warns at {result.stage}: {result.detail}" for report, result in alike]
    return warnings


def _fault_of_the_cluster(reports: Iterable[BrokerReport]) -> StageResult | None:
    return next((result for result in _results(reports) if result.cause in _CLUSTER_WIDE), None)


def _everyone(brokers: Sequence[BrokerReport]) -> str:
    return f"all {len(brokers)} brokers pass" if len(brokers) > 1 else "the only broker passes"


def _others_affected(number: int) -> str:
    if not number:
        return ""
    return f"; {number} other broker{'s' if number > 1 else ''} affected"


def _not_written_to(reports: Iterable[BrokerReport]) -> str:
    idle = [report for report in reports if _was_not_written_to(report)]
    if not idle:
        return ""
    lead = "leads" if len(idle) == 1 else "lead"
    return (
        f"; {_names(idle)} {lead} no partition of the probe topic, so nothing was written there: no fault, and "
        "normal for some minutes after a restart"
    )


def _was_not_written_to(report: BrokerReport) -> bool:
    return any(result.stage is Stage.PRODUCE and result.status == "skipped" for result in report.stages)


def _other_names(reports: Iterable[BrokerReport]) -> str:
    aliases = [_alias(report) for report in reports if report.is_alias]
    if not aliases:
        return ""
    return f"; the bootstrap addresses {', '.join(aliases)} are other names of them"


def _alias(report: BrokerReport) -> str:
    return report.address if report.alias_of is None else f"{report.address} (broker {report.alias_of})"
