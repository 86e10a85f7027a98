"""A lean HTTP endpoint: answers each POST after as many milliseconds as its path says (``.../ms20``).

It also answers for Secrets Manager, whose requests go to the root.
"""

import asyncio
import re
import sys

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_LATENCY = re.compile(rb"/ms(\d+) ")
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
_SECRET = b'HTTP/1.1 200 OK\r\nContent-Length: 47\r\n\r\n{"ARN":"a","Name":"n","SecretString":"a-token"}'


class Exchange(asyncio.Protocol):
    """One connection with one request at a time; callbacks, as streams cost three times as much."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._received = bytearray()
        self._whole = 0
        self._seconds = 0.0
        self._content = _ANSWER
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._whole:
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self._received[:end])
            length, latency = _LENGTH.search(head), _LATENCY.search(head)
            self._whole = end + 4 + int(length.group(1) if length else 0)
            self._content = _SECRET if head.startswith(b"POST / ") else _ANSWER
            self._seconds = int(latency.group(1)) / 1000 if latency else 0.0
        if len(self._received) >= self._whole:
            self._received.clear()
            self._whole = 0
            if self._seconds:
                self._loop.call_later(self._seconds, self._answer)
            else:
                self._answer()

    def _answer(self) -> None:
        if self._transport is not None:
            self._transport.write(self._content)


async def main() -> None:
    """Serve on a free port of this machine, which is the one line that is printed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Exchange(loop), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
