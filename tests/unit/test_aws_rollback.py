"""Whether a custom resource's update is a rollback: by numbers that are lower than before, or the stack's status."""

from typing import Any

import pytest
from msk_toolkit.aws.rollback import is_rollback
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError


def event(kind: str = "Update", **more: Any) -> dict[str, Any]:
    return {"RequestType": kind, "StackId": "s", **more}


class CloudFormation:
    """Its list of stacks, with ours among others."""

    def __init__(self, status: str | Exception | None) -> None:
        self.status = status
        self.pages = 0

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_stacks"
        return self

    def paginate(self, StackStatusFilter: list[str]) -> Any:  # noqa: N803 - boto3's own name
        if isinstance(self.status, Exception):
            raise self.status
        ours = [{"StackId": "s", "StackStatus": self.status}] if self.status in StackStatusFilter else []
        others = [{"StackId": "other", "StackStatus": "UPDATE_ROLLBACK_IN_PROGRESS"}]
        for summaries in (others, ours, others):
            self.pages += 1
            yield {"StackSummaries": summaries}


def versions(before: str, after: str) -> dict[str, Any]:
    return event(OldResourceProperties={"CodeVersion": before}, ResourceProperties={"CodeVersion": after})


def layers(before: str, after: str) -> dict[str, Any]:
    return event(
        OldResourceProperties={"CodeVersion": "arn:f:6", "Layer": before},
        ResourceProperties={"CodeVersion": "arn:f:6", "Layer": after},
    )


@pytest.mark.parametrize(
    ("request_", "stack", "expected"),
    [
        (layers("arn:arm64:4", "arn:arm64:3"), AwsError("no route"), True),
        (layers("arn:arm64:4", "arn:arm64:5"), AwsError("no route"), False),
        # Another architecture's layer counts by itself.
        (layers("arn:arm64:4", "arn:x86:3"), AwsError("no route"), None),
        (versions("arn:f:6", "arn:f:5"), "UPDATE_IN_PROGRESS", True),
        (versions("arn:f:6", "arn:f:5"), AwsError("no route"), True),
        # Somebody had lowered the number by hand.
        (versions("5", "9"), "UPDATE_ROLLBACK_IN_PROGRESS", True),
        (versions("arn:f:9", "arn:f:10"), "UPDATE_IN_PROGRESS", False),
        (versions("arn:f:9", "arn:f:10"), AwsError("no route"), False),
        (versions("arn:f:6", "arn:f:6"), "UPDATE_ROLLBACK_IN_PROGRESS", True),
        (versions("arn:f:6", "arn:f:6"), AwsError("no route"), None),
        (versions("arn:f:$LATEST", "arn:f:6"), AwsError("no route"), None),
        (event(), "UPDATE_ROLLBACK_IN_PROGRESS", True),
        (event(), "UPDATE_IN_PROGRESS", False),
        # Another account's stack, or one that has just ended.
        (event(), None, None),
        (event(), AwsError("no route"), None),
        (event("Create"), "ROLLBACK_IN_PROGRESS", False),
    ],
)
def test_a_rollback_is_known_by_the_version_that_is_lower_or_by_the_stacks_status(
    request_: dict[str, Any], stack: str | Exception | None, expected: bool | None
) -> None:
    assert is_rollback(request_, lambda service: CloudFormation(stack), Deadline(5)) is expected


def test_no_page_is_read_behind_the_stack_because_a_long_list_would_outlast_the_time_for_the_question() -> None:
    cloudformation = CloudFormation("UPDATE_ROLLBACK_IN_PROGRESS")
    assert is_rollback(event(), lambda service: cloudformation, Deadline(5)) is True
    assert cloudformation.pages == 2
