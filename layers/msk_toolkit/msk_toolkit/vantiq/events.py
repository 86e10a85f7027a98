"""Events of a Vantiq resource as they happen, over its web socket."""

import contextlib
import ssl
from collections.abc import Iterator
from typing import Any

import msgspec

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import VantiqError
from msk_toolkit.settings.vantiq import VantiqAddress
from msk_toolkit.vantiq.web_socket import WebSocket

_PATH = "/api/v1/wsock/websocket"
_MOST_WAIT_SECONDS = 10.0
_REQUEST = "arrivals"


class Arrivals:
    """The messages that a source receives from now on."""

    def __init__(self, socket: WebSocket, deadline: Deadline) -> None:
        self._socket = socket
        self._deadline = deadline

    def wait_for(self, wanted: str, seconds: float) -> Any:
        """The first event whose JSON holds the text ``wanted``; None when the time is over first.

        Raises:
            VantiqError: Vantiq ended the subscription.
        """
        deadline = self._deadline.at_most(seconds)
        while (message := _next(self._socket, deadline)) is not None:
            event = message.get("body") if message.get("status") == 100 else None
            value = event.get("value") if isinstance(event, dict) else None
            if wanted in msgspec.json.encode(value).decode():
                return value
        return None


@contextlib.contextmanager
def arrivals_of(
    source: str, address: VantiqAddress, context: ssl.SSLContext | None, token: str, namespace: str, deadline: Deadline
) -> Iterator[Arrivals]:
    """Subscribe to what a source receives; in force when this returns.

    Raises:
        VantiqError: no connection, or the subscription is refused.
    """
    socket = WebSocket.open(address, context, _PATH, deadline.at_most(_MOST_WAIT_SECONDS))
    try:
        _agree(socket, {"op": "validate", "resourceName": "system.credentials", "object": token}, deadline)
        wish: dict[str, Any] = {"op": "subscribe", "resourceName": "events", "resourceId": f"/sources/{source}"}
        wish["parameters"] = {"requestId": _REQUEST}
        if namespace:
            wish["targetNamespace"] = namespace
        _agree(socket, wish, deadline)
        yield Arrivals(socket, deadline)
    finally:
        socket.close()


def _agree(socket: WebSocket, message: dict[str, Any], deadline: Deadline) -> None:
    patience = deadline.at_most(_MOST_WAIT_SECONDS)
    socket.send(msgspec.json.encode(message), patience)
    answer = _next(socket, patience)
    if answer is None:
        raise VantiqError(f"Vantiq does not answer {message['op']}")
    if answer.get("status") != 200:
        raise VantiqError(f"Vantiq refuses to {message['op']}, with status {answer.get('status')}")


def _next(socket: WebSocket, deadline: Deadline) -> dict[str, Any] | None:
    text = socket.receive(deadline)
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise VantiqError("Vantiq's web socket brought something else than a JSON object") from error
