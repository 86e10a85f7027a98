"""The brokers by the probes' last runs."""

from collections.abc import Iterable, Sequence

import msgspec

from msk_toolkit.causes import Cause, fault_class
from msk_toolkit.network.stages import StageResult
from msk_toolkit.path_causes import PathCause
from msk_toolkit.probe.last_run import LastRun
from msk_toolkit.probe.results import MOST_WITH_ADDRESS, BrokerReport, Verdict, common_detail, several
from msk_toolkit.stage import FaultClass
from msk_toolkit.status.facts import FailingSince, PathFacts
from msk_toolkit.status.model import BrokersStatus, BrokerStatus, PathHealth, ProbeStatus, Problem
from msk_toolkit.status.problem_makers import command, owner_of, path_problem, runbook
from msk_toolkit.status.times import utc

_WORST_FIRST: tuple[PathHealth, ...] = ("down", "degraded", "unknown", "healthy")


def brokers_status(facts: PathFacts) -> BrokersStatus:
    """All brokers: each is as healthy as its worse probe says."""
    current = _current(facts)
    brokers = _merged(current)
    if not current:
        summary = "no probe has reported yet"
        if any(last.run for last in facts.probes):
            summary = "the probes have stopped reporting"
        return BrokersStatus(health="unknown", summary=summary, probes=_probes(facts))
    states: list[PathHealth] = [last.run.verdict.status for last in current if last.run]
    health = min(states, key=_WORST_FIRST.index)
    healthy = sum(broker.healthy for broker in brokers)
    return BrokersStatus(
        health=health, summary=f"{healthy} of {len(brokers)} healthy", brokers=brokers, probes=_probes(facts)
    )


def broker_problems(facts: PathFacts) -> list[Problem]:
    """What the probes report, once where both report the same; and probes that report nothing."""
    problems: list[Problem] = []
    for last in facts.probes:
        problem = _problem(facts, last)
        if problem is not None and not any(_alike(problem, other) for other in problems):
            problems.append(problem)
    return [*problems, *_certificate_problems(facts)]


def _problem(facts: PathFacts, last: LastRun) -> Problem | None:
    stack = facts.stack
    log_group = stack.logs.get(_function(last), "")
    if last.run is None:
        text = f"The {_name(last)} has no result: {last.why}."
        probe_now = command(stack, "mskv probe --all")
        return Problem(severity="note", part="brokers", sentence=text, command=probe_now, log_group=log_group)
    if last.age_seconds > stack.stale_after_seconds:
        since = utc(facts.now - last.age_seconds)
        text = f"The {_name(last)} has reported nothing since {since}: the brokers are not being watched."
        return path_problem(
            stack, PathCause.PROBE_SILENT, "warning", "brokers", sentence=text, since=since, log_group=log_group
        )
    if last.run.verdict.status == "healthy":
        return None
    return _of_verdict(facts, last, last.run.verdict, log_group)


def _of_verdict(facts: PathFacts, last: LastRun, verdict: Verdict, log_group: str) -> Problem:
    serious = verdict.status == "down"
    if verdict.stage is not None and fault_class(verdict.stage, verdict.cause) is FaultClass.LOSS:
        serious = True
    since = _since(facts, last, verdict)
    return Problem(
        severity="error" if serious else "warning",
        part="brokers",
        cause=verdict.cause or "",
        sentence=_sentence(verdict.summary),
        detail="; ".join(verdict.findings),
        broker="" if verdict.broker is None else str(verdict.broker),
        since=utc(since.at),
        since_at_least=since.at_least,
        remedy=verdict.remedy or "",
        command=command(facts.stack, "mskv probe --all"),
        owner=owner_of(verdict.cause),
        runbook=verdict.runbook or "",
        log_group=log_group,
    )


def _certificate_problems(facts: PathFacts) -> list[Problem]:
    """Certificates that expire soon, which no verdict is worse for; both probes see the same ones."""
    cause = Cause.TLS_EXPIRES_SOON
    expiring: dict[str, tuple[LastRun, BrokerReport, StageResult]] = {}
    for last in _current(facts):
        for report in _reports(last):
            warning = next((stage for stage in report.stages if stage.cause is cause), None)
            if warning is not None:
                expiring.setdefault(report.name, (last, report, warning))
    if len(expiring) > MOST_WITH_ADDRESS:
        return [_certificates_problem(facts, list(expiring.values()))]
    return [_certificate_problem(facts, *broker) for broker in expiring.values()]


