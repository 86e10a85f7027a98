"""The drift check's schedule and the topics function's alarms: each watches a metric that the function publishes."""

import json

from msk_toolkit.telemetry.metrics import Metric

from tests.template.stack import Stack


def test_the_schedule_runs_the_check_and_nothing_that_writes() -> None:
    assert json.loads(Stack().properties("TopicsDriftCheck")["Target"]["Input"]) == {"action": "check"}


DIMENSIONS = [{"Name": "service", "Value": "shop-topics"}]


def test_a_check_that_finds_drift_is_an_alarm_at_once_and_silence_after_two_hours() -> None:
    alarm = Stack().properties("TopicsDriftedAlarm")
    drifted, expression = alarm["Metrics"]
    assert drifted["MetricStat"]["Metric"] == {
        "Namespace": "MskVantiqToolkit",
        "MetricName": Metric.TOPICS_DRIFTED,
        "Dimensions": DIMENSIONS,
    }
    assert (drifted["MetricStat"]["Stat"], drifted["MetricStat"]["Period"]) == ("Maximum", 7200)
    assert expression["Expression"] == "FILL(drifted, 1)"
    assert (alarm["EvaluationPeriods"], alarm["Threshold"], alarm["TreatMissingData"]) == (1, 0, "breaching")
    assert alarm["AlarmActions"]


def test_a_failure_that_was_kept_from_a_stack_is_an_alarm() -> None:
    alarm = Stack().properties("TopicsNotRestoredAlarm")
    assert (alarm["Namespace"], alarm["MetricName"]) == ("MskVantiqToolkit", Metric.TOPICS_NOT_RESTORED)
    assert alarm["Dimensions"] == DIMENSIONS
    assert (alarm["Statistic"], alarm["Threshold"], alarm["TreatMissingData"]) == ("Maximum", 0, "notBreaching")
    assert alarm["AlarmActions"]
