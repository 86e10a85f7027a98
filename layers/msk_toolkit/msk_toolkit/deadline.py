"""Time that runs out: one deadline is handed down through every step that may wait."""

import time
from collections.abc import Callable
from typing import Self

Clock = Callable[[], float]

_SHORTEST_TIMEOUT_SECONDS = 0.001


class Deadline:
    """A point in time, on a monotonic clock, by which a step must have ended."""

    __slots__ = ("_at", "_clock")

    def __init__(self, seconds: float, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._at = clock() + seconds

    @classmethod
    def of_invocation(cls, context: object, reserve_seconds: float) -> Self:
        """When a Lambda invocation must have ended its work, so that it can still answer.

        A handler that is run by hand, without a context, gets a minute.
        """
        left = getattr(context, "get_remaining_time_in_millis", lambda: 60_000)
        return cls(max(0.0, left() / 1000 - reserve_seconds))

    @property
    def at(self) -> float:
        """The point in time, on the deadline's clock."""
        return self._at

    def remaining(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self._at - self._clock())

    def timeout(self) -> float:
        """Seconds left for a call that blocks, never zero: a socket would take that for "do not block"."""
        return max(self.remaining(), _SHORTEST_TIMEOUT_SECONDS)

    @property
    def expired(self) -> bool:
        """Whether no time is left."""
        return self._clock() >= self._at

    def at_most(self, seconds: float) -> Self:
        """A deadline for one step: ``seconds`` from now, but not beyond this one."""
        step = self.__new__(type(self))
        step._clock = self._clock
        step._at = min(self._at, self._clock() + seconds)
        return step
