"""A call of AWS: its deadline, its pages, and its errors by their code. Every question to AWS goes through here.

boto3's own timeouts are for each attempt and each socket operation, so a whole call runs in a thread that is left
behind when its deadline passes.
"""

import queue
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msk_toolkit.aws.request_errors import RefusedRequestError, UnansweredRequestError
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError, ToolkitError

_NOT_FOUND = frozenset({"NotFoundException", "ResourceNotFoundException", "BadRequestException"})
# EC2 has a code of its own for it.
_DENIED = frozenset({"AccessDeniedException", "AccessDenied", "UnauthorizedException", "UnauthorizedOperation"})
# Without a network path to the API a call would take far longer to fail.
_OPTIONAL_SECONDS = 4.0


class NotFoundAtAwsError(AwsError):
    """What was asked for does not exist, in this account and Region."""


def ask_aws[Answer](action: str, call: Callable[[], Answer]) -> Answer:
    """The call's answer, within boto3's own timeouts.

    Args:
        action: what is being asked, for the error's text, such as ``kafka:DescribeClusterV2``.

    Raises:
        NotFoundAtAwsError: no such thing.
        AwsError: denied, refused (``code`` says how), or no answer.
    """
    try:
        return call()
    except Exception as error:
        failure = _failure(action, error)
        if failure is None:
            raise
        # Some messages of AWS repeat the request with its session token, and a logged traceback would show them.
        raise failure from None


class PendingCall[Answer]:
    """A call that runs in a thread of its own while its caller does something else."""

    def __init__(self, action: str, call: Callable[[], Answer]) -> None:
        self._action = action
        self._outcome: queue.SimpleQueue[tuple[Answer, None] | tuple[None, Exception]] = queue.SimpleQueue()

        def run() -> None:
            try:
                self._outcome.put((ask_aws(action, call), None))
            except Exception as error:  # noqa: BLE001 - carried over to the waiting thread, which raises it
                self._outcome.put((None, error))

        threading.Thread(target=run, daemon=True, name=action).start()

    def answer(self, deadline: Deadline) -> Answer:
        """The answer, which may be asked for again; when the deadline passes first, the thread goes on.

        Raises:
            AwsError: no answer in time; or whatever the call raises.
        """
        try:
            outcome = self._outcome.get(timeout=deadline.timeout())
        except queue.Empty:
            raise AwsError(f"{self._action}: no answer from AWS in time") from None
        self._outcome.put(outcome)
        answer, error = outcome
        if error is not None:
            raise error
        return answer  # type: ignore[return-value]  # an answer without an error


def call_within[Answer](deadline: Deadline, action: str, call: Callable[[], Answer]) -> Answer:
    """The call's answer; when the deadline passes first, its thread is abandoned.

    Args:
        action: what is being done, for the error's text, such as ``kafka:DescribeClusterV2``.

    Raises:
        AwsError: no answer in time, or as of :func:`ask_aws`; or whatever else ``call`` raises.
    """
    return PendingCall(action, call).answer(deadline)


def answer_or_none[Answer](deadline: Deadline, action: str, call: Callable[[], Answer]) -> Answer | None:
    """The answer to a question that nothing depends on: None where it is denied, unknown, or not there within 4 s."""
    try:
        return call_within(deadline.at_most(_OPTIONAL_SECONDS), action, call)
    except ToolkitError:
        return None


def all_items(client: Any, operation: str, key: str, **arguments: Any) -> list[Any]:
    """What all pages of an operation list under ``key``; to be called within one of the functions above.

    Args:
        operation: boto3's name of it, such as ``list_scram_secrets``.
    """
    return list(_items(client, operation, key, arguments))


def first_item(client: Any, operation: str, key: str, is_sought: Callable[[Any], bool], **arguments: Any) -> Any | None:
    """The first of these items that is sought, None where there is none; no page after its own is requested."""
    return next(filter(is_sought, _items(client, operation, key, arguments)), None)


def _items(client: Any, operation: str, key: str, arguments: Mapping[str, Any]) -> Iterator[Any]:
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page.get(key, ())


def _failure(action: str, error: Exception) -> AwsError | None:
    """The error as the toolkit's own; None where it is not that of a request."""
    match error:
        case RefusedRequestError():
            return _refused(action, error.code)
        case UnansweredRequestError():
            return _no_answer(action, error.kind)
    # boto3 is loaded where it is used; an error of its own can come from nowhere else.
    if "botocore" not in sys.modules:
        return None
    return _failure_of_boto3(action, error)


def _failure_of_boto3(action: str, error: Exception) -> AwsError | None:
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
    from botocore.exceptions import ConnectionError as BotoConnectionError
    from botocore.parsers import ResponseParserError

    match error:
        case ClientError():
            return _refused(action, str(error.response.get("Error", {}).get("Code", "Unknown")))
        case BotoConnectionError() | HTTPClientError():
            return _no_answer(action, type(error).__name__)
        case ResponseParserError():
            # It quotes the whole response, which may be a secret's.
            return AwsError(f"{action}: the response is not one of AWS; is a proxy or another service at its address?")
        case BotoCoreError():
            kind = type(error).__name__
            return AwsError(f"{action}: the request could not be sent ({kind}); check boto3's configuration")
    return None


def _refused(action: str, code: str) -> AwsError:
    if code in _NOT_FOUND:
        return NotFoundAtAwsError(f"{action}: not found in this account and Region", code)
    if code in _DENIED:
        return AwsError(f"{action}: access denied; allow it for the function's role", code)
    return AwsError(f"{action}: refused with {code}", code)


def _no_answer(action: str, kind: str) -> AwsError:
    return AwsError(f"{action}: no answer from AWS ({kind}); the subnet needs a VPC endpoint for the service, or NAT")
