"""``mskv mapping reset``: has a mapping read on elsewhere, while it is off.

Off first, so that the plan is of a group that commits nothing. Whatever ends it early, a mapping that was on is turned
on again: records that wait too long are deleted by Kafka.
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import click

from mskv import exits
from mskv.access import Access, FunctionFailedError, open_access
from mskv.answers import OffsetsAnswer
from mskv.approval import approve, confirm_skipping, require_approver
from mskv.facts import Mapping
from mskv.mappings import mapping_of, switch
from mskv.options import Output
from mskv.output import Result, print_before_approval, print_result
from mskv.place import Place
from mskv.progress import Progress, progress

_FUNCTION = "TopicsFunction"
_ON, _OFF = "Enabled", "Disabled"
# Lambda takes a minute or two; a group is empty when the sessions of its members have ended.
_SWITCH_SECONDS = 300.0
_LEAVE_SECONDS = 180.0
_PAUSE_SECONDS = 2.0
_WITHOUT_MEMBERS = {"absent", "Empty", "Dead", ""}


class Waiting(NamedTuple):
    """Clock and sleep, in seconds."""

    clock: Callable[[], float]
    sleep: Callable[[float], None]


class Consent(NamedTuple):
    """What need not be asked: ``yes`` for the move, ``skip`` for records that are never forwarded."""

    yes: bool = False
    skip: bool = False


class Goal(NamedTuple):
    """Which topic is read on, and where: ``to`` is that part of the function's event."""

    topic: str
    to: dict[str, Any]


def planned(place: Place, reporter: Progress, goal: Goal) -> Result:
    """What a reset would cost; changes nothing.

    Raises:
        UsageError: no mapping reads the topic.
    """
    access = open_access(place, reporter)
    mapping = mapping_of(access, goal.topic)
    whole, plan = _plan(access, goal)
    text = plan.table
    if mapping.state == _ON:
        text = f"{text}\nThe mapping is on: the committed offsets move while it forwards."
    return Result(whole, text, _status(plan))


def reset(place: Place, goal: Goal, output: Output, consent: Consent, waiting: Waiting | None = None) -> int:
    """Turn the mapping off, plan, have it approved, move the offsets, turn it on again. Returns the exit status.

    Raises:
        UsageError: no mapping reads the topic, or nobody is there to approve.
        Abort: the answer was no; the mapping is as it was.
        FunctionFailedError, NotReachedError: a step failed; the mapping is as it was.
    """
    if not consent.yes:
        require_approver()
    with progress() as reporter:
        access = open_access(place, reporter)
        mapping = mapping_of(access, goal.topic)
        whole, plan = _plan(access, goal)
    if plan.problems:
        return print_result(Result(whole, plan.table, _status(plan)), output)
    if mapping.state not in {_ON, _OFF}:
        raise FunctionFailedError(f"the mapping of {goal.topic} is {mapping.state}: wait until that has ended")
    steps = _Reset(access, goal, mapping, waiting or Waiting(time.monotonic, time.sleep))
    try:
        steps.turn_off()
        whole, plan = _approved_move(steps, steps.plan(), output, consent)
    finally:
        state = steps.restore()
    text = f"{plan.table}\nThe mapping of {goal.topic} is {state}."
    return print_result(Result({**whole, "mapping": state}, text, _status(plan)), output)


def _approved_move(steps: "_Reset", plan: OffsetsAnswer, output: Output, consent: Consent) -> tuple[Any, OffsetsAnswer]:
    print_before_approval(plan.table, output)
    if plan.skipped and not consent.skip:
        if consent.yes:
            text = f"{plan.skipped:,} records would be skipped and never forwarded: add --skip if that is meant"
            raise click.UsageError(text)
        confirm_skipping(plan.skipped)
    elif not consent.yes:
        approve(f"Move the offsets of group {plan.group}?")
    return steps.move(plan)


class _Reset:
    """The steps, and how to get back."""

    def __init__(self, access: Access, goal: Goal, mapping: Mapping, waiting: Waiting) -> None:
        self._access = access
        self._goal = goal
        self._mapping = mapping
        self._waiting = waiting
        self._asked_off = False
        self._offsets = "no offset was moved"

    def turn_off(self) -> None:
        """Turn the mapping off, if it is on, and wait until it is."""
        if self._mapping.state != _ON:
            return
        with progress() as reporter:
            access = self._access._replace(progress=reporter)
            self._asked_off = True
            switch(access, self._mapping, enabled=False)
            self._await_state(access, {_OFF})

    def plan(self) -> OffsetsAnswer:
        """The plan, when the group's members have left."""
        with progress() as reporter:
            access = self._access._replace(progress=reporter)
            until = self._waiting.clock() + _LEAVE_SECONDS
            while True:
                _, plan = _plan(access, self._goal)
                if plan.state in _WITHOUT_MEMBERS:
                    return plan
                if self._waiting.clock() >= until:
                    raise FunctionFailedError(
                        f"group {plan.group} still has members (it is {plan.state}), although the mapping is off: does "
                        "another consumer use it?"
                    )
                self._waiting.sleep(_PAUSE_SECONDS)

    def move(self, plan: OffsetsAnswer) -> tuple[Any, OffsetsAnswer]:
        """Have exactly this plan carried out; who calls has the leave to skip what it skips."""
        event = {"action": "move_offsets", "topic": self._goal.topic, "moves": plan.moves, "skip": plan.skipped > 0}
        self._offsets = "whether the offsets were moved is not known: look with --dry-run"
        with progress() as reporter:
            access = self._access._replace(progress=reporter)
            whole, moved = access.invoke(_FUNCTION, event, "moving the offsets", OffsetsAnswer)
        self._offsets = "the offsets were moved" if moved.status == "moved" else "no offset was moved"
        return whole, moved

    def restore(self) -> str:
        """Turn the mapping on again if it was on; says so, and returns its state."""
        if not self._asked_off:
            return self._mapping.state
        topic = self._goal.topic
        try:
            with progress() as reporter:
                access = self._access._replace(progress=reporter)
                # Lambda refuses a change while the one before lasts. It may be on still, if it was not turned off.
                self._await_state(access, {_OFF, _ON})
                state = switch(access, self._mapping, enabled=True).state
        except BaseException:
            command = f"mskv mapping enable {topic}"
            click.echo(f"the mapping of {topic} is NOT on again; {self._offsets}. Turn it on: {command}", err=True)
            raise
        click.echo(f"the mapping of {topic} is turned on again; {self._offsets}", err=True)
        return state

    def _await_state(self, access: Access, states: set[str]) -> None:
        until = self._waiting.clock() + _SWITCH_SECONDS
        access.progress.say(f"waiting until the mapping of {self._goal.topic} is switched")
        while (mapping := mapping_of(access, self._goal.topic)).state not in states:
            if self._waiting.clock() >= until:
                raise FunctionFailedError(f"the mapping of {self._goal.topic} is still {mapping.state}")
            self._waiting.sleep(_PAUSE_SECONDS)


def _plan(access: Access, goal: Goal) -> tuple[Any, OffsetsAnswer]:
    event = {"action": "plan_offsets", "topic": goal.topic, **goal.to}
    return access.invoke(_FUNCTION, event, "reading the offsets", OffsetsAnswer)


def _status(answer: OffsetsAnswer) -> int:
    return exits.PROBLEM if answer.problems else exits.OK
