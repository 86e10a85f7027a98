"""A run of the topics function for the operator: metrics, and a log line that a person can read."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from msk_toolkit.offsets.request import OffsetsResponse
from msk_toolkit.telemetry.metrics import Metric, publish_metrics
from msk_toolkit.topics.custom_resource_result import CustomResourceResult
from msk_toolkit.topics.drift import Drift, count_drift, drift_line, drifted
from msk_toolkit.topics.plan import Plan, TopicStep
from msk_toolkit.topics.request import TopicsResponse
from msk_toolkit.topics.units import to_whole

# Of so many forwarded topics a check logs the retention.
_TOPICS_NAMED = 500
# Lines are escaped as JSON, which may double them.
_PIECE_BYTES = 100_000

_METRICS: Mapping[Drift, Metric] = {
    Drift.MISSING: Metric.TOPICS_MISSING,
    Drift.PARTITIONS: Metric.TOPICS_PARTITIONS_DRIFTED,
    Drift.REPLICATION: Metric.TOPICS_REPLICATION_DRIFTED,
    Drift.CONFIG: Metric.TOPICS_CONFIG_DRIFTED,
    Drift.UNREADABLE: Metric.TOPICS_UNREADABLE,
    Drift.UNDECLARED_CONFIG: Metric.TOPICS_CONFIG_UNDECLARED,
    Drift.RETENTION: Metric.TOPICS_RETENTION_CUT,
}


def topics_metrics(response: TopicsResponse) -> dict[Metric, int]:
    """The run's numbers: created topics, and for a check every kind of drift, zeros included."""
    numbers = {Metric.TOPICS_CREATED: response.created}
    if response.action != "check" or response.plan is None:
        return numbers
    counts = count_drift(response.plan)
    kinds = {metric: counts[kind] for kind, metric in _METRICS.items()}
    return numbers | {
        Metric.TOPICS_DRIFTED: drifted(response.plan),
        Metric.TOPICS_UNDECLARED: response.plan.undeclared,
        **kinds,
    }


def report_topics(
    response: TopicsResponse, logger: Any, metrics: Any, *, detailed: bool, only: Sequence[str] = ()
) -> None:
    """Publish the metrics that are due and log the outcome: as a warning where it needs attention.

    Args:
        only: the topics that were asked about, where those were not all.
    """
    numbers = topics_metrics(response)
    publish_metrics(metrics, numbers.items(), detailed=detailed)
    details = {
        "action": response.action,
        "status": response.status,
        "problems": response.problems,
        "behind": response.behind,
        "counts": {metric.value: number for metric, number in numbers.items()},
    }
    if only:
        details["only"] = list(only)
    if response.status in {"checked", "applied"} and response.plan:
        details["retention_ms"] = _retentions(response.plan, applied=response.status == "applied")
    log = logger.warning
    if _is_settled(response):
        log = logger.info
    log(_summary(response), extra=details)


def _retentions(plan: Plan, *, applied: bool) -> dict[str, int]:
    """The retention of each forwarded topic, in milliseconds: whether records that wait will be deleted.

    Args:
        applied: as the plan leaves it; otherwise as it is.
    """
    retentions: dict[str, int] = {}
    for step in plan.steps:
        retention = _planned_retention(step) if applied else step.retention_ms
        if step.is_forwarded and retention is not None and len(retentions) < _TOPICS_NAMED:
            retentions[step.topic] = retention
    return retentions


def _planned_retention(step: TopicStep) -> int | None:
    for change in step.config:
        if change.key == "retention.ms":
            return to_whole(change.inherited if change.after is None else change.after)
    return step.retention_ms


def _summary(response: TopicsResponse) -> str:
    if response.action == "check" and response.plan:
        return drift_line(response.plan)
    return f"{response.status}: {response.table.splitlines()[-1]}"


def _is_settled(response: TopicsResponse) -> bool:
    if response.status == "checked":
        return response.plan is None or not drifted(response.plan)
    return response.status in {"planned", "applied", "deleted", "exported"} and not response.behind


def report_offsets(response: OffsetsResponse, logger: Any) -> None:
    """Log a move with what it repeats and skips: the only trace that records were skipped by choice."""
    moves = [msgspec.to_builtins(move) for move in response.moves]
    details = {
        "group": response.group,
        "repeated": response.repeated,
        "skipped": response.skipped,
        "problems": response.problems,
        "moves": moves[:_TOPICS_NAMED],
    }
    log = logger.warning if response.status == "moved" and response.skipped else logger.info
    log(f"offsets {response.status}: {response.table.splitlines()[-1]}", extra=details)


def log_table(response: TopicsResponse, logger: Any) -> None:
    """Log a table that is too long for the response, in pieces: CloudWatch accepts 256 KB (of bytes) per event."""
    lines = response.table.splitlines()
    piece: list[str] = []
    size = 0
    for number, line in enumerate(lines, 1):
        piece.append(line)
        size += len(line.encode())
        if size > _PIECE_BYTES or number == len(lines):
            logger.info("topics table", extra={"from_line": number - len(piece) + 1, "lines": piece})
            piece, size = [], 0


def report_answer(request: str, answer: CustomResourceResult, logger: Any, metrics: Any) -> None:
    """Log the answer to CloudFormation, and publish whether a failure was answered with success."""
    publish_metrics(metrics, [(Metric.TOPICS_NOT_RESTORED, int(answer.excused))], detailed=False)
    details = {"request": request, "status": answer.status, "reason": answer.reason}
    log = logger.info
    if answer.excused or answer.status == "FAILED":
        log = logger.error
    log("custom resource", extra=details, exc_info=answer.bug)
