"""The stages dns, tcp and tls against real sockets on loopback."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.network.connect import Address, open_tcp, resolve, start_tls
from msk_toolkit.network.trust import tls_context

from local.kafka.certificates import CertificateAuthority
from tests.fakes.http_fake import Peer, Script, ScriptedServer

pytestmark = pytest.mark.enable_socket

DAY = timedelta(days=1)


def loopback(port: int) -> list[Address]:
    return [(socket.AF_INET, ("127.0.0.1", port))]


def connect(port: int, seconds: float = 5) -> socket.socket:
    return open_tcp("localhost", port, loopback(port), Deadline(seconds))


@pytest.fixture
def refused_port() -> Iterator[int]:
    """A port that is taken and where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port that drops connection attempts: its accept queue is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = []
        for _ in range(8):
            client = socket.socket()
            client.settimeout(0.2)
            waiting.append(client)
            if client.connect_ex(("127.0.0.1", port)):
                break
        else:
            pytest.fail("the accept queue does not fill")
        yield port
        for client in waiting:
            client.close()


def test_a_name_has_its_addresses() -> None:
    assert (socket.AF_INET, ("127.0.0.1", 9096)) in resolve("localhost", 9096, Deadline(5))


@pytest.mark.parametrize("host", ["a..b", "x" * 70 + ".com"])
def test_a_name_that_can_not_be_one_is_not_found_at_once(host: str) -> None:
    began = time.monotonic()
    with pytest.raises(StageError) as caught:
        resolve(host, 1, Deadline(5))
    assert (caught.value.stage, caught.value.cause) == ("dns", "name-not-found")
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (socket.gaierror(socket.EAI_NONAME, "not known"), "name-not-found"),
        (socket.gaierror(socket.EAI_AGAIN, "later"), "resolver-timeout"),
        (OSError("no resolver"), "name-not-found"),
    ],
)
def test_a_resolvers_answer_has_its_cause(monkeypatch: pytest.MonkeyPatch, error: OSError, cause: str) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(StageError, match="b-1") as caught:
        resolve("b-1", 9096, Deadline(5))
    assert (caught.value.stage, caught.value.cause) == ("dns", cause)


def test_a_resolver_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def hang(*_: Any, **__: Any) -> list[Any]:
        release.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    began = time.monotonic()
    with pytest.raises(StageError) as caught:
        resolve("b-1", 9096, Deadline(0.2))
    release.set()
    assert caught.value.cause == "resolver-timeout"
    assert time.monotonic() - began < 0.3


def test_a_refused_connection_is_told_at_once(refused_port: int) -> None:
    with pytest.raises(StageError, match=f"localhost:{refused_port} fails at tcp") as caught:
        connect(refused_port)
    assert caught.value.cause == "connection-refused"


def test_an_attempt_without_an_answer_ends_with_the_deadline(deaf_port: int) -> None:
    began = time.monotonic()
    with pytest.raises(StageError) as caught:
        connect(deaf_port, 0.3)
    assert caught.value.cause == "connect-timeout"
    assert 0.25 < time.monotonic() - began < 0.4


def test_an_address_that_swallows_packets_leaves_time_for_the_next(deaf_port: int) -> None:
    with ScriptedServer(Peer.hang) as server:
        addresses = [*loopback(deaf_port), *loopback(server.port)]
        began = time.monotonic()
        open_tcp("localhost", 1, addresses, Deadline(1)).close()
    assert 0.4 < time.monotonic() - began < 0.8


def test_an_address_family_that_the_system_lacks_is_passed_over() -> None:
    with ScriptedServer(Peer.hang) as server:
        missing = (socket.AddressFamily(socket.AF_APPLETALK), ("x", 1))
        open_tcp("localhost", 1, [missing, *loopback(server.port)], Deadline(5)).close()
    with pytest.raises(StageError) as caught:
        open_tcp("localhost", 1, [missing], Deadline(5))
    assert caught.value.cause == "unreachable"


def test_without_an_address_there_is_nothing_to_connect_to() -> None:
    with pytest.raises(StageError) as caught:
        open_tcp("localhost", 1, [], Deadline(5))
    assert caught.value.cause == "unreachable"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority.create(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def context(authority: CertificateAuthority) -> ssl.SSLContext:
    return tls_context(authority.ca_file.read_text())


def tls_server(certificate: tuple[Path, Path]) -> Script:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*certificate)

    def script(peer: Peer) -> None:
        with server.wrap_socket(peer.sock, server_side=True) as secure:
            secure.sendall(b"hello")
            secure.recv(1)

    return script


def tls_failure(script: Script, context: ssl.SSLContext, seconds: float = 5) -> StageError:
    with ScriptedServer(script) as server:
        sock = connect(server.port)
        with pytest.raises(StageError) as caught:
            start_tls(sock, "localhost", server.port, context, Deadline(seconds))
        assert sock.fileno() == -1
    assert caught.value.stage == "tls"
    assert caught.value.cause in Cause
    return caught.value


