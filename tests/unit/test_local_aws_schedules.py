"""What the template schedules itself runs more often locally, as the alarms' periods are shorter there."""

from types import SimpleNamespace
from typing import Any

import pytest

from local.aws.processed import Stack
from local.aws.schedules import faster, shorten

SCHEDULE = "AWS::Scheduler::Schedule"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("rate(5 minutes)", "rate(1 minute)"),
        ("rate(30 minutes)", "rate(6 minutes)"),
        ("rate(1 minute)", "rate(1 minute)"),
        ("rate(1 hour)", "rate(1 hour)"),
        ("cron(0 4 * * ? *)", "cron(0 4 * * ? *)"),
    ],
)
def test_a_rate_in_minutes_comes_more_often(expression: str, expected: str) -> None:
    assert faster(expression, 5.0) == expected


def test_only_a_schedule_without_a_parameter_is_changed() -> None:
    expressions: dict[str, Any] = {"Watch": "rate(5 minutes)", "Probe": {"Ref": "ProducerProbeSchedule"}}
    stack = Stack(
        name="toolkit",
        stack_id="",
        template={"Resources": {name: {"Properties": {"ScheduleExpression": e}} for name, e in expressions.items()}},
        parameters={},
        outputs={},
        physical_ids={"Watch": "arn:aws:scheduler:r:1:schedule/default/watch-1", "Probe": "probe-1"},
        types=dict.fromkeys(expressions, SCHEDULE) | {"Topic": "AWS::SNS::Topic"},
    )
    updates: list[dict[str, Any]] = []
    client = SimpleNamespace(
        get_schedule=lambda **request: {**request, "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": {"Arn": "a"}},
        update_schedule=lambda **request: updates.append(request),
    )
    session: Any = SimpleNamespace(client=lambda *_, **__: client)
    assert shorten(stack, session, "http://emulator", 5.0) == ["Watch"]
    assert [(update["Name"], update["ScheduleExpression"]) for update in updates] == [("watch-1", "rate(1 minute)")]
