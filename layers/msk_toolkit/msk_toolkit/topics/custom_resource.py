"""The declared topics as a CloudFormation resource: create and update apply them, delete leaves them alone."""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from msk_toolkit.aws.custom_resource import Status
from msk_toolkit.errors import ConfigurationError, ToolkitError
from msk_toolkit.topics.request import TopicsRequest, TopicsResponse, parse_request

# The toolkit's own resource names its cluster so that another one runs it again; the function reads its settings.
_SETTINGS = ("ClusterArn", "BootstrapServers", "AuthMode", "ClusterKind")
_KNOWN = ("ServiceToken", "ServiceTimeout", "CodeVersion", "Topics", *_SETTINGS)

CarryOut = Callable[[TopicsRequest], TopicsResponse]
RollsBack = Callable[[], bool | None]


class Answer(NamedTuple):
    """What CloudFormation is told, and what it is not: ``excused`` is a failure that was answered with success, since
    the stack would get stuck; ``bug`` an exception that nobody expected.
    """

    status: Status
    reason: str
    created: int = 0
    changed: int = 0
    excused: bool = False
    bug: Exception | None = None

    @property
    def data(self) -> dict[str, str]:
        """Attributes for Fn::GetAtt, in every answer: a rollback that misses one that it had would fail."""
        # Numbers: CloudFormation refuses an answer that many names would make longer than 4 KB.
        return {"Created": str(self.created), "Changed": str(self.changed)}


def answer_for(event: dict[str, Any], carry_out: CarryOut, rolls_back: RollsBack) -> Answer:
    """Carry out CloudFormation's request; every outcome is an answer, so this never raises.

    Args:
        event: CloudFormation's request.
        carry_out: serves an apply.
        rolls_back: whether the stack is going back, None if unknown; asked only where the answer depends on it.
    """
    bugs: list[Exception] = []

    def goes_back() -> bool | None:
        try:
            return rolls_back()
        except Exception as error:  # noqa: BLE001 - it is for the log; without an answer the stack would hang
            bugs.append(error)
            return None

    if event["RequestType"] == "Delete":
        return Answer("SUCCESS", "The topics stay: nothing that holds data is deleted with a stack.")
    try:
        answer = _applied(event, carry_out, goes_back)
    except ToolkitError as error:
        answer = Answer("FAILED", f"Nothing was changed. {error}")
    except Exception as error:  # noqa: BLE001 - without an answer the stack would hang for an hour
        answer = Answer("FAILED", f"unexpected {type(error).__name__}; see the function's log", bug=error)
    answer = _excused(answer, event, goes_back) if answer.status == "FAILED" else answer
    return answer._replace(bug=answer.bug or next(iter(bugs), None))


def _applied(event: dict[str, Any], carry_out: CarryOut, rolls_back: RollsBack) -> Answer:
    properties = event.get("ResourceProperties", {})
    # A misspelt Topics would apply the toolkit's own file, and succeed.
    if unknown := [f"{name} is not known" for name in properties if name not in _KNOWN]:
        raise ConfigurationError("ResourceProperties", [*unknown, f"known are {', '.join(_KNOWN)}"])
    declared = {"topics": properties["Topics"]} if "Topics" in properties else {}
    request = parse_request({"action": "apply", **declared})
    response = carry_out(request)
    kept = _grown(response)
    if kept and event["RequestType"] == "Update" and rolls_back() is not False:
        response = carry_out(msgspec.structs.replace(request, keep_partitions=True))
    else:
        kept = []
    created = sum(change.change == "create" and change.state == "done" for change in response.changes)
    changed = len({change.topic for change in response.changes if change.state == "done"}) - created
    if response.status != "applied":
        return Answer("FAILED", _why(response), created, changed)
    words = [f"{each}: the partitions stay, Kafka can't take them away." for each in kept]
    words += [f"Behind: {each}." for each in response.behind]
    return Answer("SUCCESS", " ".join([response.table.splitlines()[-1], *words]), created, changed)


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


def _excused(answer: Answer, event: dict[str, Any], rolls_back: RollsBack) -> Answer:
    """A failure of a rollback would leave the stack in UPDATE_ROLLBACK_FAILED, where only a person gets it out."""
    if event["RequestType"] != "Update":
        return answer
    going_back = rolls_back()
    if going_back is False:
        return answer
    words = "This is a rollback" if going_back else "This may be a rollback, nothing tells"
    reason = f"{words}: the topics are left as they are, since a failure would get the stack stuck. {answer.reason}"
    return answer._replace(status="SUCCESS", reason=reason, excused=True)
