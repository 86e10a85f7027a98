"""What the scheduled look at the path publishes: numbers for alarms on what no other function notices.

A mapping that is off fails nothing and logs nothing, and letters that wait do so in silence.
"""

from collections.abc import Iterable
from typing import NamedTuple

from aws_lambda_powertools import Logger, Metrics

from msk_toolkit.causes import Cause
from msk_toolkit.path_causes import PathCause
from msk_toolkit.status.facts import PathFacts
from msk_toolkit.status.model import PathStatus, Problem
from msk_toolkit.telemetry.metrics import Metric, collected_metrics, publish_metrics

# Nothing of the topic is read, whatever the brokers do.
_OFF = frozenset({PathCause.MAPPING_MISSING, PathCause.MAPPING_DISABLED})
# Likewise, unless the brokers refuse the probes' login, too.
_LOGIN = frozenset({PathCause.MAPPING_CANNOT_LOG_IN})
# A mapping fails, and lag grows, when brokers do, too; then the probes report that.
_FAILING = frozenset({PathCause.MAPPING_CANNOT_CONNECT, PathCause.MAPPING_FAILING})
# A batch may be gathered for five minutes (BatchWindowSeconds).
_LONG_SECONDS = 600.0
_EXPIRING = frozenset({PathCause.RECORDS_EXPIRE})
# As CloudFormation names it, with the stack's name before and characters of its own behind it.
_LETTERS_ALARM = "-DeadLetterAlarm-"


class Reporter(NamedTuple):
    """Where a look is reported.

    Args:
        forwarder: the forwarder's name.
    """

    logger: Logger
    metrics: Metrics
    forwarder: str


def report(facts: PathFacts, status: PathStatus, reporter: Reporter) -> None:
    """Publish the numbers for alarms, and log what they come from."""
    own, letters = path_metrics(facts, status), letters_metrics(status)
    publish_metrics(reporter.metrics, own, detailed=False)
    publish_metrics(collected_metrics(reporter.forwarder), letters, detailed=True)
    counts = {metric.value: number for metric, number in [*own, *letters]}
    causes = sorted({problem.cause for problem in status.problems if problem.cause})
    reporter.logger.info(
        status.summary, extra={"health": status.health, "causes": causes, "unread": status.unread, "counts": counts}
    )


def path_metrics(facts: PathFacts, status: PathStatus) -> list[tuple[Metric, float]]:
    """The numbers in the function's own name.

    Without the mappings or the lag it is not known whether topics are read: then there is no number, and the alarm goes
    off because it is missing.
    """
    values: list[tuple[Metric, float]] = [(Metric.TOPICS_EXPIRING, len(_topics(status.problems, _EXPIRING)))]
    if facts.mappings.value is not None and facts.groups.value is not None:
        values.append((Metric.TOPICS_STOPPED, len(_stopped_topics(facts, status))))
    return values


def letters_metrics(status: PathStatus) -> list[tuple[Metric, float]]:
    """The number in the forwarder's name; a zero only where it ends the alarm, none where it is not known."""
    letters = status.letters
    if letters.waiting is None:
        return []
    waiting = letters.waiting + letters.to_import
    is_on = any(_LETTERS_ALARM in alarm.name for alarm in status.alarms.on)
    return [(Metric.LETTERS_WAITING, waiting)] if waiting or is_on else []


def _stopped_topics(facts: PathFacts, status: PathStatus) -> set[str]:
    if status.brokers.health == "down":
        # One secret for all: that it is refused is reported once.
        refused = any(problem.cause == Cause.AUTHENTICATION_FAILED for problem in status.problems)
        return _topics(status.problems, _OFF if refused else _OFF | _LOGIN)
    stopped = _topics(status.problems, _OFF | _LOGIN | _FAILING)
    growing = _topics(status.problems, frozenset({PathCause.LAG_GROWS}))
    return stopped | {topic for topic in growing if _waits_long(facts, topic)}


def _waits_long(facts: PathFacts, topic: str) -> bool:
    readings = (facts.groups.value or {}).get(facts.stack.group_of(topic), ())
    seconds = readings[-1].seconds if readings else None
    return seconds is None or seconds > _LONG_SECONDS


def _topics(problems: Iterable[Problem], causes: frozenset[PathCause]) -> set[str]:
    topics: set[str] = set()
    for problem in problems:
        if problem.cause in causes:
            topics.update(problem.topics)
    return topics
