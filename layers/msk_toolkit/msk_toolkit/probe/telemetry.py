"""A probe's verdict as metrics and as one log line."""

from collections.abc import Sequence

import msgspec
from aws_lambda_powertools import Logger, Metrics

from msk_toolkit.probe.report import BrokerReport, Verdict
from msk_toolkit.telemetry.metrics import Metric


def publish(metrics: Metrics, logger: Logger, verdict: Verdict, reports: Sequence[BrokerReport]) -> None:
    """Publish the verdict; anything but healthy is logged as an error, with every stage of every broker."""
    failing = sum(report.failure is not None for report in reports)
    metrics.add_metric(Metric.BROKERS_HEALTHY, Metric.BROKERS_HEALTHY.unit, int(verdict.status == "healthy"))
    metrics.add_metric(Metric.BROKERS_FAILING, Metric.BROKERS_FAILING.unit, failing)
    details = {"verdict": msgspec.to_builtins(verdict), "brokers": msgspec.to_builtins(reports)}
    if verdict.status == "healthy":
        logger.info(verdict.summary, extra=details)
    else:
        logger.error(verdict.summary, extra=details)
