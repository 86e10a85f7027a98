"""An alarm that mails is shown in the state of the path, also where another alarm's rule names it."""

from typing import Any

from msk_toolkit.status.read_alarms import read_alarms

from tests.fakes.aws_fake import FakeAws

STOPPED = "arn:aws:sns:eu-central-1:123456789012:shop-states"
ALARMS: list[dict[str, Any]] = [
    {"AlarmName": "shop-stopped", "StateValue": "ALARM", "AlarmActions": [STOPPED]},
    {"AlarmName": "shop-HeartbeatLateAlarm-1A2B3C4D5E6F", "StateValue": "ALARM", "AlarmActions": []},
]
RULE = 'ALARM("shop-HeartbeatLateAlarm-1A2B3C4D5E6F") AND NOT ALARM("shop-stopped")'
HEARTBEAT = {"AlarmName": "shop-heartbeat", "StateValue": "OK", "AlarmRule": RULE, "AlarmActions": [STOPPED]}


def test_an_alarm_that_suppresses_another_is_no_part_of_it() -> None:
    aws = FakeAws(describe_alarms={"MetricAlarms": ALARMS, "CompositeAlarms": [HEARTBEAT]})
    alarms = read_alarms(aws("cloudwatch"), "shop")
    assert [(alarm.name, alarm.is_on) for alarm in alarms] == [("shop-stopped", True), ("shop-heartbeat", False)]
