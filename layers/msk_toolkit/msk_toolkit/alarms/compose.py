"""From an alarm's change and what is known of the path to a mail's content: a pure function."""

from collections.abc import Sequence

import msgspec

from msk_toolkit.alarms.change import AlarmChange
from msk_toolkit.alarms.document import AlarmMail, Link, MailAlarm, MailProblem
from msk_toolkit.alarms.facts import AlarmStart, MailFacts, Place
from msk_toolkit.alarms.kinds import AlarmKind, first_owner
from msk_toolkit.alarms.links import alarm_link, dashboard_link, log_link
from msk_toolkit.alarms.loss import loss_sentence
from msk_toolkit.alarms.text import counted, duration, iso, plain, short, subject_line
from msk_toolkit.path_causes import PathCause
from msk_toolkit.version import document_url

# Around the time of a fault, for the links into the logs.
_BEFORE, _AFTER = 600.0, 300.0
_LONGEST_SPAN = 6 * 3600.0
_STATUS = "mskv status"
_MAX_LISTED = 20
_FORWARDER = "forwarder"


def compose(
    change: AlarmChange, kind: AlarmKind, place: Place, facts: MailFacts, beginning: AlarmStart | None = None
) -> AlarmMail:
    """The content of the mail.

    Args:
        beginning: for an alarm that is over, when it went off; None where that is not known.
    """
    lasted = None
    began = change.at
    if change.is_over and beginning is not None:
        lasted, began = round(max(0.0, change.at - beginning.at), 3), beginning.at
    problem = _printable(_problem(change, kind, place, facts, beginning))
    topics = list(facts.topics[:_MAX_LISTED]) if kind.shows_records else []
    return AlarmMail(
        state="over" if change.is_over else "on",
        subject=_subject(change, kind, place, facts, problem, lasted),
        headline=_headline(change, kind, facts),
        stack=place.stack,
        region=place.region,
        account=place.account,
        alarm=MailAlarm(
            name=change.name,
            kind=kind.id,
            changed=iso(change.at),
            reason=plain(change.reason),
            description=plain(change.description),
        ),
        problem=problem,
        lasted_seconds=lasted,
        still_there=_still_there(change, facts),
        topics=topics,
        set_aside=facts.set_aside if kind.shows_records else None,
        loss=loss_sentence(change, kind, facts),
        also=_bounded(facts.also),
        unread=_bounded(facts.unread),
        links=_links(change, kind, place, began),
    )


def _still_there(change: AlarmChange, facts: MailFacts) -> bool | None:
    """Whether what set off an alarm that is over is still there; None where that is not known."""
    if not change.is_over:
        return True
    if not facts.is_known:
        return None
    return facts.problem is not None


def _problem(
    change: AlarmChange, kind: AlarmKind, place: Place, facts: MailFacts, beginning: AlarmStart | None
) -> MailProblem:
    if facts.problem is not None:
        return facts.problem
    if change.is_over and beginning is not None:
        return beginning.problem
    general = _general_problem(change, kind, facts.option or place.option)
    if change.is_over or facts.likely is None:
        return general
    return msgspec.structs.replace(facts.likely, sentence=f"{kind.title}. Likely why: {facts.likely.sentence}")


def _printable(problem: MailProblem) -> MailProblem:
    return msgspec.structs.replace(
        problem,
        sentence=plain(problem.sentence),
        detail=plain(problem.detail),
        remedy=plain(problem.remedy),
        command=plain(problem.command),
        topics=[plain(topic) for topic in problem.topics[:_MAX_LISTED]],
    )


def _general_problem(change: AlarmChange, kind: AlarmKind, option: str) -> MailProblem:
    """What the alarm means whatever else is known."""
    command, remedy = _STATUS, "See what the logs below report."
    cause, runbook = "", document_url("docs/monitoring.md#alarms")
    if kind.cause is not None:
        cause, remedy = str(kind.cause), kind.cause.remedy
        runbook = document_url(f"docs/runbook.md#{kind.cause}")
        if isinstance(kind.cause, PathCause) and "TOPIC" not in kind.cause.command:
            command = kind.cause.command
    if command.startswith("mskv "):
        command = f"{command} {option}"
    return MailProblem(
        cause=cause,
        sentence=f"{kind.title}." if kind.id else change.description or kind.title,
        since=iso(change.at) if change.is_on else None,
        since_at_least=True,
        remedy=remedy,
        command=command,
        owner=str(first_owner(kind)),
        runbook=runbook,
    )


def _subject(
    change: AlarmChange,
    kind: AlarmKind,
    place: Place,
    facts: MailFacts,
    problem: MailProblem,
    lasted: float | None,
) -> str:
    if not change.is_over:
        return subject_line(f"[{place.stack}] {_waiting(kind, facts)}{short(problem.sentence)}")
    if _still_there(change, facts):
        return subject_line(f"[{place.stack}] Alarm ended, fault remains: {short(problem.sentence)}")
    after = f" after {duration(lasted)}" if lasted is not None else ""
    if not facts.is_known:
        return subject_line(f"[{place.stack}] Alarm ended{after}, state not known: {short(problem.sentence)}")
    return subject_line(f"[{place.stack}] Over{after}: {kind.over}")


def _headline(change: AlarmChange, kind: AlarmKind, facts: MailFacts) -> str:
    if not change.is_over:
        return kind.title
    if not facts.is_known:
        # An alarm also ends where nothing is measured any more.
        return "The alarm has ended"
    return kind.over


def _waiting(kind: AlarmKind, facts: MailFacts) -> str:
    """What waits comes first: a sentence may be longer than the subject."""
    if _FORWARDER not in kind.parts:
        return ""
    behind = sum(topic.behind_records or 0 for topic in facts.topics)
    verb = "waits" if behind == 1 else "wait"
    return f"{counted(behind, 'record')} {verb}: " if behind else ""


def _links(change: AlarmChange, kind: AlarmKind, place: Place, began: float) -> list[Link]:
    start, end = _span(began, change.at)
    links = [
        Link(
            label=f"Warnings and errors of {function}",
            url=log_link(place.partition, place.region, place.log_group(function), start=start, end=end),
        )
        for function in kind.logs
    ]
    dashboard = f"{place.stack}-{place.region}-probes"
    return [
        *links,
        Link(label="Dashboard", url=dashboard_link(place.partition, place.region, dashboard)),
        Link(label="Alarm", url=alarm_link(place.partition, place.region, change.name)),
    ]


def _span(began: float, changed: float) -> tuple[float, float]:
    start = max(began - _BEFORE, changed - _LONGEST_SPAN)
    return start, changed + _AFTER


def _bounded(sentences: Sequence[str]) -> list[str]:
    return [plain(sentence) for sentence in sentences[:_MAX_LISTED]]
