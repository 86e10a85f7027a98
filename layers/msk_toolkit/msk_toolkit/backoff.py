"""The one way to wait between attempts: pauses that grow, and that end before their deadline."""

import time
from collections.abc import Callable

from msk_toolkit.deadline import Deadline

Sleep = Callable[[float], None]

_SHORTEST_SECONDS = 0.01
_LONGEST_SECONDS = 0.5
# So an attempt comes at most a quarter later than it could have, whether the peer takes milliseconds or seconds.
_SHARE_OF_THE_WAIT = 0.25


class Backoff:
    """Pauses between attempts: each a quarter of the time waited so far, within bounds, never beyond the deadline.

    Example::

        backoff = Backoff(stage, sleep, shortest_seconds=0.1, longest_seconds=1.0)
        while True:
            response = connection.send(request, Stage.COMMIT, stage)
            if response.error_code not in PASSING or not backoff.pause():
                return response

    Args:
        deadline: when the attempts must have ended. The wait begins when the backoff is made.
        sleep: called with the seconds to pause.
        shortest_seconds: the first pause, and the shortest.
        longest_seconds: the longest pause; the same as the shortest makes all of them alike.
        attempt_seconds: what an attempt needs at least; as long as the pause before it where that is longer.
    """

    def __init__(
        self,
        deadline: Deadline,
        sleep: Sleep = time.sleep,
        *,
        shortest_seconds: float = _SHORTEST_SECONDS,
        longest_seconds: float = _LONGEST_SECONDS,
        attempt_seconds: float = 0.0,
    ) -> None:
        self._deadline = deadline
        self._sleep = sleep
        self._shortest = shortest_seconds
        self._longest = longest_seconds
        self._attempt = attempt_seconds
        self._whole = deadline.remaining()

    def pause(self, at_least_seconds: float = 0.0) -> bool:
        """Pause before the next attempt; False, and no pause, where the deadline leaves no time for one.

        Args:
            at_least_seconds: what the peer asked to wait, such as a throttle time; it may exceed the longest pause.
        """
        left = self._deadline.remaining()
        grown = (self._whole - left) * _SHARE_OF_THE_WAIT
        usual = min(max(grown, self._shortest), self._longest)
        seconds = max(usual, at_least_seconds)
        if left <= seconds + max(usual, self._attempt):
            return False
        self._sleep(seconds)
        return True
