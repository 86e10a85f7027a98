"""The declared topics as a CloudFormation resource: create and update apply them, delete leaves them alone.

What is declared wrongly fails, before anything is changed. What stands in the way of a right declaration (no way to the
brokers or to AWS, a login or a permission that is refused) does not cost a new stack: it comes up, with the function in
it that finds out why, and says in ``CustomResourceStatus``, in the log and by an alarm that the topics are not applied.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from msk_toolkit.aws.custom_resource import CustomResourceStatus, region_of
from msk_toolkit.errors import ConfigurationError, OutcomeUnknownError, ToolkitError
from msk_toolkit.topics.request import TopicsRequest, TopicsResponse, parse_topics_request
from msk_toolkit.topics.stack_findings import stack_findings

# A change of one of these asks for other topics, of another cluster, or as another user.
_CONCERN_TOPICS = (
    "CodeVersion",
    "Layer",
    "Topics",
    "ClusterArn",
    "BootstrapServers",
    "AuthMode",
    "ScramSecretArn",
    "TrustedCa",
    "ClusterKind",
)
# The toolkit's own resource names these to have them checked before anything is changed, and so that a change of them
# makes CloudFormation ask again; the function reads its own settings.
_CHECKED = (
    "BootstrapPorts",
    "SubnetIds",
    "ClusterSecurityGroupId",
    "VantiqUrl",
    "VantiqPort",
    "VantiqTokenSecretArn",
    "VantiqNamespace",
    "VantiqTarget",
    "VantiqRoutes",
    "HeartbeatTarget",
    "ForwardTopics",
    "ProbeTopic",
    "PollerMode",
    "MinimumPollers",
    "MaximumPollers",
    "VantiqTrustedCa",
    "LagGroups",
    "SetAside",
    "AdvancedSettings",
)
_KNOWN = ("ServiceToken", "ServiceTimeout", *_CONCERN_TOPICS, *_CHECKED)
# Of the reason in the attribute Status: an output is read in one line.
_LONGEST_STATUS = 500
_DENIED = "AUTHORIZATION_FAILED"

CarryOut = Callable[[TopicsRequest], TopicsResponse]
RollsBack = Callable[[], bool | None]
# Reads what the function has of its own, its settings and topics.yaml; raises ConfigurationError.
ReadOwn = Callable[[], object]


class CustomResourceResult(NamedTuple):
    """What CloudFormation is told, and what it is not: ``excused`` is a failure that was answered with success, since
    the stack would be lost or get stuck; ``bug`` an exception that nobody expected. ``obstacle`` is a failure of which
    the declaration is innocent.
    """

    status: CustomResourceStatus
    reason: str
    created: int = 0
    changed: int = 0
    excused: bool = False
    obstacle: bool = False
    bug: Exception | None = None

    @property
    def data(self) -> dict[str, str]:
        """Attributes for Fn::GetAtt, in every answer: a rollback that misses one that it had would fail."""
        # Numbers: CloudFormation refuses an answer that many names would make longer than 4 KB.
        applied = "applied" if self.status == "SUCCESS" and not self.excused else f"not applied: {self.reason}"
        return {"Created": str(self.created), "Changed": str(self.changed), "Status": applied[:_LONGEST_STATUS]}


def answer_for(
    event: dict[str, Any], carry_out: CarryOut, rolls_back: RollsBack, read_own: ReadOwn = lambda: None
) -> CustomResourceResult:
    """Carry out CloudFormation's request; every outcome is an answer, so this never raises.

    Args:
        event: CloudFormation's request.
        carry_out: serves an apply.
        rolls_back: whether the stack is going back, None if unknown; asked only where the answer depends on it.
        read_own: looked at before anything is changed, so that all mistakes are told at once.
    """
    bugs: list[Exception] = []

    def goes_back() -> bool | None:
        try:
            return rolls_back()
        except Exception as error:  # noqa: BLE001 - it is for the log; without an answer the stack would hang
            bugs.append(error)
            return None

    if event["RequestType"] == "Delete":
        return CustomResourceResult("SUCCESS", "The topics stay: nothing that holds data is deleted with a stack.")
    try:
        answer = _applied(event, carry_out, goes_back, read_own)
    except OutcomeUnknownError as error:
        answer = CustomResourceResult("FAILED", f"What was done is not known: {error}.", obstacle=True)
    except ToolkitError as error:
        answer = CustomResourceResult("FAILED", f"Nothing was changed. {error}", obstacle=True)
    except Exception as error:  # noqa: BLE001 - without an answer the stack would hang for an hour
        answer = CustomResourceResult(
            "FAILED", f"unexpected {type(error).__name__}; see the function's log", obstacle=True, bug=error
        )
    answer = _excused(answer, event, goes_back) if answer.status == "FAILED" else answer
    return answer._replace(bug=answer.bug or next(iter(bugs), None))


def _applied(
    event: dict[str, Any], carry_out: CarryOut, goes_back: RollsBack, read_own: ReadOwn
) -> CustomResourceResult:
    properties = event.get("ResourceProperties", {})
    if problems := list(_problems(properties, region_of(event), read_own)):
        return CustomResourceResult("FAILED", f"Nothing was changed. {'; '.join(problems)}")
    request = _request(properties)
    response = carry_out(request)
    kept = _grown(response)
    if kept and event["RequestType"] == "Update" and goes_back() is not False:
        response = carry_out(msgspec.structs.replace(request, keep_partitions=True))
    else:
        kept = []
    created = sum(change.change == "create" and change.state == "done" for change in response.changes)
    changed = len({change.topic for change in response.changes if change.state == "done"}) - created
    if response.status != "applied":
        obstacle = response.status == "incomplete" or _is_denied(response)
        return CustomResourceResult("FAILED", _why(response), created, changed, obstacle=obstacle)
    notes = [f"{each}: the partitions stay, Kafka can't take them away." for each in kept]
    notes += [f"Behind: {each}." for each in response.behind]
    # Where nobody can tell whether the stack goes back, this may be an update that asks for what Kafka can't do.
    excused = bool(kept) and goes_back() is None
    return CustomResourceResult(
        "SUCCESS", " ".join([response.table.splitlines()[-1], *notes]), created, changed, excused=excused
    )


def _problems(properties: Mapping[str, Any], region: str, read_own: ReadOwn) -> Iterator[str]:
    """Everything that is known to be wrong before anybody is asked."""
    # A misspelt Topics would apply the toolkit's own file, and succeed.
    if unknown := [f"{name} is not known" for name in properties if name not in _KNOWN]:
        yield "; ".join(["ResourceProperties: " + unknown[0], *unknown[1:], f"known are {', '.join(_KNOWN)}"])
    yield from stack_findings(properties, region)
    try:
        # With topics of its own a stack has nothing to do with the function's file.
        _request(properties) if "Topics" in properties else read_own()
    except ConfigurationError as error:
        yield str(error)


def _request(properties: Mapping[str, Any]) -> TopicsRequest:
    declared = {"topics": properties["Topics"]} if "Topics" in properties else {}
    return parse_topics_request({"action": "apply", **declared})


def _is_denied(response: TopicsResponse) -> bool:
    """Whether nothing but a missing permission keeps the plan from being carried out."""
    refusals = [refusal for step in (response.plan.steps if response.plan else []) for refusal in step.refusals]
    hidden = all(refusal.kind == "not-readable" for refusal in refusals)
    # The plan's own refusals come first; behind them is what the cluster says.
    return hidden and all(_DENIED in problem for problem in response.problems[len(refusals) :])


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


def _excused(answer: CustomResourceResult, event: dict[str, Any], rolls_back: RollsBack) -> CustomResourceResult:
    """A failure that is answered with success.

    What stands in the way of the toolkit's first topics, or of a change that has nothing to do with topics, is no
    reason to take the toolkit's stack away: with it would go the functions that say what is missing. And a failure of
    a rollback would leave a stack in UPDATE_ROLLBACK_FAILED, where only a person gets it out.
    """
    # A stack with topics of its own has those functions elsewhere, and things that count on its topics.
    if answer.obstacle and "Topics" not in event.get("ResourceProperties", {}) and not _asks_for_other_topics(event):
        way_out = "Mend it (DiagnoseFunction says what is missing), then invoke the topics function with apply"
        return answer._replace(status="SUCCESS", reason=f"{answer.reason} {way_out}.", excused=True)
    if event["RequestType"] != "Update":
        return answer
    going_back = rolls_back()
    if going_back is False:
        return answer
    sign = "This is a rollback" if going_back else "This may be a rollback, nothing tells"
    reason = f"{sign}: the topics are left as they are, since a failure would get the stack stuck. {answer.reason}"
    return answer._replace(status="SUCCESS", reason=reason, excused=True)


def _asks_for_other_topics(event: Mapping[str, Any]) -> bool:
    if event["RequestType"] == "Create":
        return False
    before, after = event.get("OldResourceProperties") or {}, event.get("ResourceProperties") or {}
    return any(before.get(name) != after.get(name) for name in _CONCERN_TOPICS)