def test_a_certificate_of_a_trusted_authority_is_accepted(
    authority: CertificateAuthority, context: ssl.SSLContext
) -> None:
    with ScriptedServer(tls_server(authority.issue("good", ["localhost"]))) as server:
        secure = start_tls(connect(server.port), "localhost", server.port, context, Deadline(5))
        assert secure.recv(5) == b"hello"
        secure.close()


def test_a_dead_address_before_the_one_that_answers_is_told(refused_port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        addresses: list[Address] = [*loopback(refused_port), *loopback(port)]
        passed_over: list[StageError] = []
        open_tcp("localhost", port, addresses, Deadline(5), passed_over).close()
    assert [(failure.cause, failure.detail) for failure in passed_over] == [
        ("connection-refused", "127.0.0.1: the connection was refused")
    ]


def test_an_expired_certificate_is_told(authority: CertificateAuthority, context: ssl.SSLContext) -> None:
    now = datetime.now(UTC)
    old = authority.issue("old", ["localhost"], not_before=now - 2 * DAY, not_after=now - DAY)
    assert tls_failure(tls_server(old), context).cause == "tls-expired"


def test_a_certificate_from_the_future_is_told(authority: CertificateAuthority, context: ssl.SSLContext) -> None:
    now = datetime.now(UTC)
    early = authority.issue("early", ["localhost"], not_before=now + DAY, not_after=now + 2 * DAY)
    assert tls_failure(tls_server(early), context).cause == "tls-not-yet-valid"


@pytest.mark.parametrize("name", ["other.example", "127.0.0.1"])
def test_a_certificate_for_another_name_is_told(
    authority: CertificateAuthority, context: ssl.SSLContext, name: str
) -> None:
    failure = tls_failure(tls_server(authority.issue("other", [name])), context)
    assert (failure.cause, failure.detail) == ("tls-name-mismatch", "the certificate is not for localhost")


def test_a_certificate_of_a_foreign_authority_is_told(tmp_path: Path, context: ssl.SSLContext) -> None:
    foreign = CertificateAuthority.create(tmp_path).issue("foreign", ["localhost"])
    assert tls_failure(tls_server(foreign), context).cause == "tls-untrusted-issuer"


def test_the_systems_authorities_do_not_trust_a_private_one(authority: CertificateAuthority) -> None:
    failure = tls_failure(tls_server(authority.issue("good", ["localhost"])), tls_context())
    assert failure.cause == "tls-untrusted-issuer"


def test_a_plain_server_does_not_speak_tls(context: ssl.SSLContext) -> None:
    def answer_in_the_clear(peer: Peer) -> None:
        peer.sock.recv(10_000)
        peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        peer.sock.recv(1)

    assert tls_failure(answer_in_the_clear, context).cause == "tls-not-spoken"


def test_a_server_that_never_answers_the_handshake_is_left_in_time(context: ssl.SSLContext) -> None:
    began = time.monotonic()
    assert tls_failure(Peer.hang, context, 0.3).cause == "tls-timeout"
    assert time.monotonic() - began < 0.6


def test_a_server_that_trickles_its_handshake_is_left_in_time(context: ssl.SSLContext) -> None:
    def trickle(peer: Peer) -> None:
        peer.sock.recv(10_000)
        for byte in b"\x16\x03\x03\x40\x00" + b"\x02" * 1000:
            peer.send(bytes([byte]))
            if peer.stopping.wait(0.05):
                return

    began = time.monotonic()
    assert tls_failure(trickle, context, 0.4).cause == "tls-timeout"
    assert time.monotonic() - began < 0.7


@pytest.mark.parametrize("end", [Peer.reset, lambda peer: peer.sock.close()])
def test_a_reset_and_an_end_of_stream_in_the_handshake_are_told(context: ssl.SSLContext, end: Script) -> None:
    def script(peer: Peer) -> None:
        peer.sock.recv(10_000)
        end(peer)

    assert tls_failure(script, context).cause == "connection-closed"


def test_a_server_that_asks_for_an_older_tls_is_told(authority: CertificateAuthority, context: ssl.SSLContext) -> None:
    def refuse(peer: Peer) -> None:
        peer.sock.recv(10_000)
        peer.send(b"\x15\x03\x03\x00\x02\x02\x46")  # fatal alert: protocol_version
        peer.sock.recv(1)

    assert tls_failure(refuse, context).cause == "tls-no-common-version"


def test_an_alert_that_is_not_known_is_told_with_its_name(
    authority: CertificateAuthority, context: ssl.SSLContext
) -> None:
    def refuse(peer: Peer) -> None:
        peer.sock.recv(10_000)
        peer.send(b"\x15\x03\x03\x00\x02\x02\x50")  # fatal alert: internal_error
        peer.sock.recv(1)

    error = tls_failure(refuse, context)
    assert (error.cause, "INTERNAL_ERROR" in error.detail) == ("tls-failed", True)
