"""Who may talk to the emulator: programs that this system gave its session token, and no web page.

The emulator runs functions as the user and answers any caller. A page of another origin could reach it through the
browser, and so could another user of this machine. What a browser sends has an Origin or a Sec-Fetch-Site header, or a
Host name that was made to lead here; what AWS's clients send has none of these, and the session token of their
credentials, which the emulator also gives to the functions.
"""

import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

type Message = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]
type Application = Callable[[Message, Receive, Send], Awaitable[None]]

_TOKEN = "x-amz-security-token"  # noqa: S105 - the header's name
_SENT_BY_BROWSERS = ("origin", "sec-fetch-site")
# Answered to anybody of this machine: whether it is ready, and custom resources' answers, whose address is a secret.
_READY = "/_ministack/ready"
_CUSTOM_RESOURCE = "/_ministack/cfn-response/"


class Guarded:
    """An application that only those with the token reach.

    Args:
        hosts: names and addresses under which it may be called.
        token: what each request must carry, in the header or the query parameter of a session token.
    """

    def __init__(self, application: Application, hosts: frozenset[str], token: str) -> None:
        self._application = application
        self._hosts = hosts
        self._token = token.encode()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._application(scope, receive, send)
            return
        fault = self._fault(scope)
        if fault is None:
            await self._application(scope, receive, send)
        elif scope["type"] == "http":
            await _refuse(send, fault)
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _fault(self, scope: Message) -> str | None:
        """Why the request is refused, None where it is not."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if any(name in headers for name in _SENT_BY_BROWSERS):
            return "the emulator does not answer web pages"
        if headers.get("host", "").rpartition(":")[0] not in self._hosts:
            return "the emulator does not answer under this name"
        if self._is_open(scope) or self._has_token(headers, scope.get("query_string", b"")):
            return None
        return "the session token of the local system is missing: source .local/run/shell"

    def _is_open(self, scope: Message) -> bool:
        method, path = scope.get("method"), scope["path"]
        return (method, path) == ("GET", _READY) or (method == "PUT" and path.startswith(_CUSTOM_RESOURCE))

    def _has_token(self, headers: dict[str, str], query: bytes) -> bool:
        sent = headers.get(_TOKEN)
        if sent is None:
            parameters = {name.lower(): values[0] for name, values in parse_qs(query.decode("latin-1")).items()}
            sent = parameters.get(_TOKEN, "")
        return hmac.compare_digest(sent.encode("latin-1", "replace"), self._token)


async def _refuse(send: Send, reason: str) -> None:
    body = reason.encode()
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
