"""Events of a Vantiq resource as they happen, over its web socket."""

import contextlib
import ssl
from collections.abc import Iterator
from typing import Any

import msgspec
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import VantiqError
from msk_toolkit.settings.vantiq import VantiqAddress

_PATH = "/api/v1/wsock/websocket"
_MOST_WAIT_SECONDS = 10.0
_REQUEST = "arrivals"


class Arrivals:
    """The messages that a source receives from now on."""

    def __init__(self, socket: ClientConnection, deadline: Deadline) -> None:
        self._socket = socket
        self._deadline = deadline

    def wait_for(self, wanted: str, seconds: float) -> Any:
        """The first event whose JSON holds the text ``wanted``; None when the time is over first."""
        deadline = self._deadline.at_most(seconds)
        while not deadline.expired:
            try:
                message = msgspec.json.decode(self._socket.recv(timeout=deadline.remaining()))
            except TimeoutError:
                return None
            except (WebSocketException, OSError, msgspec.DecodeError) as error:
                raise VantiqError(f"Vantiq ended the subscription ({type(error).__name__})") from error
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
    scheme = "wss" if address.tls else "ws"
    try:
        with connect(
            f"{scheme}://{address.authority}{_PATH}",
            ssl=context,
            open_timeout=min(_MOST_WAIT_SECONDS, deadline.remaining()),
            close_timeout=1,
            # The functions reach Vantiq directly, or not at all.
            proxy=None,
        ) as socket:
            _agree(socket, {"op": "validate", "resourceName": "system.credentials", "object": token}, deadline)
            wish: dict[str, Any] = {"op": "subscribe", "resourceName": "events", "resourceId": f"/sources/{source}"}
            wish["parameters"] = {"requestId": _REQUEST}
            if namespace:
                wish["targetNamespace"] = namespace
            _agree(socket, wish, deadline)
            yield Arrivals(socket, deadline)
    except (WebSocketException, OSError) as error:
        raise VantiqError(f"Vantiq can't be subscribed to ({type(error).__name__})") from error


def _agree(socket: ClientConnection, message: dict[str, Any], deadline: Deadline) -> None:
    socket.send(msgspec.json.encode(message).decode())
    try:
        answer = msgspec.json.decode(socket.recv(timeout=min(_MOST_WAIT_SECONDS, deadline.remaining())))
    except TimeoutError as error:
        raise VantiqError(f"Vantiq does not answer {message['op']}") from error
    if answer.get("status") != 200:
        raise VantiqError(f"Vantiq refuses to {message['op']}, with status {answer.get('status')}")
