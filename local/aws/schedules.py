"""The schedules of the deployed stack, as often as the local alarms' shorter periods need them."""

import re

import boto3

from local.aws.processed import Stack

_SCHEDULE = "AWS::Scheduler::Schedule"
_RATE = re.compile(r"rate\((\d+) minutes?\)")


def shorten(stack: Stack, session: boto3.Session, endpoint: str, factor: float) -> list[str]:
    """Have what the template schedules itself run more often; what has a parameter gets it from that.

    Returns the schedules' logical ids.

    Raises:
        ClientError, BotoCoreError: EventBridge Scheduler does not answer.
    """
    scheduler = session.client("scheduler", endpoint_url=endpoint)
    shortened = []
    for name, kind in stack.types.items():
        if kind != _SCHEDULE:
            continue
        written = stack.template["Resources"][name]["Properties"]["ScheduleExpression"]
        if not isinstance(written, str):
            continue
        schedule = scheduler.get_schedule(Name=stack.physical_ids[name].rpartition("/")[2])
        scheduler.update_schedule(
            Name=schedule["Name"],
            ScheduleExpression=faster(written, factor),
            FlexibleTimeWindow=schedule["FlexibleTimeWindow"],
            Target=schedule["Target"],
        )
        shortened.append(name)
    return shortened


def faster(expression: str, factor: float) -> str:
    """A rate in minutes that comes more often, at most each minute; every other expression as it is."""
    rate = _RATE.fullmatch(expression)
    if rate is None:
        return expression
    minutes = max(1, round(int(rate[1]) / factor))
    return f"rate({minutes} minute{'s' if minutes > 1 else ''})"
