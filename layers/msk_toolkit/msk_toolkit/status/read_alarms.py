"""The stack's alarms."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from msk_toolkit.aws.call import ask_aws
from msk_toolkit.status.facts import AlarmFact

_ACTION = "cloudwatch:DescribeAlarms"
# CloudFormation names an alarm by the stack, its logical id and a random end; a composite one has its name from the
# template. In another stack whose name begins like this one's, more comes before the logical id.
_OWN_NAME = re.compile(r"[A-Z][A-Za-z0-9]*(-[A-Za-z0-9]{12,})?|[a-z]+")
# In a composite alarm's rule.
_CHILD = re.compile(r'ALARM\("?([^")]+)"?\)')


def read_alarms(cloudwatch: Any, stack: str) -> Sequence[AlarmFact]:
    """The alarms of a stack, without those that are parts of a composite one: they would show each fault twice.

    Args:
        cloudwatch: boto3's client.

    Raises:
        AwsError: denied, or no answer.
    """
    alarms = ask_aws(_ACTION, lambda: list(_described(cloudwatch, f"{stack}-")))
    own = [alarm for alarm in alarms if _OWN_NAME.fullmatch(alarm["AlarmName"].removeprefix(f"{stack}-"))]
    children: set[str] = set()
    for alarm in own:
        children.update(name.rpartition(":")[2] for name in _CHILD.findall(alarm.get("AlarmRule", "")))
    # A rule also names alarms that suppress it; they mail by themselves.
    return [_fact(alarm) for alarm in own if alarm.get("AlarmActions") or alarm["AlarmName"] not in children]


def _described(cloudwatch: Any, prefix: str) -> Iterator[dict[str, Any]]:
    pages = cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=prefix, AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    for page in pages:
        yield from page.get("MetricAlarms", ())
        yield from page.get("CompositeAlarms", ())


def _fact(alarm: dict[str, Any]) -> AlarmFact:
    since = alarm.get("StateTransitionedTimestamp") or alarm.get("StateUpdatedTimestamp")
    return AlarmFact(
        name=alarm["AlarmName"],
        is_on=alarm.get("StateValue") == "ALARM",
        since=since.timestamp() if since else None,
        description=alarm.get("AlarmDescription", ""),
    )
