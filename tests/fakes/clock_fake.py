"""A clock that only moves when a wait is requested."""

import threading
from collections.abc import Callable, Sequence


class FakeClock:
    """Monotonic seconds; waiting moves it at once. May be shared between threads."""

    def __init__(self, now: float = 1_000.0) -> None:
        self.now = now
        self.waits: list[float] = []
        self._lock = threading.Lock()

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        with self._lock:
            self.now += seconds

    @property
    def poll(self) -> "FakePoll":
        """What a loop under this clock waits with."""
        return FakePoll(self)


class FakePoll:
    """Waits in no time, has no sockets, and carries out at once what would block."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock

    def expect(self, fd: int, events: int) -> None:
        """See Poll."""
        raise AssertionError("there are no sockets")

    def forget(self, fd: int) -> None:
        """See Poll."""
        raise AssertionError("there are no sockets")

    def wait(self, seconds: float) -> Sequence[int]:
        """Let so much time pass."""
        if seconds > 0:
            self._clock.waits.append(seconds)
            self._clock.advance(seconds)
        return ()

    def start(self, call: Callable[[], None]) -> None:
        """Carry it out."""
        call()

    def close(self) -> None:
        """Nothing is open."""
