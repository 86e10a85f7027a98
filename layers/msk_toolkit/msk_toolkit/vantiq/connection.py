"""One HTTP connection whose every operation ends by a deadline.

The usual HTTP clients bound each socket operation, so an answer that drips a byte at a time never ends. Here the
socket's timeout before each operation is what the deadline has left. The standard library parses the answer.
"""

import contextlib
import errno
import http.client
import io
import select
import socket
import ssl
from email.message import Message
from typing import Any, NamedTuple, cast

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.network.connect import open_tcp, resolve, start_tls
from msk_toolkit.settings.vantiq import VantiqAddress
from msk_toolkit.vantiq.errors import RequestStage, VantiqUnansweredError

# An insert answers with every instance inserted, so an answer can be somewhat longer than the request.
_MAX_RESPONSE_BYTES = 32 * 1024 * 1024
# So much earlier or later than its deadline an operation may end.
_TIMEOUT_TOLERANCE_SECONDS = 0.02
# Informational responses before the final one; no well-behaved HTTP server sends more.
_MAX_INTERIM = 20
_SWITCHING = 101
_FIRST_REDIRECT = 300


class HttpResponse(NamedTuple):
    """Vantiq's answer, whatever its status; redirects are not followed."""

    status: int
    headers: Message
    body: bytes


class VantiqConnection:
    """A connected socket that carries one request at a time."""

    def __init__(self, sock: socket.socket, peer: str) -> None:
        self._sock = sock
        self._peer = peer
        self.reusable = True

    @classmethod
    def open(cls, address: VantiqAddress, context: ssl.SSLContext | None, deadline: Deadline) -> "VantiqConnection":
        """Connect, through the stages dns, tcp and tls.

        Args:
            context: verifies the certificate; None for plain HTTP.

        Raises:
            VantiqUnansweredError: names the stage and its cause.
        """
        return cls(open_socket(address, context, deadline), f"{address.host}:{address.port}")

    def stale(self) -> bool:
        """Whether the peer has closed the idle connection; anything readable between requests means that."""
        poll = select.poll()
        try:
            poll.register(self._sock, select.POLLIN)
            return bool(poll.poll(0))
        except (OSError, ValueError):
            return True

    def close(self) -> None:
        """Close the socket; closing twice does no harm, and what the system says of it changes nothing."""
        with contextlib.suppress(OSError):
            self._sock.close()

    def exchange(self, head: bytes, body: bytes, deadline: Deadline) -> HttpResponse:
        """Send one POST and read its whole answer; ``reusable`` tells whether another may follow.

        Raises:
            VantiqUnansweredError: with ``maybe_taken`` set once the request had left completely.
        """
        self.reusable = False
        refusal = self._send(head + body, deadline)
        answer = _FinalAnswer(cast("socket.socket", _Readable(self._sock, deadline)), method="POST")
        try:
            content = self._content(answer)
        except VantiqUnansweredError as error:
            raise refusal or error from error.__cause__
        finally:
            answer.close()
        if refusal is None:
            self.reusable = not answer.will_close
        elif answer.status < _FIRST_REDIRECT:
            raise refusal  # what never left was not accepted; a refusal would say why the sending ended
        return HttpResponse(answer.status, answer.headers, content)

    def _content(self, answer: http.client.HTTPResponse) -> bytes:
        try:
            answer.begin()
            return self._read(answer)
        except (http.client.RemoteDisconnected, ConnectionError, ssl.SSLEOFError) as error:
            raise self._closed(maybe_taken=True) from error
        except TimeoutError as error:
            raise self._broken("answer-timeout", "no answer in time") from error
        except OSError as error:
            # No route, a key that was changed, no buffers: whatever the system says, no answer has come.
            raise self._broken("answer-lost", f"the connection failed ({_name(error)})") from error
        except (http.client.HTTPException, ValueError):
            # Not chained: the parser's error quotes what it could not read, which may be the request with its token.
            raise self._broken("answer-malformed", "the answer is not HTTP") from None

    def _send(self, request: bytes, deadline: Deadline) -> VantiqUnansweredError | None:
        """Send everything. A peer that closes early has often answered first (413): that is for the reader."""
        left = memoryview(request)
        try:
            while left:
                arm(self._sock, deadline)
                left = left[self._sock.send(left) :]
        except TimeoutError as error:
            raise VantiqUnansweredError(
                "send", "send-timeout", self._peer, "the request was not taken in time", maybe_taken=False
            ) from error
        except (ConnectionError, ssl.SSLError):
            return self._closed(maybe_taken=False)
        except OSError as error:
            raise VantiqUnansweredError(
                "send", "send-failed", self._peer, f"the request can't be sent ({_name(error)})", maybe_taken=False
            ) from error
        return None

    def _read(self, answer: http.client.HTTPResponse) -> bytes:
        unframed = answer.length is None and not answer.chunked
        try:
            body = answer.read(_MAX_RESPONSE_BYTES)
        except TimeoutError as error:
            raise self._broken("answer-timeout", "the answer did not end in time") from error
        except (http.client.HTTPException, OSError, ValueError):
            raise self._broken("answer-incomplete", "the answer broke off") from None
        if len(body) >= _MAX_RESPONSE_BYTES:
            raise self._broken("answer-too-large", "the answer is too large")
        # A declared length that was not reached: read(n) says nothing of it.
        if answer.length or _is_in_doubt(body, unframed=unframed):
            raise self._broken("answer-incomplete", "the answer broke off")
        return body

    def _closed(self, *, maybe_taken: bool) -> VantiqUnansweredError:
        stage: RequestStage = "answer" if maybe_taken else "send"
        return VantiqUnansweredError(
            stage,
            "connection-closed",
            self._peer,
            "the connection was closed without an answer",
            maybe_taken=maybe_taken,
        )

    def _broken(self, cause: str, detail: str) -> VantiqUnansweredError:
        return VantiqUnansweredError("answer", cause, self._peer, detail, maybe_taken=True)


