"""One connection to one broker, on which requests are asked and answered, each by its deadline.

kafka-python's clients can't tell the stages of a connection apart and hang on a stalled TLS handshake; its message
classes are spoken here over sockets of our own.
"""

import contextlib
import logging
import re
import socket
import ssl
import struct
import time
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Self

from kafka.protocol.metadata import ApiVersionsRequest
from kafka.protocol.parser import KafkaProtocol
from kafka.protocol.sasl import SaslHandshakeRequest

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.access import Access, BrokerAddress
from msk_toolkit.kafka.sasl import log_in
from msk_toolkit.kafka.spoken_versions import NEWEST
from msk_toolkit.kafka.throttle import Throttle
from msk_toolkit.network.connect import (
    Address,
    certificate_end,
    open_tcp,
    resolve,
    start_tls,
    wants_certificate,
)
from msk_toolkit.network.stages import StageLog
from msk_toolkit.network.trust import tls_context

# Far more than the largest answer that is asked for, the configuration of all topics.
_MOST_BYTES = 64 * 1024 * 1024
_LENGTH = struct.Struct(">i")
# Of such bytes kafka-python makes one number, for as long as they go on and in quadratic time. No text is that long.
_ENDLESS_NUMBER = re.compile(rb"[\x80-\xff]{4096}")
_SHARE_OF_A_WAIT = 0.3
# The first bytes of an alert, with which a TLS server answers what is not TLS.
_TLS_ALERT = b"\x15\x03"
# It logs an answer that it can't decode as an error, whole: records, or a login's messages. The failure is told here.
logging.getLogger("kafka.protocol.parser").setLevel(logging.CRITICAL)


