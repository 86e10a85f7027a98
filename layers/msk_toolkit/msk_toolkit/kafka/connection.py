"""One connection to one broker: opened stage by stage, then used for one request at a time, each by its deadline.

kafka-python's clients can't tell the stages of a connection apart and hang on a stalled TLS handshake.
"""

import contextlib
import socket
import ssl
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Self

from kafka.protocol.metadata import ApiVersionsRequest
from kafka.protocol.sasl import SaslHandshakeRequest

from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.access import Access, BrokerAddress
from msk_toolkit.kafka.error_codes import shown
from msk_toolkit.kafka.exchange import BrokerExchange
from msk_toolkit.kafka.sasl import log_in
from msk_toolkit.kafka.spoken_versions import NEWEST
from msk_toolkit.network.client_certificate import client_context
from msk_toolkit.network.connect import (
    Address,
    certificate_end,
    certificate_failure,
    open_tcp,
    resolve,
    start_tls,
)
from msk_toolkit.network.stages import StageLog
from msk_toolkit.network.trust import trusting_context
from msk_toolkit.stage import Stage

_NAMES_SHOWN = 3


class BrokerConnection:
    """An open, logged-in connection to a broker; a context manager.

    ``certificate_end`` is when the broker's certificate expires, in seconds since 1970; None without TLS.
    """

    def __init__(self, address: BrokerAddress, sock: socket.socket) -> None:
        self.address = address
        self._socket = sock
        self._exchange = BrokerExchange(address, sock)
        self._versions: dict[int, tuple[int, int]] = {}
        self.certificate_end = certificate_end(sock) if isinstance(sock, ssl.SSLSocket) else None

    @classmethod
    def open(cls, address: BrokerAddress, access: Access, log: StageLog) -> Self:
        """Go through the stages dns, tcp, tls and sasl, as far as the auth mode has them.

        Raises:
            StageError: the first stage that failed; the socket is closed.
            ConfigurationError: TRUSTED_CA holds no certificate.
            CredentialsError: the client certificate can't be used.
        """
        # A fault in what the user trusts is no broker's.
        context = client_context(access.trusted_ca, access.client_certificate) if access.encrypted else None
        with log.stage(Stage.DNS) as deadline:
            addresses = resolve(address.host, address.port, deadline)
        sock = _open_tcp(address, addresses, log)
        if context:
            with log.stage(Stage.TLS) as deadline:
                sock = _start_tls(sock, address, addresses, context, deadline, access.trusted_ca)
        connection = cls(address, sock)
        if not access.mechanism:
            return connection
        try:
            with log.stage(Stage.SASL) as deadline:
                log_in(address, access, lambda request: connection._exchange.send(request, Stage.SASL, deadline))
        except BaseException:
            connection.close()
            raise
        return connection

    def send(self, request: Any, stage: Stage, deadline: Deadline, newest: int | None = None) -> Any:
        """Send one of kafka-python's requests and wait for its response.

        Args:
            newest: the highest version to use, where a lower one than the toolkit's own is enough.

        Raises:
            StageError: under the name ``stage``: timeout, closed connection, or a response that is not Kafka's. The
                connection is then ``broken``.
        """
        self._learn_versions(stage, deadline)
        if request.API_VERSION is None:
            request.API_VERSION = self._version(request, stage, newest)
        return self._exchange.send(request, stage, deadline)

    @property
    def held_back_seconds(self) -> float:
        """For how long the broker still reads nothing from this connection, because the user is over a quota."""
        return self._exchange.held_back_seconds

    def throttled(self, stage: Stage, api: str) -> StageError:
        """The failure of a stage whose request ``api`` can't wait until the broker reads again."""
        return self._exchange.throttled(stage, api)

    @property
    def peer(self) -> tuple[str, int] | None:
        """The number of the host and the port that it leads to; None where the connection is closed."""
        try:
            name = self._socket.getpeername()
        except OSError:
            return None
        return (str(name[0]), int(name[1]))

    @property
    def broken(self) -> bool:
        """Whether a request has failed, so that no further one is sent."""
        return self._exchange.broken

    def supports(self, request_class: Any, stage: Stage, deadline: Deadline) -> bool:
        """Whether the broker knows the request.

        Raises:
            StageError: as :meth:`send`.
        """
        self._learn_versions(stage, deadline)
        return request_class.API_KEY in self._versions

    def mechanisms(self, stage: Stage, deadline: Deadline) -> list[str]:
        """The SASL mechanisms that the listener offers; empty where it requires none. For a fresh connection.

        Raises:
            StageError: under the name ``stage``.
        """
        # Any name will do: the response to one that is not offered lists those that are.
        request = SaslHandshakeRequest(version=1, mechanism="?")
        offered = self._exchange.send(request, stage, deadline)
        with reading(self, "SaslHandshake", stage):
            return list(offered.mechanisms)

    def certificate_failure(self, deadline: Deadline) -> StageError | None:
        """What the listener has against the client's certificate, or its absence; None where it has nothing.

        For a fresh connection: with TLS 1.3 the alert comes after the handshake, and is lost when the listener closes
        the connection on a request.
        """
        self._socket.settimeout(deadline.timeout())
        try:
            self._socket.recv(1)
        except OSError as error:
            return certificate_failure(error, str(self.address))
        return None

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

    def _learn_versions(self, stage: Stage, deadline: Deadline) -> None:
        if not self._versions:
            offered = self._exchange.send(ApiVersionsRequest(version=0), stage, deadline)
            with reading(self, "ApiVersions", stage):
                self._versions = {key.api_key: (key.min_version, key.max_version) for key in offered.api_keys}

    def _version(self, request: Any, stage: Stage, newest: int | None) -> int:
        name = type(request).__name__
        lowest, highest = self._versions.get(request.API_KEY, (0, -1))
        if newest is None:
            newest = NEWEST.get(name, highest)
        version = min(highest, request.max_version, newest)
        if version < max(0, lowest):
            raise StageError(
                stage,
                Cause.BROKER_ERROR,
                str(self.address),
                f"the broker supports no version of {name} that the toolkit supports",
            )
        return int(version)


