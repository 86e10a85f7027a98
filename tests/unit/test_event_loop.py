"""Coroutines that wait in one thread: for sockets, for time, for calls that block, and for each other."""

import errno
import math
import select
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from msk_toolkit.network.event_loop import EventLoop, Signal, blocking, readiness, sleep
from msk_toolkit.network.poll import SocketPoll

from tests.fakes.clock_fake import FakeClock

NEVER = Signal()


def fake_loop() -> tuple[EventLoop, FakeClock]:
    clock = FakeClock()
    return EventLoop(clock.poll, clock), clock


def real_loop() -> EventLoop:
    return EventLoop(SocketPoll(), time.monotonic)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        yield ours, theirs


@pytest.mark.parametrize("at_once", [1, 2, 5, 100])
def test_so_many_run_at_a_time_and_their_answers_keep_their_order(at_once: int) -> None:
    loop, clock = fake_loop()
    running: list[int] = []
    most = 0

    async def wait(number: int) -> int:
        nonlocal most
        running.append(number)
        most = max(most, len(running))
        await sleep(10 - number, NEVER)
        running.remove(number)
        return number

    assert loop.run(map(wait, range(10)), at_once) == list(range(10))
    assert most == min(at_once, 10)
    assert sum(clock.waits) == pytest.approx(55 if at_once == 1 else clock.now - 1_000.0)


def test_the_next_begins_when_one_has_ended_though_another_waits_long() -> None:
    loop, clock = fake_loop()

    async def wait(seconds: float) -> float:
        await sleep(seconds, NEVER)
        return clock.now - 1_000.0

    assert loop.run(map(wait, [1, 10, 1, 1]), 2) == pytest.approx([1, 10, 2, 3])


def test_nothing_to_run_is_done_at_once() -> None:
    loop, clock = fake_loop()
    nothing: list[Coroutine[Any, Any, int]] = []
    assert loop.run(nothing, 3) == []
    assert clock.waits == []


def test_a_signal_ends_every_sleep_that_watches_it_and_no_other() -> None:
    loop, clock = fake_loop()
    signal = Signal()

    async def watching(seconds: float) -> float:
        await sleep(seconds, signal)
        return clock.now - 1_000.0

    async def setting() -> float:
        await sleep(2, NEVER)
        signal.set()
        return clock.now - 1_000.0

    async def deaf() -> float:
        await sleep(7, NEVER)
        await sleep(100, signal)
        return clock.now - 1_000.0

    assert loop.run([watching(50), watching(1), setting(), deaf()], 4) == pytest.approx([2, 1, 2, 7])


def test_what_one_raises_is_raised_and_the_others_are_closed() -> None:
    loop, _ = fake_loop()
    closed: list[str] = []

    async def waiting() -> None:
        try:
            await sleep(100, NEVER)
        finally:
            closed.append("waiting")

    async def failing() -> None:
        await sleep(1, NEVER)
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        loop.run([waiting(), failing()], 2)
    assert closed == ["waiting"]
    # It is as good as new.
    assert loop.run([sleep_and_say("again")], 1) == ["again"]


async def sleep_and_say(text: str, seconds: float = 1) -> str:
    await sleep(seconds, NEVER)
    return text


