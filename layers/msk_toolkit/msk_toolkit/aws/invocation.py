"""Invoking a Lambda function: without waiting for it, or for its result."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from msk_toolkit.aws.bounded import call_within
from msk_toolkit.aws.clients import aws_error, error_code
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError, OutcomeUnknownError

# Lambda's words for: not now. The function has not been started.
_BUSY = "TooManyRequestsException"
_NOT_NOW = frozenset({_BUSY, "EC2ThrottledException", "ResourceConflictException", "ResourceNotReadyException"})
_PAUSE_SECONDS = 2.0
# With less left a function can't do anything that is worth starting it for.
_SHORTEST_SECONDS = 10.0
_LONGEST_RESULT = 1_000_000  # bytes
_LONGEST_TYPE = 100


def invoke_later(lambda_client: Any, function: str, payload: bytes) -> None:
    """Have Lambda take the event; it runs the function when it can.

    Raises:
        AwsError: refused, or no answer.
    """
    try:
        lambda_client.invoke(FunctionName=function, InvocationType="Event", Payload=payload)
    except (ClientError, BotoCoreError) as error:
        raise aws_error(f"invoking {function}", error) from error


def invoke_for_result(
    lambda_client: Any,
    function: str,
    payload: Callable[[float], bytes],
    deadline: Deadline,
    sleep: Callable[[float], None] = time.sleep,
) -> bytes:
    """Invoke a function and wait for its result, which is JSON; where Lambda has no room for it, try again.

    Args:
        lambda_client: one that tries nothing again by itself, and waits longer than the deadline.
        payload: the event for the seconds that are left.

    Raises:
        AwsError: the function was not started.
        OutcomeUnknownError: it was, or may have been, and there is no result.
    """
    while True:
        try:
            return _invoke(lambda_client, function, payload(deadline.remaining()), deadline)
        except ClientError as error:
            code = error_code(error)
            if code not in _NOT_NOW:
                raise aws_error(f"invoking {function}", error) from error
            if deadline.remaining() < _PAUSE_SECONDS + _SHORTEST_SECONDS:
                busy = "another invocation holds its concurrency" if code == _BUSY else f"Lambda answers {code}"
                raise AwsError(f"{function} could not be started in time: {busy}") from error
        sleep(_PAUSE_SECONDS)


def _invoke(lambda_client: Any, function: str, payload: bytes, deadline: Deadline) -> bytes:
    def call() -> tuple[str, bytes]:
        answer = lambda_client.invoke(FunctionName=function, Payload=payload)
        # One byte more tells a result that is cut off: it is no JSON then.
        return answer.get("FunctionError", ""), answer["Payload"].read(_LONGEST_RESULT + 1)

    try:
        failed, result = call_within(deadline, f"invoking {function}", call)
    except (AwsError, BotoCoreError) as error:
        raise OutcomeUnknownError(f"{function} gave no answer in time; its log says how far it came") from error
    if failed:
        raise OutcomeUnknownError(f"{function} {_failure(result)}")
    return result


def _failure(result: bytes) -> str:
    """What ended the function. Its message is left out: whoever raised it may have quoted anything."""
    try:
        told = msgspec.json.decode(result)
    except (msgspec.DecodeError, UnicodeDecodeError):
        told = None
    details: Mapping[str, object] = told if isinstance(told, dict) else {}
    kind, message = str(details.get("errorType", "an error"))[:_LONGEST_TYPE], str(details.get("errorMessage", ""))
    if kind == "Sandbox.Timedout" or "Task timed out after" in message:
        return "timed out; a call that hangs mostly lacks a way out of the subnets"
    return f"ended with {kind}; its log says why"
