"""Actions that the page starts: each runs in a thread, at most one at a time on the same part of the system."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

_KEPT = 20
SEE_LOG = "failed unexpectedly; see .local/run/console.log"


class Action(NamedTuple):
    """Something to do: ``run`` returns a sentence about the result. ``part`` is what it changes."""

    part: str
    run: Callable[[], str]


class Outcome(msgspec.Struct):
    """An action that was started, in seconds since 1970; ``ended`` and ``ok`` are None while it runs."""

    name: str
    part: str
    began: float
    ended: float | None = None
    ok: bool | None = None
    text: str = ""


class UnknownActionError(Exception):
    """There is no such action."""


class BusyError(Exception):
    """Another action on the same part is still running."""


class Actions:
    """The actions by name, and what became of the last of them.

    Args:
        expected: errors whose text is the result of a failed action.
        changed: called behind each action.
    """

    def __init__(
        self,
        actions: Mapping[str, Action],
        expected: tuple[type[Exception], ...],
        changed: Callable[[], None],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._actions = actions
        self._expected = expected
        self._changed = changed
        self._now = now
        self._tasks: set[asyncio.Task[None]] = set()
        self.outcomes: deque[Outcome] = deque(maxlen=_KEPT)

    def start(self, name: str) -> Outcome:
        """Start an action and return at once.

        Raises:
            UnknownActionError: there is no such action.
            BusyError: the part is busy.
        """
        if name not in self._actions:
            raise UnknownActionError(f"there is no action {name}")
        action = self._actions[name]
        if any(outcome.part == action.part and outcome.ended is None for outcome in self.outcomes):
            raise BusyError("the previous action on this part is still running")
        outcome = Outcome(name, action.part, self._now())
        self.outcomes.append(outcome)
        task = asyncio.create_task(self._run(action, outcome))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return outcome

    async def _run(self, action: Action, outcome: Outcome) -> None:
        outcome_ok, text = False, SEE_LOG
        try:
            text = await asyncio.to_thread(action.run)
            outcome_ok = True
        except self._expected as error:
            text = str(error)
        finally:
            outcome.ended, outcome.ok, outcome.text = self._now(), outcome_ok, text
            self._changed()
