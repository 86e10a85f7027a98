"""Kafka's requests and responses over one socket, each by its deadline and within bounded memory.

kafka-python's message classes are used here over sockets of the toolkit's own.
"""

import logging
import re
import socket
import struct
import time
from typing import Any

from kafka.protocol.parser import KafkaProtocol

from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.access import BrokerAddress
from msk_toolkit.kafka.throttle import Throttle
from msk_toolkit.network.connect import wants_certificate
from msk_toolkit.stage import Stage

# Far more than the largest response that is requested, the configuration of all topics.
_MOST_BYTES = 64 * 1024 * 1024
_LENGTH = struct.Struct(">i")
_READ_BYTES = 65536
# Of such bytes kafka-python makes one number, for as long as they go on and in quadratic time. No text is that long.
_ENDLESS_NUMBER = re.compile(rb"[\x80-\xff]{4096}")
_SHARE_OF_A_WAIT = 0.3
# The first bytes of an alert, with which a TLS server answers what is not TLS.
_TLS_ALERT = b"\x15\x03"
# The parser logs a response that it can't decode as an error, with all of its bytes: records, or a login's messages.
# The failure is reported here, without them.
logging.getLogger("kafka.protocol.parser").setLevel(logging.CRITICAL)


class BrokerExchange:
    """One request at a time and its response.

    After a request has failed no further one is sent: the late response would be taken for the next request's. Each
    further one fails at once, with the first one's cause.
    """

    def __init__(self, address: BrokerAddress, sock: socket.socket) -> None:
        self.address = address
        self._socket = sock
        self._protocol = KafkaProtocol(client_id="msk-vantiq-toolkit")
        self._failure: StageError | None = None
        self._throttle = Throttle()

    @property
    def broken(self) -> bool:
        """Whether a request has failed, so that no further one is sent."""
        return self._failure is not None

    @property
    def held_back_seconds(self) -> float:
        """For how long the broker still reads nothing from this connection, because the user is over a quota."""
        return self._throttle.seconds_left(time.monotonic())

    def throttled(self, stage: Stage, api: str) -> StageError:
        """The failure of a stage whose request ``api`` can't wait until the broker reads again."""
        return StageError(stage, Cause.THROTTLED, str(self.address), self._throttle.describe(time.monotonic(), api))

    def send(self, request: Any, stage: Stage, deadline: Deadline) -> Any:
        """Send a request whose version is set, and wait for its response.

        Raises:
            StageError: under the name ``stage``: timeout, closed connection, or a response that is not Kafka's.
        """
        if self._failure:
            raise StageError(stage, self._failure.cause, self._failure.peer, self._failure.detail)
        try:
            return self._send_and_wait(request, stage, deadline)
        except StageError as error:
            self._failure = error
            raise

    def _send_and_wait(self, request: Any, stage: Stage, deadline: Deadline) -> Any:
        api = type(request).__name__.removesuffix("Request")
        frame = self._request_frame(request, api, stage, deadline)
        if request.flexible_version_q(request.API_VERSION) and _ENDLESS_NUMBER.search(frame):
            raise self._failed(stage, Cause.PROTOCOL_ERROR, f"the response to {api} is not Kafka's")
        response = self._decoded(frame, api, stage)
        milliseconds = getattr(response, "throttle_time_ms", None) or 0
        self._throttle.note(api, milliseconds / 1000, time.monotonic())
        return response

    def _request_frame(self, request: Any, api: str, stage: Stage, deadline: Deadline) -> bytearray:
        """Send the request, and return the bytes of its response."""
        held_back, began = self.held_back_seconds, time.monotonic()
        if held_back >= deadline.timeout():
            raise self.throttled(stage, api)
        try:
            self._protocol.send_request(request)
            self._socket.settimeout(deadline.timeout())
            self._socket.sendall(self._protocol.send_bytes())
            return self._receive(api, stage, deadline)
        except TimeoutError:
            # A broker that was silent for much longer than it said does hang.
            if held_back > _SHARE_OF_A_WAIT * (time.monotonic() - began):
                raise self.throttled(stage, api) from None
            raise self._failed(stage, Cause.REQUEST_TIMEOUT, f"no response to {api} in time") from None
        except OSError as error:
            raise self._disconnected(error, api, stage) from error

    def _receive(self, api: str, stage: Stage, deadline: Deadline) -> bytearray:
        """One whole response with its length before it; takes as much memory as has arrived."""
        frame = bytearray()
        size: int | None = None
        while size is None or len(frame) < size:
            self._socket.settimeout(deadline.timeout())
            data = self._socket.recv(_READ_BYTES)
            if not data:
                raise self._failed(stage, Cause.CONNECTION_CLOSED, f"the broker closed the connection on {api}")
            frame += data
            if size is None:
                size = self._size(frame, data, api, stage)
            if deadline.expired:
                # Bytes that trickle in without end must not keep the wait alive.
                raise TimeoutError
        return frame

    def _size(self, frame: bytearray, data: bytes, api: str, stage: Stage) -> int | None:
        """The size of the whole frame; None as long as its length has not arrived. ``data`` is what was read last."""
        if frame == data and data.startswith(_TLS_ALERT):
            detail = "the listener expects TLS, but the client connected in plaintext"
            raise self._failed(stage, Cause.TLS_EXPECTED, detail)
        if len(frame) < _LENGTH.size:
            return None
        size = _LENGTH.size + int(_LENGTH.unpack_from(frame)[0])
        if not _LENGTH.size < size <= _MOST_BYTES:
            raise self._failed(stage, Cause.PROTOCOL_ERROR, f"the response to {api} is not Kafka's")
        return size

    def _decoded(self, frame: bytearray, api: str, stage: Stage) -> Any:
        try:
            ((_, response),) = self._protocol.receive_bytes(frame)
        # Whatever goes wrong with a peer's bytes is the peer's fault. Not chained: they do not belong into a log.
        except Exception as error:  # noqa: BLE001
            detail = f"the response to {api} is not Kafka's ({type(error).__name__})"
            raise self._failed(stage, Cause.PROTOCOL_ERROR, detail) from None
        return response

    def _disconnected(self, error: OSError, api: str, stage: Stage) -> StageError:
        if wants_certificate(error):
            return self._failed(
                Stage.TLS, Cause.CLIENT_CERTIFICATE_WANTED, "the listener requires a client certificate"
            )
        return self._failed(stage, Cause.CONNECTION_CLOSED, f"the connection broke on {api} ({type(error).__name__})")

    def _failed(self, stage: Stage, cause: Cause, detail: str) -> StageError:
        return StageError(stage, cause, str(self.address), detail)
