"""Requests to Vantiq over connections that stay open between a warm environment's invocations."""

import ssl
import threading
import time
from typing import Protocol

from msk_toolkit import __version__
from msk_toolkit.deadline import Clock, Deadline
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.network.trust import tls_context
from msk_toolkit.settings.vantiq import VantiqAddress, VantiqSettings
from msk_toolkit.vantiq.connection import HttpResponse, VantiqConnection
from msk_toolkit.vantiq.errors import VantiqUnansweredError

# A NAT gateway or firewall forgets an idle connection without telling either end (NAT: after 350 s).
_MAX_IDLE_SECONDS = 60.0
# A host that answers does so within two retransmissions of the first packet (1 s and 2 s later).
_MAX_CONNECT_SECONDS = 5.0
_USER_AGENT = f"msk-vantiq-toolkit/{__version__}"


class TokenSource(Protocol):
    """Where the access token comes from; see :class:`msk_toolkit.vantiq.token.Token`."""

    def text(self, deadline: Deadline) -> str:
        """The token."""
        ...

    def renewed(self, refused: str, deadline: Deadline) -> str:
        """The token after ``refused`` was."""
        ...


class VantiqClient:
    """Sends JSON to one Vantiq host; safe to share between lanes, each of which gets a connection of its own."""

    def __init__(
        self,
        address: VantiqAddress,
        token: TokenSource,
        *,
        context: ssl.SSLContext | None,
        namespace: str = "",
        timeout_seconds: float = 10.0,
        clock: Clock = time.monotonic,
    ) -> None:
        self._address = address
        self._token = token
        self._context = context
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._idle: list[tuple[VantiqConnection, float]] = []
        self._lock = threading.Lock()
        self._headers = (
            f"Host: {address.authority}\r\nContent-Type: application/json\r\nAccept: application/json\r\n"
            f"Accept-Encoding: identity\r\nUser-Agent: {_USER_AGENT}\r\n"
        )
        if namespace:
            self._headers += f"X-Target-Namespace: {namespace}\r\n"

    @classmethod
    def from_settings(cls, settings: VantiqSettings, token: TokenSource) -> "VantiqClient":
        """A client for the configured Vantiq.

        Raises:
            ConfigurationError: VANTIQ_TRUSTED_CA holds no certificate.
        """
        address = settings.vantiq_address
        try:
            context = tls_context(settings.vantiq_trusted_ca) if address.tls else None
        except ConfigurationError as error:
            raise ConfigurationError("VANTIQ_TRUSTED_CA", error.problems) from error
        return cls(
            address,
            token,
            context=context,
            namespace=settings.vantiq_namespace,
            timeout_seconds=settings.vantiq_timeout_seconds,
        )

    def post(self, path: str, body: bytes, deadline: Deadline) -> HttpResponse:
        """POST a body; see :meth:`request`."""
        return self.request("POST", path, body, deadline)

    def request(self, method: str, path: str, body: bytes, deadline: Deadline) -> HttpResponse:
        """Send one request and return its response, whatever the status. A 401 is sent once more if the secret
        holds another token by now.

        Args:
            method: any but HEAD, whose answers have no body to their length.
            path: percent-encoded, from the host's root, with its query.
            body: JSON.

        Raises:
            VantiqUnansweredError: no (whole) answer in time.
            CredentialsError, AwsError: the token can't be read.
        """
        bound = deadline.at_most(self._timeout_seconds)
        token = self._token.text(bound)
        response = self._send(method, path, body, token, bound)
        if response.status == 401:
            renewed = self._token.renewed(token, bound)
            if renewed != token:
                response = self._send(method, path, body, renewed, bound)
        return response

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection, _ in idle:
            connection.close()

    def _send(self, method: str, path: str, body: bytes, token: str, bound: Deadline) -> HttpResponse:
        head = (
            f"{method} {path} HTTP/1.1\r\n{self._headers}Authorization: Bearer {token}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode("ascii")
        used = self._take()
        if used is not None:
            try:
                return self._exchange(used, head, body, bound)
            except VantiqUnansweredError as error:
                # The peer closed it as the request set out: HTTP/1.1's own race, not a failure of Vantiq's.
                if error.cause != "connection-closed":
                    raise
        fresh = VantiqConnection.open(self._address, self._context, bound.at_most(_MAX_CONNECT_SECONDS))
        return self._exchange(fresh, head, body, bound)

    def _exchange(self, connection: VantiqConnection, head: bytes, body: bytes, bound: Deadline) -> HttpResponse:
        try:
            response = connection.exchange(head, body, bound)
        finally:
            if connection.reusable:
                with self._lock:
                    self._idle.append((connection, self._clock()))
            else:
                connection.close()
        return response

    def _take(self) -> VantiqConnection | None:
        """An idle connection that is still open, the most recently used first."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection, since = self._idle.pop()
            if self._clock() - since < _MAX_IDLE_SECONDS and not connection.stale():
                return connection
            connection.close()
