"""When the next request may start: one rate limit for all lanes of a warm environment."""

import math

from msk_toolkit.deadline import Clock

_MAX_HOLD_SECONDS = 3600.0


class RateLimiter:
    """A rate of records, and a pause that one lane's throttled request imposes on every other.

    Args:
        per_second: records; 0 for no limit.
    """

    def __init__(self, per_second: float, clock: Clock) -> None:
        self._per_second = per_second
        self._clock = clock
        self._next = 0.0
        self._held_until = 0.0

    def turn(self, records: int, within: float = math.inf) -> float:
        """Take a turn for so many records; seconds until it comes.

        One that does not come ``within`` so many seconds is not taken: it would not be used, and the next lane must
        not wait for it.
        """
        if not self._per_second:
            return self.held() if self._held_until else 0.0
        now = self._clock()
        begins = max(now, self._next)
        seconds = max(begins - now, self.held())
        if seconds < within:
            self._next = begins + records / self._per_second
        return seconds

    def hold(self, seconds: float) -> None:
        """Let no request start for so long, also of the next invocations: Vantiq has had enough.

        An hour at most: whoever asks for a day is asked again after an hour.
        """
        self._held_until = max(self._held_until, self._clock() + min(seconds, _MAX_HOLD_SECONDS))

    def held(self) -> float:
        """Seconds left of the pause."""
        if not self._held_until:
            return 0.0
        return max(0.0, self._held_until - self._clock())
