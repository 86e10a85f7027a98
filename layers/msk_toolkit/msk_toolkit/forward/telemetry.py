"""An invocation's outcome as metrics, and as one line in the log."""

from collections.abc import Iterator, Sequence
from itertools import islice
from math import ceil
from typing import Any

from aws_lambda_powertools import Logger, Metrics

from msk_toolkit.forward.decode import SourceRecord
from msk_toolkit.forward.delivery_line import delivery_line, waiting_line
from msk_toolkit.forward.failure_cause import OUTAGES
from msk_toolkit.forward.outcome import BatchOutcome, LaneOutcome, RefusedRecord
from msk_toolkit.forward.rounds import ReportWaiting
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.telemetry.metrics import Metric, publish_metrics

# EMF accepts up to 100 values of a metric in one line.
_MAX_VALUES = 100
# A run of the probe writes one for each broker; more come after an outage, and then the latest say how late.
_MAX_HEARTBEATS = 50
# A line each; the dead letters hold them all.
_MAX_REFUSED = 20
_MILLISECONDS = 1000


def publish_as_set(outcome: BatchOutcome, logger: Logger, metrics: Metrics, settings: ForwarderSettings) -> None:
    """:func:`publish_delivery` as the function's settings say."""
    publish_delivery(
        *(outcome, logger, metrics),
        payload_bytes=settings.log_payload_bytes,
        detailed=settings.detailed_metrics,
        token_secret=settings.vantiq_token_secret_arn,
    )


def waiting_reporter(logger: Logger, settings: ForwarderSettings) -> ReportWaiting:
    """Logs that an invocation keeps trying, and why."""

    def report(lanes: list[LaneOutcome]) -> None:
        message, fields = waiting_line(lanes, settings.vantiq_token_secret_arn)
        logger.warning(message, extra=fields)

    return report


def publish_delivery(
    outcome: BatchOutcome,
    logger: Logger,
    metrics: Metrics,
    *,
    payload_bytes: int = 0,
    detailed: bool = False,
    token_secret: str = "",
) -> None:
    """Write both; neither holds anything of a record but its topic, partition and offset.

    Args:
        detailed: publish every metric; otherwise those that alarms need, and the log has the rest.
        payload_bytes: so much of the value of a refused record is logged nevertheless.
        token_secret: the ARN of the secret with Vantiq's token, for the remedy.
    """
    publish_metrics(metrics, delivery_metrics(outcome), detailed=detailed)
    message, fields = delivery_line(outcome, token_secret)
    log = logger.warning if outcome.failures else logger.info
    log(message, extra=delivery_counts(outcome) | fields)
    for note in outcome.notes:
        logger.warning("target check", extra={"note": note})
    for refused in islice(_refused_records(outcome), _MAX_REFUSED):
        logger.warning("record refused", extra=_refused_line(refused, payload_bytes))


def delivery_metrics(outcome: BatchOutcome) -> list[tuple[Metric, float]]:
    """Every metric of an invocation; times in milliseconds."""
    values: list[tuple[Metric, float]] = [
        (Metric.RECORDS_RECEIVED, outcome.received),
        (Metric.RECORDS_DELIVERED, outcome.delivered),
        (Metric.RECORDS_DEAD_LETTERED, outcome.dead_lettered),
        (Metric.LETTERS_WAITING, outcome.dead_lettered),
        (Metric.RECORDS_REPORTED_BACK, len(outcome.to_report)),
        (Metric.RECORDS_KNOWN, outcome.known),
        (Metric.TOMBSTONES_DROPPED, outcome.dropped),
        (Metric.TOMBSTONES_DELETED, outcome.deleted),
        (Metric.POSTS_RETRIED, _retried(outcome)),
        (Metric.THROTTLED_SECONDS, _throttled_seconds(outcome)),
        (Metric.VANTIQ_OUTAGE, int(is_outage(outcome))),
    ]
    if outcome.lag_seconds is not None:
        values.append((Metric.LAG_AT_ARRIVAL, outcome.lag_seconds * _MILLISECONDS))
    latencies = _latencies(outcome)
    step = max(1, ceil(len(latencies) / _MAX_VALUES))
    values += [(Metric.VANTIQ_LATENCY, seconds * _MILLISECONDS) for seconds in latencies[::step]]
    latest = sorted(_ages(outcome))[-_MAX_HEARTBEATS:]
    return values + [(Metric.HEARTBEAT_LATENCY, seconds * _MILLISECONDS) for seconds in latest]


def delivery_counts(outcome: BatchOutcome) -> dict[str, float]:
    """The numbers of the log line."""
    latencies = _latencies(outcome)
    counts: dict[str, float] = {
        "received": outcome.received,
        "delivered": outcome.delivered,
        "dead_lettered": outcome.dead_lettered,
        "reported_back": len(outcome.to_report),
        "known": outcome.known,
        "there_already": outcome.there_already,
        **_tombstones(outcome),
        "posts": len(latencies),
        "retried": _retried(outcome),
        "throttled_seconds": round(_throttled_seconds(outcome), 3),
    }
    if latencies:
        ordered = sorted(latencies)
        counts["median_post_ms"] = round(ordered[len(ordered) // 2] * _MILLISECONDS, 1)
        counts["longest_post_ms"] = round(ordered[-1] * _MILLISECONDS, 1)
    if outcome.lag_seconds is not None:
        counts["lag_ms"] = round(outcome.lag_seconds * _MILLISECONDS)
    return counts


def _tombstones(outcome: BatchOutcome) -> dict[str, float]:
    """Those that were not forwarded, where there were any."""
    counts = {"tombstones_dropped": outcome.dropped, "tombstones_deleted": outcome.deleted}
    return {name: number for name, number in counts.items() if number}


def is_outage(outcome: BatchOutcome) -> bool:
    """Whether Vantiq, the network path to it, the target or the token fails for every record.

    A failure may say so by itself. A server error may be about one record: it is an outage where no record passed, of
    this batch and in its earlier attempts.
    """
    if any(failure.kind == "outage" for failure in outcome.failures):
        return True
    has_progress = any(lane.settled for lane in outcome.lanes) or outcome.known > 0
    return not has_progress and any(failure.cause in OUTAGES for failure in outcome.failures)


def _latencies(outcome: BatchOutcome) -> Sequence[float]:
    latencies: list[float] = []
    for lane in outcome.lanes:
        latencies += lane.latencies
    return latencies


def _ages(outcome: BatchOutcome) -> Sequence[float]:
    ages: list[float] = []
    for lane in outcome.lanes:
        ages += lane.ages
    return ages


def _retried(outcome: BatchOutcome) -> int:
    return sum(lane.retried for lane in outcome.lanes)


def _throttled_seconds(outcome: BatchOutcome) -> float:
    return sum(lane.throttled for lane in outcome.lanes)


def _refused_records(outcome: BatchOutcome) -> Iterator[RefusedRecord]:
    for lane in outcome.lanes:
        yield from lane.refused


def _refused_line(refused: RefusedRecord, payload_bytes: int) -> dict[str, Any]:
    record = refused.record
    line: dict[str, Any] = {
        "place": record.place,
        "offset": record.offset,
        "reason": refused.reason,
        "status": refused.status,
        "code": refused.code,
    }
    if payload_bytes:
        line["value"] = _start(record, payload_bytes)
    return line


def _start(record: SourceRecord, length: int) -> str:
    """The start of the value; of the entire record where that can't be decoded."""
    if record.content is None:
        octets = repr(record.raw).encode(errors="backslashreplace")
    else:
        octets = record.content.value or b""
    return octets[:length].decode(errors="backslashreplace")
