"""How failures are told, in agreement with the mapping that is really there.

The template sets both together. A function that is told ``provisioned`` on a mapping that is not (changed by hand, or
in the middle of a stack's update) would have its partial answers taken for success: that loses records. So each partial
answer is preceded by a look at the mapping, when the records are done and nothing but the answer is left: however short
ago the last one was, the mapping may have been changed since. On demand nothing can be lost: an error is understood by
every mapping, and so an error is also what a mapping gets that can't be looked at.

A batch that is done needs no look. The first invocation of an environment has one all the same, so that a disagreement
is told before anything fails.
"""

import os
import time
from typing import Any, Protocol

from msk_toolkit.aws.call import call_within
from msk_toolkit.aws.clients import client
from msk_toolkit.aws.mappings import accepts_batch_item_failures
from msk_toolkit.deadline import Clock, Deadline
from msk_toolkit.errors import ToolkitError
from msk_toolkit.forward.outcome import BatchOutcome
from msk_toolkit.settings.forwarder import PollerMode

# Of the time that is left when the last request has ended, and the least that the answer itself needs.
_LOOK_SECONDS = 2.0
_ANSWER_SECONDS = 0.2
# So often a disagreement is looked at again while nothing depends on it.
_HOLDS_SECONDS = 60.0


class Log(Protocol):
    """Where a person is told."""

    def warning(self, message: str, /, *args: object) -> object:
        """Worth knowing."""
        ...

    def error(self, message: str, /, *args: object) -> object:
        """To be mended."""
        ...


class MappingCheck:
    """What the last look at the mapping said; one for a warm environment."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._looked_at: float | None = None
        self._fits: bool | None = None

    def agreed_mode(
        self, told: PollerMode, outcome: BatchOutcome, event: Any, log: Log, deadline: Deadline | None = None
    ) -> PollerMode:
        """The mode to answer in: raising is right for every mapping, a partial answer only for some.

        Where setting and mapping disagree it is ``on-demand``, and the log says so with each invocation. So it is where
        nobody could be asked.

        Args:
            deadline: the function's own time-out.
        """
        source, function = event.get("eventSourceArn"), os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        if told == "on-demand" or not function:
            return told
        if not source:
            return "on-demand"  # a self-managed cluster's: nothing tells its mapping, and an error suits them all
        if outcome.to_report or self._is_due():
            seconds = _LOOK_SECONDS if deadline is None else deadline.remaining() - _ANSWER_SECONDS
            self._look(function, source, log, min(_LOOK_SECONDS, seconds))
        if self._fits:
            return told
        if self._fits is False:
            log.error(
                "POLLER_MODE is provisioned, but no mapping of this function is, or one takes no partial answers now: "
                "whatever is left of a batch makes it come again as a whole. Set both with the template's PollerMode."
            )
        return "on-demand"

    def _is_due(self) -> bool:
        """Whether a look is worth it although nothing depends on it."""
        if self._looked_at is None:
            return True
        return not self._fits and self._clock() - self._looked_at >= _HOLDS_SECONDS

    def _look(self, function: str, source: str, log: Log, seconds: float) -> None:
        """What a mapping is that nobody can be asked about stays unknown until the next look."""
        lambda_client = client("lambda")
        try:
            self._fits = call_within(
                Deadline(seconds),
                f"looking at the mapping of {function}",
                lambda: accepts_batch_item_failures(lambda_client, function, source),
            )
        except ToolkitError as error:
            self._fits = None
            log.warning(
                "POLLER_MODE could not be held against the mapping, so whatever is left of a batch makes it come again "
                "as a whole: %s. The function's subnets need a way to Lambda's API: an interface endpoint, or NAT.",
                error,
            )
        self._looked_at = self._clock()
