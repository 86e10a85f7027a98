"""Requests to Vantiq over connections that stay open between a warm environment's invocations."""

import functools
import ssl
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from msk_toolkit import __version__
from msk_toolkit.aws.secrets import SecretsClient
from msk_toolkit.deadline import Clock, Deadline
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.network.event_loop import EventLoop, blocking
from msk_toolkit.network.poll import SocketPoll
from msk_toolkit.network.trust import tls_context
from msk_toolkit.settings.vantiq import VantiqSettings
from msk_toolkit.vantiq.connection import HttpResponse, Tunnel, VantiqConnection, VantiqEndpoint
from msk_toolkit.vantiq.errors import VantiqUnansweredError
from msk_toolkit.vantiq.token import without_token

# A NAT gateway or firewall forgets an idle connection without telling either end (NAT: after 350 s).
_MAX_IDLE_SECONDS = 60.0
# A host that answers does so within two retransmissions of the first packet (1 s and 2 s later).
_MAX_CONNECT_SECONDS = 5.0
_MAX_STARTS = 256
_USER_AGENT = f"msk-vantiq-toolkit/{__version__}"


class TokenSource(Protocol):
    """Where the access token comes from; see :class:`msk_toolkit.vantiq.token.Token`."""

    @property
    def known(self) -> str | None:
        """The token, where it was read before."""
        ...

    def text(self, deadline: Deadline) -> str:
        """The token; may block."""
        ...

    def renewed(self, refused: str, deadline: Deadline) -> str:
        """The token after ``refused`` was; may block."""
        ...


class Clocks(NamedTuple):
    """Seconds on a clock that only goes forwards, and since 1970."""

    monotonic: Clock
    time_of_day: Clock


_SYSTEM_CLOCKS = Clocks(time.monotonic, time.time)


