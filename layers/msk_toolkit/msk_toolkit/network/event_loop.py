"""Coroutines in one thread that wait for sockets, for time to pass, or for calls that block.

Not asyncio: its import is a large part of a cold start, its TLS goes through a buffer of its own, and its timers can't
be driven by a clock that a test holds. What a coroutine awaits here is one of three requests to the loop that runs it:
:func:`readiness`, :func:`sleep` and :func:`blocking`.
"""

import math
import types
from collections import deque
from collections.abc import Callable, Coroutine, Generator, Iterable, Iterator, Sequence
from typing import Any, Protocol

import msgspec

from msk_toolkit.deadline import Clock

# What two loops with nothing to do would wait for.
_NEVER = math.inf


class Poll(Protocol):
    """What a loop waits with; see :class:`msk_toolkit.network.poll.SocketPoll`."""

    def expect(self, fd: int, events: int) -> None:
        """Wait for this socket too, until it is forgotten."""
        ...

    def forget(self, fd: int) -> None:
        """Wait for this socket no longer."""
        ...

    def wait(self, seconds: float) -> Sequence[int]:
        """The expected sockets that are ready, after so many seconds at most; earlier where a call has ended.

        What is ready is not expected any more.
        """
        ...

    def start(self, call: Callable[[], None]) -> None:
        """Run the call beside the loop; its end ends a wait."""
        ...

    def close(self) -> None:
        """Release what waiting needs; it may be used again."""
        ...


class Signal:
    """Something that is so from now on; it ends the pauses that watch it."""

    __slots__ = ("_is_set", "_watchers")

    def __init__(self) -> None:
        self._is_set = False
        self._watchers: list[Callable[[], None]] = []

    def is_set(self) -> bool:
        """Whether it is so."""
        return self._is_set

    def set(self) -> None:
        """From now on it is."""
        self._is_set = True
        watchers, self._watchers = self._watchers, []
        for wake in watchers:
            wake()

    def watch(self, wake: Callable[[], None]) -> None:
        """Call this when it is set."""
        self._watchers.append(wake)


class _Readiness(msgspec.Struct, frozen=True):
    fd: int
    events: int
    until: float
    meanwhile: Callable[[], object] | None


class _Sleep(msgspec.Struct, frozen=True, eq=False):
    seconds: float
    unless: Signal


class _Blocking(msgspec.Struct, frozen=True, eq=False):
    call: Callable[[], Any]


_Request = _Readiness | _Sleep | _Blocking


@types.coroutine
def readiness(
    fd: int, events: int, until: float, meanwhile: Callable[[], object] | None = None
) -> Generator[_Request, Any, bool]:
    """Wait until a socket is ready; False where it is not by ``until``, on the loop's clock.

    Args:
        events: as of :mod:`select`, such as ``POLLIN``.
        meanwhile: called when the loop has nothing else to do, perhaps never; it must not raise.
    """
    return bool((yield _Readiness(fd, events, until, meanwhile)))


@types.coroutine
def sleep(seconds: float, unless: Signal) -> Generator[_Request, Any]:
    """Wait so long, or until the signal is set."""
    if not unless.is_set():
        yield _Sleep(seconds, unless)


@types.coroutine
def blocking[Answer](call: Callable[[], Answer]) -> Generator[_Request, Any, Answer]:
    """The answer of a call that blocks and bounds itself, made beside the loop; or what it raises."""
    answer, error = yield _Blocking(call)
    if error is not None:
        raise error
    return answer  # type: ignore[no-any-return]  # what the call has returned


class _Task:
    """A coroutine that has begun, and the request that it waits for."""

    __slots__ = ("coroutine", "number", "request", "until")

    def __init__(self, number: int, coroutine: Coroutine[_Request, Any, Any]) -> None:
        self.number = number
        self.coroutine = coroutine
        self.request: _Request | None = None
        self.until = _NEVER


