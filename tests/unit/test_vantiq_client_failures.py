"""The HTTP client when Vantiq or the way there fails: what may have been taken, and no wait outlasts its bound."""

import socket
import time
import traceback

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.settings.vantiq import VantiqAddress
from msk_toolkit.vantiq.client import VantiqClient
from msk_toolkit.vantiq.connection import VantiqEndpoint
from msk_toolkit.vantiq.errors import VantiqUnansweredError

from tests.fakes.http_fake import OK, Peer, Script, ScriptedServer, drip, forever, serve
from tests.fakes.vantiq_client_fake import FixedToken, client_of, failure

pytestmark = pytest.mark.enable_socket


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
        assert client.request("POST", "/x", b"x" * 20_000_000, Deadline(10)).status == 413


@pytest.mark.parametrize("status", [b"200 OK", b"201 Created", b"204 No Content"])
def test_a_success_to_a_request_that_never_left_completely_acknowledges_nothing(status: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.read_head()
        peer.send(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")
        # With most of the request unread this ends the connection in both directions.
        peer.sock.close()

    error = failure(script, body=b"x" * 20_000_000)
    assert (error.stage, error.cause, error.maybe_taken) == ("send", "connection-closed", False)


@pytest.mark.parametrize(
    "half",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_half_an_answer_is_none(half: bytes) -> None:
    error = failure(serve(half))
    assert (error.stage, error.cause, error.maybe_taken) == ("answer", "answer-incomplete", True)


@pytest.mark.parametrize(
    "answer",
    [
        b"Authorization: Bearer secret-token\r\n\r\n",
        b"HTTP/1.1 secret-token\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nsecret-token\r\n",
    ],
)
def test_what_a_peer_says_instead_of_an_answer_is_in_no_traceback(answer: bytes) -> None:
    error = failure(serve(answer))
    assert error.cause in {"answer-malformed", "answer-incomplete"}
    assert "secret-token" not in "".join(traceback.format_exception(error))


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
        client.request("POST", "/x", b"1", Deadline(60))
    assert time.monotonic() - started < 2


def test_after_a_time_out_the_connection_is_not_used_again() -> None:
    def late(peer: Peer) -> None:
        peer.read()
        peer.stopping.wait(0.5)
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")
        peer.hang()

    with client_of(late, forever(), timeout=0.2) as (client, server):
        with pytest.raises(VantiqUnansweredError):
            client.request("POST", "/x", b"1", Deadline(5))
        assert client.request("POST", "/x", b"2", Deadline(5)).body == b"{}"
        assert server.connections == 2


def test_a_refused_connection_names_stage_and_cause() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    client = VantiqClient(VantiqEndpoint(VantiqAddress(False, "127.0.0.1", port)), FixedToken("abc"))
    with pytest.raises(VantiqUnansweredError, match="tcp") as caught:
        client.request("POST", "/x", b"1", Deadline(5))
    error = caught.value
    assert (error.stage, error.cause, error.maybe_taken) == ("tcp", "connection-refused", False)


def test_a_name_that_does_not_exist_names_its_stage() -> None:
    client = VantiqClient(VantiqEndpoint(VantiqAddress(False, "nowhere.invalid", 80)), FixedToken("abc"))
    with pytest.raises(VantiqUnansweredError) as caught:
        client.request("POST", "/x", b"1", Deadline(5))
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
            client.request("POST", "/x", b"1", Deadline(5))
    assert (caught.value.stage, caught.value.cause) == ("tls", "tls-not-spoken")
    assert settings.vantiq_address.tls


def test_a_trusted_ca_that_is_none_names_its_variable() -> None:
    settings = ForwarderSettings(vantiq_url="https://v", vantiq_token_secret_arn="s", vantiq_trusted_ca="nonsense")
    with pytest.raises(ConfigurationError, match="VANTIQ_TRUSTED_CA"):
        VantiqClient.from_settings(settings, FixedToken("a"))
