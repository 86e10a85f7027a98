"""The declared topics as a CloudFormation resource: create and update apply them, delete leaves them alone."""

from collections.abc import Callable
from typing import Any

import msgspec

from msk_toolkit.aws.custom_resource import Status
from msk_toolkit.errors import ToolkitError
from msk_toolkit.topics.request import TopicsRequest, TopicsResponse, parse_request

Answer = tuple[Status, str, dict[str, str]]
CarryOut = Callable[[TopicsRequest], TopicsResponse]


def answer_for(event: dict[str, Any], carry_out: CarryOut, rolls_back: Callable[[], bool | None]) -> Answer:
    """Carry out CloudFormation's request; every outcome is an answer, so this never raises.

    Args:
        event: CloudFormation's request.
        carry_out: serves an apply.
        rolls_back: whether the stack is going back, None if unknown; asked only where the answer depends on it.
    """
    if event["RequestType"] == "Delete":
        return "SUCCESS", "The topics stay: nothing that holds data is deleted with a stack.", {}
    try:
        return _applied(event, carry_out, rolls_back)
    except ToolkitError as error:
        return _failed(f"Nothing was changed. {error}", event, rolls_back)
    except Exception as error:  # noqa: BLE001 - without an answer the stack would hang for an hour
        return _failed(f"unexpected {type(error).__name__}; see the function's log", event, rolls_back)


def _applied(event: dict[str, Any], carry_out: CarryOut, rolls_back: Callable[[], bool | None]) -> Answer:
    properties = event.get("ResourceProperties", {})
    declared = {"topics": properties["Topics"]} if "Topics" in properties else {}
    request = parse_request({"action": "apply", **declared})
    response = carry_out(request)
    kept = _grown(response)
    # Where nobody can tell, taking the topic as it is does no harm: the drift check reports it.
    if kept and event["RequestType"] == "Update" and rolls_back() is not False:
        response = carry_out(msgspec.structs.replace(request, keep_partitions=True))
    else:
        kept = []
    if response.status != "applied":
        return _failed(_why(response), event, rolls_back)
    created = sum(change.change == "create" for change in response.changes)
    changed = len({change.topic for change in response.changes}) - created
    words = [f"{each}: the partitions stay, Kafka can't take them away." for each in kept]
    # Numbers: CloudFormation refuses an answer that many names would make longer than 4 KB.
    data = {"Created": str(created), "Changed": str(changed)}
    return "SUCCESS", " ".join([response.table.splitlines()[-1], *words]), data


def _grown(response: TopicsResponse) -> list[str]:
    return [
        step.topic
        for step in (response.plan.steps if response.plan else [])
        if any(refusal.kind == "fewer-partitions" for refusal in step.refusals)
    ]


def _why(response: TopicsResponse) -> str:
    if response.status == "refused":
        return "Nothing was changed. " + "; ".join(response.problems)
    undone = [f"{each.change} of {each.topic}: {each.detail}" for each in response.changes if each.state != "done"]
    done = [f"{each.change} of {each.topic}" for each in response.changes if each.state == "done"]
    return f"Not done: {'; '.join(undone)}. Done: {', '.join(done) or 'nothing'}. An update goes on from here."


def _failed(reason: str, event: dict[str, Any], rolls_back: Callable[[], bool | None]) -> Answer:
    if event["RequestType"] == "Update" and rolls_back():
        # A failure would leave the stack in UPDATE_ROLLBACK_FAILED, where only a person gets it out.
        return "SUCCESS", f"The rollback left topics as they are; the drift check reports them. {reason}", {}
    return "FAILED", reason, {}
