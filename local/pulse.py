"""A sign of life while a step takes long: what it is doing, and for how long."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

# Nobody looks at an unchanged screen for longer than this.
SILENT_SECONDS = 4.0


class Pulse:
    """Prints a line whenever nothing was printed for some seconds.

    Args:
        activity: what is being done at the moment.
        clock: monotonic, in seconds.
    """

    def __init__(
        self, console: Console, activity: Callable[[], str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._console = console
        self._activity = activity
        self._clock = clock
        self._began = self._printed = clock()

    def printed(self) -> None:
        """Something else was printed."""
        self._printed = self._clock()

    def beat(self) -> None:
        """Print a line if it is due."""
        now = self._clock()
        if now - self._printed >= SILENT_SECONDS:
            self._printed = now
            text = f"  {now - self._began:3.0f} s: {self._activity()}"
            self._console.print(text, style="dim", markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Beat until the end of the block."""
        stop = threading.Event()

        def beats() -> None:
            while not stop.wait(0.5):
                self.beat()

        thread = threading.Thread(target=beats, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
