"""Events of SNS with CloudWatch's messages about alarms, as they are documented."""

import json
from typing import Any

STATE_TOPIC = "arn:aws:sns:eu-central-1:123456789012:shop-AlarmStateTopic-1"
CHANGED = "2026-11-28T02:53:00.123+0000"


def alarm_message(name: str, state: str = "ALARM", before: str = "OK", **more: Any) -> dict[str, Any]:
    """CloudWatch's message; ``more`` replaces or adds fields."""
    return {
        "AlarmName": name,
        "AlarmDescription": "What the template says of it.",
        "AWSAccountId": "123456789012",
        "NewStateValue": state,
        "NewStateReason": "Threshold Crossed: 1 datapoint [1.0 (28/11/26 02:52:00)] was greater than the threshold.",
        "StateChangeTime": CHANGED,
        "Region": "EU (Frankfurt)",
        "AlarmArn": f"arn:aws:cloudwatch:eu-central-1:123456789012:alarm:{name}",
        "OldStateValue": before,
        "AlarmActions": [STATE_TOPIC],
        "OKActions": [STATE_TOPIC],
        **more,
    }


def sns_event(*messages: dict[str, Any] | str, topic: str = STATE_TOPIC) -> dict[str, Any]:
    """The event with which SNS invokes a function; a dictionary becomes JSON."""
    texts = [message if isinstance(message, str) else json.dumps(message) for message in messages]
    return {"Records": [{"EventSource": "aws:sns", "Sns": {"TopicArn": topic, "Message": text}} for text in texts]}