def broker_timeout_ms(deadline: Deadline) -> int:
    """The timeout to send with a request: the broker gives up a little before we do, so that its reason arrives."""
    return max(1, int(deadline.remaining() * 900))


@contextlib.contextmanager
def reading(connection: BrokerConnection, api: str, stage: Stage) -> Iterator[None]:
    """Read a response: a list that is null, a part that is missing or another's is the broker's fault.

    Raises:
        StageError: ``protocol-error`` under ``stage``.
    """
    try:
        yield
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        detail = f"the response to {api} lacks a required part ({type(error).__name__})"
        raise StageError(stage, Cause.PROTOCOL_ERROR, str(connection.address), detail) from error


def _open_tcp(address: BrokerAddress, addresses: Sequence[Address], log: StageLog) -> socket.socket:
    passed_over: list[StageError] = []
    with log.stage(Stage.TCP) as deadline:
        sock = open_tcp(address.host, address.port, addresses, deadline, passed_over)
    if passed_over:
        details = "; ".join(failure.detail for failure in passed_over)
        log.add_warning(Stage.TCP, passed_over[0].cause, f"{address.host} has an address that does not work: {details}")
    return sock


def _start_tls(
    sock: socket.socket,
    address: BrokerAddress,
    addresses: Sequence[Address],
    context: ssl.SSLContext,
    deadline: Deadline,
    trusted_ca: str,
) -> socket.socket:
    try:
        return start_tls(sock, address.host, address.port, context, deadline)
    except StageError as error:
        if error.cause is Cause.TLS_NAME_MISMATCH:
            names = _certificate_names(address, addresses, trusted_ca, deadline)
            if names:
                detail = f"{error.detail}; it is for {names}"
                raise StageError(Stage.TLS, error.cause, str(address), detail) from error
        # A plaintext listener takes the handshake for a request that is too large, and hangs up.
        if error.cause == Cause.CONNECTION_CLOSED and _accepts_plaintext(address, addresses, deadline):
            detail = "the listener does not use TLS"
            raise StageError(Stage.TLS, Cause.TLS_NOT_SPOKEN, str(address), detail) from error
        raise


def _certificate_names(
    address: BrokerAddress, addresses: Sequence[Address], trusted_ca: str, deadline: Deadline
) -> str:
    """The names in a certificate that is for other ones than the address; empty where they can't be read.

    Over a connection of its own, on which nothing is sent: its issuer is verified, its name is what is asked for.
    """
    context = trusting_context(trusted_ca)
    context.check_hostname = False
    try:
        with start_tls(open_tcp(*address, addresses, deadline), *address, context, deadline) as sock:
            certificate = sock.getpeercert() or {}
    except StageError:
        return ""
    alternatives: Any = certificate.get("subjectAltName", ())
    names = [str(value) for _, value in alternatives]
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return shown(", ".join(names[:_NAMES_SHOWN])) + more


def _accepts_plaintext(address: BrokerAddress, addresses: Sequence[Address], deadline: Deadline) -> bool:
    try:
        with open_tcp(*address, addresses, deadline) as sock:
            BrokerExchange(address, sock).send(ApiVersionsRequest(version=0), Stage.TLS, deadline)
    except StageError:
        return False
    return True
