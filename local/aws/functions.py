"""Invoking a deployed function and reading its logs."""

import itertools
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import boto3
import msgspec
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

# Lambda's longest timeout is 15 minutes, and no invocation is silently repeated.
_INVOKE = Config(read_timeout=900, connect_timeout=5, retries={"total_max_attempts": 1}, tcp_keepalive=True)
_THROTTLED = "TooManyRequestsException"
_AGAIN_SECONDS = 0.2


class FunctionError(Exception):
    """The function raised or timed out; the message is its error."""


class FunctionUnavailableError(Exception):
    """The invocation never reached the function: throttled, unknown function, or no answer of the service."""


class Function:
    """A deployed function, by its name or ARN.

    ``patience_seconds``: how long an invocation that is throttled waits for its turn, in seconds.
    """

    def __init__(self, name: str, session: boto3.Session, endpoint: str, *, patience_seconds: float = 0) -> None:
        self.name = name
        self._patience_seconds = patience_seconds
        self._lambda = session.client("lambda", endpoint_url=endpoint, config=_INVOKE)
        self._logs = session.client("logs", endpoint_url=endpoint)

    def invoke(self, event: Mapping[str, Any]) -> Any:
        """Invoke and wait; returns the response, decoded.

        Raises:
            FunctionError: the function raised or timed out.
            FunctionUnavailableError: it was not invoked.
        """
        try:
            answer = self._invoke(msgspec.json.encode(event))
            payload = answer["Payload"].read()
        except (BotoCoreError, ClientError) as error:
            raise FunctionUnavailableError(f"{self.name}: {error}") from error
        response = msgspec.json.decode(payload or b"null")
        if "FunctionError" in answer:
            raise FunctionError(f"{self.name}: {_error_text(response)}")
        return response

    def _invoke(self, payload: bytes) -> Any:
        deadline = time.monotonic() + self._patience_seconds
        while True:
            try:
                return self._lambda.invoke(FunctionName=self.name, Payload=payload)
            except ClientError as error:
                if error.response["Error"]["Code"] != _THROTTLED or time.monotonic() >= deadline:
                    raise
            time.sleep(_AGAIN_SECONDS)

    def logs(self, since: datetime | None = None) -> list[str]:
        """What the function has logged, oldest first.

        Raises:
            ClientError, BotoCoreError: Lambda or CloudWatch does not answer.
        """
        settings = self._lambda.get_function_configuration(FunctionName=self.name)
        start: dict[str, Any] = {}
        if since is not None:
            start["startTime"] = round(since.timestamp() * 1000)
        pages = self._logs.get_paginator("filter_log_events").paginate(
            logGroupName=settings["LoggingConfig"]["LogGroup"], **start
        )
        events = list(itertools.chain.from_iterable(page["events"] for page in pages))
        return [event["message"] for event in sorted(events, key=lambda event: event["timestamp"])]


def _error_text(response: Any) -> str:
    if isinstance(response, dict) and "errorMessage" in response:
        return f"{response.get('errorType', 'error')}: {response['errorMessage']}"
    return repr(response)
