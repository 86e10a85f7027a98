"""Kafka's requests and responses over one socket, each by its deadline and within bounded memory.

kafka-python's message classes are used here over sockets of the toolkit's own.
"""

import contextlib
import gc
import socket
import struct
import threading
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.access import BrokerAddress
from msk_toolkit.kafka.response_limits import Limit, limit_of
from msk_toolkit.kafka.response_shape import MalformedResponseError, check_response
from msk_toolkit.kafka.throttle import Throttle
from msk_toolkit.network.connect import certificate_failure
from msk_toolkit.stage import Stage

_CLIENT = "msk-vantiq-toolkit"
_LENGTH = struct.Struct(">i")
_CORRELATION = struct.Struct(">i")
_READ_BYTES = 65536
_SHARE_OF_A_WAIT = 0.3
# The first bytes of an alert, with which a TLS server answers what is not TLS.
_TLS_ALERT = b"\x15\x03"
# Of 60 brokers that are read at once so much fits into a probe's 512 MB, and it is more than a probe asks for. Larger
# ones are received one at a time.
LARGE_BYTES = 5 * 512 * 1024
_LARGE = threading.Lock()
_MANY_OBJECTS_BYTES = 128 * 1024


class _Call(NamedTuple):
    """A request that is being answered."""

    request: Any
    correlation_id: int
    stage: Stage
    deadline: Deadline
    limit: Limit

    @property
    def api(self) -> str:
        return type(self.request).__name__.removesuffix("Request")

    def as_bytes(self) -> bytes:
        self.request.with_header(correlation_id=self.correlation_id, client_id=_CLIENT)
        return bytes(self.request.encode(framed=True, header=True))

    def decode(self, frame: bytearray) -> Any:
        """The response in a frame without its length.

        Raises:
            MalformedResponseError, TimeoutError: see :func:`check_response`.
            ValueError: it answers another request, or a text is not UTF-8.
        """
        response_class = self.request.header.get_response_class()
        begin = check_response(frame, response_class, self.request.API_VERSION, self.limit.memory, self.deadline)
        if _CORRELATION.unpack_from(frame)[0] != self.correlation_id:
            raise ValueError("the response is another request's")
        with _collector_off(len(frame)):
            return response_class.decode(memoryview(frame)[begin:])


@contextlib.contextmanager
def _collector_off(size: int) -> Iterator[None]:
    """No search for cycles while a response of many thousand objects is decoded: it has none, and the searches are an
    eighth of the time. How much memory becomes of it was looked at before."""
    if size < _MANY_OBJECTS_BYTES or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class BrokerExchange:
    """One request at a time and its response.

    After a request has failed no further one is sent: the late response would be taken for the next request's. Each
    further one fails at once, with the first one's cause.
    """

    def __init__(self, address: BrokerAddress, sock: socket.socket) -> None:
        self.address = address
        self._socket = sock
        self._sent = 0
        self._holds_large = False
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
        self._sent += 1
        call = _Call(request, self._sent, stage, deadline, limit_of(request))
        try:
            response = self._decoded(self._request_frame(call), call)
        finally:
            self._leave_large()
        milliseconds = getattr(response, "throttle_time_ms", None) or 0
        self._throttle.note(call.api, milliseconds / 1000, time.monotonic())
        return response

    def _request_frame(self, call: _Call) -> bytearray:
        """Send the request, and return the bytes of its response without their length."""
        held_back, began = self.held_back_seconds, time.monotonic()
        if held_back >= call.deadline.timeout():
            raise self.throttled(call.stage, call.api)
        try:
            self._socket.settimeout(call.deadline.timeout())
            self._socket.sendall(call.as_bytes())
            return self._receive(call)
        except TimeoutError:
            # A broker that was silent for much longer than it said does hang.
            if held_back > _SHARE_OF_A_WAIT * (time.monotonic() - began):
                raise self.throttled(call.stage, call.api) from None
            raise self._failed(call.stage, Cause.REQUEST_TIMEOUT, f"no response to {call.api} in time") from None
        except OSError as error:
            raise self._disconnected(error, call) from error

    def _receive(self, call: _Call) -> bytearray:
        """One whole response; takes as much memory as has arrived."""
        frame = bytearray()
        size: int | None = None
        while size is None or len(frame) < size:
            self._socket.settimeout(call.deadline.timeout())
            data = self._socket.recv(_READ_BYTES)
            if not data:
                detail = f"the broker closed the connection on {call.api}"
                raise self._failed(call.stage, Cause.CONNECTION_CLOSED, detail)
            frame += data
            if size is None:
                size = self._size(frame, data, call)
            if call.deadline.expired:
                # Bytes that trickle in without end must not keep the wait alive.
                raise TimeoutError
        del frame[: _LENGTH.size]
        if len(frame) + _LENGTH.size > size:
            raise self._failed(call.stage, Cause.PROTOCOL_ERROR, f"the response to {call.api} is not Kafka's")
        return frame

    def _size(self, frame: bytearray, data: bytes, call: _Call) -> int | None:
        """The size of the whole frame; None as long as its length has not arrived. ``data`` is what was read last."""
        if frame == data and data.startswith(_TLS_ALERT):
            detail = "the listener expects TLS, but the client connected in plaintext"
            raise self._failed(call.stage, Cause.TLS_EXPECTED, detail)
        if len(frame) < _LENGTH.size:
            return None
        size = int(_LENGTH.unpack_from(frame)[0])
        if size <= 0:
            raise self._failed(call.stage, Cause.PROTOCOL_ERROR, f"the response to {call.api} is not Kafka's")
        if size > call.limit.size:
            detail = f"the response to {call.api} has {size} bytes; at most {call.limit.size} are accepted"
            raise self._failed(call.stage, Cause.PROTOCOL_ERROR, detail)
        if size > LARGE_BYTES:
            self._enter_large(call)
        return _LENGTH.size + size

    def _enter_large(self, call: _Call) -> None:
        self._holds_large = _LARGE.acquire(timeout=call.deadline.timeout())
        if not self._holds_large:
            raise TimeoutError

    def _leave_large(self) -> None:
        if self._holds_large:
            self._holds_large = False
            _LARGE.release()

    def _decoded(self, frame: bytearray, call: _Call) -> Any:
        try:
            return call.decode(frame)
        except TimeoutError:
            detail = f"no time left to read the response to {call.api}"
            raise self._failed(call.stage, Cause.REQUEST_TIMEOUT, detail) from None
        # Whatever goes wrong with a peer's bytes is the peer's fault. Not chained: they do not belong into a log.
        except Exception as error:  # noqa: BLE001
            reason = str(error) if isinstance(error, MalformedResponseError) else type(error).__name__
            detail = f"the response to {call.api} is not Kafka's ({reason})"
            raise self._failed(call.stage, Cause.PROTOCOL_ERROR, detail) from None

    def _disconnected(self, error: OSError, call: _Call) -> StageError:
        if failure := certificate_failure(error, str(self.address)):
            return failure
        detail = f"the connection broke on {call.api} ({type(error).__name__})"
        return self._failed(call.stage, Cause.CONNECTION_CLOSED, detail)

    def _failed(self, stage: Stage, cause: Cause, detail: str) -> StageError:
        return StageError(stage, cause, str(self.address), detail)
