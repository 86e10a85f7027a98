"""Carry out a plan, all of which the cluster has checked first.

For each batch of each kind of write (create, partitions, configuration):

1. Send it to the controller. What it acknowledges is done.
2. Read what was not acknowledged from the cluster. What is there as declared is done, even if another client wrote it.
3. What was refused for good is not done; what may succeed later is sent again, which changes nothing twice.
4. After a failure the batches behind it are not attempted.

That every broker shows what was acknowledged is for :mod:`msk_toolkit.topics.propagation`.
"""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta

from msk_toolkit.backoff import Backoff, Sleep
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import BrokerError, StageError, ToolkitError
from msk_toolkit.kafka.bootstrap import NoBrokerError
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.kafka.error_codes import ErrorCode
from msk_toolkit.kafka.metadata import read_metadata
from msk_toolkit.kafka.session import Session
from msk_toolkit.topics.plan import Plan, TopicStep
from msk_toolkit.topics.propagation import FindMissing
from msk_toolkit.topics.writes import Write, WriteKind, batches, steps_by_write

ChangeState = Literal["done", "not-done", "unknown"]

# The next request, which looks for what was not acknowledged, needs a share too. And a broker that hangs must leave
# time for another broker, which takes up to 30 s (Kafka's controller.socket.timeout.ms) to notice that it is the active
# controller that hangs.
_SHARE_OF_A_WRITE = 0.6
_WRITE_SECONDS = 10.0
# A controller that has moved is another one within ZooKeeper's session, 18 s at most; the writes need the rest.
_SHARE_OF_THE_CHECK = 0.4
# Another apply was faster. What it did may take a moment to be seen here as well.
_OVERTAKEN = {ErrorCode.TOPIC_ALREADY_EXISTS, ErrorCode.INVALID_PARTITIONS}  # the topic has that many already
_BEHIND = _OVERTAKEN | {ErrorCode.UNKNOWN_TOPIC_OR_PARTITION}
OVERTAKEN_SECONDS = 3.0