class BrokerConnection:
    """An open, logged-in connection to a broker; a context manager.

    A connection in which a question has failed answers none any more: the late answer would be taken for the next
    question's. Each further one fails at once, for the first one's cause.

    ``certificate_end`` is when the broker's certificate expires, in seconds since 1970; None without TLS.
    """

    def __init__(self, address: BrokerAddress, sock: socket.socket) -> None:
        self.address = address
        self._socket = sock
        self._protocol = KafkaProtocol(client_id="msk-vantiq-toolkit")
        self._versions: dict[int, tuple[int, int]] = {}
        self._broken: StageError | None = None
        self._throttle = Throttle()
        self.certificate_end = certificate_end(sock) if isinstance(sock, ssl.SSLSocket) else None

    @classmethod
    def open(cls, address: BrokerAddress, access: Access, log: StageLog) -> Self:
        """Go through the stages dns, tcp, tls and sasl, as far as the auth mode has them.

        Raises:
            StageError: the first stage that failed; the socket is closed.
            ConfigurationError: TRUSTED_CA holds no certificate.
        """
        host, port = address
        # A fault in what the user trusts is no broker's.
        context = tls_context(access.trusted_ca) if access.encrypted else None
        with log.stage("dns") as deadline:
            addresses = resolve(host, port, deadline)
        passed_over: list[StageError] = []
        with log.stage("tcp") as deadline:
            sock = open_tcp(host, port, addresses, deadline, passed_over)
        if passed_over:
            detail = "; ".join(failure.detail for failure in passed_over)
            log.caution("tcp", passed_over[0].cause, f"{host} has an address that does not work: {detail}")
        if context:
            with log.stage("tls") as deadline:
                try:
                    sock = start_tls(sock, host, port, context, deadline)
                except StageError as error:
                    # A plaintext listener takes the handshake for a request that is too large, and hangs up.
                    if error.cause == "connection-closed" and cls._speaks_plaintext(address, addresses, deadline):
                        words = "the listener speaks Kafka without TLS"
                        raise StageError("tls", "tls-not-spoken", str(address), words) from error
                    raise
        connection = cls(address, sock)
        if access.mechanism:
            try:
                with log.stage("sasl") as deadline:
                    log_in(address, access, lambda request: connection._exchange(request, "sasl", deadline))
            except BaseException:
                connection.close()
                raise
        return connection

    def send(self, request: Any, stage: str, deadline: Deadline, newest: int | None = None) -> Any:
        """Send one of kafka-python's requests and wait for its response.

        Args:
            newest: the highest version to speak, where a lower one than the toolkit's own tells enough.

        Raises:
            StageError: under the name ``stage``: time-out, closed connection, or an answer that is not Kafka's.
        """
        self._learn_versions(stage, deadline)
        if request.API_VERSION is None:
            request.API_VERSION = self._version(request, stage, newest)
        return self._exchange(request, stage, deadline)

    @property
    def held_back_seconds(self) -> float:
        """For how long the broker still reads nothing from this connection, because the user is over a quota."""
        return self._throttle.seconds_left(time.monotonic())

    def throttled(self, stage: str, api: str) -> StageError:
        """The failure of a stage whose request ``api`` can't wait until the broker listens again."""
        return StageError(stage, "throttled", str(self.address), self._throttle.describe(time.monotonic(), api))

    @property
    def broken(self) -> bool:
        """Whether a question has failed, so that no further one is answered."""
        return self._broken is not None

    def supports(self, request_class: Any, stage: str, deadline: Deadline) -> bool:
        """Whether the broker knows the request.

        Raises:
            StageError: as :meth:`ask`.
        """
        self._learn_versions(stage, deadline)
        return request_class.API_KEY in self._versions

    def mechanisms(self, stage: str, deadline: Deadline) -> list[str]:
        """The logins that the listener offers; none where it demands none. For a fresh connection.

        Raises:
            StageError: under the name ``stage``.
        """
        # Any name will do: the answer to one that is not offered lists those that are.
        return list(self._exchange(SaslHandshakeRequest(version=1, mechanism="?"), stage, deadline).mechanisms)

    def certificate_wanted(self, deadline: Deadline) -> bool:
        """Whether the listener demands a certificate of the client. For a fresh connection: with TLS 1.3 the alert
        comes after the handshake, and is lost when the listener closes under a question."""
        self._socket.settimeout(max(deadline.remaining(), 0.001))
        try:
            self._socket.recv(1)
        except OSError as error:
            return wants_certificate(error)
        return False

    def close(self) -> None:
        """Close the connection; never fails."""
        with contextlib.suppress(OSError):
            self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _learn_versions(self, stage: str, deadline: Deadline) -> None:
        if not self._versions:
            offered = self._exchange(ApiVersionsRequest(version=0), stage, deadline)
            self._versions = {key.api_key: (key.min_version, key.max_version) for key in offered.api_keys}

    @classmethod
    def _speaks_plaintext(cls, address: BrokerAddress, addresses: Sequence[Address], deadline: Deadline) -> bool:
        try:
            with cls(address, open_tcp(*address, addresses, deadline)) as plain:
                plain._exchange(ApiVersionsRequest(version=0), "tls", deadline)
        except StageError:
            return False
        return True

    def _version(self, request: Any, stage: str, newest: int | None) -> int:
        name = type(request).__name__
        lowest, highest = self._versions.get(request.API_KEY, (0, -1))
        known = NEWEST.get(name, highest)
        version = min(highest, request.max_version, known if newest is None else newest)
        if version < lowest:
            raise StageError(
                stage, "broker-error", str(self.address), f"the broker's version has no {name} that the toolkit speaks"
            )
        return int(version)

    def _exchange(self, request: Any, stage: str, deadline: Deadline) -> Any:
        if self._broken:
            raise StageError(stage, self._broken.cause, self._broken.peer, self._broken.detail)
        try:
            return self._send_and_wait(request, stage, deadline)
        except StageError as error:
            self._broken = error
            raise

    def _send_and_wait(self, request: Any, stage: str, deadline: Deadline) -> Any:
        name = type(request).__name__.removesuffix("Request")
        peer = str(self.address)
        held_back, began = self.held_back_seconds, time.monotonic()
        if held_back >= max(deadline.remaining(), 0.001):
            raise self.throttled(stage, name)
        try:
            self._protocol.send_request(request)
            self._socket.settimeout(max(deadline.remaining(), 0.001))
            self._socket.sendall(self._protocol.send_bytes())
            frame = self._receive(name, stage, deadline)
            if request.flexible_version_q(request.API_VERSION) and _ENDLESS_NUMBER.search(frame):
                raise StageError(stage, "protocol-error", peer, f"the answer to {name} is not Kafka's")
        except TimeoutError:
            # A broker that was silent for much longer than it said does hang.
            if held_back > _SHARE_OF_A_WAIT * (time.monotonic() - began):
                raise self.throttled(stage, name) from None
            raise StageError(stage, "request-timeout", peer, f"no answer to {name} in time") from None
        except OSError as error:
            if wants_certificate(error):
                words = "the listener demands a certificate of the client"
                raise StageError("tls", "client-certificate-wanted", peer, words) from error
            raise StageError(
                stage, "connection-closed", peer, f"the connection broke on {name} ({type(error).__name__})"
            ) from error
        answer = self._decoded(frame, name, stage)
        milliseconds = getattr(answer, "throttle_time_ms", None) or 0
        self._throttle.note(name, milliseconds / 1000, time.monotonic())
        return answer

    def _receive(self, name: str, stage: str, deadline: Deadline) -> bytearray:
        """One whole answer with its length before it; takes as much memory as has arrived."""
        peer = str(self.address)
        frame = bytearray()
        size: int | None = None
        while size is None or len(frame) < size:
            self._socket.settimeout(max(deadline.remaining(), 0.001))
            data = self._socket.recv(65536)
            if not data:
                raise StageError(stage, "connection-closed", peer, f"the broker closed the connection on {name}")
            if not frame and data.startswith(_TLS_ALERT):
                raise StageError(stage, "tls-expected", peer, "the listener speaks TLS and was asked without")
            frame += data
            if size is None and len(frame) >= _LENGTH.size:
                size = _LENGTH.size + _LENGTH.unpack_from(frame)[0]
                if not _LENGTH.size < size <= _MOST_BYTES:
                    raise StageError(stage, "protocol-error", peer, f"the answer to {name} is not Kafka's")
            if deadline.expired:
                # Bytes that trickle in without end must not keep the wait alive.
                raise TimeoutError
        return frame

    def _decoded(self, frame: bytearray, name: str, stage: str) -> Any:
        try:
            ((_, answer),) = self._protocol.receive_bytes(frame)
        # Whatever goes wrong with a peer's bytes is the peer's fault. Not chained: they do not belong into a log.
        except Exception as error:  # noqa: BLE001
            words = f"the answer to {name} is not Kafka's ({type(error).__name__})"
            raise StageError(stage, "protocol-error", str(self.address), words) from None
        return answer


@contextlib.contextmanager
def reading(connection: BrokerConnection, api: str, stage: str) -> Iterator[None]:
    """Look into an answer: a list that is null, a part that is missing or another's is the broker's fault.

    Raises:
        StageError: ``protocol-error`` under ``stage``.
    """
    try:
        yield
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        words = f"the answer to {api} lacks what it must hold ({type(error).__name__})"
        raise StageError(stage, "protocol-error", str(connection.address), words) from error
