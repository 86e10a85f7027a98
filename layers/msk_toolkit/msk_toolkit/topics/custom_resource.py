"""The declared topics as a CloudFormation resource: create and update apply them, delete leaves them alone."""

from collections.abc import Callable
from typing import Any

from msk_toolkit.aws.custom_resource import Status
from msk_toolkit.errors import ToolkitError
from msk_toolkit.topics.serve import TopicsRequest, TopicsResponse, parse_request

Answer = tuple[Status, str, dict[str, str]]


def answer_for(event: dict[str, Any], carry_out: Callable[[TopicsRequest], TopicsResponse]) -> Answer:
    """Carry out CloudFormation's request; every outcome is an answer, so this never raises."""
    if event["RequestType"] == "Delete":
        return "SUCCESS", "The topics stay: nothing that holds data is deleted with a stack.", {}
    try:
        properties = event.get("ResourceProperties", {})
        inline = {"topics": properties["Topics"]} if "Topics" in properties else {}
        response = carry_out(parse_request({"action": "apply", **inline}))
    except ToolkitError as error:
        return "FAILED", str(error), {}
    except Exception as error:  # noqa: BLE001 - without an answer the stack would hang for an hour
        return "FAILED", f"unexpected {type(error).__name__}; see the function's log", {}
    # A number: CloudFormation refuses an answer that many names would make longer than 4 KB.
    return "SUCCESS", response.table.splitlines()[-1], {"Created": str(len(response.plan.to_create))}
