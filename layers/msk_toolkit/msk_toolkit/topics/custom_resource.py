"""The declared topics as a CloudFormation resource: create and update apply them, delete leaves them alone.

1. A deletion succeeds: the topics are kept.
2. The properties are checked, and with them the function's own settings and file: a mistake fails the request.
3. The topics are applied.
4. An update whose topics have more partitions than declared may be a rollback: then they keep them, and the rest is
   applied.
5. A failure is answered with success where it would cost more than the topics: see ``_excused``.

A wrong declaration fails before anything is changed. An obstacle that the declaration did not cause (no route to the
brokers or to AWS, a login or a permission that is refused) does not cost a new stack: it comes up, with the function in
it that diagnoses the obstacle, and reports by the attribute ``Status``, in the log and by an alarm that the topics are
not applied.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any

import msgspec

from msk_toolkit.aws.custom_resource import region_of
from msk_toolkit.errors import ConfigurationError, OutcomeUnknownError, ToolkitError
from msk_toolkit.settings.plain import shown_name
from msk_toolkit.topics.apply import TopicChange
from msk_toolkit.topics.custom_resource_result import CustomResourceResult
from msk_toolkit.topics.fixed_properties import fixed_properties_problems
from msk_toolkit.topics.known_properties import CONCERN_TOPICS, KNOWN_PROPERTIES
from msk_toolkit.topics.plan import TopicStep
from msk_toolkit.topics.refusal import Refusal
from msk_toolkit.topics.request import TopicsRequest, TopicsResponse, parse_topics_request
from msk_toolkit.topics.stack_findings import stack_findings

_DENIED = "AUTHORIZATION_FAILED"

CarryOut = Callable[[TopicsRequest], TopicsResponse]
# Whether the stack rolls back; None where that could not be determined.
RollsBack = Callable[[], bool | None]
# Reads what the function has of its own, its settings and topics.yaml; raises ConfigurationError.
ReadOwn = Callable[[], object]


class _Rollback:
    """Whether the stack rolls back, looked up once; a look-up that fails counts as unknown, and its error is kept."""

    def __init__(self, rolls_back: RollsBack) -> None:
        self._rolls_back = rolls_back
        self._is_known = False
        self._state: bool | None = None
        self.bug: Exception | None = None

    def state(self) -> bool | None:
        if not self._is_known:
            self._is_known = True
            try:
                self._state = self._rolls_back()
            except Exception as error:  # noqa: BLE001 - it is for the log; without an answer the stack would hang
                self.bug = error
        return self._state


def answer_for(
    event: dict[str, Any], carry_out: CarryOut, rolls_back: RollsBack, read_own: ReadOwn = lambda: None
) -> CustomResourceResult:
    """Carry out CloudFormation's request; every outcome is an answer, so this never raises.

    Args:
        event: CloudFormation's request.
        carry_out: serves an apply.
        rolls_back: whether the stack rolls back, None if unknown; looked up only where the answer depends on it.
        read_own: called before anything is changed, so that all mistakes are reported at once.
    """
    if event["RequestType"] == "Delete":
        return CustomResourceResult("SUCCESS", "The topics are kept: deleting a stack deletes nothing that holds data.")
    rollback = _Rollback(rolls_back)
    result = _outcome(event, carry_out, rollback, read_own)
    if result.status == "FAILED":
        result = _excused(result, event, rollback)
    return result._replace(bug=result.bug or rollback.bug)


def _outcome(
    event: dict[str, Any], carry_out: CarryOut, rollback: _Rollback, read_own: ReadOwn
) -> CustomResourceResult:
    try:
        return _applied(event, carry_out, rollback, read_own)
    except OutcomeUnknownError as error:
        return CustomResourceResult("FAILED", f"The outcome is unknown: {error}.", obstacle=True)
    except ToolkitError as error:
        return CustomResourceResult("FAILED", f"Nothing was changed. {error}", obstacle=True)
    except Exception as error:  # noqa: BLE001 - without an answer the stack would hang for an hour
        reason = f"unexpected {type(error).__name__}; see the function's log"
        return CustomResourceResult("FAILED", reason, obstacle=True, bug=error)


def _applied(
    event: dict[str, Any], carry_out: CarryOut, rollback: _Rollback, read_own: ReadOwn
) -> CustomResourceResult:
    given = event.get("ResourceProperties", {})
    if not isinstance(given, dict):
        return CustomResourceResult("FAILED", "Nothing was changed. ResourceProperties must be an object")
    if problems := [*_problems(given, region_of(event), read_own), *_fixed(event, rollback)]:
        return CustomResourceResult("FAILED", f"Nothing was changed. {'; '.join(problems)}")
    request = _request(given)
    response = carry_out(request)
    kept = _kept(response, event, rollback)
    if kept:
        response = carry_out(msgspec.structs.replace(request, keep_partitions=True))
    return _result(response, kept, rollback)


def _kept(response: TopicsResponse, event: Mapping[str, Any], rollback: _Rollback) -> list[str]:
    """Topics that keep more partitions than declared, since the update is, or may be, a rollback."""
    grown = _grown(response)
    if grown and event["RequestType"] == "Update" and rollback.state() is not False:
        return grown
    return []


def _result(response: TopicsResponse, kept: list[str], rollback: _Rollback) -> CustomResourceResult:
    created, changed = response.created, response.changed
    if response.status != "applied":
        obstacle = response.status == "incomplete" or _is_denied(response)
        return CustomResourceResult("FAILED", _why(response), created, changed, obstacle=obstacle)
    # Where it is not known whether the stack rolls back, this may be an update that asks for what Kafka can't do.
    excused = bool(kept) and rollback.state() is None
    return CustomResourceResult("SUCCESS", _success(response, kept), created, changed, excused=excused)


def _success(response: TopicsResponse, kept: list[str]) -> str:
    notes = [f"{topic}: keeps its partitions, since Kafka can't remove any." for topic in kept]
    notes += [f"Behind: {sentence}." for sentence in response.behind]
    return " ".join([response.table.splitlines()[-1], *notes])


def _problems(properties: Mapping[str, Any], region: str, read_own: ReadOwn) -> Iterator[str]:
    """Everything that is known to be wrong before brokers or AWS are asked."""
    yield from _unknown_properties(properties)
    yield from stack_findings(properties, region)
    try:
        if "Topics" in properties:
            # With topics of its own a stack has nothing to do with the function's file.
            _request(properties)
        else:
            read_own()
    except ConfigurationError as error:
        yield str(error)


def _fixed(event: Mapping[str, Any], rollback: _Rollback) -> list[str]:
    """What the mappings can't follow; a rollback brings back what they have."""
    if event["RequestType"] != "Update":
        return []
    before, after = _object(event, "OldResourceProperties"), _object(event, "ResourceProperties")
    problems = list(fixed_properties_problems(before, after))
    return [] if problems and rollback.state() else problems


