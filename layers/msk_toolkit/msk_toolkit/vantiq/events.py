"""Events of a Vantiq resource as they happen, over its web socket."""

import contextlib
from collections.abc import Iterator
from typing import Any

import msgspec

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import VantiqError
from msk_toolkit.vantiq.connection import VantiqEndpoint
from msk_toolkit.vantiq.results import is_plausible
from msk_toolkit.vantiq.web_socket import WebSocket

_PATH = "/api/v1/wsock/websocket"
_MAX_WAIT_SECONDS = 10.0
_AGAIN_SECONDS = 0.1
_REQUEST = "arrivals"
_SUCCESS = 200
# A message that carries an event.
_EVENT = 100


class ReceivedEvents:
    """The messages that a source receives from now on."""

    def __init__(self, socket: WebSocket, deadline: Deadline) -> None:
        self._socket = socket
        self._deadline = deadline

    def wait_for(self, text: str, seconds: float) -> Any:
        """The first event whose JSON contains ``text``; None if the time is over first.

        Raises:
            VantiqError: Vantiq ended the subscription.
        """
        deadline = self._deadline.at_most(seconds)
        while (message := _next(self._socket, deadline)) is not None:
            event = message.get("body")
            if message.get("status") != _EVENT or not isinstance(event, dict):
                continue
            value = event.get("value")
            if text in msgspec.json.encode(value).decode():
                return value
        return None


@contextlib.contextmanager
def arrivals_of(
    source: str, endpoint: VantiqEndpoint, token: str, namespace: str, deadline: Deadline
) -> Iterator[ReceivedEvents]:
    """Subscribe to what a source receives; in force when this returns.

    Raises:
        VantiqError: no connection, or the subscription is refused.
    """
    socket = WebSocket.open(endpoint, _PATH, deadline.at_most(_MAX_WAIT_SECONDS))
    try:
        late_answers = _log_in(socket, token, deadline)
        _subscribe(socket, source, namespace, late_answers, deadline)
        yield ReceivedEvents(socket, deadline)
    finally:
        socket.close()


def _log_in(socket: WebSocket, token: str, deadline: Deadline) -> int:
    """Show the token, and again every tenth of a second until there is an answer: a request to validate is "not
    guaranteed delivery to the server" (API reference, release 1.44). Answers how many answers may still come."""
    patience = deadline.at_most(_MAX_WAIT_SECONDS)
    message = msgspec.json.encode({"op": "validate", "resourceName": "system.credentials", "object": token})
    answer, sent = None, 0
    while answer is None and not patience.expired:
        socket.send(message, patience)
        sent += 1
        answer = _next(socket, patience.at_most(_AGAIN_SECONDS))
    _expect_success("validate", answer)
    return sent - 1


def _subscribe(socket: WebSocket, source: str, namespace: str, late_answers: int, deadline: Deadline) -> None:
    patience = deadline.at_most(_MAX_WAIT_SECONDS)
    wish: dict[str, Any] = {"op": "subscribe", "resourceName": "events", "resourceId": f"/sources/{source}"}
    wish["parameters"] = {"requestId": _REQUEST}
    if namespace:
        wish["targetNamespace"] = namespace
    socket.send(msgspec.json.encode(wish), patience)
    answer = _next(socket, patience)
    # Each further validate may have an answer too, which tells nothing of this request.
    while late_answers and _is_for_validate(answer):
        answer, late_answers = _next(socket, patience), late_answers - 1
    _expect_success("subscribe", answer)


def _is_for_validate(answer: dict[str, Any] | None) -> bool:
    return answer is not None and answer.get("status") == _SUCCESS and not _is_ours(answer)


def _is_ours(answer: dict[str, Any]) -> bool:
    headers = answer.get("headers")
    return isinstance(headers, dict) and headers.get("X-Request-Id") == _REQUEST


def _expect_success(operation: str, answer: dict[str, Any] | None) -> None:
    if answer is None:
        raise VantiqError(f"Vantiq does not answer {operation}")
    status = answer.get("status")
    if status != _SUCCESS:
        # Anything else may be the request itself, with the token.
        shown = status if isinstance(status, int) else "that is not a number"
        raise VantiqError(f"Vantiq refuses to {operation}, with status {shown}")


def _next(socket: WebSocket, deadline: Deadline) -> dict[str, Any] | None:
    text = socket.receive(deadline)
    if text is None:
        return None
    return message_of(text)


def message_of(text: bytes) -> dict[str, Any]:
    """A message's fields; none where it has far more values than any that is waited for: another's record.

    Raises:
        VantiqError: it is not a JSON object.
    """
    if not is_plausible(text, []):
        return {}
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise VantiqError("Vantiq's web socket brought something else than a JSON object") from error