def _certificates_problem(facts: PathFacts, expiring: Sequence[tuple[LastRun, BrokerReport, StageResult]]) -> Problem:
    """Of many brokers as one, by the certificate that expires first."""
    warned = [(report, warning) for _, report, warning in expiring]
    last, report, warning = min(expiring, key=lambda broker: broker[1].days_left)
    return msgspec.structs.replace(
        _certificate_problem(facts, last, report, warning),
        sentence=f"The certificates of {several([report.dimension for report, _ in warned])} expire soon.",
        detail=common_detail(warned),
    )


def _certificate_problem(facts: PathFacts, last: LastRun, report: BrokerReport, warning: StageResult) -> Problem:
    cause = Cause.TLS_EXPIRES_SOON
    left = "soon" if report.certificate_days is None else f"in {report.certificate_days:.0f} days"
    return Problem(
        severity="warning",
        part="brokers",
        cause=cause.value,
        sentence=f"The certificate of {report.name} expires {left}.",
        detail=warning.detail or "",
        broker=report.dimension,
        since=utc(facts.now - last.age_seconds),
        since_at_least=True,
        remedy=cause.remedy,
        command=command(facts.stack, "mskv probe --all"),
        owner=owner_of(cause),
        runbook=runbook(cause),
        log_group=facts.stack.logs.get(_function(last), ""),
    )


def _reports(last: LastRun) -> Sequence[BrokerReport]:
    return last.run.brokers if last.run else ()


def _since(facts: PathFacts, last: LastRun, verdict: Verdict) -> FailingSince:
    """When the broker of the verdict began to fail, or the first of those that fail."""
    failing = facts.failing.get(last.probe, {})
    named = failing.get(str(verdict.broker))
    if named is not None:
        return named
    if failing:
        return min(failing.values(), key=lambda since: since.at)
    return FailingSince(facts.now - last.age_seconds, at_least=True)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _alike(problem: Problem, other: Problem) -> bool:
    """Whether both probes report the same; that both are silent are two facts."""
    if problem.cause in {"", PathCause.PROBE_SILENT}:
        return False
    return (problem.cause, problem.broker) == (other.cause, other.broker)


def _current(facts: PathFacts) -> list[LastRun]:
    limit = facts.stack.stale_after_seconds
    return [last for last in facts.probes if last.run is not None and last.age_seconds <= limit]


def _merged(current: Iterable[LastRun]) -> list[BrokerStatus]:
    brokers: dict[str, BrokerStatus] = {}
    for last in current:
        for report in _reports(last):
            if report.is_alias:
                continue
            status = _broker(report)
            before = brokers.get(report.dimension)
            if before is None or before.healthy:
                brokers[report.dimension] = status
    return sorted(brokers.values(), key=lambda broker: broker.healthy)


def _broker(report: BrokerReport) -> BrokerStatus:
    failure = report.failure
    if failure is None:
        return BrokerStatus(name=report.name, healthy=True)
    return BrokerStatus(name=report.name, healthy=False, stage=failure.stage.value, detail=failure.detail or "")


def _probes(facts: PathFacts) -> list[ProbeStatus]:
    return [_probe(facts, last) for last in facts.probes]


def _probe(facts: PathFacts, last: LastRun) -> ProbeStatus:
    if last.run is None:
        return ProbeStatus(probe=last.probe, why=last.why)
    return ProbeStatus(
        probe=last.probe,
        status=last.run.verdict.status,
        summary=last.run.verdict.summary,
        seen=utc(facts.now - last.age_seconds),
        age_seconds=round(last.age_seconds, 1),
        stale=last.age_seconds > facts.stack.stale_after_seconds,
    )


def _name(last: LastRun) -> str:
    return last.probe[:1].lower() + last.probe[1:]


def _function(last: LastRun) -> str:
    return _name(last).replace(" ", "-")