def _unknown_properties(properties: Mapping[str, Any]) -> Iterator[str]:
    # A misspelt Topics would apply the toolkit's own file, and succeed.
    if unknown := [f"{shown_name(name)} is not known" for name in properties if name not in KNOWN_PROPERTIES]:
        yield "; ".join(["ResourceProperties: " + unknown[0], *unknown[1:], f"known are {', '.join(KNOWN_PROPERTIES)}"])


def _request(properties: Mapping[str, Any]) -> TopicsRequest:
    event = {"action": "apply"}
    if "Topics" in properties:
        event["topics"] = properties["Topics"]
    return parse_topics_request(event)


def _steps(response: TopicsResponse) -> list[TopicStep]:
    if response.plan is None:
        return []
    return response.plan.steps


def _is_denied(response: TopicsResponse) -> bool:
    """Whether nothing but a missing permission keeps the plan from being carried out."""
    refusals = _refusals(response)
    is_hidden = all(refusal.kind == "not-readable" for refusal in refusals)
    # The plan's own refusals come first; behind them is what the cluster says.
    return is_hidden and all(_DENIED in problem for problem in response.problems[len(refusals) :])


def _refusals(response: TopicsResponse) -> list[Refusal]:
    return list(chain.from_iterable(step.refusals for step in _steps(response)))


def _grown(response: TopicsResponse) -> list[str]:
    """Topics that have more partitions than declared."""
    return [step.topic for step in _steps(response) if step.is_refused_for("fewer-partitions")]


def _why(response: TopicsResponse) -> str:
    if response.status == "refused":
        return "Nothing was changed. " + "; ".join(response.problems)
    undone = [f"{_label(change)}: {change.detail}" for change in response.changes if not change.is_done]
    done = ", ".join(map(_label, response.done)) or "nothing"
    return f"Not done: {'; '.join(undone)}. Done: {done}. An update continues from here."


def _label(change: TopicChange) -> str:
    return f"{change.change} of {change.topic}"


def _excused(result: CustomResourceResult, event: dict[str, Any], rollback: _Rollback) -> CustomResourceResult:
    """A failure that is answered with success.

    An obstacle to the toolkit's first topics, or to a change that has nothing to do with topics, is no reason to take
    the toolkit's stack away: with it would go the functions that say what is missing. And a failure of a rollback would
    leave a stack in UPDATE_ROLLBACK_FAILED, where only a person gets it out.
    """
    if result.obstacle and _can_do_without_topics(event):
        fix = "Fix it (DiagnoseFunction reports what is missing), then invoke the topics function with apply"
        return result._replace(status="SUCCESS", reason=f"{result.reason} {fix}.", excused=True)
    if event["RequestType"] != "Update":
        return result
    return _excused_in_rollback(result, rollback.state())


def _can_do_without_topics(event: Mapping[str, Any]) -> bool:
    # A stack with topics of its own has those functions elsewhere, and things that count on its topics.
    return "Topics" not in _object(event, "ResourceProperties") and not _concerns_topics(event)


def _excused_in_rollback(result: CustomResourceResult, state: bool | None) -> CustomResourceResult:
    if state is False:
        return result
    sign = "This is a rollback"
    if state is None:
        sign = "This may be a rollback; it could not be determined"
    reason = f"{sign}: the topics are left as they are, since a failure would get the stack stuck. {result.reason}"
    return result._replace(status="SUCCESS", reason=reason, excused=True)


def _concerns_topics(event: Mapping[str, Any]) -> bool:
    if event["RequestType"] == "Create":
        return False
    before, after = _object(event, "OldResourceProperties"), _object(event, "ResourceProperties")
    return any(before.get(name) != after.get(name) for name in CONCERN_TOPICS)


def _object(event: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The properties of that name; none where they are not an object, which is reported where they are checked."""
    given = event.get(name)
    if isinstance(given, dict):
        return given
    return {}
