"""The emulator's CloudWatch, Logs and SNS, as the alarms use them."""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import boto3
from botocore.config import Config

from local.alarms.definitions import Definitions
from local.alarms.evaluation import Change
from local.alarms.notifications import Notification
from local.cost.emf import Measured, Metric

# A line may be written with an earlier time than one that was already read.
_OVERLAP_SECONDS = 10.0
_LIMITS = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 2})
_NUMBERS: Mapping[str, type[int] | type[float]] = {
    "Period": int,
    "EvaluationPeriods": int,
    "DatapointsToAlarm": int,
    "Threshold": float,
}
_AS_WRITTEN = (
    "AlarmName",
    "AlarmDescription",
    "AlarmActions",
    "OKActions",
    "Namespace",
    "MetricName",
    "Dimensions",
    "Statistic",
    "ComparisonOperator",
    "TreatMissingData",
)


class Line(NamedTuple):
    """A line of a log; ``at`` in seconds since 1970."""

    at: float
    text: str


class Services:
    """Clients of the emulator. Every method raises ``ClientError`` or ``BotoCoreError``."""

    def __init__(self, session: boto3.Session, endpoint: str) -> None:
        self._logs = session.client("logs", endpoint_url=endpoint, config=_LIMITS)
        self._cloudwatch = session.client("cloudwatch", endpoint_url=endpoint, config=_LIMITS)
        self._sns = session.client("sns", endpoint_url=endpoint, config=_LIMITS)
        self._read: dict[str, Counter[Line]] = {}

    def create(self, definitions: Definitions) -> None:
        """Put every alarm into the emulator, so that its API shows them."""
        for alarm in definitions.alarms.values():
            self._cloudwatch.put_metric_alarm(**_alarm_request(alarm))
        for name, composite in definitions.composites.items():
            self._cloudwatch.put_composite_alarm(
                AlarmName=name,
                AlarmDescription=composite.get("AlarmDescription", ""),
                AlarmRule=composite["AlarmRule"],
                AlarmActions=composite.get("AlarmActions", []),
                OKActions=composite.get("OKActions", []),
            )

    def enter(self, change: Change) -> None:
        """Show an alarm's new state."""
        self._cloudwatch.set_alarm_state(AlarmName=change.name, StateValue=change.after, StateReason=change.reason)

    def publish(self, topic: str, notification: Notification) -> None:
        """Publish on an SNS topic."""
        self._sns.publish(TopicArn=topic, Subject=notification.subject, Message=notification.message)

    def new_lines(self, group: str, since: float) -> Iterator[Line]:
        """The lines of a log group that were not read before, the oldest first.

        Args:
            since: seconds since 1970; an earlier line that comes up to ten seconds late is read as well.
        """
        pages = self._logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, startTime=max(0, round((since - _OVERLAP_SECONDS) * 1000))
        )
        events = itertools.chain.from_iterable(page["events"] for page in pages)
        # The emulator gives no id to the lines of functions.
        lines = Counter(Line(event["timestamp"] / 1000, event["message"]) for event in events)
        new = lines - self._read.get(group, Counter())
        self._read[group] = lines
        yield from sorted(new.elements())

    def measured(self, metric: Metric, start: float, end: float) -> Iterator[tuple[float, Measured]]:
        """The sums by second of a metric that a service publishes; all times in seconds since 1970."""
        response = self._cloudwatch.get_metric_statistics(
            Namespace=metric.namespace,
            MetricName=metric.name,
            Dimensions=[{"Name": name, "Value": value} for name, value in metric.dimensions],
            StartTime=datetime.fromtimestamp(start, UTC),
            EndTime=datetime.fromtimestamp(end, UTC),
            Period=1,
            Statistics=["Sum"],
        )
        for point in response["Datapoints"]:
            yield point["Timestamp"].timestamp(), Measured(metric, (point["Sum"],))


def published_by_services(metrics: Iterable[Metric]) -> list[Metric]:
    """Those metrics that are not in the functions' log lines."""
    return sorted(metric for metric in metrics if metric.namespace.startswith("AWS/"))


def _alarm_request(alarm: Mapping[str, Any]) -> dict[str, Any]:
    request = {name: alarm[name] for name in _AS_WRITTEN if name in alarm}
    request |= {name: convert(alarm[name]) for name, convert in _NUMBERS.items() if name in alarm}
    if "Metrics" in alarm:
        # The emulator keeps none of it; the alarm's evaluation is not its own.
        request["Metrics"] = [{"Id": "evaluated", "Expression": "0", "ReturnData": True}]
    return request