class TopicChange(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One write of an apply or delete and how it ended; unknown means that it has, or may have, begun, and that its
    outcome was not reported."""

    topic: str
    change: WriteKind | Literal["delete"]
    state: ChangeState
    detail: Annotated[str, Meta(description="Why it is not done.")] = ""

    @property
    def is_done(self) -> bool:
        """Whether the write is known to be done."""
        return self.state == "done"


class CheckedPlan(NamedTuple):
    """What keeps a plan from being carried out, all of it, and what shows that it is behind the cluster."""

    problems: list[str]
    overtaken: list[str]


def check_plan(session: Session, plan: Plan, deadline: Deadline) -> CheckedPlan:
    """Collect the plan's refusals, and what the cluster rejects.

    The cluster checks names, keys, values, replication and the user's permissions without changing anything. An error
    that is retriable is retried for a share of the time.

    Raises:
        NoBrokerError, StageError: the cluster did not answer.
    """
    problems = list(_refusals(plan))
    overtaken: list[str] = []
    for error in _rejections(session, plan, deadline):
        if error.code in _BEHIND:
            overtaken.append(str(error))
        else:
            problems.append(str(error))
    return CheckedPlan(problems, overtaken)


def _refusals(plan: Plan) -> Iterator[str]:
    for step in plan.steps:
        for refusal in step.refusals:
            yield f"{step.topic}: {refusal.reason}; {refusal.alternative}"


def _rejections(session: Session, plan: Plan, deadline: Deadline) -> Iterator[BrokerError]:
    backoff = Backoff(deadline.at_most(deadline.remaining() * _SHARE_OF_THE_CHECK))
    for write, batch in batches(plan):
        yield from _batch_rejections(session, write, batch, deadline, backoff)


def _batch_rejections(
    session: Session, write: Write, batch: Sequence[TopicStep], deadline: Deadline, backoff: Backoff
) -> Collection[BrokerError]:
    while True:
        errors = session.query(_sending(write, batch, validate_only=True), deadline).values()
        if not any(map(_may_pass_later, errors)) or not backoff.pause():
            return errors
        # The controller may have moved.
        session.close()


def _may_pass_later(rejection: BrokerError) -> bool:
    return rejection.retriable and rejection.code not in _BEHIND


def carry_out(session: Session, plan: Plan, deadline: Deadline, sleep: Sleep = time.sleep) -> list[TopicChange]:
    """Carry out the plan; answers how every write ended. After a failure the rest is not attempted.

    Never raises for what the cluster does: what was done must be reported.
    """
    changes: list[TopicChange] = []
    failed = False
    for write, batch in batches(plan):
        if failed:
            changes += [_not_attempted(write, step) for step in batch]
            continue
        changes += _BatchWrite(session, write, batch, deadline).run(sleep)
        failed = not all(change.is_done for change in changes)
    return changes


def _not_attempted(write: Write, step: TopicStep) -> TopicChange:
    return TopicChange(step.topic, write.kind, "not-done", "not attempted after an earlier failure")


def not_shown(plan: Plan, changes: Sequence[TopicChange]) -> FindMissing | None:
    """Asks a broker which topics it does not show yet as they were written; None where nothing was."""
    done = {(change.topic, change.change) for change in changes if change.is_done}
    if not done:
        return None
    written = [
        (write, [step for step in steps if (step.topic, write.kind) in done]) for write, steps in steps_by_write(plan)
    ]
    return partial(_missing, written)


def _missing(
    written: Sequence[tuple[Write, Sequence[TopicStep]]], connection: BrokerConnection, deadline: Deadline
) -> set[str]:
    names: set[str] = set()
    for write, steps in written:
        if steps:
            names |= {step.topic for step in steps} - write.shows(connection, steps, deadline)
    return names


class _BatchWrite:
    """One batch of one kind of write: sent, looked for, and sent again until its outcome is known or the time is up."""

    def __init__(self, session: Session, write: Write, batch: Sequence[TopicStep], deadline: Deadline) -> None:
        self._session = session
        self._write = write
        self._batch = batch
        self._deadline = deadline
        self._overtaken_until = deadline.at_most(OVERTAKEN_SECONDS)
        # Topics whose write is not known to be done, and why: the error of the last request that named them.
        self._left = {step.topic: step for step in batch}
        self._reasons: dict[str, ToolkitError] = {}
        self._begun: set[str] = set()

    def run(self, sleep: Sleep) -> list[TopicChange]:
        """Answers how the write of each topic ended."""
        backoff = Backoff(self._deadline, sleep)
        self._send(self._batch)
        while self._left:
            self._look_for_the_rest()
            refused = self._refused()
            if not self._waiting(refused) or not backoff.pause():
                break
            self._send_again(refused)
        differing = self._differing()
        return [self._ended(step.topic, differing) for step in self._batch]

    def _send_again(self, refused: set[str]) -> None:
        """Send what is left, but for the refused."""
        steps = [step for name, step in self._left.items() if name not in refused]
        self._reasons = {name: self._reasons[name] for name in refused}
        if steps:
            self._send(steps)

    def _send(self, steps: Sequence[TopicStep]) -> None:
        self._reasons |= self._errors(steps)
        self._begun |= {name for name, error in self._reasons.items() if may_have_begun(error)}
        # The controller acknowledges when its log has the change; every broker then reads it from there.
        self._left = {name: step for name, step in self._left.items() if name in self._reasons}

    def _errors(self, steps: Sequence[TopicStep]) -> dict[str, ToolkitError]:
        share = self._deadline.at_most(min(self._deadline.remaining() * _SHARE_OF_A_WRITE, _WRITE_SECONDS))
        try:
            errors = self._session.execute(_sending(self._write, steps, validate_only=False), share)
        except (StageError, NoBrokerError) as error:
            return {step.topic: error for step in steps}
        if any(error.retriable for error in errors.values()):
            # The controller may have moved.
            self._session.close()
        return dict(errors)

    def _look_for_the_rest(self) -> None:
        """Drop what the cluster shows as declared, even if another client wrote it."""
        steps = list(self._left.values())
        try:
            agreed = self._session.query(
                lambda connection, until: self._write.agrees(connection, steps, until), self._deadline
            )
        except (StageError, NoBrokerError):
            return
        self._left = {name: step for name, step in self._left.items() if name not in agreed}

    def _refused(self) -> set[str]:
        """The topics whose write will not be accepted when it is sent again."""
        refused = {name for name in self._left if not _is_retriable(self._reasons[name])}
        if self._overtaken_until.expired:
            # Deleted since the check: a broker that is only behind would know it by now.
            refused |= self._with_code({ErrorCode.UNKNOWN_TOPIC_OR_PARTITION})
        return refused

    def _waiting(self, refused: set[str]) -> set[str]:
        """The topics that are worth another attempt, or another look where another apply was faster."""
        waiting = self._left.keys() - refused
        if self._overtaken_until.expired:
            return waiting
        return waiting | (refused & self._with_code(_OVERTAKEN))

    def _with_code(self, codes: Collection[ErrorCode]) -> set[str]:
        return {name for name in self._left if _code(self._reasons[name]) in codes}

    def _differing(self) -> set[str]:
        """The topics that exist and differ from their declaration; empty where that could not be determined."""
        exist = self._with_code({ErrorCode.TOPIC_ALREADY_EXISTS})
        if not exist:
            return set()
        steps = [self._left[name] for name in sorted(exist)]

        def differing(connection: BrokerConnection, until: Deadline) -> set[str]:
            topics = read_metadata(connection, sorted(exist), until, operations=False).topics
            served = {name for name, topic in topics.items() if topic.is_served}
            return served - self._write.agrees(connection, steps, until)

        try:
            return self._session.query(differing, self._deadline)
        except (StageError, NoBrokerError):
            return set()

    def _ended(self, name: str, differing: Collection[str]) -> TopicChange:
        kind = self._write.kind
        if name not in self._left:
            return TopicChange(name, kind, "done")
        if name in differing:
            detail = "it has been created in the meantime, and differs from its declaration"
            return TopicChange(name, kind, "not-done", detail)
        return TopicChange(name, kind, undone_state(has_begun=name in self._begun), str(self._reasons[name]))


def _sending(write: Write, steps: Sequence[TopicStep], *, validate_only: bool) -> Callable[..., dict[str, BrokerError]]:
    return lambda connection, until: write.send(connection, steps, validate_only, until)


def undone_state(*, has_begun: bool) -> ChangeState:
    """The state of a write that is not known to be done."""
    if has_begun:
        return "unknown"
    return "not-done"


def may_have_begun(error: ToolkitError) -> bool:
    """Whether a request that failed so may have been carried out nevertheless, or may still be."""
    # REQUEST_TIMED_OUT: the broker stopped waiting for what has begun, and may still succeed.
    return not isinstance(error, BrokerError) or error.code == ErrorCode.REQUEST_TIMED_OUT


def _is_retriable(error: ToolkitError) -> bool:
    return not isinstance(error, BrokerError) or error.retriable


def _code(error: ToolkitError) -> int | None:
    if isinstance(error, BrokerError):
        return error.code
    return None
