"""A clock that only moves when a wait is requested."""

import threading


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

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait for an event, in no time."""
        self.waits.append(seconds)
        if not event.is_set():
            self.advance(seconds)
        return event.is_set()
