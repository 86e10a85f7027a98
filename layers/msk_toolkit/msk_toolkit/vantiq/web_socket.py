"""One web socket whose every operation ends by a deadline.

The library's own client reads in a second thread. Over TLS 1.3 that thread wakes for the server's session tickets while
the first one sends its request, and with both inside one SSL object the request may never leave. So only the library's
protocol is used, over a socket that one thread reads and writes.
"""

import contextlib
import socket
from collections import deque
from typing import Self

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus
from websockets.frames import DATA_OPCODES, Frame
from websockets.protocol import OPEN
from websockets.uri import parse_uri

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import VantiqError
from msk_toolkit.vantiq.connection import VantiqEndpoint, open_socket

_CHUNK_BYTES = 65_536
# A Kafka record is rarely above a megabyte; as base64 in JSON it grows by a third.
_MAX_MESSAGE_BYTES = 16 * 1024 * 1024
_CLOSE_SECONDS = 1.0
# So much earlier or later than its deadline an operation may end.
_TIMEOUT_TOLERANCE_SECONDS = 0.02


class WebSocket:
    """A connected web socket; messages are text, as bytes."""

    def __init__(self, sock: socket.socket, protocol: ClientProtocol, peer: str) -> None:
        self._sock = sock
        self._protocol = protocol
        self._peer = peer
        self._parts: list[bytes] = []
        self._messages: deque[bytes] = deque()

    @classmethod
    def open(cls, endpoint: VantiqEndpoint, path: str, deadline: Deadline) -> Self:
        """Connect, as :func:`msk_toolkit.vantiq.connection.open_socket` does, and shake hands.

        Raises:
            VantiqError: names the step that failed.
        """
        scheme = "wss" if endpoint.address.tls else "ws"
        uri = parse_uri(f"{scheme}://{endpoint.address.authority}{path}")
        protocol = ClientProtocol(uri, max_size=_MAX_MESSAGE_BYTES)
        made = cls(open_socket(endpoint, deadline), protocol, endpoint.peer)
        try:
            made._shake_hands(deadline)
        except BaseException:
            made.close()
            raise
        return made

    def send(self, message: bytes, deadline: Deadline) -> None:
        """Send one message.

        Raises:
            VantiqError: not taken in time, or the web socket has ended.
        """
        self._protocol.send_text(message)
        self._flush(deadline)

    def receive(self, deadline: Deadline) -> bytes | None:
        """The next message; None when the deadline passes first.

        Raises:
            VantiqError: the peer has ended the web socket.
        """
        while not self._messages:
            if not self._read(deadline):
                return None
            if self._protocol.state is not OPEN and not self._messages:
                raise self._ended()
        return self._messages.popleft()

    def close(self) -> None:
        """Send a close frame and close the socket; closing twice does no harm."""
        if self._protocol.state is OPEN:
            with contextlib.suppress(VantiqError):
                self._protocol.send_close()
                self._flush(Deadline(_CLOSE_SECONDS))
        self._sock.close()

    def _shake_hands(self, deadline: Deadline) -> None:
        self._protocol.send_request(self._protocol.connect())
        self._flush(deadline)
        while self._protocol.state is not OPEN:
            if not self._read(deadline):
                raise VantiqError(f"Vantiq at {self._peer} does not answer the request for a web socket")
            refusal = self._protocol.handshake_exc
            if isinstance(refusal, InvalidStatus):
                status = refusal.response.status_code
                raise VantiqError(f"Vantiq at {self._peer} answers {status} to the request for a web socket")
            if refusal is not None:
                raise VantiqError(f"Vantiq at {self._peer} does not speak web socket ({type(refusal).__name__})")

    def _read(self, deadline: Deadline) -> bool:
        """Take in what arrives next, and answer pings; False when the deadline passes first."""
        data = self._bytes(deadline)
        if data is None:
            return False
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        self._collect_messages()
        if data:
            self._flush(deadline)
        return True

    def _bytes(self, deadline: Deadline) -> bytes | None:
        """What arrives next; empty at the end, None when the deadline passes first."""
        try:
            _arm(self._sock, deadline)
            return self._sock.recv(_CHUNK_BYTES)
        except TimeoutError:
            return None
        except OSError:
            return b""

    def _collect_messages(self) -> None:
        for event in self._protocol.events_received():
            if isinstance(event, Frame) and event.opcode in DATA_OPCODES:
                self._parts.append(bytes(event.data))
                if event.fin:
                    self._messages.append(b"".join(self._parts))
                    self._parts.clear()

    def _flush(self, deadline: Deadline) -> None:
        try:
            # The protocol asks for the end of our half with an empty one: closing the socket does that.
            for data in filter(None, self._protocol.data_to_send()):
                left = memoryview(data)
                while left:
                    _arm(self._sock, deadline)
                    left = left[self._sock.send(left) :]
        except TimeoutError as error:
            raise VantiqError(f"Vantiq at {self._peer} takes nothing over the web socket in time") from error
        except OSError as error:
            raise self._ended() from error

    def _ended(self) -> VantiqError:
        broken, close_frame = self._protocol.parser_exc, self._protocol.close_rcvd
        if broken is not None and not isinstance(broken, EOFError):
            return VantiqError(f"Vantiq at {self._peer} no longer speaks web socket ({type(broken).__name__})")
        code = f" (code {int(close_frame.code)})" if close_frame else ""
        return VantiqError(f"Vantiq at {self._peer} ended the web socket{code}")


def _arm(sock: socket.socket, deadline: Deadline) -> None:
    """Let the socket's next operation end by the deadline.

    Raises:
        TimeoutError: it has passed.
    """
    remaining = deadline.remaining()
    if remaining <= 0:
        raise TimeoutError
    armed = sock.gettimeout()
    if armed is None or abs(armed - remaining) > _TIMEOUT_TOLERANCE_SECONDS:
        sock.settimeout(remaining)
