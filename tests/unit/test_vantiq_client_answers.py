"""Each request gets its own answer, and whatever the system says of a socket has a name."""

import errno
import os
import time
from typing import Any, cast

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.network.event_loop import EventLoop
from msk_toolkit.vantiq.connection import VantiqConnection
from msk_toolkit.vantiq.errors import VantiqUnansweredError

from tests.fakes.clock_fake import FakeClock, FakePoll
from tests.fakes.http_fake import OK, forever, serve
from tests.fakes.vantiq_client_fake import client_of, failure

pytestmark = pytest.mark.enable_socket

INTERIM = {
    100: b"HTTP/1.1 100 Continue\r\n\r\n",
    102: b"HTTP/1.1 102 Processing\r\n\r\n",
    103: b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nContent-Length: 7\r\n\r\n",
    199: b"HTTP/1.1 199 Anything\r\nX: 1\r\n\r\n",
}


def answer(number: int, status: str = "200 OK") -> bytes:
    body = b'{"number":%d}' % number
    return b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status.encode(), len(body), body)


@pytest.mark.parametrize("interim", [*INTERIM.values(), INTERIM[103] + INTERIM[100] + INTERIM[102]])
def test_an_informational_answer_is_none_and_no_request_gets_its_neighbours(interim: bytes) -> None:
    answers = [answer(0), interim + answer(1), answer(2, "503 Busy"), answer(3)]
    with client_of(serve(*answers)) as (client, server):
        got = [client.request("POST", "/x", b"{}", Deadline(5)) for _ in answers]
        assert server.connections == 1
    assert [response.status for response in got] == [200, 200, 503, 200]
    assert [response.body for response in got] == [b'{"number":%d}' % number for number in range(4)]


def test_an_informational_answer_that_comes_early_does_not_shift_the_connection() -> None:
    def script(peer: Any) -> None:
        for number in range(4):
            peer.read()
            if number == 1:
                peer.send(INTERIM[103])
                peer.stopping.wait(0.05)
            peer.send(answer(number))

    with client_of(script) as (client, _):
        bodies = [client.request("POST", "/x", b"{}", Deadline(5)).body for _ in range(4)]
    assert bodies == [b'{"number":%d}' % number for number in range(4)]


@pytest.mark.parametrize("flood", [INTERIM[102] * 1000, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"])
def test_informational_answers_without_end_and_another_protocol_are_no_answer(flood: bytes) -> None:
    error = failure(serve(flood))
    assert (error.cause, error.maybe_taken) == ("answer-malformed", True)


class OddSocket:
    """A socket on which one operation fails as the system says."""

    def __init__(self, operation: str, number: int) -> None:
        self._operation, self._number = operation, number
        # Always ready to be read.
        self._file = os.open(os.devnull, os.O_RDONLY)

    def _fail(self, operation: str) -> None:
        if operation == self._operation:
            raise OSError(self._number, "words")

    def fileno(self) -> int:
        return self._file

    def send(self, data: bytes) -> int:
        self._fail("send")
        return len(data)

    def recv(self, size: int) -> bytes:
        self._fail("recv")
        return b""

    def close(self) -> None:
        self._fail("close")


class ReadyPoll(FakePoll):
    """Finds every socket ready."""

    def __init__(self) -> None:
        super().__init__(FakeClock())
        self._expected: list[int] = []

    def expect(self, fd: int, events: int) -> None:
        self._expected.append(fd)

    def forget(self, fd: int) -> None:
        self._expected.remove(fd)

    def wait(self, seconds: float) -> list[int]:
        return list(self._expected)


@pytest.mark.parametrize("number", [errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.ENOBUFS, errno.EIO])
@pytest.mark.parametrize("operation", ["send", "recv"])
def test_every_failure_of_a_socket_is_an_unanswered_request(operation: str, number: int) -> None:
    connection = VantiqConnection(cast("Any", OddSocket(operation, number)), "v:443")
    loop = EventLoop(ReadyPoll(), time.monotonic)
    with pytest.raises(VantiqUnansweredError, match=errno.errorcode[number]) as caught:
        loop.run([connection.exchange(b"POST", Deadline(5))], at_once=1)
    assert caught.value.maybe_taken == (operation == "recv")
    assert not connection.reusable


def test_a_socket_that_cannot_be_closed_or_read_is_given_up_in_silence() -> None:
    VantiqConnection(cast("Any", OddSocket("close", errno.EIO)), "v:443").close()
    assert VantiqConnection(cast("Any", OddSocket("recv", errno.EIO)), "v:443").stale()


def test_the_next_request_after_a_failed_one_has_its_own_connection() -> None:
    with client_of(serve(INTERIM[102] * 1000), forever(OK)) as (client, server):
        with pytest.raises(VantiqUnansweredError):
            client.request("POST", "/x", b"{}", Deadline(5))
        assert client.request("POST", "/x", b"{}", Deadline(5)).status == 200
        assert server.connections == 2
