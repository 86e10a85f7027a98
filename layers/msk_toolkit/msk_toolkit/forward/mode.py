"""How failures are told, in agreement with the mapping that is really there.

The template sets both together. A function that is told ``provisioned`` on a mapping that is not (changed by hand, or
in the middle of a stack's update) would have its partial answers taken for success: that loses records. So the first
invocation of an environment looks at the mapping when its records are done, and an answer that leaves some looks
again when that is long ago. On demand nothing can be lost: an error is understood by every mapping, and so an error is
also what a mapping gets that can't be looked at.
"""

import os
import time
from typing import Any, Protocol

from msk_toolkit.aws.bounded import call_within
from msk_toolkit.aws.clients import client
from msk_toolkit.aws.mappings import takes_partial_answers
from msk_toolkit.deadline import Clock, Deadline
from msk_toolkit.errors import ToolkitError
from msk_toolkit.forward.outcome import Outcome
from msk_toolkit.settings.forwarder import PollerMode

# Of the reserve that is left when the last request has ended.
_LOOK_SECONDS = 2.0
_HOLDS_SECONDS = 60.0


class Log(Protocol):
    """Where a person is told."""

    def warning(self, message: str, /, *args: object) -> object:
        """Worth knowing."""
        ...

    def error(self, message: str, /, *args: object) -> object:
        """To be mended."""
        ...


class MappingLook:
    """What the last look at the mapping said; one for a warm environment."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._looked_at: float | None = None
        self._fits: bool | None = None

    def agreed_mode(self, told: PollerMode, outcome: Outcome, event: Any, log: Log) -> PollerMode:
        """The mode to answer in: raising is right for every mapping, a partial answer only for some.

        Where setting and mapping disagree it is ``on-demand``, and the log says so with each invocation. So it is where
        nobody could be asked.
        """
        source, function = event.get("eventSourceArn"), os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        if told == "on-demand" or not source or not function:
            return told
        matters = bool(outcome.to_report) or not self._fits
        if self._looked_at is None or (matters and self._clock() - self._looked_at >= _HOLDS_SECONDS):
            self._look(function, source, log)
        if self._fits:
            return told
        if self._fits is False:
            log.error(
                "POLLER_MODE is provisioned, but no mapping of this function is, or one takes no partial answers now: "
                "whatever is left of a batch makes it come again as a whole. Set both with the template's PollerMode."
            )
        return "on-demand"

    def _look(self, function: str, source: str, log: Log) -> None:
        """What a mapping is that nobody can be asked about stays unknown until the next look."""
        lambda_client = client("lambda")
        try:
            self._fits = call_within(
                Deadline(_LOOK_SECONDS),
                f"looking at the mapping of {function}",
                lambda: takes_partial_answers(lambda_client, function, source),
            )
        except ToolkitError as error:
            self._fits = None
            log.warning(
                "POLLER_MODE could not be held against the mapping, so whatever is left of a batch makes it come again "
                "as a whole: %s. The function's subnets need a way to Lambda's API: an interface endpoint, or NAT.",
                error,
            )
        self._looked_at = self._clock()
