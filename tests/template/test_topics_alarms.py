"""The drift check's schedule and the topics function's alarms: each watches a metric that the function publishes."""

import json

import pytest
from msk_toolkit.telemetry.metrics import Metric

from tests.template.stack import Stack


def test_the_schedule_runs_the_check_and_nothing_that_writes() -> None:
    assert json.loads(Stack().properties("TopicsDriftCheck")["Target"]["Input"]) == {"action": "check"}


@pytest.mark.parametrize(
    ("alarm", "metric", "silence"),
    [
        ("TopicsDriftedAlarm", Metric.TOPICS_DRIFTED, "breaching"),
        ("TopicsNotRestoredAlarm", Metric.TOPICS_NOT_RESTORED, "notBreaching"),
    ],
)
def test_an_alarm_sounds_at_one_topic_and_goes_to_whom_it_concerns(alarm: str, metric: Metric, silence: str) -> None:
    found = Stack()
    properties = found.properties(alarm)
    assert (properties["Namespace"], properties["MetricName"]) == ("MskVantiqToolkit", metric)
    name = found.properties("TopicsFunction")["FunctionName"]
    assert properties["Dimensions"] == [{"Name": "service", "Value": name}]
    assert (properties["Statistic"], properties["ComparisonOperator"]) == ("Maximum", "GreaterThanThreshold")
    assert (properties["Threshold"], properties["TreatMissingData"]) == (0, silence)
    assert properties["AlarmActions"]
