"""A plan that was made from a broker that lags behind the controller is made again before anything is written."""

import time
from collections.abc import Iterator
from functools import partial
from typing import Any, cast

import pytest
from msk_toolkit.backoff import Backoff
from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.session import Session
from msk_toolkit.topics import run
from msk_toolkit.topics.apply import OVERTAKEN_SECONDS, CheckedPlan
from msk_toolkit.topics.plan import Plan

from tests.fakes.clock_fake import FakeClock


def plans() -> Iterator[run._Decision]:
    number = 0
    while True:
        yield run._Decision(Plan([], number), [])
        number += 1


def checked(monkeypatch: pytest.MonkeyPatch, seconds: float, *answers: CheckedPlan) -> tuple[Plan, list[str]]:
    left = list(answers)
    monkeypatch.setattr(run, "check_plan", lambda *_: left.pop(0) if len(left) > 1 else left[0])
    made = plans()
    answer: Any = run._checked(cast(Session, None), lambda: next(made), Deadline(seconds))
    return cast(tuple[Plan, list[str]], answer)


def test_a_plan_that_the_controller_agrees_with_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    decided, problems = checked(monkeypatch, 5, CheckedPlan([], []))
    assert (decided.undeclared, problems) == (0, [])


def test_what_the_new_plan_finds_counts_and_not_what_the_old_one_did(monkeypatch: pytest.MonkeyPatch) -> None:
    decided, problems = checked(
        monkeypatch, 5, CheckedPlan([], ["orders"]), CheckedPlan([], ["orders"]), CheckedPlan(["orders: refused"], [])
    )
    assert (decided.undeclared, problems) == (2, ["orders: refused"])


def test_the_wait_for_a_lagging_broker_is_bounded_and_its_plan_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    decided, problems = checked(monkeypatch, 0.2, CheckedPlan([], ["orders already exists"]))
    assert 1 <= decided.undeclared <= 6
    assert problems == ["orders already exists"]


def test_a_check_that_waits_for_a_controller_takes_no_time_from_the_new_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: object) -> CheckedPlan:
        time.sleep(0.3)
        return answers.pop(0)

    answers = [CheckedPlan([], ["orders already exists"]), CheckedPlan([], [])]
    monkeypatch.setattr(run, "OVERTAKEN_SECONDS", 0.2)
    monkeypatch.setattr(run, "check_plan", slow)
    made = plans()
    assert run._checked(cast(Session, None), lambda: next(made), Deadline(5)) == (Plan([], 1), [])


def test_a_broker_that_lags_is_waited_for_until_the_time_for_it_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    monkeypatch.setattr(run, "Backoff", partial(Backoff, sleep=clock.advance))
    monkeypatch.setattr(run, "check_plan", lambda *_: CheckedPlan([], ["orders already exists"]))
    began, made = clock.now, plans()
    run._checked(cast(Session, None), lambda: next(made), Deadline(60, clock))
    assert OVERTAKEN_SECONDS - 0.2 < clock.now - began <= OVERTAKEN_SECONDS
