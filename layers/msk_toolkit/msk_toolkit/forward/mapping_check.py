"""How failures are reported, in agreement with the event source mapping that is really there.

The template sets both together. A function that is configured as ``provisioned`` behind a mapping that is not (changed
by hand, or in the middle of a stack's update) would have its partial batch responses taken for success: that loses
records. So each response with batch item failures is preceded by a check of the mapping, when the records are done and
nothing but the response is left: however recent the last check was, the mapping may have been changed since. On demand
nothing can be lost: every mapping understands an error, and so an error is also what a mapping gets that can't be
checked.

A batch that is done needs no check. The first invocation of an environment makes one nevertheless, so that a
disagreement is reported before anything fails.
"""

import time
from typing import NamedTuple, Protocol

from msk_toolkit.aws.call import call_within
from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.aws.mappings import accepts_batch_item_failures
from msk_toolkit.deadline import Clock, Deadline
from msk_toolkit.errors import ToolkitError
from msk_toolkit.settings.forwarder import PollerMode

# Of the time that is left when the last request has ended, and the least that the response itself needs.
_LOOK_SECONDS = 2.0
_RESPONSE_SECONDS = 0.2
# So often a disagreement is checked again while nothing depends on it.
_HOLDS_SECONDS = 60.0


class Log(Protocol):
    """Where a person is informed."""

    def warning(self, message: str, /, *args: object) -> object:
        """Worth knowing."""
        ...

    def error(self, message: str, /, *args: object) -> object:
        """To be fixed."""
        ...


class CheckedResponse(NamedTuple):
    """A response that is about to be given.

    Args:
        function: the function's name; empty outside of Lambda.
        source: the cluster's ARN; None for a self-managed cluster, of whose mappings Lambda lists all of the function.
        has_failures: it names records that are not done.
    """

    function: str
    source: str | None
    has_failures: bool


class MappingCheck:
    """What the last check of the mapping found; one for a warm environment.

    Args:
        make_client: makes a boto3 client from a service's name.
    """

    def __init__(self, make_client: MakeClient, log: Log, clock: Clock = time.monotonic) -> None:
        self._make_client = make_client
        self._log = log
        self._clock = clock
        self._checked_at: float | None = None
        self._fits: bool | None = None

    def agreed_mode(
        self, configured: PollerMode, response: CheckedResponse, deadline: Deadline | None = None
    ) -> PollerMode:
        """The mode to respond in: raising is right for every mapping, a partial batch response only for some.

        Where setting and mapping disagree it is ``on-demand``, and the log says so with each invocation. So it is where
        the mapping could not be checked.

        Args:
            deadline: the function's own timeout.
        """
        if configured == "on-demand" or not response.function:
            return configured
        if self._is_due(response):
            self._check(response.function, response.source or "", _seconds_to_check(deadline))
        if self._fits:
            return configured
        self._report_disagreement()
        return "on-demand"

    def _report_disagreement(self) -> None:
        if self._fits is False:
            self._log.error(
                "POLLER_MODE is provisioned, but an event source mapping of this function is not, or does not report "
                "batch item failures; any failure now redelivers the entire batch. Set both with the template's "
                "parameter PollerMode."
            )

    def _is_due(self, response: CheckedResponse) -> bool:
        """Whether something depends on a check, or one is worth it although nothing does."""
        if response.has_failures or self._checked_at is None:
            return True
        return not self._fits and self._clock() - self._checked_at >= _HOLDS_SECONDS

    def _check(self, function: str, source: str, seconds: float) -> None:
        """What a mapping is that could not be checked stays unknown until the next check."""
        lambda_client = self._make_client("lambda")
        try:
            self._fits = call_within(
                Deadline(seconds),
                f"checking the event source mapping of {function}",
                lambda: accepts_batch_item_failures(lambda_client, function, source),
            )
        except ToolkitError as error:
            self._fits = None
            self._log.warning(
                "POLLER_MODE could not be compared with the event source mapping, so any failure redelivers the entire "
                "batch: %s. The function's subnets need an interface endpoint for Lambda, or NAT.",
                error,
            )
        self._checked_at = self._clock()


def _seconds_to_check(deadline: Deadline | None) -> float:
    if deadline is None:
        return _LOOK_SECONDS
    return min(_LOOK_SECONDS, deadline.remaining() - _RESPONSE_SECONDS)
