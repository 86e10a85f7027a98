"""A step that takes long says what it does, and for how long."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from local.demo.story import _letter_line, _next_run
from local.pulse import SILENT_SECONDS, Pulse
from local.startup import last_line
from local.steps import Steps


class Screen:
    """A console, and a clock."""

    def __init__(self) -> None:
        self.now = 100.0
        self.output = io.StringIO()
        self.console = Console(file=self.output, width=100)

    @property
    def lines(self) -> list[str]:
        return self.output.getvalue().splitlines()


def test_nothing_stays_silent_for_longer_than_some_seconds() -> None:
    screen = Screen()
    pulse = Pulse(screen.console, lambda: "starting brokers", lambda: screen.now)
    for _ in range(40):
        screen.now += 0.5
        pulse.beat()
    assert screen.lines == [f"  {seconds:3} s: starting brokers" for seconds in (4, 8, 12, 16, 20)]
    assert SILENT_SECONDS < 5


def test_what_is_printed_otherwise_is_a_sign_of_life_too() -> None:
    screen = Screen()
    pulse = Pulse(screen.console, lambda: "waiting", lambda: screen.now)
    for _ in range(10):
        screen.now += 3
        pulse.printed()
        pulse.beat()
    assert screen.lines == []


def test_a_step_says_its_last_detail_or_what_it_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.pulse.SILENT_SECONDS", -1)
    screen = Screen()
    steps = Steps(screen.console)
    with steps.step("Deploy"):
        steps._pulse.beat()
        steps.say("a detail")
        steps._pulse.beat()
        steps.doing(lambda: "resource 3 of 5")
        steps._pulse.beat()
    said = [line.partition(": ")[2] for line in screen.lines if " s: " in line]
    assert list(dict.fromkeys(said)) == ["Deploy", "a detail", "resource 3 of 5"]


def test_the_wait_for_the_scheduler_says_how_long_it_takes() -> None:
    since = datetime(2026, 11, 28, tzinfo=UTC)
    assert _next_run(since, since + timedelta(seconds=97)).endswith("in about 23 s")


def test_a_letter_is_one_line() -> None:
    refusal = {"reason": "refused", "status": 400, "code": "", "detail": "not a number", "target": "topic:/orders"}
    letter = {"id": "orders/0/7", "refusal": refusal, "writtenAt": 1, "event": {}}
    assert _letter_line(letter) == "orders/0/7, for topic:/orders, refused: 400 not a number"


def test_the_last_line_of_a_log_is_what_is_being_done(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert last_line(log) == "starting"
    log.write_text("first\nCREATE_COMPLETE    AWS::SNS::Topic    AlarmTopic\n-----\n\n")
    assert last_line(log) == "CREATE_COMPLETE AWS::SNS::Topic AlarmTopic"
