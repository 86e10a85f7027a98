"""The HTTP client against a real server on loopback that breaks in every way it can."""

import socket
import threading
import time

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.network.event_loop import EventLoop
from msk_toolkit.network.poll import SocketPoll
from msk_toolkit.settings.vantiq import VantiqAddress
from msk_toolkit.vantiq.client import Clocks, VantiqClient
from msk_toolkit.vantiq.connection import VantiqEndpoint

from tests.fakes.clock_fake import FakeClock
from tests.fakes.http_fake import OK, Peer, ScriptedServer, forever, serve
from tests.fakes.vantiq_client_fake import FixedToken, client_of

pytestmark = pytest.mark.enable_socket

UNAUTHORIZED = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"


def test_a_post_carries_token_namespace_and_body() -> None:
    with client_of(forever()) as (client, server):
        response = client.request("POST", "/api/v1/resources/topics//a", b'{"a":1}', Deadline(5))
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
            client.request("POST", "/x", b"{}", Deadline(5))
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
        client.request("POST", "/x", b"1", Deadline(5))
        assert closed.wait(5)
        assert client.request("POST", "/x", b"2", Deadline(5)).status == 200
        assert server.connections == 2
        assert [request[-1:] for request in server.requests] == [b"1", b"2"]


def test_a_connection_closed_just_as_the_request_set_out_shows_no_failure() -> None:
    def answer_once_then_reset(peer: Peer) -> None:
        peer.read()
        peer.send(OK)
        peer.read()
        peer.reset()

    with client_of(answer_once_then_reset, forever()) as (client, server):
        client.request("POST", "/x", b"1", Deadline(5))
        assert client.request("POST", "/x", b"2", Deadline(5)).status == 200
        assert server.connections == 2


def test_a_connection_long_idle_is_not_used_again() -> None:
    clock = FakeClock()
    with client_of(forever(), clock=clock) as (client, server):
        client.request("POST", "/x", b"1", Deadline(5))
        clock.advance(3600)
        client.request("POST", "/x", b"2", Deadline(5))
        assert server.connections == 2


def test_a_connection_that_was_frozen_with_its_sandbox_is_not_used_again() -> None:
    # A frozen sandbox's monotonic clock may stand still; the time of day has gone on when it is thawed.
    time_of_day = [1_763_800_000.0]
    with ScriptedServer(forever()) as server:
        client = VantiqClient(
            VantiqEndpoint(VantiqAddress(False, "127.0.0.1", server.port)),
            FixedToken("abc"),
            clocks=Clocks(FakeClock(), lambda: time_of_day[0]),
        )
        for seconds, connections in ((0, 1), (59, 1), (61, 2), (600, 3), (1, 3)):
            time_of_day[0] += seconds
            assert client.request("POST", "/x", b"1", Deadline(5)).status == 200
            assert server.connections == connections
        client.close()


@pytest.mark.parametrize("bodies", [1, 5])
def test_connections_that_all_died_in_a_pause_show_no_failure(bodies: int) -> None:
    # Each of them answers once, then resets whatever comes next: as a firewall that has forgotten it.
    def answer_once_then_reset(peer: Peer) -> None:
        peer.read()
        peer.send(OK)
        peer.read()
        peer.reset()

    with client_of(*[answer_once_then_reset] * bodies, forever()) as (client, _):
        loop = EventLoop(SocketPoll(), time.monotonic)
        for _ in range(2):
            posts = [client.send("POST", "/x", b"1", Deadline(5)) for _ in range(bodies)]
            assert [response.status for response in loop.run(posts, bodies)] == [200] * bodies


def test_requests_at_the_same_time_have_a_connection_each_and_none_is_pipelined() -> None:
    together = threading.Barrier(4)

    def answer_together(peer: Peer) -> None:
        for _ in range(3):
            peer.read()
            together.wait(10)
            peer.sock.setblocking(False)
            with pytest.raises(BlockingIOError):
                peer.sock.recv(1)
            peer.sock.setblocking(True)
            peer.send(OK)

    with client_of(answer_together) as (client, server):
        loop = EventLoop(SocketPoll(), time.monotonic)
        for _ in range(3):
            posts = [client.send("POST", "/x", b"%d" % number, Deadline(10)) for number in range(4)]
            assert [response.body for response in loop.run(posts, 4)] == [b"{}"] * 4
        assert (server.connections, len(server.requests)) == (4, 12)


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
        assert client.request("POST", "/x", b"1", Deadline(5)).body == b"{}"
        client.request("POST", "/x", b"2", Deadline(5))
        assert server.connections == 2


def test_chunks_and_interim_answers_are_read() -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    chunked = interim + b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
    with client_of(forever(chunked)) as (client, server):
        assert [client.request("POST", "/x", b"1", Deadline(5)).body for _ in range(2)] == [b"{}"] * 2
        assert server.connections == 1


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    found = b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n"
    with client_of(forever(found)) as (client, server):
        assert client.request("POST", "/x", b"1", Deadline(5)).status == 302
        assert len(server.requests) == 1


def test_retry_after_is_handed_on() -> None:
    busy = b"HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"
    with client_of(forever(busy)) as (client, _):
        assert client.request("POST", "/x", b"1", Deadline(5)).headers["retry-after"] == "7"


def test_a_refused_token_is_renewed_once() -> None:
    token = FixedToken("old", "new")
    with client_of(serve(UNAUTHORIZED, OK), token=token) as (client, server):
        assert client.request("POST", "/x", b"1", Deadline(5)).status == 200
    assert [b"Bearer old" in one for one in server.requests] == [True, False]
    assert token.renewals == 1


def test_a_token_that_did_not_change_is_not_tried_again() -> None:
    with client_of(forever(UNAUTHORIZED)) as (client, server):
        assert client.request("POST", "/x", b"1", Deadline(5)).status == 401
        assert len(server.requests) == 1
