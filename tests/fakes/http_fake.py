"""A server on loopback that does to its connections what a test tells it to, byte by byte."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

Script = Callable[["Peer"], None]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Peer:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket, stopping: threading.Event, requests: list[bytes]) -> None:
        self.sock = sock
        self.stopping = stopping
        self._requests = requests

    def read_head(self) -> bytes:
        """Read up to the end of the headers; what of the body came along is lost to the test."""
        data = b""
        while b"\r\n\r\n" not in data:
            chunk = self.sock.recv(65536)
            if not chunk:
                raise ConnectionError("no request")
            data += chunk
        return data

    def read(self) -> bytes:
        """Read one whole request."""
        data = self.read_head()
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        while len(body) < length:
            body += self.sock.recv(65536)
        self._requests.append(head + b"\r\n\r\n" + body)
        return body

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def reset(self) -> None:
        """Close with a reset instead of an end of stream."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def hang(self) -> None:
        """Do nothing until the test is over."""
        self.stopping.wait(30)


class ScriptedServer:
    """Plays one script for each connection, in the order of the connections; the last one plays on."""

    def __init__(self, *scripts: Script) -> None:
        self.scripts = list(scripts)
        self.requests: list[bytes] = []
        self.connections = 0
        self._stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self._stopping.set()
        # Closing a listener does not wake its accept: a connection does.
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            sock, _ = self._listener.accept()
            if self._stopping.is_set():
                sock.close()
                return
            script = self.scripts[min(self.connections, len(self.scripts) - 1)]
            self.connections += 1
            thread = threading.Thread(target=self._play, args=(script, sock), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _play(self, script: Script, sock: socket.socket) -> None:
        with contextlib.suppress(OSError, ConnectionError), sock:
            sock.settimeout(30)
            script(Peer(sock, self._stopping, self.requests))


def serve(*answers: bytes) -> Script:
    """Answer one request after the other, then close."""

    def script(peer: Peer) -> None:
        for answer in answers:
            peer.read()
            peer.send(answer)

    return script


def forever(answer: bytes = OK) -> Script:
    """Answer every request alike."""

    def script(peer: Peer) -> None:
        while True:
            peer.read()
            peer.send(answer)

    return script


def drip(data: bytes, before: bytes = b"", seconds: float = 0.05) -> Script:
    """Answer a byte at a time."""

    def script(peer: Peer) -> None:
        peer.read()
        peer.send(before)
        for byte in _bytes(data):
            peer.send(byte)
            if peer.stopping.wait(seconds):
                return

    return script


def _bytes(data: bytes) -> Iterator[bytes]:
    return (data[index : index + 1] for index in range(len(data)))
