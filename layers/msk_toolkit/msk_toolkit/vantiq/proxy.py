"""The way to Vantiq through a proxy: CONNECT, and then the proxy passes on bytes that it can't read.

Imported only where a proxy is set. What a proxy answers is about the path and never about a record: it becomes a
:class:`msk_toolkit.vantiq.errors.ProxyError` and never a response of Vantiq's, whatever its status.
(RFC 9110, sections 9.3.6 and 15.5.8; RFC 7617.)
"""

import base64
import re
import socket
from typing import cast

import msgspec

from msk_toolkit import __version__
from msk_toolkit.aws.secrets import SecretsClient
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError, CredentialsError, StageError
from msk_toolkit.network.connect import open_tcp, resolve
from msk_toolkit.settings.proxy import ProxyAddress, proxy_of
from msk_toolkit.settings.vantiq import VantiqAddress, VantiqSettings
from msk_toolkit.vantiq.errors import ProxyError, RequestStage
from msk_toolkit.vantiq.token import Token

_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([2-5][0-9]{2})(?: [^\r\n]*)?\r\n")
_BEGIN, _END = b"HTTP/1.", b"\r\n\r\n"
# Proxies add some headers of their own; a page for a person comes behind them.
_MOST_HEAD_BYTES = 16_384
_READ_BYTES = 4096
# tinyproxy asks for credentials with 407, and refuses wrong ones with 401 (findings/tinyproxy-wrong-credentials.sh).
_LOGIN_REFUSED = frozenset({401, 407})
_FIRST_FAULT = 500
# Request Timeout, Too Early, Too Many Requests: of this moment.
_PASSING = frozenset({408, 425, 429})
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class _Login(msgspec.Struct):
    username: str
    password: str


def tunnel_of(settings: VantiqSettings, secrets: SecretsClient | None) -> "ProxyTunnel | None":
    """The way through the configured proxy; None where Vantiq is exempt from it.

    Raises:
        ValueError: there are credentials, and nothing to read them with.
    """
    proxy = proxy_of(settings)
    if proxy is None:
        return None
    if not settings.vantiq_proxy_secret_arn:
        return ProxyTunnel(proxy)
    if secrets is None:
        raise ValueError("the proxy's credentials are in a secret, and no client reads it")
    return ProxyTunnel(proxy, Token(secrets, settings.vantiq_proxy_secret_arn, parse_login))


def parse_login(text: str, secret_id: str) -> str:
    """The value of Proxy-Authorization for a secret's text: a JSON object with ``username`` and ``password``.

    Raises:
        CredentialsError: it holds none; never with the text.
    """
    try:
        login = msgspec.json.decode(text, type=_Login)
    except (msgspec.MsgspecError, UnicodeEncodeError):
        login = _Login("", "")
    # Not chained above: the parser's error may quote what it could not read.
    if not login.username or ":" in login.username or _CONTROL.search(login.username + login.password):
        raise CredentialsError(
            f'secret {secret_id}: holds no credentials of a proxy; store {{"username": "...", "password": "..."}}'
        )
    return "Basic " + base64.b64encode(f"{login.username}:{login.password}".encode()).decode()


class ProxyTunnel:
    """Opens sockets through a proxy; safe to share between threads.

    Args:
        login: the value of Proxy-Authorization; None where the proxy wants none.
    """

    def __init__(self, proxy: ProxyAddress, login: Token | None = None) -> None:
        self._proxy = proxy
        self._login = login
        self._peer = f"{proxy.host}:{proxy.port}"

    def open(self, address: VantiqAddress, deadline: Deadline) -> socket.socket:
        """A socket whose other end is ``address``, through the proxy's dns and tcp and the stage ``proxy``; blocks.

        Credentials that the proxy refuses are read again: they may have been rotated.

        Raises:
            ProxyError: names the stage and its cause.
        """
        if self._login is None:
            return self._tunnel(address, "", deadline)
        try:
            known = self._login.text(deadline)
            try:
                return self._tunnel(address, known, deadline)
            except ProxyError as error:
                if error.cause != "proxy-login-refused":
                    raise
                renewed = self._login.renewed(known, deadline)
                if renewed == known:
                    raise
            return self._tunnel(address, renewed, deadline)
        except (CredentialsError, AwsError) as error:
            raise self._failed("proxy-secret-unreadable", f"its credentials can't be read: {error}") from error

    def _tunnel(self, address: VantiqAddress, login: str, deadline: Deadline) -> socket.socket:
        sock = self._connected(deadline)
        try:
            sock.settimeout(deadline.timeout())
            sock.sendall(_request(address, login))
            self._check(self._head(sock, deadline), _authority(address))
        except TimeoutError:
            sock.close()
            raise self._failed("proxy-timeout", "no answer to CONNECT in time") from None
        except OSError as error:
            sock.close()
            raise self._failed("proxy-closed", "the connection was closed without an answer to CONNECT") from error
        except BaseException:
            sock.close()
            raise
        return sock

    def _connected(self, deadline: Deadline) -> socket.socket:
        host, port = self._proxy
        try:
            return open_tcp(host, port, resolve(host, port, deadline), deadline)
        except StageError as error:
            stage = cast("RequestStage", error.stage)
            raise ProxyError(stage, error.cause, error.peer, error.detail) from error

    def _head(self, sock: socket.socket, deadline: Deadline) -> bytes:
        """The answer up to the end of its headers, and what has come behind them."""
        data = bytearray()
        while _END not in data:
            sock.settimeout(deadline.timeout())
            received = sock.recv(_READ_BYTES)
            if not received:
                raise ConnectionResetError
            data += received
            if not data.startswith(_BEGIN[: len(data)]) or len(data) > _MOST_HEAD_BYTES:
                raise self._failed("proxy-malformed", "the answer to CONNECT is not HTTP")
            if deadline.expired:
                # Bytes that trickle in without end must not keep the wait alive.
                raise TimeoutError
        return bytes(data)

    def _check(self, answer: bytes, authority: str) -> None:
        """Raise unless the answer opens the tunnel."""
        line = _STATUS_LINE.match(answer)
        if line is None:
            raise self._failed("proxy-malformed", "the answer to CONNECT is not HTTP")
        status = int(line[1])
        if status in _LOGIN_REFUSED:
            verb = "refuses the" if self._login else "wants"
            raise self._failed("proxy-login-refused", f"it {verb} credentials ({status})")
        if status >= _FIRST_FAULT or status in _PASSING:
            raise self._failed("proxy-cannot-connect", f"it can't connect to {authority} ({status})")
        if status >= 300:
            raise self._failed("proxy-refused", f"it refuses a connection to {authority} ({status})")
        # Vantiq says nothing before it is spoken to, with TLS: whatever comes is not Vantiq's.
        if not answer.endswith(_END) or answer.index(_END) != len(answer) - len(_END):
            raise self._failed("proxy-malformed", "it sends something of its own through the open tunnel")

    def _failed(self, cause: str, detail: str) -> ProxyError:
        return ProxyError("proxy", cause, self._peer, detail)


def _request(address: VantiqAddress, login: str) -> bytes:
    authority = _authority(address)
    lines = [
        f"CONNECT {authority} HTTP/1.1",
        f"Host: {authority}",
        f"User-Agent: msk-vantiq-toolkit/{__version__}",
        *([f"Proxy-Authorization: {login}"] if login else []),
    ]
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def _authority(address: VantiqAddress) -> str:
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{host}:{address.port}"
