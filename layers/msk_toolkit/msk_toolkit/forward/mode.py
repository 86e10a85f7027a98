"""How failures are told, in agreement with the mapping that is really there.

The template sets both together. A function that is told ``provisioned`` by hand, on a mapping that is not, would have
its partial answers taken for success: that loses records, so the first one waits for a look at the mapping. Nobody pays
for the look while everything is delivered, nor for one that is not permitted more than once.
"""

import functools
import os
from collections.abc import Callable
from typing import Any

from msk_toolkit.aws.bounded import call_within
from msk_toolkit.aws.clients import client
from msk_toolkit.aws.mappings import takes_partial_answers
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ToolkitError
from msk_toolkit.forward.outcome import Outcome
from msk_toolkit.settings.forwarder import PollerMode

# Of the reserve that is left when the last request has ended.
_LOOK_SECONDS = 2.0


def agreed_mode(told: PollerMode, outcome: Outcome, event: Any, warn: Callable[[str], None]) -> PollerMode:
    """The mode to answer in: raising is right for every mapping, a partial answer only for some.

    Args:
        warn: told when setting and mapping disagree.
    """
    if told == "on-demand" or not outcome.to_report:
        return told
    source, function = event.get("eventSourceArn"), os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
    if not source or not function or _fits(function, source):
        return told
    warn("POLLER_MODE is provisioned, but the mapping takes no partial answers: the whole batch comes again instead")
    return "on-demand"


@functools.cache
def _fits(function: str, source: str) -> bool:
    """Whether partial answers are taken; a mapping that can't be asked about is believed to be as the setting says."""
    try:
        return call_within(
            Deadline(_LOOK_SECONDS),
            f"looking at the mapping of {function}",
            lambda: takes_partial_answers(client("lambda"), function, source),
        )
    except ToolkitError:
        return True
