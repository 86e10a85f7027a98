"""The schedule of the check of the forwarder's targets, and the alarm on what it finds."""

import json
import re
from typing import Any

import pytest
from msk_toolkit.telemetry.metrics import Metric

from tests.template.stack import Stack, raw_template


def schedule(**answers: str) -> Any:
    return Stack(**answers).properties("ConnectFunction")["Events"]["TargetsCheck"]["Properties"]


def test_the_schedule_runs_the_check_and_nothing_that_writes_as_often_as_the_drift_check() -> None:
    assert json.loads(schedule()["Input"]) == {"action": "check"}
    drift = Stack().properties("TopicsDriftCheck")
    assert schedule()["ScheduleExpression"] == drift["ScheduleExpression"] == "rate(30 minutes)"


@pytest.mark.parametrize(("mode", "state"), [("require", "ENABLED"), ("warn", "ENABLED"), ("off", "DISABLED")])
def test_nothing_is_asked_where_the_forwarder_asks_nothing(mode: str, state: str) -> None:
    assert schedule(TargetCheck=mode)["State"] == state


def test_the_check_judges_as_the_forwarder_does() -> None:
    stack = Stack(RecordsPerPost="100", TargetCheck="warn", HeartbeatTarget="topic:/heart")
    of_forwarder, of_connect = (
        stack.properties(f"{name}Function")["Environment"]["Variables"] for name in ("Forwarder", "Connect")
    )
    for name in ("VANTIQ_TARGET", "HEARTBEAT_TARGET", "MAX_BATCH_RECORDS", "TARGET_CHECK"):
        assert of_connect[name] == of_forwarder[name], name


def test_an_unfit_target_is_an_alarm_at_once_and_silence_is_none() -> None:
    alarm = Stack().properties("TargetsUnfitAlarm")
    assert (alarm["Namespace"], alarm["MetricName"]) == ("MskVantiqToolkit", Metric.TARGETS_UNFIT)
    assert alarm["Dimensions"] == [{"Name": "service", "Value": "shop-connect"}]
    assert (alarm["Statistic"], alarm["EvaluationPeriods"], alarm["Threshold"]) == ("Maximum", 1, 0)
    assert alarm["TreatMissingData"] == "notBreaching"
    assert alarm["AlarmActions"]


def test_the_check_runs_within_each_period_of_its_alarm() -> None:
    pattern = raw_template()["Parameters"]["DriftCheckSchedule"]["AllowedPattern"]
    slowest = max(minutes for minutes in range(2, 500) if re.fullmatch(pattern, f"rate({minutes} minutes)"))
    assert Stack().properties("TargetsUnfitAlarm")["Period"] > slowest * 60
