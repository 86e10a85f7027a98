"""A probe's answer as log lines, and as the metrics that are due.

The lines hold everything: one with the verdict and each stage of each broker, and short ones of a broker or a group
each, from which the dashboard draws. A metric is billed by its name and dimensions; a line costs next to nothing.
"""

from collections.abc import Mapping, Sequence

import msgspec
from aws_lambda_powertools import Logger, Metrics

from msk_toolkit.causes import Cause, fault_class
from msk_toolkit.probe.consumer import ConsumerProbeResponse
from msk_toolkit.probe.lag import GroupLag
from msk_toolkit.probe.producer import ProducerProbeResponse
from msk_toolkit.probe.report import BrokerReport, Verdict
from msk_toolkit.probe.results import BROKER_LINE, GROUP_LINE
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


class Publisher:
    """Where a probe publishes: its metrics and log, and whether every metric is due in every run."""

    def __init__(self, metrics: Metrics, logger: Logger, service: str, *, detailed: bool) -> None:
        self.metrics = metrics
        self.logger = logger
        self.service = service
        self.detailed = detailed

    def producer(self, response: ProducerProbeResponse) -> None:
        """Publish a run of the producer probe."""
        counts = fault_counts(response.verdict, response.brokers)
        # Both probes see a certificate; one of them tells of it.
        expiring = sum(_expires_soon(report) for report in response.brokers)
        own = {Metric.CERTIFICATES_EXPIRING: expiring, Metric.BROKERS_LED: response.brokers_led}
        self._publish(response.verdict, response.brokers, counts, own)

    def consumer(self, response: ConsumerProbeResponse) -> None:
        """Publish a run of the consumer probe, and the lag of the groups that it watches."""
        counts = fault_counts(response.verdict, response.brokers)
        if response.gaps:
            # Each one, where the failures count the brokers.
            counts[Metric.RECORDS_LOST] = response.gaps
        own: dict[Metric, float] = {
            Metric.HEARTBEAT_LAG: response.lag,
            Metric.HEARTBEATS_DUPLICATED: response.duplicates,
        }
        if response.newest_age_ms is not None:
            own[Metric.HEARTBEAT_AGE] = response.newest_age_ms
        for lag in response.groups:
            self._group(lag)
        self._publish(response.verdict, response.brokers, counts, own)

    def _publish(
        self,
        verdict: Verdict,
        reports: Sequence[BrokerReport],
        counts: Mapping[Metric, int],
        own: Mapping[Metric, float],
    ) -> None:
        # A loss has an alarm and a mail of its own.
        faults = sum(count for metric, count in counts.items() if metric is not Metric.RECORDS_LOST)
        numbers: dict[Metric, float] = {
            Metric.FAULTS: faults,
            **counts,
            **own,
            Metric.BROKERS_HEALTHY: int(verdict.status == "healthy"),
            Metric.BROKERS_FAILING: sum(report.failure is not None for report in reports),
        }
        if days := [report.certificate_days for report in reports if report.certificate_days is not None]:
            numbers[Metric.CERTIFICATE_DAYS] = min(days)
        publish_metrics(self.metrics, numbers.items(), detailed=self.detailed)
        for report in reports:
            if not report.is_alias:
                self._broker(report)
        details = {
            "counts": {metric.value: number for metric, number in numbers.items()},
            "verdict": msgspec.to_builtins(verdict),
            "brokers": msgspec.to_builtins(reports),
        }
        # Anything but healthy is an error, with every stage of every broker.
        write = self.logger.info if verdict.status == "healthy" else self.logger.error
        write(verdict.summary, extra=details)

    def _broker(self, report: BrokerReport) -> None:
        name = (report.address if report.broker is None else str(report.broker)) or "unlisted"
        failure = report.failure
        stage = failure.stage.number if failure else 0
        times = {result.stage: result.milliseconds for result in report.stages if result.status != "skipped"}
        self.logger.info(BROKER_LINE, extra={"broker": name, "failed_stage": stage, "milliseconds": times})
        numbers = {latency_of(stage): milliseconds for stage, milliseconds in times.items()}
        of_broker = dimension_metrics(self.service, "Broker", name)
        publish_metrics(of_broker, {Metric.FAILED_STAGE: stage, **numbers}.items(), detailed=self.detailed)

    def _group(self, lag: GroupLag) -> None:
        if lag.records is None:
            return
        line: dict[str, object] = {"group": lag.group, "records": lag.records}
        numbers: dict[Metric, float] = {Metric.GROUP_LAG: lag.records}
        if lag.seconds is not None:
            line["seconds"] = numbers[Metric.GROUP_LAG_SECONDS] = lag.seconds
        self.logger.info(GROUP_LINE, extra=line)
        publish_metrics(dimension_metrics(self.service, "Group", lag.group), numbers.items(), detailed=self.detailed)


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


def _expires_soon(report: BrokerReport) -> bool:
    return any(result.cause == Cause.TLS_EXPIRES_SOON for result in report.stages)
