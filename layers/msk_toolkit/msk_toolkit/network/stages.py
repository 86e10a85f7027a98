"""A log of the stages of one connection: how each ended, why, and how long it took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import msgspec

from msk_toolkit.causes import Cause, remedy
from msk_toolkit.deadline import Clock, Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.stage import Stage

StageStatus = Literal["ok", "warn", "failed", "skipped"]


class AgainError(Exception):
    """A stage is to be run again from its beginning; the time it took so far counts."""


class StageResult(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """How one stage ended.

    ``milliseconds`` is what it took, ``deadline_ms`` what it was given.
    """

    stage: Stage
    status: StageStatus
    milliseconds: float = 0.0
    deadline_ms: float = 0.0
    cause: Cause | None = None
    detail: str | None = None
    remedy: str | None = None


class StageLog:
    """Runs stages one after another, each with its own share of the time.

    Args:
        deadline: the end of the whole connection.
        stage_seconds: the most that one stage may take.

    ``latest`` is the stage that was begun last, None before the first.
    """

    def __init__(self, deadline: Deadline, stage_seconds: float, clock: Clock = time.monotonic) -> None:
        self._results: dict[Stage, StageResult] = {}
        self._deadline = deadline
        self._stage_seconds = stage_seconds
        self._clock = clock
        self.latest: Stage | None = None

    @property
    def stage_seconds(self) -> float:
        """The maximum duration of one stage."""
        return self._stage_seconds

    def share(self) -> Deadline:
        """The time of one stage, for a request that is not a stage of this connection."""
        return self._deadline.at_most(self._stage_seconds)

    def alike(self) -> "StageLog":
        """An empty log with the same deadline, for another connection."""
        return StageLog(self._deadline, self._stage_seconds, self._clock)

    @property
    def results(self) -> list[StageResult]:
        """The stages that were run, in their order; one that was run in parts appears once."""
        return list(self._results.values())

    @property
    def failed(self) -> bool:
        """Whether a stage has failed."""
        return any(result.status == "failed" for result in self._results.values())

    @contextmanager
    def stage(self, name: Stage, allowance: float = 0.0) -> Iterator[Deadline]:
        """Give a stage its deadline and log how it ends; a failure goes on to the caller.

        A stage that is run in parts has one deadline for all of them, and keeps its first failure: what follows is
        clearing up.

        Args:
            allowance: seconds beyond what every stage has, for a wait that the peer is known to impose.
        """
        self.latest = name
        began = self._clock()
        earlier = self._results.get(name, StageResult(name, "ok"))
        deadline = self._deadline.at_most(max(0.0, self._stage_seconds + allowance - earlier.milliseconds / 1000))
        given = earlier.deadline_ms or round(deadline.remaining() * 1000, 1)
        try:
            yield deadline
        except StageError as error:
            if earlier.status != "failed":
                self._add_failure(error, earlier.milliseconds + self._since(began), given)
            raise
        except AgainError:
            self._results[name] = StageResult(name, "ok", earlier.milliseconds + self._since(began), given)
            raise
        if earlier.status == "ok":
            self._results[name] = StageResult(name, "ok", earlier.milliseconds + self._since(began), given)

    def _add_failure(self, error: StageError, took: float, given: float) -> None:
        # A listener may refuse an earlier stage only in a later one's response: TLS 1.3, client certificates.
        stage, advice = error.stage, remedy(error.cause, error.stage)
        self._results[stage] = StageResult(stage, "failed", took, given, error.cause, error.detail, advice)

    def add_warning(self, name: Stage, cause: Cause, detail: str) -> None:
        """Make a stage that passed a warning."""
        passed = self._results.get(name, StageResult(name, "ok"))
        self._results[name] = msgspec.structs.replace(
            passed, status="warn", cause=cause, detail=detail, remedy=remedy(cause, name)
        )

    def fail(self, name: Stage, cause: Cause, detail: str) -> None:
        """Fail a stage because of what only the other brokers' responses show."""
        passed = self._results.get(name, StageResult(name, "ok"))
        self._results[name] = msgspec.structs.replace(
            passed, status="failed", cause=cause, detail=detail, remedy=remedy(cause, name)
        )

    def downgrade(self, name: Stage) -> None:
        """Make a failed stage a warning: its cause passes by itself."""
        self._results[name] = msgspec.structs.replace(self._results[name], status="warn")

    def advise(self, name: Stage, remedy: str) -> None:
        """Replace a stage's remedy, where more is known than its cause."""
        self._results[name] = msgspec.structs.replace(self._results[name], remedy=remedy)

    def skip(self, name: Stage, detail: str) -> None:
        """Note that a stage was not run; one that was run keeps its result."""
        self._results.setdefault(name, StageResult(name, "skipped", detail=detail))

    def _since(self, began: float) -> float:
        return round((self._clock() - began) * 1000, 1)
