"""A plain HTTP client over sockets: it sees resets, halves and silence for what they are."""

import http.client
import json
import socket
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from local.vantiq import VantiqStandIn

TOPIC = "/api/v1/resources/topics//orders"
TYPE = "/api/v1/resources/custom/Order"


class Server(NamedTuple):
    """A stand-in in another process, as far as this client needs it."""

    url: str
    token: str


class Reply:
    """A whole answer."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.body = response.read()
        self.status = response.status
        self.headers = response.headers

    def json(self) -> Any:
        return json.loads(self.body)


def bearer(token: str) -> dict[str, str]:
    """The header with a token."""
    return {"Authorization": f"Bearer {token}"}


def send(
    vantiq: Server | VantiqStandIn,
    path: str,
    body: Any = None,
    *,
    method: str = "POST",
    timeout_seconds: float = 5.0,
    headers: dict[str, str] | None = None,
) -> Reply:
    """One request on a connection of its own; bytes go as they are, anything else as JSON."""
    parts = urlsplit(vantiq.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout_seconds)
    try:
        data = body
        if not isinstance(body, bytes | None):
            data = json.dumps(body).encode()
        connection.request(method, path, data, bearer(vantiq.token) | (headers or {}))
        return Reply(connection.getresponse())
    finally:
        connection.close()


def open_socket(vantiq: Server | VantiqStandIn) -> socket.socket:
    """A bare connection."""
    parts = urlsplit(vantiq.url)
    return socket.create_connection((parts.hostname, parts.port), timeout=5)
