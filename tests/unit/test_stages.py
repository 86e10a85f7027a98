"""Deadlines, and the log of a connection's stages, on a clock that only tests move."""

import pytest
from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.network.stages import StageLog, StageResult
from msk_toolkit.stage import Stage

from tests.fakes.clock_fake import FakeClock
from tests.fakes.rows import cause_named, stage_named


class Context:
    def __init__(self, milliseconds: int) -> None:
        self.milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


def test_a_deadline_runs_out_and_stays_at_zero() -> None:
    clock = FakeClock()
    deadline = Deadline(2, clock)
    assert (deadline.remaining(), deadline.expired) == (2, False)
    clock.advance(5)
    assert (deadline.remaining(), deadline.expired) == (0, True)


def test_a_step_gets_its_share_but_never_more_than_is_left() -> None:
    clock = FakeClock()
    whole = Deadline(3, clock)
    assert whole.at_most(1).remaining() == 1
    assert whole.at_most(9).remaining() == 3
    step = whole.at_most(1)
    clock.advance(1)
    assert step.expired
    assert not whole.expired


@pytest.mark.parametrize(("left_ms", "seconds"), [(10_000, 7), (2_000, 0)])
def test_an_invocation_keeps_a_reserve_for_its_answer(left_ms: int, seconds: float) -> None:
    assert Deadline.of_invocation(Context(left_ms), 3).remaining() == pytest.approx(seconds, abs=0.1)


def test_a_handler_run_by_hand_gets_a_minute() -> None:
    assert Deadline.of_invocation(None, 3).remaining() == pytest.approx(57, abs=0.1)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def log(clock: FakeClock) -> StageLog:
    return StageLog(Deadline(10, clock), 4, clock)


def refuse(log: StageLog, clock: FakeClock, stage: str, cause: str, seconds: float = 0) -> None:
    with pytest.raises(StageError), log.stage(stage_named(stage)):  # noqa: PT012 - the stage needs its body
        clock.advance(seconds)
        raise StageError(stage_named(stage), cause_named(cause), "b:1", f"said {cause}")


def test_a_stage_that_passes_is_logged_with_its_time_and_its_share(log: StageLog, clock: FakeClock) -> None:
    with log.stage(Stage.TCP) as deadline:
        assert deadline.remaining() == 4
        clock.advance(0.25)
    assert log.results == [StageResult(Stage.TCP, "ok", 250.0, 4000.0)]
    assert not log.failed


def test_a_stage_that_fails_is_logged_with_cause_and_remedy(log: StageLog, clock: FakeClock) -> None:
    refuse(log, clock, "tcp", "connection-refused", 0.5)
    (result,) = log.results
    assert (result.status, result.milliseconds, result.cause) == ("failed", 500.0, "connection-refused")
    assert result.detail == "said connection-refused"
    assert result.remedy
    assert log.failed


def test_a_late_stage_gets_what_the_whole_has_left(log: StageLog, clock: FakeClock) -> None:
    clock.advance(9)
    with log.stage(Stage.TLS) as deadline:
        assert deadline.remaining() == 1
    assert log.results[0].deadline_ms == 1000.0


def test_a_stage_may_be_given_more_in_all_its_parts_together(log: StageLog, clock: FakeClock) -> None:
    for left in (7, 6):
        with log.stage(Stage.COMMIT, 3) as deadline:
            assert deadline.remaining() == left
            clock.advance(1)
    assert log.results == [StageResult(Stage.COMMIT, "ok", 2000.0, 7000.0)]


def test_a_stage_run_in_parts_stands_there_once_with_the_sum(log: StageLog, clock: FakeClock) -> None:
    for _ in range(3):
        with log.stage(Stage.COMMIT):
            clock.advance(1)
    assert [(result.stage, result.milliseconds) for result in log.results] == [("commit", 3000.0)]


def test_the_first_failure_of_a_stage_stays(log: StageLog, clock: FakeClock) -> None:
    refuse(log, clock, "commit", "commit-refused", 1)
    with log.stage(Stage.COMMIT):
        clock.advance(1)
    refuse(log, clock, "commit", "request-timeout", 1)
    (result,) = log.results
    assert (result.cause, result.milliseconds) == ("commit-refused", 1000.0)


def test_a_caution_keeps_the_time_and_a_failure_behind_it_counts(log: StageLog, clock: FakeClock) -> None:
    with log.stage(Stage.ACL):
        clock.advance(1)
    log.add_warning(Stage.ACL, Cause.BROKER_ERROR, "not told")
    assert (log.results[0].status, log.results[0].milliseconds, log.failed) == ("warn", 1000.0, False)
    refuse(log, clock, "acl", "topic-denied")
    assert log.results[0].status == "failed"


def test_skipping_never_hides_what_was_run(log: StageLog) -> None:
    with log.stage(Stage.TCP):
        pass
    log.skip(Stage.TCP, "an earlier stage failed")
    log.skip(Stage.TLS, "an earlier stage failed")
    assert [(result.stage, result.status) for result in log.results] == [("tcp", "ok"), ("tls", "skipped")]