def test_a_socket_that_is_ready_in_time_is_true_and_one_that_is_not_is_false(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair

    async def read(until: float) -> bool:
        return await readiness(ours.fileno(), select.POLLIN, until)

    assert real_loop().run([read(time.monotonic() + 0.05)], 1) == [False]
    theirs.send(b"x")
    # What is there is not late, however late it is looked at.
    assert real_loop().run([read(time.monotonic() - 1)], 1) == [True]


def test_a_call_that_blocks_stops_nobody_and_its_error_is_raised_where_it_is_awaited() -> None:
    ended: list[str] = []
    proceed = threading.Event()

    async def slow() -> str:
        answer = await blocking(lambda: proceed.wait(10) and "answer")
        ended.append("slow")
        return str(answer)

    async def failing() -> str:
        with pytest.raises(ZeroDivisionError):
            await blocking(lambda: 1 // 0)
        ended.append("failing")
        proceed.set()
        return "caught"

    assert real_loop().run([slow(), failing()], 2) == ["answer", "caught"]
    assert ended == ["failing", "slow"]


@pytest.mark.parametrize("error", [RuntimeError("can't start new thread"), OSError(errno.EMFILE, "words")])
def test_a_call_that_cannot_begin_fails_where_it_is_awaited_and_nobody_else(error: Exception) -> None:
    class Exhausted(SocketPoll):
        def start(self, call: Callable[[], None]) -> None:
            raise error

    async def failing() -> str:
        with pytest.raises(type(error)):
            await blocking(lambda: "never")
        return "caught"

    loop = EventLoop(Exhausted(), time.monotonic)
    assert loop.run([failing(), sleep_and_say("done", 0.01)], 2) == ["caught", "done"]


def test_a_call_that_outlasts_its_loop_disturbs_nothing() -> None:
    proceed, done = threading.Event(), threading.Event()

    def call() -> None:
        proceed.wait(10)
        done.set()

    async def waiting() -> None:
        await blocking(call)

    async def failing() -> None:
        raise ValueError("broken")

    poll = SocketPoll()
    with pytest.raises(ValueError, match="broken"):
        EventLoop(poll, time.monotonic).run([waiting(), failing()], 2)
    # Its descriptors may be a connection's by now.
    others = [socket.socketpair() for _ in range(3)]
    proceed.set()
    assert done.wait(10)
    ends = [end for each in others for end in each]
    assert select.select(ends, [], [], 0.05) == ([], [], [])
    for end in ends:
        end.close()


def test_what_can_be_done_meanwhile_is_done_only_while_nothing_is_ready(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    events: list[str] = []

    def prepare() -> None:
        events.append("prepared")
        theirs.send(b"x")

    async def read(name: str, meanwhile: Any) -> None:
        assert await readiness(ours.fileno(), select.POLLIN, time.monotonic() + 10, meanwhile)
        events.append(name)

    real_loop().run([read("read", prepare)], 1)
    # Still unread, so ready at once.
    real_loop().run([read("ready", prepare)], 1)
    assert events == ["prepared", "read", "ready"]


def test_many_sockets_are_waited_for_together() -> None:
    pairs = [socket.socketpair() for _ in range(20)]

    async def echo(number: int) -> bytes:
        ours, _ = pairs[number]
        assert await readiness(ours.fileno(), select.POLLIN, time.monotonic() + 10)
        data = ours.recv(10)
        if number:
            pairs[number - 1][1].send(b"%d" % (number - 1))
        return data

    pairs[19][1].send(b"19")
    assert real_loop().run(map(echo, range(20)), 20) == [b"%d" % number for number in range(20)]
    for ours, theirs in pairs:
        ours.close()
        theirs.close()


def test_a_call_ends_a_wait_also_where_its_number_was_that_of_a_closed_socket() -> None:
    poll = SocketPoll()
    ours, theirs = socket.socketpair()
    with theirs:
        poll.expect(ours.fileno(), select.POLLIN)
        poll.forget(ours.fileno())
        number = ours.fileno()
        ours.close()
        # The lowest free number is the next that is given.
        poll.start(lambda: None)
        assert poll._bells is not None
        assert poll._bells[0].fileno() == number
        assert poll.wait(10) == []
        poll.start(lambda: None)
        began = time.monotonic()
        assert poll.wait(600) == []
        assert time.monotonic() - began < 300
    poll.close()


def test_a_socket_that_is_forgotten_ends_no_wait_for_another(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    with socket.socketpair()[0] as quiet:
        poll = SocketPoll()
        poll.expect(ours.fileno(), select.POLLIN)
        assert poll.wait(0) == []
        poll.forget(ours.fileno())
        theirs.send(b"x")
        poll.expect(quiet.fileno(), select.POLLOUT)
        assert poll.wait(10) == [quiet.fileno()]
        # What was ready is not waited for again.
        poll.expect(ours.fileno(), select.POLLIN)
        assert poll.wait(10) == [ours.fileno()]
        poll.expect(ours.fileno(), select.POLLIN)
        poll.expect(quiet.fileno(), select.POLLOUT)
        assert sorted(poll.wait(10)) == sorted([ours.fileno(), quiet.fileno()])
        poll.close()
        # Nothing is left to wait for.
        assert poll.wait(0) == []


@pytest.mark.parametrize(
    ("seconds", "milliseconds"), [(0.0, 0.0), (0.25, 250.0), (3600.0, 3_600_000.0), (math.inf, None)]
)
def test_a_wait_is_as_long_as_it_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, seconds: float, milliseconds: float | None
) -> None:
    asked: list[float | None] = []

    class Recorded:
        def poll(self, timeout: float | None) -> list[tuple[int, int]]:
            asked.append(timeout)
            return []

    monkeypatch.setattr(select, "poll", Recorded)
    assert SocketPoll().wait(seconds) == []
    assert asked == [milliseconds]
