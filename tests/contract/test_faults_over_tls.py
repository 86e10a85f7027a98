"""The faults that happen on the connection, over TLS."""

import contextlib
import http.client
import socket
import ssl
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from local.vantiq import VantiqStandIn, running_standin

pytestmark = pytest.mark.enable_socket

UPGRADE = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


def insert(vantiq: VantiqStandIn, certificates: Path, timeout_seconds: float = 5) -> bytes:
    parts = urlsplit(vantiq.url)
    context = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=timeout_seconds, context=context)
    try:
        headers = {"Authorization": f"Bearer {vantiq.token}"}
        connection.request("POST", "/api/v1/resources/custom/Order", b'{"id": 1}', headers)
        return connection.getresponse().read()
    finally:
        connection.close()


def test_a_reset_is_a_reset(vantiq: VantiqStandIn, certificates: Path) -> None:
    vantiq.fail("reset", times=1)
    with pytest.raises((ConnectionResetError, ssl.SSLEOFError)):
        insert(vantiq, certificates)
    assert len(vantiq.journal) == 0


def test_a_half_answer_is_half(vantiq: VantiqStandIn, certificates: Path) -> None:
    vantiq.fail("half_answer", times=1)
    with pytest.raises(http.client.IncompleteRead):
        insert(vantiq, certificates)
    assert len(vantiq.journal) == 1


def test_stops_within_two_seconds_with_a_request_and_a_web_socket_open(certificates: Path) -> None:
    context = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    with contextlib.ExitStack() as stack:
        with running_standin(cert=certificates / "server.pem", key=certificates / "server.key") as vantiq:
            vantiq.fail("hang")
            for path, extra in (("/", ""), ("/api/v1/wsock/websocket", UPGRADE)):
                plain = stack.enter_context(socket.create_connection(("127.0.0.1", vantiq.port), timeout=5))
                secure = stack.enter_context(context.wrap_socket(plain, server_hostname="127.0.0.1"))
                secure.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{extra}\r\n".encode())
            assert secure.recv(12) == b"HTTP/1.1 101"
            deadline = time.monotonic() + 5
            while vantiq.stats.in_flight == 0:
                assert time.monotonic() < deadline
            before = time.monotonic()
        assert time.monotonic() - before < 2


def test_a_client_that_does_not_know_the_ca_gets_nowhere(vantiq: VantiqStandIn) -> None:
    parts = urlsplit(vantiq.url)
    connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=5)
    with pytest.raises(ssl.SSLCertVerificationError):
        connection.request("GET", "/authenticate")
