"""Web sockets: the plain one, and the one that SockJS clients open; both bring the same messages.

The plain one is at ``/api/v1/wsock/websocket``. The API reference says that the server answers in binary frames, and
the vendor's Java client ignores others; its Python client takes both. The vendor's JavaScript client speaks SockJS: it
asks ``/api/v1/wsock/info`` and opens ``/api/v1/wsock/<server>/<session>/websocket``, where frames are text: ``o`` at
the start, ``a["..."]`` with messages, and from the client an array of messages. SockJS's other transports are not
played.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable
from typing import Protocol

import msgspec
from aiohttp import WSMessage, WSMsgType, web

from local.vantiq.subscriptions import Connection

_PREFIX = "/api/v1/wsock"
_MAX_MESSAGE_BYTES = 64 * 1024 * 1024
_CLOSE_SECONDS = 0.5


class Framing(Protocol):
    """How messages are put into frames."""

    async def open(self, socket: web.WebSocketResponse) -> None:
        """Say what comes before the first message."""

    async def send(self, socket: web.WebSocketResponse, message: bytes) -> None:
        """Send one message."""

    def messages(self, frame: WSMessage) -> list[bytes]:
        """The messages in a frame of the client's; none in one that holds something else."""


class Plain:
    """One message a frame, in binary."""

    async def open(self, socket: web.WebSocketResponse) -> None:
        """Nothing comes before."""

    async def send(self, socket: web.WebSocketResponse, message: bytes) -> None:
        """See ``Framing``."""
        await socket.send_bytes(message)

    def messages(self, frame: WSMessage) -> list[bytes]:
        """Messages come as text; the Java client's own pings are binary, and no JSON."""
        if frame.type is not WSMsgType.TEXT:
            return []
        return [frame.data.encode()]


class SockJs:
    """SockJS's framing over a web socket."""

    async def open(self, socket: web.WebSocketResponse) -> None:
        """See ``Framing``."""
        await socket.send_str("o")

    async def send(self, socket: web.WebSocketResponse, message: bytes) -> None:
        """See ``Framing``."""
        await socket.send_str("a" + msgspec.json.encode([message.decode()]).decode())

    def messages(self, frame: WSMessage) -> list[bytes]:
        """See ``Framing``."""
        if frame.type is not WSMsgType.TEXT or not frame.data:
            return []
        try:
            return [text.encode() for text in msgspec.json.decode(frame.data, type=list[str] | str)]
        except msgspec.MsgspecError:
            return []


class Sockets:
    """The open web sockets of a server."""

    def __init__(self, connection: Callable[[], Connection]) -> None:
        self._connection = connection
        self._open: dict[web.WebSocketResponse, asyncio.Transport | None] = {}

    def add_routes(self, app: web.Application) -> None:
        """Both kinds."""
        app.router.add_get(f"{_PREFIX}/websocket", self._plain)
        app.router.add_get(f"{_PREFIX}/info", self._info)
        app.router.add_get(_PREFIX + "/{server}/{session}/websocket", self._sockjs)

    async def end(self) -> None:
        """Disconnect every client."""
        await asyncio.gather(*(_disconnect(socket, transport) for socket, transport in self._open.items()))

    async def _info(self, _: web.Request) -> web.Response:
        """What SockJS asks first. The number is only there to be different each time."""
        number = random.randrange(2**32)  # noqa: S311 no secret
        info = {"websocket": True, "origins": ["*:*"], "cookie_needed": False, "entropy": number}
        return web.Response(body=msgspec.json.encode(info), content_type="application/json")

    async def _plain(self, request: web.Request) -> web.StreamResponse:
        return await self._serve(request, Plain())

    async def _sockjs(self, request: web.Request) -> web.StreamResponse:
        return await self._serve(request, SockJs())

    async def _serve(self, request: web.Request, framing: Framing) -> web.StreamResponse:
        socket = web.WebSocketResponse(max_msg_size=_MAX_MESSAGE_BYTES)
        await socket.prepare(request)
        self._open[socket] = request.transport
        connection = self._connection()
        try:
            await framing.open(socket)
            writer = asyncio.create_task(_write(socket, framing, connection.outbox))
            try:
                async for frame in socket:
                    for message in framing.messages(frame):
                        connection.take(message)
            finally:
                writer.cancel()
                connection.end()
        finally:
            self._open.pop(socket, None)
        return socket


async def _write(socket: web.WebSocketResponse, framing: Framing, outbox: asyncio.Queue[bytes]) -> None:
    while not socket.closed:
        await framing.send(socket, await outbox.get())


async def _disconnect(socket: web.WebSocketResponse, transport: asyncio.Transport | None) -> None:
    """Close the socket, and do not wait for a client that does not answer."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(socket.close(), _CLOSE_SECONDS)
    if transport is not None:
        transport.abort()