class EventLoop:
    """Runs coroutines in the calling thread, one at a time between their waits."""

    def __init__(self, poll: Poll, clock: Clock) -> None:
        self._poll = poll
        self._clock = clock
        self._tasks: set[_Task] = set()
        self._runnable: deque[tuple[_Task, Any]] = deque()
        self._by_fd: dict[int, _Task] = {}
        self._idle_work: deque[Callable[[], object]] = deque()
        self._ended_calls: deque[Callable[[], None]] = deque()
        # No task's time is up before it; how long that holds is looked at when it has passed.
        self._earliest = _NEVER

    def run[Answer](self, coroutines: Iterable[Coroutine[Any, Any, Answer]], at_once: int) -> list[Answer]:
        """The answers of all of them, in their order; so many run at the same time, begun in their order.

        Raises:
            Exception: what the first of them raises; the others are closed.
        """
        answers: dict[int, Answer] = {}
        waiting = enumerate(coroutines)
        try:
            while self._begin(waiting, at_once):
                if not self._runnable:
                    self._wait()
                while self._runnable:
                    self._step(*self._runnable.popleft(), answers)
        finally:
            self._close()
        return [answers[number] for number in range(len(answers))]

    def _begin(self, waiting: Iterator[tuple[int, Coroutine[Any, Any, Any]]], at_once: int) -> bool:
        """Let more of them begin, up to so many at the same time; whether any is left."""
        while len(self._tasks) < at_once:
            item = next(waiting, None)
            if item is None:
                break
            task = _Task(*item)
            self._tasks.add(task)
            self._runnable.append((task, None))
        return bool(self._tasks)

    def _step(self, task: _Task, answer: Any, answers: dict[int, Any]) -> None:
        """Run a task up to its next request or its end."""
        try:
            request = task.coroutine.send(answer)
        except StopIteration as end:
            answers[task.number] = end.value
            self._tasks.discard(task)
            return
        task.request = request
        match request:
            case _Readiness():
                self._poll.expect(request.fd, request.events)
                self._by_fd[request.fd] = task
                task.until = request.until
                if request.until < self._earliest:
                    self._earliest = request.until
                if request.meanwhile is not None:
                    self._idle_work.append(request.meanwhile)
            case _Sleep():
                self._bound(task, self._clock() + request.seconds)
                request.unless.watch(lambda: self._resume(task, request, answer=None))
            case _Blocking():
                self._bound(task, _NEVER)
                try:
                    self._poll.start(lambda: self._carry_out(task, request))
                except (OSError, RuntimeError) as error:  # no more sockets or threads: for this task, not for all
                    self._resume(task, request, (None, error))

    def _bound(self, task: _Task, until: float) -> None:
        task.until = until
        self._earliest = min(self._earliest, until)

    def _resume(self, task: _Task, request: _Request, answer: Any) -> None:
        """Let a task run on, unless it does not wait for this any more."""
        if task.request is request:
            task.request = None
            self._runnable.append((task, answer))

    def _carry_out(self, task: _Task, request: _Blocking) -> None:
        """In another thread: the call, and its end for the loop to take in."""
        outcome: tuple[Any, Exception | None]
        try:
            outcome = (request.call(), None)
        except Exception as error:  # noqa: BLE001 - raised where the call is awaited
            outcome = (None, error)
        self._ended_calls.append(lambda: self._resume(task, request, outcome))

    def _wait(self) -> None:
        """Until at least one task can run on, or do what can be done meanwhile."""
        seconds = 0.0
        if not self._idle_work and not self._ended_calls:
            seconds = max(0.0, self._earliest - self._clock())
        for fd in self._poll.wait(seconds):
            task = self._by_fd.pop(fd)
            task.request = None
            self._runnable.append((task, True))
        while self._ended_calls:
            self._ended_calls.popleft()()
        # What is ready goes first: an answer that is there is not late.
        if not self._runnable and self._idle_work:
            self._idle_work.popleft()()
        if self._earliest <= self._clock():
            self._expire()

    def _expire(self) -> None:
        """Let those run on whose time is up."""
        now, self._earliest = self._clock(), _NEVER
        for task in self._tasks:
            request = task.request
            if request is None:
                continue
            if task.until > now:
                self._earliest = min(self._earliest, task.until)
                continue
            if isinstance(request, _Readiness):
                del self._by_fd[request.fd]
                self._poll.forget(request.fd)
            self._resume(task, request, answer=False)

    def _close(self) -> None:
        """Nothing waits any more; tasks are left only where one has raised."""
        for fd in self._by_fd:
            self._poll.forget(fd)
        for task in self._tasks:
            task.coroutine.close()
        self._by_fd.clear()
        self._tasks.clear()
        self._runnable.clear()
        self._idle_work.clear()
        self._poll.close()