class VantiqClient:
    """Sends JSON to one Vantiq host, as many requests at a time as are awaited, each over a connection of its own.

    Args:
        clocks: measure how long connections were idle.
    """

    def __init__(
        self,
        endpoint: VantiqEndpoint,
        token: TokenSource,
        *,
        namespace: str = "",
        timeout_seconds: float = 10.0,
        clocks: Clocks = _SYSTEM_CLOCKS,
    ) -> None:
        self._endpoint = endpoint
        self._token = token
        self._timeout_seconds = timeout_seconds
        self._clocks = clocks
        self._session: ssl.SSLSession | None = None
        self._idle: list[VantiqConnection] = []
        # The heads of requests up to the length, by method, path and token.
        self._starts: dict[tuple[str, str, str], bytes] = {}
        self._headers = (
            f"Host: {endpoint.address.authority}\r\nContent-Type: application/json\r\nAccept: application/json\r\n"
            f"Accept-Encoding: identity\r\nUser-Agent: {_USER_AGENT}\r\n"
        )
        if namespace:
            self._headers += f"X-Target-Namespace: {namespace}\r\n"

    @classmethod
    def from_settings(
        cls, settings: VantiqSettings, token: TokenSource, secrets: SecretsClient | None = None
    ) -> "VantiqClient":
        """A client for the configured Vantiq; see :func:`endpoint_of`."""
        return cls(
            endpoint_of(settings, secrets),
            token,
            namespace=settings.vantiq_namespace,
            timeout_seconds=settings.vantiq_timeout_seconds,
        )

    def request(self, method: str, path: str, body: bytes, deadline: Deadline) -> HttpResponse:
        """Send one request in a loop of its own, and return its response; see :meth:`send`."""
        loop = EventLoop(SocketPoll(), time.monotonic)
        (response,) = loop.run([self.send(method, path, body, deadline)], at_once=1)
        return response

    async def send(
        self,
        method: str,
        path: str,
        body: bytes,
        deadline: Deadline,
        meanwhile: Callable[[], object] | None = None,
    ) -> HttpResponse:
        """Send one request and return its response, whatever the status. A 401 is sent once more if the secret
        holds another token by now.

        Args:
            method: any but HEAD, whose answers have no body to their length.
            path: percent-encoded, from the host's root, with its query.
            body: JSON.
            deadline: on the clock of the loop that runs this.
            meanwhile: see :func:`msk_toolkit.network.event_loop.readiness`.

        Raises:
            VantiqUnansweredError: no (whole) answer in time.
            CredentialsError, AwsError: the token can't be read.
        """
        bound = deadline.at_most(self._timeout_seconds)
        token = self._token.known
        if token is None:
            token = await blocking(functools.partial(self._token.text, bound))
        response = await self._send(self._request(method, path, body, token), bound, meanwhile)
        if response.status == 401:
            renewed = await blocking(functools.partial(self._token.renewed, token, bound))
            if renewed != token:
                response = await self._send(self._request(method, path, body, renewed), bound, meanwhile)
                token = renewed
        return _without_token(response, token)

    def close(self) -> None:
        """Close the idle connections."""
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _request(self, method: str, path: str, body: bytes, token: str) -> bytes:
        start = self._starts.get((method, path, token))
        if start is None:
            if len(self._starts) >= _MAX_STARTS:
                self._starts.clear()
            head = f"{method} {path} HTTP/1.1\r\n{self._headers}Authorization: Bearer {token}\r\nContent-Length: "
            start = self._starts[method, path, token] = head.encode("ascii")
        return b"%b%d\r\n\r\n%b" % (start, len(body), body)

    async def _send(self, request: bytes, bound: Deadline, meanwhile: Callable[[], object] | None) -> HttpResponse:
        used = self._take()
        if used is not None:
            try:
                return await used.exchange(request, bound, meanwhile)
            except VantiqUnansweredError as error:
                # The peer closed it as the request set out: HTTP/1.1's own race, not a failure of Vantiq's.
                if error.cause != "connection-closed":
                    raise
            finally:
                self._keep(used)
        connecting = bound.at_most(_MAX_CONNECT_SECONDS)
        fresh = await blocking(lambda: VantiqConnection.open(self._endpoint, connecting, self._session))
        try:
            response = await fresh.exchange(request, bound, meanwhile)
            self._session = fresh.session or self._session
        finally:
            self._keep(fresh)
        return response

    def _keep(self, connection: VantiqConnection) -> None:
        """For the next request, where it can carry one."""
        if connection.reusable:
            connection.idle_since = self._clocks.monotonic()
            connection.idle_since_now = self._clocks.time_of_day()
            self._idle.append(connection)
        else:
            connection.close()

    def _take(self) -> VantiqConnection | None:
        """An idle connection that is still open, the most recently used first."""
        while self._idle:
            connection = self._idle.pop()
            if not self._is_too_old(connection) and not connection.stale():
                return connection
            connection.close()
        return None

    def _is_too_old(self, connection: VantiqConnection) -> bool:
        """Whether it was idle for too long; where the sandbox was frozen, only the time of day may have gone on."""
        if self._clocks.monotonic() - connection.idle_since >= _MAX_IDLE_SECONDS:
            return True
        return self._clocks.time_of_day() - connection.idle_since_now >= _MAX_IDLE_SECONDS


def _without_token(response: HttpResponse, token: str) -> HttpResponse:
    """The response with nothing in it that may not be shown to whoever reads a log or a dead letter."""
    headers, body = response.headers, without_token(response.body, token)
    if headers:
        headers = {name: without_token(value.encode(), token).decode() for name, value in headers.items()}
    if (headers, body) == (response.headers, response.body):
        return response
    return HttpResponse(response.status, headers, body)


def endpoint_of(settings: VantiqSettings, secrets: SecretsClient | None = None) -> VantiqEndpoint:
    """Where the configured Vantiq is, and how it is reached.

    Args:
        secrets: reads the proxy's credentials, where there are any.

    Raises:
        ConfigurationError: VANTIQ_TRUSTED_CA holds no certificate.
    """
    address = settings.vantiq_address
    try:
        context = tls_context(settings.vantiq_trusted_ca) if address.tls else None
    except ConfigurationError as error:
        raise ConfigurationError("VANTIQ_TRUSTED_CA", error.problems) from error
    return VantiqEndpoint(address, context, _tunnel(settings, secrets))


def _tunnel(settings: VantiqSettings, secrets: SecretsClient | None) -> Tunnel | None:
    if not settings.vantiq_proxy:
        return None
    from msk_toolkit.vantiq.proxy import tunnel_of

    return tunnel_of(settings, secrets)
