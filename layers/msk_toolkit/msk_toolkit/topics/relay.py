"""CloudFormation's requests by way of a function outside the VPC, which can answer whatever the VPC lacks.

The topics function needs the VPC to reach the brokers, and from there a route to S3 to answer CloudFormation. So a
second function takes the request, invokes the topics function with it, and sends the answer itself.
"""

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from msk_toolkit.aws.custom_resource import CustomResourceStatus
from msk_toolkit.errors import ConfigurationError, OutcomeUnknownError
from msk_toolkit.settings.plain import plain_problems
from msk_toolkit.topics.custom_resource import RollsBack, answer_for
from msk_toolkit.topics.custom_resource_result import CustomResourceResult
from msk_toolkit.topics.request import TopicsRequest, TopicsResponse

# The request as JSON, for the seconds that are left when it is sent.
RelayPayload = Callable[[float], bytes]
# Makes the topics function answer a request; the answer is JSON as well.
Ask = Callable[[RelayPayload], bytes]
# Signed: with it anyone can answer in the function's name. It stays in the function that sends the answer.
_SIGNED = "ResponseURL"
# What a relayed request holds beside CloudFormation's own: how long the topics function has; if the stack rolls back.
_SECONDS, _ROLLS_BACK = "AnswerWithinSeconds", "RollsBack"


class RelayedAnswer(msgspec.Struct, frozen=True):
    """The topics function's answer as the result of an invocation, with the fields of ``CustomResourceResult``."""

    status: CustomResourceStatus
    reason: str
    created: int = 0
    changed: int = 0
    excused: bool = False
    starts: str = ""


def is_relayed(event: object) -> bool:
    """Whether the event is CloudFormation's request without the address to answer to."""
    return isinstance(event, dict) and {"RequestType", "StackId"} <= event.keys() and _SIGNED not in event


def seconds_given(event: Mapping[str, Any]) -> float:
    """Within how many seconds the relaying function needs the answer; infinity where the request is not relayed.

    Raises:
        ConfigurationError: it is not a number, as the relaying function writes one.
    """
    try:
        seconds = msgspec.convert(event.get(_SECONDS, math.inf), float)
    except (msgspec.ValidationError, UnicodeEncodeError):
        seconds = math.nan
    if math.isnan(seconds):
        raise ConfigurationError("event", [f"{_SECONDS} must be a number of seconds"])
    return seconds


def relayed_rollback(event: Mapping[str, Any]) -> bool | None:
    """Whether the stack rolls back, as the relaying function found out; None if unknown."""
    known = event.get(_ROLLS_BACK)
    if isinstance(known, bool):
        return known
    return None


def relayed_result(answer: CustomResourceResult) -> dict[str, Any]:
    """An answer as an invocation's result."""
    result = RelayedAnswer(answer.status, answer.reason, answer.created, answer.changed, answer.excused, answer.starts)
    return msgspec.to_builtins(result)  # type: ignore[no-any-return]  # a struct is a dict


def relay(event: dict[str, Any], ask: Ask, rolls_back: RollsBack) -> CustomResourceResult:
    """The topics function's answer to CloudFormation's request; every outcome is an answer, so this never raises.

    An invocation that fails is not the declaration's fault: it counts as an obstacle, as in ``answer_for``.

    Args:
        event: CloudFormation's request.
        ask: invokes the topics function; raises what keeps it from answering.
        rolls_back: whether the stack rolls back, None if unknown; called once at most.
    """
    rolls_back_once = functools.cache(rolls_back)
    failure: Exception = AssertionError("a deletion invokes nothing")
    if event["RequestType"] != "Delete":
        try:
            return _asked(event, ask, rolls_back_once)
        except Exception as error:  # noqa: BLE001 - answer_for separates what is expected from what is not
            failure = error

    def fail(_: TopicsRequest) -> TopicsResponse:
        raise failure

    return answer_for(event, fail, rolls_back_once)


def _asked(event: Mapping[str, Any], ask: Ask, rolls_back: RollsBack) -> CustomResourceResult:
    request = {name: value for name, value in event.items() if name != _SIGNED}
    if problems := list(plain_problems(request)):
        raise ConfigurationError("CloudFormation's request", problems)
    request[_ROLLS_BACK] = rolls_back()
    result = ask(lambda seconds: msgspec.json.encode(request | {_SECONDS: seconds}))
    try:
        answer = msgspec.json.decode(result, type=RelayedAnswer)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        problem = "the topics function returned something that is not a result; its log says what it did"
        raise OutcomeUnknownError(problem) from error
    return CustomResourceResult(
        answer.status, answer.reason, answer.created, answer.changed, answer.excused, starts=answer.starts
    )
