"""What CloudWatch sends to an SNS topic when an alarm changes its state.

Source: "Alarm notifications" (Amazon CloudWatch User Guide): a JSON document; an alarm's own properties in ``Trigger``,
a composite alarm's in ``AlarmRule`` and ``TriggeringChildren``.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from local.alarms.evaluation import Change

_LONGEST_SUBJECT = 100


class Place(NamedTuple):
    """Where the alarms are."""

    region: str
    account: str

    def arn(self, alarm: str) -> str:
        """The ARN of an alarm."""
        return f"arn:aws:cloudwatch:{self.region}:{self.account}:alarm:{alarm}"


class Notification(NamedTuple):
    """A message as it is published."""

    subject: str
    message: str


def notification(change: Change, definition: Mapping[str, Any], place: Place, at: datetime) -> Notification:
    """The message about a change.

    Args:
        definition: the alarm's properties as in a template, resolved.
        at: when the state changed, in UTC.
    """
    body: dict[str, Any] = {
        "AlarmName": change.name,
        "AlarmDescription": definition.get("AlarmDescription"),
        "AWSAccountId": place.account,
        "NewStateValue": change.after,
        "NewStateReason": change.reason,
        "StateChangeTime": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}+0000",
        "Region": place.region,
        "AlarmArn": place.arn(change.name),
        "OldStateValue": change.before,
        "OKActions": definition.get("OKActions", []),
        "AlarmActions": definition.get("AlarmActions", []),
        "InsufficientDataActions": definition.get("InsufficientDataActions", []),
    }
    if "AlarmRule" in definition:
        body["AlarmRule"] = definition["AlarmRule"]
        body["TriggeringChildren"] = [{"Arn": place.arn(cause)} for cause in change.causes]
    else:
        body["Trigger"] = _trigger(definition)
    subject = f'{change.after}: "{change.name}" in {place.region}'
    return Notification(subject[:_LONGEST_SUBJECT], msgspec.json.encode(body).decode())


def _trigger(definition: Mapping[str, Any]) -> dict[str, Any]:
    names = ("MetricName", "Namespace", "Statistic", "Dimensions", "Metrics")
    trigger = {name: definition[name] for name in names if name in definition}
    numbers = ("Period", "EvaluationPeriods", "DatapointsToAlarm")
    trigger |= {name: int(definition[name]) for name in numbers if name in definition}
    return {
        **trigger,
        "ComparisonOperator": definition["ComparisonOperator"],
        "Threshold": float(definition["Threshold"]),
        "TreatMissingData": definition.get("TreatMissingData", "missing"),
    }
