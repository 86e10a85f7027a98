"""A probe's response as log lines, and as the metrics that are due.

The lines hold everything: one with the verdict and each stage of each broker, and short ones of a broker or a group
each, from which the dashboard draws. A metric is billed by its name and dimensions; a line costs next to nothing.
"""

from collections.abc import Sequence

import msgspec
from aws_lambda_powertools import Logger, Metrics

from msk_toolkit.causes import Cause, fault_class
from msk_toolkit.probe.consumer import ConsumerProbeResponse
from msk_toolkit.probe.lag import GroupLag
from msk_toolkit.probe.marked_record import WrittenRecord
from msk_toolkit.probe.producer import ProducerProbeResponse
from msk_toolkit.probe.results import BROKER_LINE, GROUP_LINE, BrokerReport, Verdict
from msk_toolkit.probe.verdict import own_failures
from msk_toolkit.stage import FaultClass
from msk_toolkit.telemetry.metrics import Metric, dimension_metrics, latency_of, publish_metrics

_METRIC_OF_CLASS: dict[FaultClass, Metric] = {
    FaultClass.NETWORK: Metric.NETWORK_FAULTS,
    FaultClass.TLS: Metric.TLS_FAULTS,
    FaultClass.LOGIN: Metric.LOGIN_FAULTS,
    FaultClass.PERMISSION: Metric.PERMISSION_FAULTS,
    FaultClass.BROKER: Metric.BROKER_FAULTS,
    FaultClass.LOSS: Metric.RECORDS_LOST,
}
_EXCUSED_WHEN_PLANNED = {Metric.NETWORK_FAULTS, Metric.BROKER_FAULTS}

Values = dict[Metric, float]


class Publisher:
    """Where a probe publishes: its metrics, and its log."""

    def __init__(self, metrics: Metrics, logger: Logger, service: str) -> None:
        self._metrics = metrics
        self._logger = logger
        self._service = service

    def producer(self, response: ProducerProbeResponse, *, detailed: bool) -> None:
        """Publish a run of the producer probe.

        Args:
            detailed: whether every metric is due in every run.
        """
        values: Values = {**fault_counts(response.verdict, response.brokers)}
        # Both probes see a certificate; only this one publishes it.
        values[Metric.CERTIFICATES_EXPIRING] = sum(map(_expires_soon, response.brokers))
        values[Metric.BROKERS_LED] = response.brokers_led
        self._publish(response.verdict, response.brokers, values, detailed)

    def consumer(self, response: ConsumerProbeResponse, *, detailed: bool) -> None:
        """Publish a run of the consumer probe, and the lag of the groups that it watches.

        Args:
            detailed: whether every metric is due in every run.
        """
        values: Values = {**fault_counts(response.verdict, response.brokers)}
        if response.gaps:
            # Every lost heartbeat, where the failures count the brokers.
            values[Metric.RECORDS_LOST] = response.gaps
        values[Metric.HEARTBEAT_LAG] = response.lag
        values[Metric.HEARTBEATS_DUPLICATED] = response.duplicates
        if response.newest_age_ms is not None:
            values[Metric.HEARTBEAT_AGE] = response.newest_age_ms
        for lag in response.groups:
            self._group(lag, detailed)
        self._publish(response.verdict, response.brokers, values, detailed)

    def marked_record(self, record: WrittenRecord) -> None:
        """Log where a marked record was written."""
        self._logger.info("marked record written", extra={"record": msgspec.to_builtins(record)})

    def _publish(self, verdict: Verdict, reports: Sequence[BrokerReport], values: Values, detailed: bool) -> None:
        values = {Metric.FAULTS: _all_faults(values), **values, **_health_values(verdict, reports)}
        publish_metrics(self._metrics, values.items(), detailed=detailed)
        for report in reports:
            if not report.is_alias:
                self._broker(report, detailed)
        self._log_verdict(verdict, reports, values)

    def _log_verdict(self, verdict: Verdict, reports: Sequence[BrokerReport], values: Values) -> None:
        details = {
            "counts": {metric.value: value for metric, value in values.items()},
            "verdict": msgspec.to_builtins(verdict),
            "brokers": msgspec.to_builtins(reports),
        }
        # Anything but healthy is an error, with every stage of every broker.
        write = self._logger.info if verdict.status == "healthy" else self._logger.error
        write(verdict.summary, extra=details)

    def _broker(self, report: BrokerReport, detailed: bool) -> None:
        number = report.failure.stage.number if report.failure else 0
        times = {result.stage: result.milliseconds for result in report.stages if result.status != "skipped"}
        line = {"broker": report.dimension, "failed_stage": number, "milliseconds": times}
        self._logger.info(BROKER_LINE, extra=line)
        values: Values = {Metric.FAILED_STAGE: number}
        for stage, milliseconds in times.items():
            values[latency_of(stage)] = milliseconds
        metrics = dimension_metrics(self._service, "Broker", report.dimension)
        publish_metrics(metrics, values.items(), detailed=detailed)

    def _group(self, lag: GroupLag, detailed: bool) -> None:
        # Also where the lag is not known: the line says why.
        self._logger.info(GROUP_LINE, extra=msgspec.to_builtins(lag))
        if lag.records is None:
            return
        values: Values = {Metric.GROUP_LAG: lag.records}
        if lag.seconds is not None:
            values[Metric.GROUP_LAG_SECONDS] = lag.seconds
        publish_metrics(dimension_metrics(self._service, "Group", lag.group), values.items(), detailed=detailed)


def fault_counts(verdict: Verdict, reports: Sequence[BrokerReport]) -> dict[Metric, int]:
    """How many brokers fail by themselves, by the class of their fault; every class is there, 0 where none does."""
    counts = dict.fromkeys(_METRIC_OF_CLASS.values(), 0)
    for _, failure in own_failures(reports):
        counts[_METRIC_OF_CLASS[fault_class(failure.stage, failure.cause)]] += 1
    if _is_without_broker(verdict) and not any(counts.values()):
        # The cluster or a group has a fault that is no listed broker's: a partition has no leader, say.
        counts[Metric.BROKER_FAULTS] += 1
    if verdict.planned:
        counts.update(dict.fromkeys(_EXCUSED_WHEN_PLANNED, 0))
    return counts


def _is_without_broker(verdict: Verdict) -> bool:
    return verdict.status == "degraded" and verdict.broker is None


def _all_faults(values: Values) -> float:
    # A loss has an alarm and a mail of its own.
    counted = set(_METRIC_OF_CLASS.values()) - {Metric.RECORDS_LOST}
    return sum(values[metric] for metric in counted)


def _health_values(verdict: Verdict, reports: Sequence[BrokerReport]) -> Values:
    values: Values = {
        Metric.BROKERS_HEALTHY: int(verdict.status == "healthy"),
        Metric.BROKERS_FAILING: sum(report.failure is not None for report in reports),
    }
    days = [report.certificate_days for report in reports if report.certificate_days is not None]
    if days:
        values[Metric.CERTIFICATE_DAYS] = min(days)
    return values


def _expires_soon(report: BrokerReport) -> bool:
    return any(result.cause is Cause.TLS_EXPIRES_SOON for result in report.stages)
