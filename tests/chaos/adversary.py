"""Carries out the schedule: a thread for each line of acts; an act that fails is counted as failed, and undone."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager

from tests.chaos.schedule import Act

# An act begins on entering and is undone on leaving; it says what it has done.
type Carry = Callable[[Act], AbstractContextManager[str]]
_END_SECONDS = 180.0
# After an act its line rests for this many times as long as it took, so that a slow machine is not disturbed more.
_REST = 2.0


class Adversary:
    """Disturbs a system until it is stopped.

    Args:
        lines: acts that follow one another, for each line.
        carry: what each kind of act does.
        log: gets a line for each act.
    """

    def __init__(self, lines: list[Iterator[Act]], carry: Mapping[str, Carry], log: Callable[[str], None]) -> None:
        self._carry, self._log = carry, log
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(line,), daemon=True) for line in lines]
        self._lock = threading.Lock()
        self.done: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()

    def begin(self) -> None:
        """Begin to disturb."""
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Stop; returns when each line has undone its last act.

        Raises:
            TimeoutError: one is not undone in time.
        """
        self._stop.set()
        deadline = time.monotonic() + _END_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        if any(thread.is_alive() for thread in self._threads):
            raise TimeoutError(f"an act of the adversary was not undone within {_END_SECONDS:g} s")

    def _run(self, line: Iterator[Act]) -> None:
        took = 0.0
        for act in line:
            if self._stop.wait(max(act.pause, _REST * took)):
                return
            began = time.monotonic()
            try:
                with self._carry[act.kind](act) as text:
                    self._stop.wait(act.hold)
            except Exception as error:  # noqa: BLE001 - whatever an act runs into, the others go on
                self._count(self.failed, act.kind)
                self._log(f"{act.kind}: failed: {type(error).__name__}: {error}")
            else:
                self._count(self.done, act.kind)
                self._log(f"{act.kind}: {text} ({time.monotonic() - began:.1f} s)")
            took = time.monotonic() - began

    def _count(self, counter: Counter[str], kind: str) -> None:
        with self._lock:
            counter[kind] += 1
