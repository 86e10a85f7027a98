"""Whether a custom resource's update is CloudFormation rolling back.

The event does not say so, and the difference matters: a failed answer to a rollback leaves the stack stuck in
UPDATE_ROLLBACK_FAILED.
"""

from typing import Any, NamedTuple, Self

from msk_toolkit.aws.call import answer_or_none, first_item
from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.deadline import Deadline

# Of a stack that updates its resources; while it rolls back after a creation it only deletes them.
_ROLLING_BACK = "UPDATE_ROLLBACK_IN_PROGRESS"
_IN_PROGRESS = ["UPDATE_IN_PROGRESS", _ROLLING_BACK]
# Properties that end in a number which is higher each time.
_NUMBERED = ("CodeVersion", "Layer")


def is_rollback(event: dict[str, Any], client: MakeClient, deadline: Deadline) -> bool | None:
    """Whether the stack rolls back; None where that could not be determined.

    Either sign of a rollback is enough, because to miss a rollback costs more than to see one too many.

    Args:
        event: CloudFormation's request. Properties CodeVersion and Layer that end in a number show it without any API,
            as the ARNs of Lambda's versions do: a new version has a higher number than all before.
        client: makes a boto3 client from a service's name.
        deadline: bounds the question to CloudFormation.
    """
    if event.get("RequestType") != "Update":
        return False
    grows = _signs(event)
    if not all(grows):
        return True
    stack = str(event["StackId"])
    status = answer_or_none(deadline, "cloudformation:ListStacks", lambda: _status(client, stack))
    if status is not None:
        return status == _ROLLING_BACK
    return False if grows else None


def _status(client: MakeClient, stack: str) -> str | None:
    # It lists names and states only; DescribeStacks would also show each stack's parameters and outputs.
    cloudformation = client("cloudformation")
    summary = first_item(
        cloudformation,
        "list_stacks",
        "StackSummaries",
        lambda summary: summary["StackId"] == stack,
        StackStatusFilter=_IN_PROGRESS,
    )
    if summary is None:
        return None
    return str(summary["StackStatus"])


def _signs(event: dict[str, Any]) -> list[bool]:
    """Whether each of the numbered properties grows, as far as that can be said."""
    signs = (_grows(name, event) for name in _NUMBERED)
    return [sign for sign in signs if sign is not None]


def _grows(name: str, event: dict[str, Any]) -> bool | None:
    """Whether a property's number is higher than before; None where it is the same, or a number of something else."""
    before = _numbered(event, "OldResourceProperties", name)
    after = _numbered(event, "ResourceProperties", name)
    if before == after or not before.is_comparable(after):
        return None
    return int(after.number) > int(before.number)


class _Numbered(NamedTuple):
    """A property's text, in parts."""

    name: str
    separator: str
    number: str

    def is_comparable(self, other: Self) -> bool:
        """Whether both are numbers of the same thing."""
        return self.name == other.name and self.number.isdecimal() and other.number.isdecimal()


def _numbered(event: dict[str, Any], properties: str, name: str) -> _Numbered:
    return _Numbered(*str((event.get(properties) or {}).get(name, "")).rpartition(":"))
