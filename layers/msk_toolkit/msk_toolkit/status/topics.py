"""The forwarded topics: what is known of each, and why its records are not delivered."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msk_toolkit.aws.mappings import MappingState
from msk_toolkit.status.deliveries import Trouble, current_troubles, done_since, last_deliveries, out_rate
from msk_toolkit.status.facts import Fact, PathFacts
from msk_toolkit.status.lag import GroupView, view_of_group
from msk_toolkit.status.mappings import mapping_cause, mapping_status
from msk_toolkit.status.model import LastError, MappingStatus, Problem, TopicState, TopicStatus
from msk_toolkit.status.times import utc_or_none

_WORST_FIRST: tuple[TopicState, ...] = ("not-polling", "failing", "behind", "unknown", "idle", "in-step")


class TopicView(NamedTuple):
    """What is known of a topic, before it is judged.

    Args:
        mapping: None where Lambda lists none, or could not be asked.
        troubles: of its partitions.
        out_per_second: no value where the log was not read far enough.
    """

    topic: str
    mapping: MappingState | None
    troubles: list[Trouble]
    group: GroupView
    out_per_second: Fact[float]
    last_delivery: float | None

    def state(self, facts: PathFacts) -> TopicState:
        """The word for it."""
        if self._is_off(facts):
            return "not-polling"
        if self.troubles:
            return "failing"
        if self.group.behind:
            return "behind"
        return self._quiet_state(facts)

    def _quiet_state(self, facts: PathFacts) -> TopicState:
        """Where nothing is wrong: in step by the lag, or by a delivery where no probe reports the lag."""
        newest, limit = self.group.newest, facts.now - facts.stack.stale_after_seconds
        if newest is not None and newest.records is not None:
            return "in-step" if newest.at >= limit else "unknown"
        if self.last_delivery is not None and self.last_delivery >= limit:
            return "in-step"
        return "idle" if self._reads_nothing() else "unknown"

    def _reads_nothing(self) -> bool:
        """Whether Lambda says that there was nothing to read, and no invocation says otherwise."""
        if self.mapping is None or self.last_delivery is not None:
            return False
        return self.mapping.state == "Enabled" and self.mapping.result in {"", "OK", "No records processed"}

    def _is_off(self, facts: PathFacts) -> bool:
        if self.mapping is None:
            return facts.mappings.value is not None
        return mapping_cause(self.mapping) is not None


def topic_views(facts: PathFacts) -> list[TopicView]:
    """Every forwarded topic."""
    deliveries = facts.deliveries.value
    troubles = current_troubles(deliveries) if deliveries else {}
    last = last_deliveries(deliveries.lines) if deliveries else {}
    views = []
    for topic in facts.stack.forwarded:
        mapping = (facts.mappings.value or {}).get(topic)
        own = [trouble for trouble in troubles.values() if trouble.last.topic == topic]
        views.append(
            TopicView(
                topic=topic,
                mapping=mapping,
                troubles=own,
                group=_group(facts, topic),
                out_per_second=out_rate(facts.deliveries, topic, facts.now, _stopped(mapping, own)),
                last_delivery=last.get(topic),
            )
        )
    return views


def _group(facts: PathFacts, topic: str) -> GroupView:
    readings = (facts.groups.value or {}).get(facts.stack.group_of(topic), ())
    if not readings or facts.deliveries.value is None:
        return view_of_group(readings)
    return view_of_group(readings, done_since(facts.deliveries.value, topic, readings[-1].at))


def _stopped(mapping: MappingState | None, troubles: Sequence[Trouble]) -> float | None:
    """Since when nothing of a topic is delivered; None for one that is delivered."""
    if mapping is not None and mapping_cause(mapping) is not None:
        return mapping.modified
    return min((trouble.since for trouble in troubles), default=None)


def topics_status(facts: PathFacts, views: list[TopicView], problems: list[Problem]) -> list[TopicStatus]:
    """The topics, the worst first, each with the problem that keeps its records."""
    letters = _letters(facts)
    statuses = [_status(facts, view, problems, letters) for view in views]
    return sorted(statuses, key=lambda status: _WORST_FIRST.index(status.state))


def _status(
    facts: PathFacts, view: TopicView, problems: list[Problem], letters: Fact[Mapping[str, int]]
) -> TopicStatus:
    newest = view.group.newest
    in_why = facts.groups.why if facts.groups.value is None else view.group.in_why
    return TopicStatus(
        topic=view.topic,
        state=view.state(facts),
        mapping=_mapping(facts, view),
        in_per_second=_rounded(view.group.in_per_second),
        out_per_second=_rounded(view.out_per_second.value),
        rates_why=in_why or view.out_per_second.why,
        behind_records=newest.records if newest else None,
        behind_seconds=newest.seconds if newest else None,
        behind_age_seconds=round(facts.now - newest.at, 1) if newest else None,
        behind_why=_behind_why(facts, view),
        last_delivery=utc_or_none(view.last_delivery),
        last_delivery_why=_no_delivery(facts, view),
        letters=None if letters.value is None else letters.value.get(view.topic, 0),
        letters_at_least=facts.letters.value is not None and facts.letters.value.at_least,
        last_error=_last_error(view.topic, problems),
        is_heartbeat=view.topic == facts.stack.heartbeat_topic,
    )


def _behind_why(facts: PathFacts, view: TopicView) -> str:
    if facts.groups.value is None:
        return facts.groups.why
    newest = view.group.newest
    return view.group.in_why if newest is None else newest.detail


def _rounded(rate: float | None) -> float | None:
    return None if rate is None else round(rate, 2)


def _letters(facts: PathFacts) -> Fact[Mapping[str, int]]:
    if facts.letters.value is None:
        return Fact(why=facts.letters.why)
    return Fact({count.topic: count.letters for count in facts.letters.value.topics})


def _mapping(facts: PathFacts, view: TopicView) -> MappingStatus:
    if view.mapping is not None:
        return mapping_status(view.mapping)
    return MappingStatus(why=facts.mappings.why or "Lambda lists no mapping that reads this topic")


def _no_delivery(facts: PathFacts, view: TopicView) -> str:
    if view.last_delivery is not None:
        return ""
    if facts.deliveries.value is None:
        return facts.deliveries.why
    return f"none in the forwarder's log since {utc_or_none(facts.deliveries.value.since)}"


def _last_error(topic: str, problems: list[Problem]) -> LastError | None:
    for problem in problems:
        if topic in problem.topics and problem.part in {"mapping", "forwarder"}:
            return LastError(
                cause=problem.cause,
                sentence=problem.sentence,
                remedy=problem.remedy,
                command=problem.command,
                since=problem.since,
                tries=problem.tries,
            )
    return None
