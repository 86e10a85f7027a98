"""Pauses between looks at a cluster that agrees a little later."""

import time
from collections.abc import Callable

from msk_toolkit.deadline import Deadline

Sleep = Callable[[float], None]

_SHORTEST_SECONDS = 0.01
_LONGEST_SECONDS = 0.5
# So a look comes at most a quarter later than it could have, whether the cluster takes milliseconds or seconds.
_SHARE_OF_THE_WAIT = 0.25


class Backoff:
    """Pauses that grow with the wait, and end with its deadline."""

    def __init__(self, deadline: Deadline, sleep: Sleep = time.sleep) -> None:
        self._deadline = deadline
        self._sleep = sleep
        self._whole = deadline.remaining()

    def over(self) -> bool:
        """Pause; or, without any, whether there is no time left for one more look."""
        left = self._deadline.remaining()
        pause = min(max((self._whole - left) * _SHARE_OF_THE_WAIT, _SHORTEST_SECONDS), _LONGEST_SECONDS)
        if left <= 2 * pause:  # the look needs some, too
            return True
        self._sleep(pause)
        return False
