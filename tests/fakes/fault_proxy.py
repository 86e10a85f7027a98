"""A proxy before a real broker that delays, cuts, swallows or changes what passes: faults on demand."""

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

import pytest

PRODUCE, FETCH, METADATA, SASL_AUTHENTICATE, SYNC_GROUP, OFFSET_COMMIT, JOIN_GROUP = 0, 1, 3, 36, 14, 8, 11

type Forward = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Rule:
    """What happens to Kafka's frames; this one lets all of them pass.

    A subclass answers None to swallow a frame and leave the connection open, or raises ConnectionError to cut it.
    """

    async def on_request(self, api_key: int, frame: bytes) -> bytes | None:
        """The request to pass on."""
        return frame

    async def on_response(self, api_key: int, frame: bytes) -> bytes | None:
        """The response to pass on; `frame` begins with the correlation id."""
        return frame


class Swallow(Rule):
    """No answer: the request or the response of one API never arrives."""

    def __init__(self, api_key: int, *, response: bool = False) -> None:
        self._api_key, self._response = api_key, response

    async def on_request(self, api_key: int, frame: bytes) -> bytes | None:
        return None if api_key == self._api_key and not self._response else frame

    async def on_response(self, api_key: int, frame: bytes) -> bytes | None:
        return None if api_key == self._api_key and self._response else frame


class Cut(Rule):
    """The connection ends when one API is asked."""

    def __init__(self, api_key: int) -> None:
        self._api_key = api_key

    async def on_request(self, api_key: int, frame: bytes) -> bytes | None:
        if api_key == self._api_key:
            raise ConnectionError
        return frame


class Delay(Rule):
    """Every answer of one API comes late."""

    def __init__(self, api_key: int, seconds: float) -> None:
        self._api_key, self._seconds = api_key, seconds

    async def on_response(self, api_key: int, frame: bytes) -> bytes | None:
        if api_key == self._api_key:
            await asyncio.sleep(self._seconds)
        return frame


class Change(Rule):
    """An answer of one API is another one: `change` gets the frame behind the correlation id."""

    def __init__(self, api_key: int, change: Callable[[bytes], bytes]) -> None:
        self._api_key, self._change = api_key, change

    async def on_response(self, api_key: int, frame: bytes) -> bytes | None:
        return frame[:4] + self._change(frame[4:]) if api_key == self._api_key else frame


class FaultProxy:
    """Listens on 127.0.0.1 and passes connections on to a broker; a context manager.

    Args:
        upstream: the broker's port on 127.0.0.1.
        rule: what happens to Kafka's frames; needs plaintext, or TLS that ends here.
        server: ends TLS here, with its own certificate.
        client: speaks TLS to the broker; with `server`.
        silent: takes connections and bytes, and never answers.
        cut_at_once: ends each connection when its first bytes have come.
    """

    def __init__(
        self,
        upstream: int,
        rule: Rule | None = None,
        *,
        server: ssl.SSLContext | None = None,
        client: ssl.SSLContext | None = None,
        silent: bool = False,
        cut_at_once: bool = False,
        trickle: bool = False,
    ) -> None:
        self._upstream, self._rule = upstream, rule
        self._server, self._client = server, client
        self._silent, self._cut, self._trickle = silent, cut_at_once, trickle
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        starting = asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._server)
        server = asyncio.run_coroutine_threadsafe(starting, self._loop).result(5)
        self.port = server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up: asyncio.StreamWriter | None = None
        try:
            if self._silent or self._trickle:
                while await reader.read(65536):
                    while self._trickle:
                        # A record header of TLS, then a byte now and then: never silent, never done.
                        writer.write(b"\x16\x03\x03\x40\x00" + b"\0" * 10)
                        await writer.drain()
                        await asyncio.sleep(0.1)
                return
            if self._cut:
                await reader.read(65536)
                return
            host = "localhost" if self._client else None
            upstream, up = await asyncio.open_connection(
                "127.0.0.1", self._upstream, ssl=self._client, server_hostname=host
            )
            apis: dict[int, int] = {}
            ways = [self._requests(reader, up, apis), self._responses(upstream, writer, apis)]
            done, pending = await asyncio.wait(map(asyncio.ensure_future, ways), return_when=asyncio.FIRST_COMPLETED)
            for task in pending:
                task.cancel()
            await asyncio.gather(*done, *pending, return_exceptions=True)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for end in (writer, up):
                if end:
                    with contextlib.suppress(OSError, RuntimeError):
                        end.transport.abort()

    async def _requests(self, reader: asyncio.StreamReader, up: asyncio.StreamWriter, apis: dict[int, int]) -> None:
        if not self._rule:
            return await _copy(reader, up)
        while True:
            frame = await _frame(reader)
            api_key, _, correlation = struct.unpack(">hhi", frame[:8])
            apis[correlation] = api_key
            passed = await self._rule.on_request(api_key, frame)
            if passed is not None:
                up.write(struct.pack(">i", len(passed)) + passed)

    async def _responses(
        self, upstream: asyncio.StreamReader, writer: asyncio.StreamWriter, apis: dict[int, int]
    ) -> None:
        if not self._rule:
            return await _copy(upstream, writer)
        while True:
            frame = await _frame(upstream)
            (correlation,) = struct.unpack(">i", frame[:4])
            passed = await self._rule.on_response(apis.pop(correlation), frame)
            if passed is not None:
                writer.write(struct.pack(">i", len(passed)) + passed)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


async def _frame(reader: asyncio.StreamReader) -> bytes:
    try:
        (size,) = struct.unpack(">i", await reader.readexactly(4))
        return await reader.readexactly(size)
    except asyncio.IncompleteReadError as error:
        raise ConnectionError from error


@contextmanager
def blackhole() -> Iterator[int]:
    """A port that never answers a connection attempt: its accept queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@contextmanager
def handshakes_only(context: ssl.SSLContext) -> Iterator[int]:
    """A TLS server that ends every connection after its handshake, whether that worked or not."""

    def serve() -> None:
        while True:
            sock, _ = listener.accept()
            if ending.is_set():
                sock.close()
                return
            sock.settimeout(5)
            raw = sock.dup()
            with contextlib.suppress(OSError):
                context.wrap_socket(sock, server_side=True).close()
            with raw, contextlib.suppress(OSError):
                # Not before the client has gone: a reset would overtake the alert.
                raw.settimeout(5)
                raw.shutdown(socket.SHUT_WR)
                while raw.recv(4096):
                    pass

    ending = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        ending.set()
        socket.create_connection(listener.getsockname(), timeout=1).close()
        thread.join(10)


@contextmanager
def closed_port() -> Iterator[int]:
    """A port on which nothing listens, kept from others."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def redirect(monkeypatch: pytest.MonkeyPatch, ports: dict[int, int]) -> None:
    """Let the resolver lead a broker's name and port to another port of this machine.

    So the probe speaks to a proxy under the broker's own name, which is the one that the metadata lists.
    """
    real = socket.getaddrinfo

    def lookup(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        if port in ports:
            return real("127.0.0.1", ports[port], *args, **options)
        return real(host, port, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
