"""A probe's answer as metrics and as one log line."""

from collections.abc import Sequence

import msgspec
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import EphemeralMetrics

from msk_toolkit.causes import FaultClass, fault_class
from msk_toolkit.probe.consumer import ConsumerProbeResponse
from msk_toolkit.probe.producer import ProducerProbeResponse
from msk_toolkit.probe.report import BrokerReport, Verdict
from msk_toolkit.probe.verdict import STAGES, own_failures
from msk_toolkit.telemetry.metrics import Metric, dimension_metrics

_METRIC_OF_CLASS: dict[FaultClass, Metric] = {
    "network": Metric.NETWORK_FAULTS,
    "tls": Metric.TLS_FAULTS,
    "login": Metric.LOGIN_FAULTS,
    "permission": Metric.PERMISSION_FAULTS,
    "broker": Metric.BROKER_FAULTS,
    "loss": Metric.RECORDS_LOST,
}
_EXCUSED_WHEN_PLANNED = {Metric.NETWORK_FAULTS, Metric.BROKER_FAULTS}
_LATENCY = {
    "dns": Metric.DNS_LATENCY,
    "tcp": Metric.TCP_LATENCY,
    "tls": Metric.TLS_LATENCY,
    "sasl": Metric.SASL_LATENCY,
    "metadata": Metric.METADATA_LATENCY,
    "acl": Metric.ACL_LATENCY,
    "produce": Metric.PRODUCE_LATENCY,
    "fetch": Metric.FETCH_LATENCY,
    "commit": Metric.COMMIT_LATENCY,
}


def publish_producer(metrics: Metrics, logger: Logger, service: str, response: ProducerProbeResponse) -> None:
    """Publish a run of the producer probe."""
    add(metrics, Metric.BROKERS_LED, response.brokers_led)
    _publish(metrics, logger, service, response.verdict, response.brokers)


def publish_consumer(metrics: Metrics, logger: Logger, service: str, response: ConsumerProbeResponse) -> None:
    """Publish a run of the consumer probe, and the lag of the groups that it watches."""
    add(metrics, Metric.HEARTBEAT_LAG, response.lag)
    add(metrics, Metric.HEARTBEATS_DUPLICATED, response.duplicates)
    if response.newest_age_ms is not None:
        add(metrics, Metric.HEARTBEAT_AGE, response.newest_age_ms)
    for lag in response.groups:
        if lag.records is not None:
            of_group = dimension_metrics(service, "Group", lag.group)
            add(of_group, Metric.GROUP_LAG, lag.records)
            if lag.seconds is not None:
                add(of_group, Metric.GROUP_LAG_SECONDS, lag.seconds)
            of_group.flush_metrics()
    _publish(metrics, logger, service, response.verdict, response.brokers, lost=response.gaps)


def fault_counts(verdict: Verdict, reports: Sequence[BrokerReport]) -> dict[Metric, int]:
    """How many brokers fail by themselves, by whose business that is; every class is there, 0 where none does."""
    counts = dict.fromkeys(_METRIC_OF_CLASS.values(), 0)
    for _, failure in own_failures(reports):
        counts[_METRIC_OF_CLASS[fault_class(failure.stage, failure.cause)]] += 1
    if verdict.status == "degraded" and verdict.broker is None and not any(counts.values()):
        # The cluster or a group has a fault that is no listed broker's: a partition has no leader, say.
        counts[Metric.BROKER_FAULTS] += 1
    if verdict.planned:
        counts.update(dict.fromkeys(_EXCUSED_WHEN_PLANNED, 0))
    return counts


def add(metrics: Metrics | EphemeralMetrics, metric: Metric, value: float) -> None:
    """Add a metric of the catalogue with its unit."""
    metrics.add_metric(metric, metric.unit, value)


def _publish(
    metrics: Metrics, logger: Logger, service: str, verdict: Verdict, reports: Sequence[BrokerReport], *, lost: int = 0
) -> None:
    counts = fault_counts(verdict, reports)
    if lost:
        # Each one, where the failures count the brokers.
        counts[Metric.RECORDS_LOST] = lost
    for metric, count in counts.items():
        add(metrics, metric, count)
    add(metrics, Metric.BROKERS_HEALTHY, int(verdict.status == "healthy"))
    add(metrics, Metric.BROKERS_FAILING, sum(report.failure is not None for report in reports))
    if days := [report.certificate_days for report in reports if report.certificate_days is not None]:
        add(metrics, Metric.CERTIFICATE_DAYS, min(days))
    for report in reports:
        if not report.is_alias:
            _publish_broker(service, report)
    # Anything but healthy is an error, with every stage of every broker.
    details = {"verdict": msgspec.to_builtins(verdict), "brokers": msgspec.to_builtins(reports)}
    if verdict.status == "healthy":
        logger.info(verdict.summary, extra=details)
    else:
        logger.error(verdict.summary, extra=details)


def _publish_broker(service: str, report: BrokerReport) -> None:
    name = report.address if report.broker is None else str(report.broker)
    of_broker = dimension_metrics(service, "Broker", name or "unlisted")
    failure = report.failure
    add(of_broker, Metric.FAILED_STAGE, STAGES.index(failure.stage) + 1 if failure else 0)
    for result in report.stages:
        if result.status != "skipped":
            add(of_broker, _LATENCY[result.stage], result.milliseconds)
    of_broker.flush_metrics()
