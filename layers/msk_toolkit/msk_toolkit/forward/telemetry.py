"""An invocation's outcome as metrics, and as one line in the log."""

from itertools import islice
from math import ceil

from aws_lambda_powertools import Logger, Metrics

from msk_toolkit.forward.decode import SourceRecord
from msk_toolkit.forward.outcome import BatchOutcome
from msk_toolkit.telemetry.metrics import Metric, publish_metrics

# EMF takes at most 100 values of a metric in one line.
_MOST_VALUES = 100
# A run of the probe writes one for each broker; more come after an outage, and then the latest say how late.
_MOST_HEARTBEATS = 50
# A line each; the dead letters hold them all.
_MOST_REFUSED = 20


def publish_delivery(
    outcome: BatchOutcome, logger: Logger, metrics: Metrics, *, payload_bytes: int = 0, detailed: bool = False
) -> None:
    """Write both; neither holds anything of a record but its topic, partition and offset.

    Args:
        detailed: publish every metric; without it those that alarms need, and the log has the rest.
        payload_bytes: so much of the value of a record that was refused goes into the log all the same.
    """
    failures = outcome.failures
    outage = any(failure.kind == "outage" for failure in failures)
    latencies = [seconds for lane in outcome.lanes for seconds in lane.latencies]
    values: list[tuple[Metric, float]] = [
        (Metric.RECORDS_RECEIVED, outcome.received),
        (Metric.RECORDS_DELIVERED, outcome.delivered),
        (Metric.RECORDS_DEAD_LETTERED, outcome.dead_lettered),
        (Metric.RECORDS_REPORTED_BACK, len(outcome.to_report)),
        (Metric.RECORDS_KNOWN, outcome.known),
        (Metric.POSTS_RETRIED, sum(lane.retried for lane in outcome.lanes)),
        (Metric.THROTTLED_SECONDS, sum(lane.throttled for lane in outcome.lanes)),
        (Metric.VANTIQ_OUTAGE, int(outage)),
    ]
    if outcome.lag_seconds is not None:
        values.append((Metric.LAG_AT_ARRIVAL, outcome.lag_seconds * 1000))
    step = max(1, ceil(len(latencies) / _MOST_VALUES))
    values += [(Metric.VANTIQ_LATENCY, seconds * 1000) for seconds in latencies[::step]]
    ages = sorted(seconds for lane in outcome.lanes for seconds in lane.ages)
    values += [(Metric.HEARTBEAT_LATENCY, seconds * 1000) for seconds in ages[-_MOST_HEARTBEATS:]]
    publish_metrics(metrics, values, detailed=detailed)
    counts: dict[str, float] = {
        "received": outcome.received,
        "delivered": outcome.delivered,
        "dead_lettered": outcome.dead_lettered,
        "reported_back": len(outcome.to_report),
        "known": outcome.known,
        "there_already": outcome.there_already,
        "posts": len(latencies),
        "retried": sum(lane.retried for lane in outcome.lanes),
        "throttled_seconds": round(sum(lane.throttled for lane in outcome.lanes), 3),
    }
    if latencies:
        counts["longest_post_ms"] = round(max(latencies) * 1000, 1)
    if outcome.lag_seconds is not None:
        counts["lag_ms"] = round(outcome.lag_seconds * 1000)
    if failures:
        # One sentence for each kind of trouble; lanes that were only held back say nothing new.
        reasons = dict.fromkeys(failure.reason for failure in failures if failure.kind != "held")
        logger.warning(
            "delivery incomplete", extra={**counts, "unfinished": outcome.unfinished, "reasons": list(reasons)[:10]}
        )
    else:
        logger.info("delivered", extra=counts)
    for note in outcome.notes:
        logger.warning("target check", extra={"note": note})
    for refused in islice((one for lane in outcome.lanes for one in lane.refused), _MOST_REFUSED):
        record = refused.record
        line = {
            "place": record.place,
            "offset": record.offset,
            "reason": refused.reason,
            "status": refused.status,
            "code": refused.code,
        }
        if payload_bytes:
            line["value"] = _start(record, payload_bytes)
        logger.warning("record refused", extra=line)


def _start(record: SourceRecord, most: int) -> str:
    """The start of the value; of the whole record where that can't be decoded."""
    if record.content is None:
        octets = repr(record.raw).encode(errors="backslashreplace")
    else:
        octets = record.content.value or b""
    return octets[:most].decode(errors="backslashreplace")
