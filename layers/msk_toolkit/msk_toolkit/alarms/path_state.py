"""What the state of the path says about an alarm."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from msk_toolkit.alarms.document import MailProblem, MailTopic
from msk_toolkit.alarms.facts import MailFacts
from msk_toolkit.alarms.kinds import AlarmKind
from msk_toolkit.aws.invocation import invoke_for_result
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError, ConfigurationError, CredentialsError, ToolkitError
from msk_toolkit.path_causes import PathCause
from msk_toolkit.status.model import PathStatus, Problem, TopicStatus

# How the state names a source that it could not read.
_SOURCES = {
    "forwarder": "the forwarder's log",
    "mapping": "the mappings",
    "letters": "the dead letters",
    "topics": "the check of the topics",
    "targets": "the check of the targets",
}
# What other problems lead to; it explains an alarm only if nothing else does.
_CONSEQUENCES = frozenset({PathCause.RECORDS_EXPIRE, PathCause.LAG_GROWS, PathCause.HEARTBEAT_LATE})
# Errors whose texts are the toolkit's own; any other may quote whatever it failed on.
_OWN_ERRORS = frozenset(error.__name__ for error in (AwsError, ConfigurationError, CredentialsError))


def read_path_state(lambda_client: Callable[[], Any], function: str, kind: AlarmKind, deadline: Deadline) -> MailFacts:
    """Ask the status function; what prevents that is in the result and not an error.

    Args:
        lambda_client: makes the client that waits for a result.
        function: the status function's name.
    """
    try:
        result = invoke_for_result(lambda_client(), function, lambda _: b"{}", deadline)
        status = msgspec.json.decode(result, type=PathStatus)
    except ToolkitError as error:
        return MailFacts(unread=(f"the state of the path: {error}",))
    except msgspec.MsgspecError:
        return MailFacts(unread=(f"the state of the path: {function} gave no valid answer",))
    return facts_of(status, kind)


def facts_of(status: PathStatus, kind: AlarmKind) -> MailFacts:
    """Those of the path's problems that explain an alarm of this kind, and what else the mail shows."""
    problems = [problem for problem in status.problems if problem.severity != "note" and problem.part != "alarms"]
    explaining = _explaining(problems, kind)
    behind = [problem for problem in problems if problem.part in kind.behind]
    first = next(iter([*explaining, *behind]), None)
    shown = None if first is None else mail_problem(first)
    return MailFacts(
        problem=shown if explaining else None,
        likely=None if explaining else shown,
        topics=tuple(_topic(topic) for topic in status.topics),
        set_aside=status.letters.waiting,
        also=tuple(_sentence(problem) for problem in problems if problem is not first),
        unread=tuple(status.unread),
        expiring=tuple(problem.sentence for problem in problems if problem.cause == PathCause.RECORDS_EXPIRE),
        option=status.option,
        is_known=_is_known(status, kind),
    )


def _explaining(problems: Sequence[Problem], kind: AlarmKind) -> list[Problem]:
    """The likeliest part first, and of a part the worst problem."""
    causes = {str(cause) for cause in kind.only}
    concerned = [problem for problem in problems if problem.part in kind.parts]
    if causes:
        concerned = [problem for problem in concerned if problem.cause in causes]
    return sorted(concerned, key=lambda problem: (kind.parts.index(problem.part), problem.cause in _CONSEQUENCES))


def _is_known(status: PathStatus, kind: AlarmKind) -> bool:
    if "brokers" in kind.parts and status.brokers.health == "unknown":
        return False
    if kind.cause is PathCause.RECORDS_EXPIRE and not _knows_what_expires(status):
        return False
    sources = tuple(_SOURCES[part] for part in kind.parts if part in _SOURCES)
    return not any(sentence.startswith(sources) for sentence in status.unread)


def _knows_what_expires(status: PathStatus) -> bool:
    """Whether the retentions are known, and how many records of each topic wait for how long."""
    if status.declared.state == "unknown":
        return False
    waiting = [topic.behind_records for topic in status.topics if not topic.is_heartbeat]
    return None not in waiting


def mail_problem(problem: Problem) -> MailProblem:
    """A problem as a mail names it."""
    return MailProblem(
        cause=problem.cause,
        sentence=problem.sentence,
        detail=_detail(problem),
        broker=problem.broker,
        topics=problem.topics,
        since=problem.since,
        since_at_least=problem.since_at_least,
        tries=problem.tries,
        remedy=problem.remedy,
        command=problem.command,
        owner=problem.owner,
        runbook=problem.runbook,
    )


def _detail(problem: Problem) -> str:
    """What the log said, without texts that may hold anything of a record."""
    if problem.cause != PathCause.FORWARDER_FAILS:
        return problem.detail
    kind, _, _ = problem.detail.partition(":")
    return problem.detail if kind in _OWN_ERRORS or " " in kind else kind


def _sentence(problem: Problem) -> str:
    command = f" -> {problem.command}" if problem.command else ""
    return f"{problem.sentence}{command}"


def _topic(topic: TopicStatus) -> MailTopic:
    return MailTopic(
        topic=topic.topic,
        state=topic.state,
        behind_records=topic.behind_records,
        behind_seconds=topic.behind_seconds,
        in_per_second=topic.in_per_second,
        out_per_second=topic.out_per_second,
        last_delivery=topic.last_delivery,
        letters=topic.letters,
    )
