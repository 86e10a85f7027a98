"""How often a session asks again, and when it gives up; on a clock that only tests move."""

import pytest
from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.access import Access
from msk_toolkit.kafka.session import Session
from msk_toolkit.stage import Stage

from tests.fakes.clock_fake import FakeClock
from tests.fakes.kafka_broker_fake import plain

STAGE_SECONDS = 10


class Failing:
    """A cluster on which no operation succeeds, each failure after the same time; counts the attempts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, cause: Cause, seconds: float) -> None:
        self.clock = FakeClock()
        self.attempts = 0
        self._cause = cause
        self._seconds = seconds
        monkeypatch.setattr("msk_toolkit.kafka.session.open_controller", self._open)

    def _open(self, access: Access, deadline: Deadline, stage_seconds: float) -> None:
        self.attempts += 1
        self.clock.advance(min(self._seconds, deadline.remaining()))
        raise StageError(Stage.METADATA, self._cause, "b-1:9096", "said no")

    def query_for(self, seconds: float) -> float:
        """Query until the session gives up; the seconds that took."""
        began = self.clock()
        session = Session(plain(9092), STAGE_SECONDS, self.clock.advance)
        with pytest.raises(StageError, match="said no"):
            session.query(lambda connection, deadline: None, Deadline(seconds, self.clock))
        return self.clock() - began


def test_a_cluster_that_refuses_at_once_is_given_up_after_a_quarter_of_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster = Failing(monkeypatch, Cause.NO_CONTROLLER, 0)
    assert 15 < cluster.query_for(600) < 16
    assert cluster.attempts == 30


def test_a_cluster_that_hangs_is_given_up_with_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Failing(monkeypatch, Cause.REQUEST_TIMEOUT, 60)
    assert cluster.query_for(57) <= 57
    assert cluster.attempts == 3


def test_no_attempt_begins_without_the_time_of_a_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Failing(monkeypatch, Cause.CONNECTION_CLOSED, 0)
    assert cluster.query_for(STAGE_SECONDS + 2) <= 2


def test_what_is_not_kafka_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Failing(monkeypatch, Cause.PROTOCOL_ERROR, 0)
    assert cluster.query_for(57) == 0
    assert cluster.attempts == 1
