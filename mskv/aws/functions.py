"""Functions: what they are, and one invocation that is never made twice."""

import json
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from mskv.aws.calls import DENIED, ask, code_of, message_of
from mskv.aws.clients import Client
from mskv.facts import Function, Invocation, Unavailable

# Throttled means: not run. Most functions run once at a time, and a schedule or another person may have been first.
_THROTTLED = "TooManyRequestsException"
_AGAIN_SECONDS = 2.0
# Longer than any invocation but a redrive's, which may take a quarter of an hour.
_PATIENCE_SECONDS = 120.0
# Of an error in a form that is not Lambda's.
_MAX_TEXT = 300


def read_function(client: Client, logical_id: str, name: str) -> Function | Unavailable:
    """A function's configuration."""
    configuration = ask(
        "lambda:GetFunctionConfiguration", lambda: client("lambda").get_function_configuration(FunctionName=name)
    )
    if isinstance(configuration, Unavailable):
        return configuration
    return Function(
        logical_id=logical_id,
        name=name,
        timeout=float(configuration.get("Timeout", 3)),
        traced=configuration.get("TracingConfig", {}).get("Mode") == "Active",
        log_group=configuration.get("LoggingConfig", {}).get("LogGroup", f"/aws/lambda/{name}"),
    )


class Invoker:
    """Invokes functions and waits for their answers.

    Args:
        make: makes a Lambda client that waits for a function with this timeout, in seconds, and asks once.
        sleep, clock: in seconds.
    """

    def __init__(
        self,
        make: Callable[[float], Any],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._make = make
        self._clock = clock
        self._sleep = sleep

    def invoke(self, function: Function, event: dict[str, Any]) -> Invocation:
        """Invoke it; if it is throttled by another invocation, wait a while for the end of that one."""
        client = self._make(function.timeout)
        began = self._clock()
        patience = min(function.timeout, _PATIENCE_SECONDS) + _AGAIN_SECONDS
        while True:
            try:
                response = client.invoke(FunctionName=function.name, Payload=json.dumps(event).encode())
                return self._answered(response, began)
            except ClientError as error:
                if code_of(error) != _THROTTLED:
                    return self._refused(error, began)
                if self._clock() - began >= patience:
                    text = f"throttled for {self._clock() - began:.0f} s: {message_of(error)}"
                    return Invocation(outcome="busy", text=text, seconds=self._clock() - began)
            except BotoCoreError as error:
                return Invocation(outcome="lost", text=str(error), seconds=self._clock() - began)
            self._sleep(_AGAIN_SECONDS)

    def _answered(self, response: dict[str, Any], began: float) -> Invocation:
        payload = response["Payload"].read()
        seconds = self._clock() - began
        try:
            answer = json.loads(payload or b"null")
        except ValueError:
            # Nothing of it is quoted: it may hold a password.
            return Invocation(outcome="raised", text=f"the answer is not JSON ({len(payload)} bytes)", seconds=seconds)
        if "FunctionError" in response:
            return Invocation(outcome="raised", text=_error_text(answer), seconds=seconds)
        return Invocation(outcome="answered", answer=answer, seconds=seconds)

    def _refused(self, error: ClientError, began: float) -> Invocation:
        seconds = self._clock() - began
        if code_of(error) in DENIED:
            return Invocation(outcome="denied", text=message_of(error), seconds=seconds)
        return Invocation(outcome="lost", text=f"{code_of(error)}: {message_of(error)}", seconds=seconds)


def _error_text(answer: Any) -> str:
    if isinstance(answer, dict) and "errorMessage" in answer:
        return f"{answer.get('errorType', 'error')}: {answer['errorMessage']}"
    return repr(answer)[:_MAX_TEXT]
