"""Carry out a plan: the whole of it is checked by the cluster first.

A write is done when the controller has acknowledged it, or when the cluster shows it; that every broker shows what was
acknowledged is for :mod:`msk_toolkit.topics.propagation`.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
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
from msk_toolkit.topics.writes import WRITES, Write, WriteKind, batches

ChangeState = Literal["done", "not-done", "unknown"]

# The next request, which looks for what was not acknowledged, needs a share too. And a broker that hangs must leave
# time for another one, which takes up to 30 s (Kafka's controller.socket.timeout.ms) to notice that it is the active
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
    """One write of an apply or delete and how it ended; unknown means begun, or maybe so, and nobody told the end."""

    topic: str
    change: WriteKind | Literal["delete"]
    state: ChangeState
    detail: Annotated[str, Meta(description="Why it is not done.")] = ""


class CheckedPlan(NamedTuple):
    """What keeps a plan from being carried out, all of it, and what tells that it is behind the cluster."""

    problems: list[str]
    overtaken: list[str]


def check_plan(session: Session, plan: Plan, deadline: Deadline) -> CheckedPlan:
    """Find refusals, and what the cluster finds wrong.

    The cluster checks names, keys, values, replication and the user's permissions without changing anything. What may
    pass is asked again for a share of the time.

    Raises:
        NoBrokerError, StageError: the cluster did not answer.
    """
    problems = [
        f"{step.topic}: {refusal.reason}; {refusal.way_out}" for step in plan.steps for refusal in step.refusals
    ]
    overtaken: list[str] = []
    pauses = Backoff(deadline.at_most(deadline.remaining() * _SHARE_OF_THE_CHECK))
    for write in WRITES:
        for batch in batches(write, plan):
            errors = _judged(session, write, batch, deadline, pauses)
            problems += [str(error) for error in errors if error.code not in _BEHIND]
            overtaken += [str(error) for error in errors if error.code in _BEHIND]
    return CheckedPlan(problems, overtaken)


def _judged(
    session: Session, write: Write, batch: Sequence[TopicStep], deadline: Deadline, pauses: Backoff
) -> Collection[BrokerError]:
    while True:
        errors = session.query(_sending(write, batch, validate_only=True), deadline).values()
        if not any(error.retriable and error.code not in _BEHIND for error in errors) or not pauses.pause():
            return errors
        # The controller may have moved.
        session.close()


def carry_out(session: Session, plan: Plan, deadline: Deadline, sleep: Sleep = time.sleep) -> list[TopicChange]:
    """Do what the plan says, and answer what became of every write; after a failure the rest is left undone.

    Never raises for what the cluster does: what was done must be told.
    """
    changes: list[TopicChange] = []
    failed = False
    for write in WRITES:
        for batch in batches(write, plan):
            if failed:
                changes += [
                    TopicChange(step.topic, write.kind, "not-done", "not tried after the failure before")
                    for step in batch
                ]
                continue
            changes += _write(session, write, batch, deadline, sleep)
            failed = any(change.state != "done" for change in changes)
    return changes


def not_shown(plan: Plan, changes: Sequence[TopicChange]) -> FindMissing | None:
    """Asks a broker which topics it does not show yet as they were written; None where nothing was."""
    done = {(change.topic, change.change) for change in changes if change.state == "done"}
    written = [
        (write, steps)
        for write in WRITES
        if (steps := [step for step in plan.steps if (step.topic, write.kind) in done])
    ]

    def missing(connection: BrokerConnection, deadline: Deadline) -> set[str]:
        found: set[str] = set()
        for write, steps in written:
            found |= {step.topic for step in steps} - write.shows(connection, steps, deadline)
        return found

    return missing if written else None


def _write(
    session: Session, write: Write, batch: Sequence[TopicStep], deadline: Deadline, sleep: Sleep
) -> list[TopicChange]:
    """Send; what was not acknowledged is looked for, and if it may pass sent again, which changes nothing twice."""
    left = {step.topic: step for step in batch}
    reasons: dict[str, ToolkitError] = {}
    begun: set[str] = set()
    to_send = list(batch)
    pauses = Backoff(deadline, sleep)
    overtaken_until = deadline.at_most(OVERTAKEN_SECONDS)
    while True:
        if to_send:
            reasons |= _send(session, write, to_send, deadline)
            begun |= {name for name, error in reasons.items() if may_have_begun(error)}
            # The controller answers when its log has the change; every broker then reads it from there.
            left = {name: step for name, step in left.items() if name in reasons}
        if not left:
            break
        try:
            agreed = session.query(_agreeing(write, list(left.values())), deadline)
        except (StageError, NoBrokerError):
            agreed = set()
        left = {name: step for name, step in left.items() if name not in agreed}
        refused = {name for name in left if not _may_pass(reasons[name])}
        if overtaken_until.expired:
            # Deleted since the check: a moment's ignorance of a broker would be over by now.
            refused |= {name for name in left if _code(reasons[name]) == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION}
        overtaken = {name for name in refused if _code(reasons[name]) in _OVERTAKEN}
        waiting = left.keys() - refused | (set() if overtaken_until.expired else overtaken)
        if not waiting or not pauses.pause():
            break
        to_send = [step for name, step in left.items() if name not in refused]
        reasons = {name: reasons[name] for name in refused}
    exist = [step for name, step in left.items() if _code(reasons[name]) == ErrorCode.TOPIC_ALREADY_EXISTS]
    differing = _differing(session, write, exist, deadline) if exist else set[str]()
    return [_ended(write, step.topic, reasons if step.topic in left else {}, begun, differing) for step in batch]


def _send(session: Session, write: Write, steps: Sequence[TopicStep], deadline: Deadline) -> dict[str, ToolkitError]:
    share = deadline.at_most(min(deadline.remaining() * _SHARE_OF_A_WRITE, _WRITE_SECONDS))
    try:
        errors = session.execute(_sending(write, steps, validate_only=False), share)
        if any(error.retriable for error in errors.values()):
            # The controller may have moved.
            session.close()
        return dict(errors)
    except (StageError, NoBrokerError) as error:
        return {step.topic: error for step in steps}


def _sending(write: Write, steps: Sequence[TopicStep], *, validate_only: bool) -> Callable[..., dict[str, BrokerError]]:
    return lambda connection, until: write.send(connection, steps, validate_only, until)


def _agreeing(write: Write, steps: Sequence[TopicStep]) -> Callable[[BrokerConnection, Deadline], set[str]]:
    return lambda connection, until: write.agrees(connection, steps, until)


def _differing(session: Session, write: Write, steps: Sequence[TopicStep], deadline: Deadline) -> set[str]:
    """The topics that are to be seen, and not as their steps want them; none where nobody tells."""

    def differing(connection: BrokerConnection, until: Deadline) -> set[str]:
        topics = read_metadata(connection, [step.topic for step in steps], until, operations=False).topics
        served = {
            name
            for name, topic in topics.items()
            if not topic.error_code and all(partition.leader >= 0 for partition in topic.partitions)
        }
        return served - write.agrees(connection, steps, until)

    try:
        return session.query(differing, deadline)
    except (StageError, NoBrokerError):
        return set()


def may_have_begun(error: ToolkitError) -> bool:
    """Whether what failed so may have been done all the same, or may still be."""
    return not isinstance(error, BrokerError) or error.code == ErrorCode.REQUEST_TIMED_OUT


def _may_pass(error: ToolkitError) -> bool:
    return not isinstance(error, BrokerError) or error.retriable


def _code(error: ToolkitError) -> int | None:
    return error.code if isinstance(error, BrokerError) else None


def _ended(
    write: Write, name: str, reasons: Mapping[str, ToolkitError], begun: Collection[str], differing: Collection[str]
) -> TopicChange:
    error = reasons.get(name)
    if error is None:
        return TopicChange(name, write.kind, "done")
    if name in differing:
        return TopicChange(name, write.kind, "not-done", "it has appeared meanwhile, and differs from its declaration")
    return TopicChange(name, write.kind, "unknown" if name in begun else "not-done", str(error))
