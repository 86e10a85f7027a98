"""What keeps records from getting from Kafka to Vantiq: mappings, the forwarder, lag."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from msk_toolkit.diagnose.finding import Severity
from msk_toolkit.forward.failure_cause import OUTAGES
from msk_toolkit.path_causes import PathCause
from msk_toolkit.status.deliveries import Trouble, current_troubles
from msk_toolkit.status.facts import PathFacts
from msk_toolkit.status.mappings import forwarder_failed, mapping_cause, mapping_detail
from msk_toolkit.status.model import Problem
from msk_toolkit.status.problem_makers import command, path_problem
from msk_toolkit.status.texts import duration_text
from msk_toolkit.status.times import clock, utc
from msk_toolkit.status.topics import TopicView

_FORWARDER = "forwarder"
_CAUSES = {cause.value: cause for cause in PathCause}
# A failure that may pass becomes an error when it has not passed by then.
_TRIES_OF_AN_ERROR = 3
# Where the log line names no cause: what the kind of the failure means.
_CAUSE_OF_KIND = {
    "outage": PathCause.VANTIQ_UNAVAILABLE,
    "retriable": PathCause.VANTIQ_UNAVAILABLE,
    "blocked": PathCause.VANTIQ_REFUSES_RECORDS,
    "late": PathCause.FORWARDER_TOO_SLOW,
}


def mapping_problems(facts: PathFacts, views: Iterable[TopicView]) -> list[Problem]:
    """Mappings that are missing, off, or fail by themselves: a problem for each topic, since each has its command."""
    if facts.mappings.value is None:
        return []
    problems = []
    for view in views:
        cause = PathCause.MAPPING_MISSING
        detail, since = "", None
        if view.mapping is not None:
            own = mapping_cause(view.mapping)
            if own is None:
                continue
            cause, detail = own, mapping_detail(view.mapping)
            since = view.mapping.modified
        problems.append(
            path_problem(
                facts.stack,
                cause,
                "error",
                "mapping",
                topics=[view.topic],
                sentence=f"{view.topic}: {cause.meaning[:1].lower()}{cause.meaning[1:]}",
                detail=detail,
                since=None if since is None else utc(since),
                log_group=facts.stack.logs.get(_FORWARDER, ""),
            )
        )
    return problems


def forwarder_problems(facts: PathFacts) -> list[Problem]:
    """Why invocations of the forwarder do not finish: a problem for each cause, with all its topics."""
    deliveries = facts.deliveries.value
    if deliveries is None:
        return []
    by_cause: dict[PathCause, list[Trouble]] = defaultdict(list)
    for trouble in current_troubles(deliveries).values():
        by_cause[_cause(trouble)].append(trouble)
    problems = [_forwarder_problem(facts, cause, troubles) for cause, troubles in by_cause.items()]
    return [*problems, *_crashes(facts)]


def _cause(trouble: Trouble) -> PathCause:
    cause = _CAUSES.get(trouble.last.cause)
    if cause is None:
        # A line of another version of the toolkit.
        return _CAUSE_OF_KIND.get(trouble.last.kind, PathCause.VANTIQ_UNAVAILABLE)
    return cause


def _forwarder_problem(facts: PathFacts, cause: PathCause, troubles: Sequence[Trouble]) -> Problem:
    first = min(troubles, key=lambda trouble: trouble.since)
    last = max(troubles, key=lambda trouble: trouble.last_at)
    tries = max(trouble.tries for trouble in troubles)
    return path_problem(
        facts.stack,
        cause,
        _severity(troubles, tries),
        "forwarder",
        topics=sorted({trouble.last.topic for trouble in troubles} - {""}),
        detail=last.last.reason,
        since=utc(first.since),
        since_at_least=first.since_at_least,
        tries=tries,
        log_group=facts.stack.logs.get(_FORWARDER, ""),
    )


def _severity(troubles: Sequence[Trouble], tries: int) -> Severity:
    lasting = any(trouble.last.kind in {"outage", "blocked"} or trouble.last.cause in OUTAGES for trouble in troubles)
    return "error" if lasting or tries >= _TRIES_OF_AN_ERROR else "warning"


def _crashes(facts: PathFacts) -> list[Problem]:
    """Invocations that ended before they could report; over as soon as a later one reported."""
    deliveries = facts.deliveries.value
    if deliveries is None:
        return []
    reported = max((line.at for line in deliveries.lines), default=0.0)
    crashes = [crash for crash in deliveries.crashes if crash.at > reported]
    if not crashes:
        return []
    return [
        path_problem(
            facts.stack,
            PathCause.FORWARDER_FAILS,
            "error",
            "forwarder",
            topics=facts.stack.forwarded,
            detail=crashes[-1].reason,
            since=utc(crashes[0].at),
            since_at_least=not deliveries.lines,
            tries=len(crashes),
            log_group=facts.stack.logs.get(_FORWARDER, ""),
        )
    ]


def unexplained_problems(facts: PathFacts, views: Iterable[TopicView], explained: Iterable[Problem]) -> list[Problem]:
    """Mappings whose function failed, by what Lambda says, where no line of the forwarder's log says why."""
    concerned = _topics_of(explained)
    return [
        path_problem(
            facts.stack,
            PathCause.MAPPING_FAILING,
            "warning",
            "mapping",
            topics=[view.topic],
            sentence=f"{view.topic}: Lambda reports that the last call of the forwarder failed; its log has no cause.",
            detail=mapping_detail(view.mapping),
            command=command(facts.stack, "mskv logs forwarder --all"),
            log_group=facts.stack.logs.get(_FORWARDER, ""),
        )
        for view in views
        if view.mapping is not None and forwarder_failed(view.mapping) and view.topic not in concerned
    ]


def _topics_of(problems: Iterable[Problem]) -> set[str]:
    topics: set[str] = set()
    for problem in problems:
        topics.update(problem.topics)
    return topics


def lag_problems(facts: PathFacts, views: Iterable[TopicView], explained: Iterable[Problem]) -> list[Problem]:
    """Lag that grows although nothing else explains it."""
    concerned = _topics_of(explained)
    growing = [view for view in views if view.group.growing and view.topic not in concerned]
    return [_lag_problem(facts, view) for view in growing]


def _lag_problem(facts: PathFacts, view: TopicView) -> Problem:
    newest = view.group.newest
    seconds = newest.seconds if newest else None
    age = "" if seconds is None else f", the oldest for {duration_text(seconds)}"
    records = (newest.records if newest else 0) or 0
    last = "no delivery is in the log"
    if view.last_delivery is not None:
        last = f"the last delivery was at {clock(view.last_delivery)}"
    return path_problem(
        facts.stack,
        PathCause.LAG_GROWS,
        "warning",
        "forwarder",
        topics=[view.topic],
        sentence=f"{view.topic}: {records:,} records wait{age}, and they do not get fewer.",
        detail=last,
        since=None if newest is None or seconds is None else utc(newest.at - seconds),
        command=command(facts.stack, f"mskv lag {view.topic}"),
        log_group=facts.stack.logs.get(_FORWARDER, ""),
    )
