"""Whether a custom resource's update is CloudFormation going back.

The event does not say so, and the difference matters: a failed answer to a rollback leaves the stack stuck in
UPDATE_ROLLBACK_FAILED.
"""

from collections.abc import Callable
from typing import Any

from msk_toolkit.aws.optional import answer_or_none
from msk_toolkit.deadline import Deadline

# Of a stack that updates its resources; while it rolls back after a creation it only deletes them.
_GOING_BACK = "UPDATE_ROLLBACK_IN_PROGRESS"
_UNDER_WAY = ["UPDATE_IN_PROGRESS", _GOING_BACK]
# Properties that end in a number which is higher each time.
_NUMBERED = ("CodeVersion", "Layer")


def is_rollback(event: dict[str, Any], client: Callable[[str], Any], deadline: Deadline) -> bool | None:
    """Whether the stack rolls back; None where nothing tells.

    Either sign of a rollback is enough, because to miss one costs more than to see one too many.

    Args:
        event: CloudFormation's request. Properties CodeVersion and Layer that end in a number tell without any API, as
            the ARNs of Lambda's versions do: a new one has a higher number than all before.
        client: makes a boto3 client from a service's name.
        deadline: bounds the question to CloudFormation.
    """
    if event.get("RequestType") != "Update":
        return False
    grows = [sign for name in _NUMBERED if (sign := _grows(name, event)) is not None]
    if not all(grows):
        return True
    status = answer_or_none(deadline, "asking which stacks roll back", lambda: _status(client, str(event["StackId"])))
    if status is not None:
        return status == _GOING_BACK
    return False if grows else None


def _status(client: Callable[[str], Any], stack: str) -> str | None:
    # It lists names and states only; DescribeStacks would also tell each stack's parameters and outputs.
    pages = client("cloudformation").get_paginator("list_stacks").paginate(StackStatusFilter=_UNDER_WAY)
    found = (str(each["StackStatus"]) for page in pages for each in page["StackSummaries"] if each["StackId"] == stack)
    return next(found, None)


def _grows(name: str, event: dict[str, Any]) -> bool | None:
    """Whether a property's number is higher than before; None where it is the same, or a number of something else."""
    before, after = (
        str((event.get(properties) or {}).get(name, "")).rpartition(":")
        for properties in ("OldResourceProperties", "ResourceProperties")
    )
    if before[0] != after[0] or before == after or not (before[2].isdecimal() and after[2].isdecimal()):
        return None
    return int(after[2]) > int(before[2])
