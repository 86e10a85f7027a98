"""The newest answer of everything that the page shows, read again at intervals while a page is open."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from local.console.actions import SEE_LOG

# A page that is open asks every two seconds.
_UNSEEN_SECONDS = 20.0
_TURN_SECONDS = 0.5
_logger = logging.getLogger(__name__)


class Source(NamedTuple):
    """Something that the page shows: ``read`` is called in a thread, at most every ``seconds``.

    Args:
        expected: the errors that mean "not available"; the page shows their text.
        always: read it also while no page is open.
    """

    read: Callable[[], Any]
    seconds: float
    expected: tuple[type[Exception], ...]
    always: bool = False


class Answer(msgspec.Struct, frozen=True):
    """What a source last answered.

    Args:
        at: when it was read, in seconds since 1970; None: not yet.
        value: stays when a later reading fails.
        problem: why the last reading failed; empty where it did not.
    """

    at: float | None = None
    value: Any = None
    problem: str = ""


class Watch:
    """Reads sources at their intervals."""

    def __init__(self, sources: Mapping[str, Source], *, now: Callable[[], float] = time.time) -> None:
        self._sources = sources
        self._now = now
        self._seen = 0.0
        self._wake: dict[str, asyncio.Event] = {}
        self.answers = dict.fromkeys(sources, Answer())

    def seen(self) -> None:
        """A page is open."""
        self._seen = self._now()

    def refresh(self, *names: str) -> None:
        """Read these sources again as soon as possible: something has changed them."""
        for name in names or self._sources:
            if name in self._wake:
                self._wake[name].set()

    async def run(self) -> None:
        """Read until cancelled."""
        self._wake = {name: asyncio.Event() for name in self._sources}
        async with asyncio.TaskGroup() as group:
            for name, source in self._sources.items():
                group.create_task(self._keep_reading(name, source))

    async def _keep_reading(self, name: str, source: Source) -> None:
        while True:
            # Once in any case, so that the first page has something to show.
            if source.always or self._is_new(name) or self._now() - self._seen < _UNSEEN_SECONDS:
                await self._read(name, source)
                await self._pause(name, source.seconds)
            else:
                await self._pause(name, _TURN_SECONDS)

    def _is_new(self, name: str) -> bool:
        return self.answers[name] == Answer()

    async def _pause(self, name: str, seconds: float) -> None:
        event = self._wake[name]
        try:
            await asyncio.wait_for(event.wait(), seconds)
        except TimeoutError:
            return
        event.clear()

    async def _read(self, name: str, source: Source) -> None:
        try:
            value = await asyncio.to_thread(source.read)
        except source.expected as error:
            self._keep(name, str(error))
        except Exception:
            # It would end the reading of every other source, and the page would go on showing what is old.
            _logger.exception("source %s", name)
            self._keep(name, SEE_LOG)
        else:
            self.answers[name] = Answer(self._now(), value)

    def _keep(self, name: str, problem: str) -> None:
        earlier = self.answers[name]
        self.answers[name] = Answer(earlier.at, earlier.value, problem)
