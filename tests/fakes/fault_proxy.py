"""A proxy before a real broker: it passes on what comes, or does to it what a rule says."""

import asyncio
import contextlib
import ssl
import struct
import threading
from typing import Literal, Self

from tests.fakes.fault_rules import Rule


class FaultProxy:
    """Listens on 127.0.0.1 and passes connections on to a broker; a context manager.

    Args:
        upstream: the broker's port on 127.0.0.1.
        rule: what happens to Kafka's frames; needs plaintext, or TLS that ends here.
        server: ends TLS here, with its own certificate.
        client: speaks TLS to the broker; with ``server``.
        broken: the connection fails before the broker is reached. ``silent`` reads and never answers, ``trickle``
            answers with a byte of an endless TLS record now and then, ``cut`` ends it when its first bytes have come.
    """

    def __init__(
        self,
        upstream: int,
        rule: Rule | None = None,
        *,
        server: ssl.SSLContext | None = None,
        client: ssl.SSLContext | None = None,
        broken: Literal["", "silent", "trickle", "cut"] = "",
    ) -> None:
        self._upstream, self._rule = upstream, rule
        self._server, self._client = server, client
        self._broken = broken
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
            if self._broken:
                await self._break(reader, writer)
                return
            upstream, up = await self._connect()
            apis: dict[int, int] = {}
            directions = [self._requests(reader, up, writer, apis), self._responses(upstream, writer, apis)]
            tasks = list(map(asyncio.ensure_future, directions))
            _, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in pending:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for end in filter(None, (writer, up)):
                with contextlib.suppress(OSError, RuntimeError):
                    end.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._client is None:
            return await asyncio.open_connection("127.0.0.1", self._upstream)
        return await asyncio.open_connection("127.0.0.1", self._upstream, ssl=self._client, server_hostname="localhost")

    async def _break(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received = await reader.read(65536)
        if self._broken == "trickle":
            while received:
                # A record header of TLS, then a byte now and then: never silent, never done.
                writer.write(b"\x16\x03\x03\x40\x00" + b"\0" * 10)
                await writer.drain()
                await asyncio.sleep(0.1)
        while received and self._broken == "silent":
            received = await reader.read(65536)

    async def _requests(
        self,
        reader: asyncio.StreamReader,
        up: asyncio.StreamWriter,
        writer: asyncio.StreamWriter,
        apis: dict[int, int],
    ) -> None:
        if not self._rule:
            return await _copy(reader, up)
        while True:
            frame = await _frame(reader)
            api_key, _, correlation = struct.unpack(">hhi", frame[:8])
            answer = await self._rule.instead(api_key, frame)
            if answer is not None:
                writer.write(struct.pack(">i", len(answer)) + answer)
                continue
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
    data = await reader.read(65536)
    while data:
        writer.write(data)
        await writer.drain()
        data = await reader.read(65536)


async def _frame(reader: asyncio.StreamReader) -> bytes:
    try:
        (size,) = struct.unpack(">i", await reader.readexactly(4))
        return await reader.readexactly(size)
    except asyncio.IncompleteReadError as error:
        raise ConnectionError from error
