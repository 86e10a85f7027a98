"""Ports and a resolver at which connections come to nothing, each in its own way."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

# A connection to a multicast group is refused by the kernel itself, as one to a network without a route is.
_WITHOUT_ROUTE = "224.0.0.1"
_DNS = 53


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

    def end(raw: socket.socket) -> None:
        # Not before the client has gone: a reset would overtake the alert.
        raw.settimeout(5)
        raw.shutdown(socket.SHUT_WR)
        while raw.recv(4096):
            pass

    with _handshakes(context, end) as port:
        yield port


@contextmanager
def resets_whoever_asks(context: ssl.SSLContext) -> Iterator[int]:
    """A TLS server that resets a connection on which something is asked, and ends others in good order."""

    def end(raw: socket.socket) -> None:
        raw.settimeout(0.5)
        if raw.recv(1, socket.MSG_PEEK):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with _handshakes(context, end) as port:
        yield port


@contextmanager
def _handshakes(context: ssl.SSLContext, end: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that tries a handshake on each connection, one after the other, and ends it with ``end``."""

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
                end(raw)

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


@contextmanager
def silent_resolver() -> Iterator[str]:
    """The address of a name server that takes every question and answers none. PermissionError where not allowed."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.53.53.53", _DNS))
        yield "127.53.53.53"


def redirect(monkeypatch: pytest.MonkeyPatch, ports: dict[int, int], host: str = "127.0.0.1") -> None:
    """Let the resolver lead a broker's name and port to another port of this machine.

    So the probe speaks to a proxy under the broker's own name, which is the one that the metadata lists.
    """
    real = socket.getaddrinfo

    def lookup(name: Any, port: Any, *args: Any, **options: Any) -> Any:
        if port in ports:
            return real(host, ports[port], *args, **options)
        return real(name, port, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)


def take_route_away(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """Let the resolver lead a broker's name and port to an address to which there is no route."""
    redirect(monkeypatch, {port: port}, _WITHOUT_ROUTE)
