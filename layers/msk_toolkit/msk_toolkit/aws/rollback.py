"""Whether a custom resource's update is CloudFormation going back.

The event does not say so, and the difference matters: a failed answer to a rollback leaves the stack stuck in
UPDATE_ROLLBACK_FAILED.
"""

from collections.abc import Callable
from typing import Any

from msk_toolkit.aws.optional import answer_or_none
from msk_toolkit.deadline import Deadline


def is_rollback(event: dict[str, Any], client: Callable[[str], Any], deadline: Deadline) -> bool | None:
    """Whether the stack rolls back; None where nothing tells.

    Args:
        event: CloudFormation's request. A property CodeVersion that ends in a Lambda version's number tells by
            itself: a new version has a higher number than all before.
        client: makes a boto3 client from a service's name.
        deadline: bounds the question to CloudFormation.
    """
    if event.get("RequestType") != "Update":
        return False
    before = _version(event.get("OldResourceProperties"))
    after = _version(event.get("ResourceProperties"))
    if before is not None and after is not None and before != after:
        return after < before
    action = "asking for the stack's status"
    status = answer_or_none(deadline, action, lambda: _status(client, str(event["StackId"])))
    return None if status is None else "ROLLBACK" in status


def _status(client: Callable[[str], Any], stack: str) -> str:
    return str(client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])


def _version(properties: Any) -> int | None:
    text = str((properties or {}).get("CodeVersion", "")).rpartition(":")[2]
    return int(text) if text.isdigit() else None
