"""Records that Kafka will delete while they wait to be delivered."""

from collections.abc import Iterable

from msk_toolkit.path_causes import PathCause
from msk_toolkit.status.facts import GroupReading, PathFacts
from msk_toolkit.status.lag import BEHIND_SECONDS
from msk_toolkit.status.model import Problem
from msk_toolkit.status.problem_makers import path_problem
from msk_toolkit.status.texts import duration_text
from msk_toolkit.status.times import utc
from msk_toolkit.status.topics import TopicView

# The rest of the time is for a person to raise the retention.
_SHARE_OF_RETENTION = 0.5


def expiry_problems(facts: PathFacts, views: Iterable[TopicView]) -> list[Problem]:
    """Topics whose retention may delete waiting records before they are delivered, whatever keeps those."""
    check = facts.declared.value
    if check is None:
        return []
    problems = []
    for view in views:
        retention, newest = check.retention.get(view.topic), view.group.newest
        if retention is not None and newest is not None and _endangers(retention, newest):
            problems.append(_problem(facts, view.topic, newest, retention))
    return problems


def _endangers(retention: float, reading: GroupReading) -> bool:
    if not reading.records or reading.seconds is None:
        return False
    return reading.seconds > max(retention * _SHARE_OF_RETENTION, BEHIND_SECONDS)


def _problem(facts: PathFacts, topic: str, reading: GroupReading, retention: float) -> Problem:
    age, limit = duration_text(reading.seconds or 0.0), duration_text(retention)
    return path_problem(
        facts.stack,
        PathCause.RECORDS_EXPIRE,
        "error",
        "forwarder",
        topics=[topic],
        sentence=f"{topic}: the oldest record that waits is {age} old, and Kafka deletes records after {limit}.",
        since=utc(reading.at),
        since_at_least=True,
        log_group=facts.stack.logs.get("consumer-probe", ""),
    )
