"""A replay that the redrive function continues by itself, as its log reports each invocation."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import msgspec

from mskv.answers import Counts
from mskv.aws.clients import Client
from mskv.aws.logs import LogLine, LogsUnavailableError, lines_of
from mskv.facts import Stack

_PATTERN = "{ $.hop >= 1 }"
_POLL_SECONDS = 5.0
# An invocation takes up to half an hour, and its line comes at its end.
_SILENCE_SECONDS = 1860.0


class Hop(msgspec.Struct, frozen=True):
    """What one invocation reports: the counts are of all invocations until its end, what was left is of this one."""

    number: int
    counts: Counts
    continues: bool = False
    stopped: str = ""
    unreadable: list[str] = []
    without_target: list[str] = []


class ReplayLog:
    """The log of the redrive function.

    Args:
        began: when the replay was asked for.
        clock, sleep: in seconds.
    """

    def __init__(
        self,
        client: Client,
        stack: Stack,
        began: datetime,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._client = client
        function = stack.physical_ids("AWS::Lambda::Function").get("RedriveFunction", "")
        self._starts = {f"/aws/lambda/{function}": int(began.timestamp() * 1000)}
        self._clock = clock
        self._sleep = sleep

    def hops(self) -> Iterator[Hop]:
        """Each invocation that ends, until the last; also ends where the log can't be read or is silent for long."""
        last, heard = 0, self._clock()
        while self._clock() - heard < _SILENCE_SECONDS:
            self._sleep(_POLL_SECONDS)
            try:
                ended = [hop for hop in map(read_hop, self._lines()) if hop and hop.number > last]
            except LogsUnavailableError:
                return
            for hop in ended:
                yield hop
                last, heard = hop.number, self._clock()
                if not hop.continues:
                    return

    def _lines(self) -> Iterator[LogLine]:
        return lines_of(self._client, self._starts, _PATTERN)


def read_hop(line: LogLine) -> Hop | None:
    """What a line reports; None for any other line."""
    try:
        content: Any = json.loads(line.text)
        if not isinstance(content, dict) or not content.get("hop"):
            return None
        return msgspec.convert({**content, "number": content["hop"], "counts": content}, Hop)
    except (ValueError, msgspec.ValidationError):
        return None