def open_socket(address: VantiqAddress, context: ssl.SSLContext | None, deadline: Deadline) -> socket.socket:
    """A connected socket, through the stages dns, tcp and tls.

    Raises:
        VantiqUnansweredError: names the stage and its cause.
    """
    host, port = address.host, address.port
    try:
        sock = open_tcp(host, port, resolve(host, port, deadline), deadline)
        if context is None:
            return sock
        return start_tls(sock, host, port, context, deadline)
    except StageError as error:
        stage = cast("RequestStage", error.stage)
        raise VantiqUnansweredError(stage, error.cause, error.peer, error.detail, maybe_taken=False) from error


def arm(sock: socket.socket, deadline: Deadline) -> None:
    """Let the socket's next operation end by the deadline.

    Raises:
        TimeoutError: it has passed.
    """
    remaining = deadline.remaining()
    if remaining <= 0:
        raise TimeoutError
    # Each setting is a system call that hands the interpreter to another lane: not for a few milliseconds.
    armed = sock.gettimeout()
    if armed is None or abs(armed - remaining) > _TIMEOUT_TOLERANCE_SECONDS:
        sock.settimeout(remaining)


def _is_in_doubt(body: bytes, *, unframed: bool) -> bool:
    # Without a length the end of the stream ends the answer, and the parser takes it for the end of the headers
    # as well: an empty answer may just as well have broken off.
    return unframed and not body.strip()


def _name(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, "no code")


class _FinalAnswer(http.client.HTTPResponse):
    """The answer behind all informational ones; the standard library passes over 100 alone (Python 3.13)."""

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(_MAX_INTERIM):
            version, status, reason = super()._read_status()  # type: ignore[misc]  # not in typeshed
            if not 100 <= status < 200:
                return version, status, reason
            if status == _SWITCHING:
                break  # it was not requested, and what follows is not HTTP
            http.client.parse_headers(self.fp)
        raise http.client.HTTPException("no final answer")


class _Readable(io.RawIOBase):
    """What HTTPResponse needs of a socket: a file to read from, here with the deadline's timeout before each read."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        arm(self._sock, self._deadline)
        return self._sock.recv_into(buffer)
