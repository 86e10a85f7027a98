"""How long a request is sent again while the broker says "not yet": as long as the stage goes on."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.access import BrokerAddress
from msk_toolkit.kafka.error_codes import ErrorCode
from msk_toolkit.kafka.group import find_coordinator
from msk_toolkit.kafka.records import fetch, offset_at
from msk_toolkit.stage import Stage

from tests.fakes.clock_fake import FakeClock

SECONDS = 2.0


class NotYet:
    """A connection whose every response takes 0.2 s of the fake clock and says "not yet"."""

    address = BrokerAddress("b-1", 9096)
    held_back_seconds = 0.0

    def __init__(self, clock: FakeClock, response: Any) -> None:
        self.requests = 0
        self._clock = clock
        self._response = response

    def send(self, *_: Any) -> Any:
        self.requests += 1
        self._clock.advance(0.2)
        return self._response

    def throttled(self, stage: Stage, api: str) -> StageError:
        return StageError(stage, ErrorCode.THROTTLING_QUOTA_EXCEEDED.cause, str(self.address), api)


def offsets() -> Any:
    part = SimpleNamespace(partition_index=0, error_code=ErrorCode.OFFSET_NOT_AVAILABLE, offset=-1)
    return SimpleNamespace(topics=[SimpleNamespace(partitions=[part])])


@pytest.mark.parametrize(
    ("response", "ask"),
    [
        (
            SimpleNamespace(error_code=ErrorCode.COORDINATOR_LOAD_IN_PROGRESS),
            lambda connection, stage: find_coordinator(connection, "g", stage),
        ),
        (offsets(), lambda connection, stage: offset_at(connection, "orders", 0, 1, Stage.FETCH, stage)),
        (SimpleNamespace(responses=[]), lambda connection, stage: fetch(connection, "orders", {0: 0}, deadline=stage)),
    ],
    ids=["coordinator", "offsets", "quota"],
)
def test_a_broker_is_asked_again_until_the_stage_ends(response: Any, ask: Callable[[Any, Deadline], Any]) -> None:
    clock = FakeClock()
    connection, stage = NotYet(clock, response), Deadline(SECONDS, clock)
    with pytest.raises(StageError):
        ask(connection, stage)
    assert stage.remaining() <= 0.2
    assert connection.requests >= 9
