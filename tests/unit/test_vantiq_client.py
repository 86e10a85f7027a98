"""The HTTP client against a real server on loopback that breaks in every way it can."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.settings.vantiq import VantiqAddress
from msk_toolkit.vantiq.client import VantiqClient
from msk_toolkit.vantiq.errors import VantiqUnansweredError

from tests.fakes.clock_fake import FakeClock
from tests.fakes.http_fake import OK, Peer, Script, ScriptedServer, drip, forever, serve

pytestmark = pytest.mark.enable_socket

UNAUTHORIZED = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"


class FixedToken:
    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)
        self.renewals = 0

    def text(self, deadline: Deadline) -> str:
        return self.texts[0]

    def renewed(self, refused: str, deadline: Deadline) -> str:
        self.renewals += 1
        if len(self.texts) > 1:
            self.texts.pop(0)
        return self.texts[0]


@contextmanager
def client_of(
    *scripts: Script, token: FixedToken | None = None, timeout: float = 10.0, clock: FakeClock | None = None
) -> Iterator[tuple[VantiqClient, ScriptedServer]]:
    with ScriptedServer(*scripts) as server:
        address = VantiqAddress(False, "127.0.0.1", server.port)
        client = VantiqClient(
            address,
            token or FixedToken("abc"),
            context=None,
            namespace="my.ns",
            timeout_seconds=timeout,
            clock=clock or time.monotonic,
        )
        try:
            yield client, server
        finally:
            client.close()


def failure(script: Script, *, seconds: float = 10.0, body: bytes = b"{}") -> VantiqUnansweredError:
    with client_of(script) as (client, _), pytest.raises(VantiqUnansweredError) as caught:
        client.post("/x", body, Deadline(seconds))
    return caught.value


def test_a_post_carries_token_namespace_and_body() -> None:
    with client_of(forever()) as (client, server):
        response = client.post("/api/v1/resources/topics//a", b'{"a":1}', Deadline(5))
    assert (response.status, response.body) == (200, b"{}")
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /api/v1/resources/topics//a HTTP/1.1"
    assert f"Host: 127.0.0.1:{server.port}" in lines
    assert "Authorization: Bearer abc" in lines
    assert "X-Target-Namespace: my.ns" in lines
    assert body == b'{"a":1}'


def test_the_connection_is_kept_for_the_next_request() -> None:
    with client_of(forever()) as (client, server):
        for _ in range(5):
            client.post("/x", b"{}", Deadline(5))
        assert server.connections == 1


def test_a_connection_that_the_peer_closed_meanwhile_is_replaced_before_it_is_used() -> None:
    closed = threading.Event()

    def close_and_listen_on(peer: Peer) -> None:
        peer.read()
        peer.send(OK)
        peer.sock.shutdown(socket.SHUT_WR)
        closed.set()
        peer.read()

    with client_of(close_and_listen_on, forever()) as (client, server):
        client.post("/x", b"1", Deadline(5))
        assert closed.wait(5)
        assert client.post("/x", b"2", Deadline(5)).status == 200
        assert server.connections == 2
        assert [request[-1:] for request in server.requests] == [b"1", b"2"]


def test_a_connection_closed_just_as_the_request_set_out_shows_no_failure() -> None:
    def answer_once_then_reset(peer: Peer) -> None:
        peer.read()
        peer.send(OK)
        peer.read()
        peer.reset()

    with client_of(answer_once_then_reset, forever()) as (client, server):
        client.post("/x", b"1", Deadline(5))
        assert client.post("/x", b"2", Deadline(5)).status == 200
        assert server.connections == 2


def test_a_connection_long_idle_is_not_used_again() -> None:
    clock = FakeClock()
    with client_of(forever(), clock=clock) as (client, server):
        client.post("/x", b"1", Deadline(5))
        clock.advance(3600)
        client.post("/x", b"2", Deadline(5))
        assert server.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n\r\n{}",
    ],
)
def test_a_connection_that_the_answer_ends_is_not_used_again(answer: bytes) -> None:
    with client_of(serve(answer), forever()) as (client, server):
        assert client.post("/x", b"1", Deadline(5)).body == b"{}"
        client.post("/x", b"2", Deadline(5))
        assert server.connections == 2


def test_chunks_and_interim_answers_are_read() -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    chunked = interim + b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
    with client_of(forever(chunked)) as (client, server):
        assert [client.post("/x", b"1", Deadline(5)).body for _ in range(2)] == [b"{}"] * 2
        assert server.connections == 1


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    found = b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n"
    with client_of(forever(found)) as (client, server):
        assert client.post("/x", b"1", Deadline(5)).status == 302
        assert len(server.requests) == 1


def test_retry_after_is_handed_on() -> None:
    busy = b"HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"
    with client_of(forever(busy)) as (client, _):
        assert client.post("/x", b"1", Deadline(5)).headers["retry-after"] == "7"


def test_a_refused_token_is_renewed_once() -> None:
    token = FixedToken("old", "new")
    with client_of(serve(UNAUTHORIZED, OK), token=token) as (client, server):
        assert client.post("/x", b"1", Deadline(5)).status == 200
    assert [b"Bearer old" in one for one in server.requests] == [True, False]
    assert token.renewals == 1


def test_a_token_that_did_not_change_is_not_tried_again() -> None:
    with client_of(forever(UNAUTHORIZED)) as (client, server):
        assert client.post("/x", b"1", Deadline(5)).status == 401
        assert len(server.requests) == 1


def test_a_reset_before_the_body_says_that_nothing_was_taken() -> None:
    def script(peer: Peer) -> None:
        peer.read_head()
        peer.reset()

    error = failure(script, body=b"x" * 20_000_000)
    assert (error.stage, error.cause, error.maybe_taken) == ("send", "connection-closed", False)


def test_a_reset_after_the_body_may_have_been_taken() -> None:
    def script(peer: Peer) -> None:
        peer.read()
        peer.reset()

    error = failure(script)
    assert (error.stage, error.cause, error.maybe_taken) == ("answer", "connection-closed", True)


def test_a_close_without_an_answer_may_have_been_taken() -> None:
    error = failure(serve_nothing)
    assert (error.cause, error.maybe_taken) == ("connection-closed", True)


def serve_nothing(peer: Peer) -> None:
    peer.read()


def test_a_refusal_sent_before_the_body_was_read_is_the_answer() -> None:
    def script(peer: Peer) -> None:
        peer.read_head()
        peer.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        peer.sock.shutdown(socket.SHUT_WR)
        while peer.sock.recv(65536):
            pass

    with client_of(script) as (client, _):
        assert client.post("/x", b"x" * 20_000_000, Deadline(10)).status == 413


@pytest.mark.parametrize(
    "half",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_half_an_answer_is_none(half: bytes) -> None:
    error = failure(serve(half))
    assert (error.stage, error.cause, error.maybe_taken) == ("answer", "answer-incomplete", True)


@pytest.mark.parametrize(
    "junk", [b"hello\r\n\r\n", b"\x15\x03\x01\x00\x02\x02", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 2"]
)
def test_what_is_not_http_is_no_answer(junk: bytes) -> None:
    assert failure(serve(junk)).cause in {"answer-malformed", "answer-incomplete"}


def read_and_hang(peer: Peer) -> None:
    peer.read()
    peer.hang()


def half_then_hang(peer: Peer) -> None:
    peer.read()
    peer.send(OK[:-1])
    peer.hang()


@pytest.mark.parametrize(
    "script",
    [
        read_and_hang,
        half_then_hang,
        drip(OK * 100),
        drip(b"x" * 1000, before=b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
        drip(b"X: y\r\n" * 500, before=b"HTTP/1.1 200 OK\r\n"),
    ],
)
def test_no_answer_outlasts_the_deadline_however_it_drips(script: Script) -> None:
    started = time.monotonic()
    error = failure(script, seconds=0.4)
    assert (error.cause, error.maybe_taken) == ("answer-timeout", True)
    assert time.monotonic() - started < 1.5


def test_a_peer_that_takes_nothing_does_not_outlast_the_deadline() -> None:
    started = time.monotonic()
    error = failure(Peer.hang, seconds=0.4, body=b"x" * 30_000_000)
    assert (error.stage, error.cause, error.maybe_taken) == ("send", "send-timeout", False)
    assert time.monotonic() - started < 2


def test_a_request_has_a_bound_of_its_own() -> None:
    started = time.monotonic()
    with client_of(read_and_hang, timeout=0.3) as (client, _), pytest.raises(VantiqUnansweredError):
        client.post("/x", b"1", Deadline(60))
    assert time.monotonic() - started < 2


def test_after_a_time_out_the_connection_is_not_used_again() -> None:
    def late(peer: Peer) -> None:
        peer.read()
        peer.stopping.wait(0.5)
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")
        peer.hang()

    with client_of(late, forever(), timeout=0.2) as (client, server):
        with pytest.raises(VantiqUnansweredError):
            client.post("/x", b"1", Deadline(5))
        assert client.post("/x", b"2", Deadline(5)).body == b"{}"
        assert server.connections == 2


def test_a_refused_connection_names_stage_and_cause() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    client = VantiqClient(VantiqAddress(False, "127.0.0.1", port), FixedToken("abc"), context=None)
    with pytest.raises(VantiqUnansweredError, match="tcp") as caught:
        client.post("/x", b"1", Deadline(5))
    error = caught.value
    assert (error.stage, error.cause, error.maybe_taken) == ("tcp", "connection-refused", False)


def test_a_name_that_does_not_exist_names_its_stage() -> None:
    client = VantiqClient(VantiqAddress(False, "nowhere.invalid", 80), FixedToken("abc"), context=None)
    with pytest.raises(VantiqUnansweredError) as caught:
        client.post("/x", b"1", Deadline(5))
    assert (caught.value.stage, caught.value.maybe_taken) == ("dns", False)


def test_a_plain_server_on_a_tls_address_is_named() -> None:
    settings = ForwarderSettings(vantiq_url="https://127.0.0.1:1", vantiq_token_secret_arn="s")

    def no_tls(peer: Peer) -> None:
        peer.sock.recv(65536)
        peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with ScriptedServer(no_tls) as server:
        url = f"https://127.0.0.1:{server.port}"
        client = VantiqClient.from_settings(
            ForwarderSettings(vantiq_url=url, vantiq_token_secret_arn="s"), FixedToken("a")
        )
        with pytest.raises(VantiqUnansweredError) as caught:
            client.post("/x", b"1", Deadline(5))
    assert (caught.value.stage, caught.value.cause) == ("tls", "tls-not-spoken")
    assert settings.vantiq_address.tls


def test_a_trusted_ca_that_is_none_names_its_variable() -> None:
    settings = ForwarderSettings(vantiq_url="https://v", vantiq_token_secret_arn="s", vantiq_trusted_ca="nonsense")
    with pytest.raises(ConfigurationError, match="VANTIQ_TRUSTED_CA"):
        VantiqClient.from_settings(settings, FixedToken("a"))
