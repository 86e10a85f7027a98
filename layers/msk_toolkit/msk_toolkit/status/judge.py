"""From what was read to the state of the path: a pure function."""

from collections.abc import Sequence
from typing import Literal

from msk_toolkit.diagnose.finding import Severity
from msk_toolkit.status.brokers import broker_problems, brokers_status
from msk_toolkit.status.expiry import expiry_problems
from msk_toolkit.status.facts import CheckLine, Fact, LetterCount, PathFacts
from msk_toolkit.status.model import (
    AlarmsStatus,
    AlarmStatus,
    BrokersStatus,
    CheckStatus,
    LettersStatus,
    Part,
    PathHealth,
    PathStatus,
    Problem,
    TopicLetters,
    TopicStatus,
)
from msk_toolkit.status.other_problems import (
    alarm_problems,
    check_findings,
    drift_problems,
    letter_problems,
    target_problems,
    unread,
)
from msk_toolkit.status.path_problems import (
    forwarder_problems,
    lag_problems,
    mapping_problems,
    unexplained_problems,
)
from msk_toolkit.status.times import utc, utc_or_none
from msk_toolkit.status.topics import TopicView, topic_views, topics_status

_SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
# Of two problems of the same severity, the one that may explain the other comes first.
_PARTS: tuple[Part, ...] = ("brokers", "mapping", "forwarder", "targets", "letters", "topics", "alarms", "status")
_STANDING = frozenset({"failing", "not-polling"})


def path_status(facts: PathFacts) -> PathStatus:
    """The state of the path, with its problems, the worst first."""
    views = topic_views(facts)
    problems = _problems(facts, views)
    topics = topics_status(facts, views, problems)
    brokers = brokers_status(facts)
    not_read = unread(facts)
    health = _health(brokers, topics, problems, not_read)
    return PathStatus(
        health=health,
        summary=_summary(health, problems, topics),
        time=utc(facts.now),
        stack=facts.stack.name,
        region=facts.stack.region,
        option=facts.stack.option,
        brokers=brokers,
        topics=topics,
        letters=_letters(facts),
        declared=_check(facts, facts.declared),
        targets=_check(facts, facts.targets),
        alarms=_alarms(facts),
        problems=problems,
        unread=not_read,
    )


def _problems(facts: PathFacts, views: list[TopicView]) -> list[Problem]:
    problems = [*broker_problems(facts), *mapping_problems(facts, views), *forwarder_problems(facts)]
    problems += unexplained_problems(facts, views, problems)
    problems += lag_problems(facts, views, problems)
    problems += [*target_problems(facts, problems), *expiry_problems(facts, views)]
    problems += [*letter_problems(facts), *drift_problems(facts)]
    problems += alarm_problems(facts, problems)
    return sorted(problems, key=_worst_first)


def _worst_first(problem: Problem) -> tuple[int, int, str]:
    return _SEVERITIES.index(problem.severity), _PARTS.index(problem.part), problem.since or ""


def _health(
    brokers: BrokersStatus, topics: Sequence[TopicStatus], problems: Sequence[Problem], not_read: Sequence[str]
) -> PathHealth:
    severities = {problem.severity for problem in problems}
    all_standing = bool(topics) and all(topic.state in _STANDING for topic in topics)
    if "error" in severities and (brokers.health == "down" or all_standing):
        return "down"
    if severities & {"error", "warning"}:
        return "degraded"
    unknown = brokers.health == "unknown" or any(topic.state == "unknown" for topic in topics)
    if unknown or not_read or "note" in severities:
        return "unknown"
    return "healthy"


def _summary(health: PathHealth, problems: Sequence[Problem], topics: Sequence[TopicStatus]) -> str:
    serious = [problem for problem in problems if problem.severity != "note"]
    if serious:
        more = len(serious) - 1
        return serious[0].sentence + (f" And {more} more." if more else "")
    if health == "unknown":
        return "Nothing is known to be wrong, but not everything is known."
    number = len(topics)
    return f"Records of {number} {'topic' if number == 1 else 'topics'} reach Vantiq."


def _letters(facts: PathFacts) -> LettersStatus:
    letters = facts.letters.value
    if letters is None:
        return LettersStatus(why=facts.letters.why)
    return LettersStatus(
        waiting=sum(count.letters for count in letters.topics),
        at_least=letters.at_least,
        to_import=letters.to_import,
        topics=[_topic_letters(count) for count in letters.topics],
    )


def _topic_letters(count: LetterCount) -> TopicLetters:
    return TopicLetters(
        topic=count.topic,
        letters=count.letters,
        oldest=utc(count.oldest),
        newest=utc(count.newest),
    )


def _check(facts: PathFacts, reading: Fact[CheckLine]) -> CheckStatus:
    check = reading.value
    if check is None:
        return CheckStatus(state="unknown", why=reading.why)
    state: Literal["well", "differs"] = "well" if check.well else "differs"
    return CheckStatus(
        state=state,
        summary=check.summary,
        findings=check_findings(check),
        checked=utc(check.at),
        age_seconds=round(facts.now - check.at, 1),
    )


def _alarms(facts: PathFacts) -> AlarmsStatus:
    alarms = facts.alarms.value
    if alarms is None:
        return AlarmsStatus(why=facts.alarms.why)
    on = [
        AlarmStatus(name=alarm.name, since=utc_or_none(alarm.since), description=alarm.description)
        for alarm in alarms
        if alarm.is_on
    ]
    return AlarmsStatus(total=len(alarms), on=on)
