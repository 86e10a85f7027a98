"""One HTTP connection over a non-blocking socket, whose every request ends by a deadline.

A coroutine of :mod:`msk_toolkit.network.event_loop`: many connections are waited for in one thread. Only opening one
blocks, in a thread beside the loop, through the stages that the probes have too.
"""

import contextlib
import errno
import select
import socket
import ssl
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol, cast

import msgspec

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.network.connect import open_tcp, resolve, start_tls
from msk_toolkit.network.event_loop import readiness
from msk_toolkit.settings.vantiq import VantiqAddress
from msk_toolkit.vantiq.errors import RequestStage, VantiqUnansweredError
from msk_toolkit.vantiq.response_reader import BrokenOffError, NotHttpError, ResponseReader, ResponseTooLargeError

# An insert answers with every instance inserted, so an answer can be somewhat longer than the request. Nonsense of any
# length costs about twice as much memory at most.
_LEAST_RESPONSE_LIMIT = 4 * 1024 * 1024
_READ_BYTES = 65_536
_FIRST_REDIRECT = 300
# "Not now": for a TLS socket also that it must read before it can write, or the other direction.
_NOT_READY = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class HttpResponse(msgspec.Struct, frozen=True):
    """Vantiq's answer, whatever its status; redirects are not followed.

    Args:
        headers: those of :data:`msk_toolkit.vantiq.response_reader.KEPT`, by their names in small letters.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class Tunnel(Protocol):
    """A way through a proxy; see :class:`msk_toolkit.vantiq.proxy.ProxyTunnel`."""

    def open(self, address: VantiqAddress, deadline: Deadline) -> socket.socket:
        """A socket whose other end is that host; blocks. Raises VantiqUnansweredError."""
        ...


class VantiqEndpoint(NamedTuple):
    """Where a Vantiq is, and how it is reached.

    Args:
        context: verifies the certificate; None for plain HTTP.
        tunnel: through a proxy; None without one.
    """

    address: VantiqAddress
    context: ssl.SSLContext | None = None
    tunnel: Tunnel | None = None

    @property
    def peer(self) -> str:
        """``host:port``."""
        return f"{self.address.host}:{self.address.port}"


class VantiqConnection:
    """A connected socket that carries one request at a time."""

    def __init__(self, sock: socket.socket, peer: str) -> None:
        self._sock = sock
        self._peer = peer
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self.reusable = True
        # On the monotonic clock, and by the time of day.
        self.idle_since = 0.0
        self.idle_since_now = 0.0

    @classmethod
    def open(
        cls, endpoint: VantiqEndpoint, deadline: Deadline, session: ssl.SSLSession | None = None
    ) -> "VantiqConnection":
        """Connect, through the stages dns, tcp and tls; blocks.

        Args:
            session: of an earlier connection of the endpoint's context, to resume.

        Raises:
            VantiqUnansweredError: names the stage and its cause.
        """
        sock = open_socket(endpoint, deadline, session)
        sock.setblocking(False)
        return cls(sock, endpoint.peer)

    @property
    def session(self) -> ssl.SSLSession | None:
        """What the next connection can resume; the peer sends it with its first response at the latest."""
        if isinstance(self._sock, ssl.SSLSocket):
            return self._sock.session
        return None

    def stale(self) -> bool:
        """Whether the peer has closed the idle connection, or sent something that no request asked for."""
        try:
            if not self._poll.poll(0):
                return False
            # Over TLS it may be a session ticket, which is no data.
            self._sock.recv(1)
        except _NOT_READY:
            return False
        except (OSError, ValueError):
            return True
        return True

    def close(self) -> None:
        """Close the socket; closing twice does no harm, and what the system says of it changes nothing."""
        with contextlib.suppress(OSError):
            self._sock.close()

    async def exchange(
        self, request: bytes, deadline: Deadline, meanwhile: Callable[[], object] | None = None
    ) -> HttpResponse:
        """Send one request and read its whole answer; ``reusable`` tells whether another may follow.

        Args:
            deadline: on the clock of the loop that runs this.
            meanwhile: see :func:`readiness`.

        Raises:
            VantiqUnansweredError: with ``maybe_taken`` set once the request had left completely.
        """
        self.reusable = False
        refusal = await self._send(request, deadline)
        reader = ResponseReader(max(_LEAST_RESPONSE_LIMIT, 2 * len(request)))
        try:
            await self._read(reader, deadline, meanwhile)
        except VantiqUnansweredError as error:
            raise refusal or error from error.__cause__
        if refusal is None:
            self.reusable = not reader.is_last
        elif reader.status < _FIRST_REDIRECT:
            raise refusal  # what never left was not accepted; a refusal would say why the sending ended
        return HttpResponse(reader.status, reader.kept, reader.body)

    async def _send(self, request: bytes, deadline: Deadline) -> VantiqUnansweredError | None:
        """Send everything. A peer that closes early has often answered first (413): that is for the reader."""
        left: bytes | memoryview = request
        try:
            while not deadline.expired:
                try:
                    sent = self._sock.send(left)
                except _NOT_READY as error:
                    await self._ready(error, select.POLLOUT, deadline)
                    continue
                if sent == len(left):
                    return None
                left = memoryview(left)[sent:]
        except (ConnectionError, ssl.SSLError):
            return self._closed(maybe_taken=False)
        except OSError as error:
            detail = f"the request can't be sent ({_name(error)})"
            raise VantiqUnansweredError("send", "send-failed", self._peer, detail, maybe_taken=False) from error
        detail = "the request was not taken in time"
        raise VantiqUnansweredError("send", "send-timeout", self._peer, detail, maybe_taken=False)

    async def _read(self, reader: ResponseReader, deadline: Deadline, meanwhile: Callable[[], object] | None) -> None:
        """Read until the reader has its response."""
        try:
            await readiness(self._sock.fileno(), select.POLLIN, deadline.at, meanwhile)
            while True:
                try:
                    data = self._sock.recv(_READ_BYTES)
                except _NOT_READY as error:
                    await self._ready(error, select.POLLIN, deadline)
                else:
                    if _take_in(data, reader):
                        return
                if deadline.expired:
                    raise self._broken("answer-timeout", "no answer in time")
        except NotHttpError:
            # Not chained: nothing of what could not be read, which may be the request with its token, is shown.
            raise self._broken("answer-malformed", "the answer is not HTTP") from None
        except BrokenOffError:
            raise self._broken("answer-incomplete", "the answer broke off") from None
        except ResponseTooLargeError:
            raise self._broken("answer-too-large", "the answer is too large") from None
        except OSError as error:
            raise self._lost(error, reader) from error

    async def _ready(self, error: OSError, events: int, deadline: Deadline) -> None:
        """Wait for what the operation waits for: TLS may need the other direction."""
        if isinstance(error, ssl.SSLWantReadError):
            events = select.POLLIN
        elif isinstance(error, ssl.SSLWantWriteError):
            events = select.POLLOUT
        await readiness(self._sock.fileno(), events, deadline.at)

    def _lost(self, error: OSError, reader: ResponseReader) -> VantiqUnansweredError:
        """No route, a key that was changed, no buffers: whatever the system says, no whole answer has come."""
        if reader.has_begun:
            return self._broken("answer-incomplete", "the answer broke off")
        if isinstance(error, ConnectionError | ssl.SSLEOFError):
            return self._closed(maybe_taken=True)
        return self._broken("answer-lost", f"the connection failed ({_name(error)})")

    def _closed(self, *, maybe_taken: bool) -> VantiqUnansweredError:
        stage: RequestStage = "answer" if maybe_taken else "send"
        detail = "the connection was closed without an answer"
        return VantiqUnansweredError(stage, "connection-closed", self._peer, detail, maybe_taken=maybe_taken)

    def _broken(self, cause: str, detail: str) -> VantiqUnansweredError:
        return VantiqUnansweredError("answer", cause, self._peer, detail, maybe_taken=True)


def open_socket(endpoint: VantiqEndpoint, deadline: Deadline, session: ssl.SSLSession | None = None) -> socket.socket:
    """A connected socket, through the stages dns, tcp and tls, with a proxy through its own and then tls; blocks.

    Raises:
        VantiqUnansweredError: names the stage and its cause.
    """
    host, port = endpoint.address.host, endpoint.address.port
    try:
        if endpoint.tunnel is not None:
            sock = endpoint.tunnel.open(endpoint.address, deadline)
        else:
            sock = open_tcp(host, port, resolve(host, port, deadline), deadline)
        if endpoint.context is None:
            return sock
        return start_tls(sock, host, port, endpoint.context, deadline, session)
    except StageError as error:
        stage = cast("RequestStage", error.stage)
        raise VantiqUnansweredError(stage, error.cause, error.peer, error.detail, maybe_taken=False) from error


def _take_in(data: bytes, reader: ResponseReader) -> bool:
    """Hand on what has come, nothing at the end of the stream; whether the response is complete."""
    if data:
        return reader.feed(data)
    if not reader.has_begun:
        raise ConnectionResetError
    reader.end()
    return True


def _name(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, "no code")
