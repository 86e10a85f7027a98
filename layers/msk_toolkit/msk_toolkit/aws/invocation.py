"""Invoking a Lambda function: without waiting for it, or for its result."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from msk_toolkit.aws.call import ask_aws, call_within
from msk_toolkit.backoff import Backoff
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError, OutcomeUnknownError

# Lambda's codes for: not now. The function has not been started.
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
    arguments = {"FunctionName": function, "InvocationType": "Event", "Payload": payload}
    ask_aws(f"invoking {function}", lambda: lambda_client.invoke(**arguments))


def invoke_for_result(
    lambda_client: Any,
    function: str,
    payload: Callable[[float], bytes],
    deadline: Deadline,
    sleep: Callable[[float], None] = time.sleep,
) -> bytes:
    """Invoke a function and wait for its result, which is JSON; where Lambda has no capacity for it, try again.

    Args:
        lambda_client: a client that retries nothing by itself, and waits longer than the deadline.
        payload: the event for the seconds that are left.

    Raises:
        AwsError: the function was not started.
        OutcomeUnknownError: it was, or may have been, and there is no result.
    """
    backoff = Backoff(
        deadline,
        sleep,
        shortest_seconds=_PAUSE_SECONDS,
        longest_seconds=_PAUSE_SECONDS,
        attempt_seconds=_SHORTEST_SECONDS,
    )
    while True:
        try:
            return _invoke(lambda_client, function, payload(deadline.remaining()), deadline)
        except _NotNowError as error:
            if not backoff.pause():
                raise AwsError(f"{function} could not be started in time: {error}", error.code) from error


class _NotNowError(AwsError):
    """Lambda did not start the function, and may a little later."""


def _invoke(lambda_client: Any, function: str, payload: bytes, deadline: Deadline) -> bytes:
    def call() -> tuple[str, bytes]:
        answer = lambda_client.invoke(FunctionName=function, Payload=payload)
        # One byte more shows that a result is cut off: it is not valid JSON then.
        return answer.get("FunctionError", ""), answer["Payload"].read(_LONGEST_RESULT + 1)

    try:
        failed, result = call_within(deadline, f"invoking {function}", call)
    except AwsError as error:
        if error.code in _NOT_NOW:
            raise _not_now(error.code) from error
        if error.code:
            raise
        raise OutcomeUnknownError(f"{function} gave no answer in time; its log shows how far it came") from error
    if failed:
        raise OutcomeUnknownError(f"{function} {_failure(result)}")
    return result


def _not_now(code: str) -> _NotNowError:
    if code == _BUSY:
        return _NotNowError("another invocation uses its concurrency", code)
    return _NotNowError(f"Lambda answers {code}", code)


def _failure(result: bytes) -> str:
    """What ended the function. Its message is left out: whatever raised it may have quoted anything."""
    details = _json_object(result)
    kind, message = str(details.get("errorType", "an error"))[:_LONGEST_TYPE], str(details.get("errorMessage", ""))
    if kind == "Sandbox.Timedout" or "Task timed out after" in message:
        return "timed out; usually a call hangs because its subnets have no route to the service"
    return f"ended with {kind}; its log says why"


def _json_object(result: bytes) -> Mapping[str, object]:
    try:
        document = msgspec.json.decode(result)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return document if isinstance(document, dict) else {}
