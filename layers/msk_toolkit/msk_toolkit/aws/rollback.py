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


def is_rollback(event: dict[str, Any], client: Callable[[str], Any], deadline: Deadline) -> bool | None:
    """Whether the stack rolls back; None where nothing tells.

    Either sign of a rollback is enough, because to miss one costs more than to see one too many.

    Args:
        event: CloudFormation's request. A property CodeVersion that ends in a number tells without any API, as a
            Lambda version's ARN does: a new version has a higher number than all before.
        client: makes a boto3 client from a service's name.
        deadline: bounds the question to CloudFormation.
    """
    if event.get("RequestType") != "Update":
        return False
    before = _version(event.get("OldResourceProperties"))
    after = _version(event.get("ResourceProperties"))
    grows = None if before is None or after is None or before == after else after > before
    if grows is False:
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


def _version(properties: Any) -> int | None:
    text = str((properties or {}).get("CodeVersion", "")).rpartition(":")[2]
    return int(text) if text.isdecimal() else None
