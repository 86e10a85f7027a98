"""What is wrong beside the path of new records: letters, drift, targets, alarms, what could not be read."""

from collections.abc import Sequence

from msk_toolkit.path_causes import PathCause
from msk_toolkit.status.facts import CheckLine, Fact, LetterFacts, PathFacts, SetAsideLine
from msk_toolkit.status.model import Problem
from msk_toolkit.status.problem_makers import command, path_problem
from msk_toolkit.status.times import clock, utc, utc_or_none

# The drift check runs every half hour by default; the alarm waits as long.
_UNCHECKED_SECONDS = 7200.0
_FEW = 5


def letter_problems(facts: PathFacts) -> list[Problem]:
    """Letters that wait: one problem for each topic, since each has its command."""
    letters = facts.letters.value
    if letters is None:
        return []
    problems = [
        path_problem(
            facts.stack,
            PathCause.LETTERS_WAITING,
            "warning",
            "letters",
            topics=[count.topic],
            sentence=_letters_sentence(count.letters, count.topic, letters),
            detail=_last_refusal(facts.refusals.value or (), count.topic),
            since=utc(count.oldest),
            log_group=facts.stack.logs.get("forwarder", ""),
        )
        for count in letters.topics
    ]
    return [*problems, *_to_import(facts, letters)]


def _letters_sentence(number: int, topic: str, letters: LetterFacts) -> str:
    at_least = "At least " if letters.at_least else ""
    if number == 1:
        return f"{at_least}1 record of {topic} was set aside and waits as a dead letter."
    return f"{at_least}{number:,} records of {topic} were set aside and wait as dead letters."


def _last_refusal(refusals: Sequence[SetAsideLine], topic: str) -> str:
    """Why the last of a topic's records was set aside; empty where the log no longer says so."""
    for refusal in reversed(refusals):
        if refusal.topic == topic:
            reason = f"Vantiq answered {refusal.status} {refusal.code}".rstrip()
            if not refusal.status:
                reason = f"reason: {refusal.reason}"
            return f"the last at {clock(refusal.at)}: {reason} (offset {refusal.offset} of {refusal.place})"
    return ""


def _to_import(facts: PathFacts, letters: LetterFacts) -> list[Problem]:
    if not letters.to_import:
        return []
    text = f"{letters.to_import:,} batches that a mapping discarded wait in the bucket until they are imported."
    return [path_problem(facts.stack, PathCause.LETTERS_WAITING, "warning", "letters", sentence=text, command="")]


def drift_problems(facts: PathFacts) -> list[Problem]:
    """Topics that differ from their declaration, or are no longer compared with it."""
    check = facts.declared.value
    log_group = facts.stack.logs.get("topics", "")
    if check is None:
        return []
    if facts.now - check.at > _UNCHECKED_SECONDS:
        return [
            path_problem(
                facts.stack,
                PathCause.TOPICS_UNCHECKED,
                "warning",
                "topics",
                sentence=f"The topics have not been compared with topics.yaml since {utc(check.at)}.",
                since=utc(check.at),
                log_group=log_group,
            )
        ]
    if check.well:
        return []
    return [
        path_problem(
            facts.stack,
            PathCause.TOPICS_DRIFTED,
            "warning",
            "topics",
            detail=_shortened([check.summary, *check.findings]),
            since=utc(check.at),
            since_at_least=True,
            log_group=log_group,
        )
    ]


def target_problems(facts: PathFacts, explained: Sequence[Problem]) -> list[Problem]:
    """Targets in Vantiq that would not keep their records, unless the forwarder says so itself."""
    check = facts.targets.value
    if check is None or check.well:
        return []
    known = {PathCause.TARGET_UNFIT.value, PathCause.VANTIQ_TARGET_MISSING.value}
    if any(problem.cause in known for problem in explained):
        return []
    return [
        path_problem(
            facts.stack,
            PathCause.TARGET_UNFIT,
            "warning",
            "targets",
            sentence="The last check of the targets in Vantiq found one that would not store records.",
            detail=_shortened(check.findings),
            since=utc(check.at),
            since_at_least=True,
            log_group=facts.stack.logs.get("connect", ""),
        )
    ]


def alarm_problems(facts: PathFacts, explained: Sequence[Problem]) -> list[Problem]:
    """Alarms that are on although nothing else is wrong: what set them off is over, or is not read here."""
    on = [alarm for alarm in facts.alarms.value or () if alarm.is_on]
    if not on or any(problem.severity != "note" for problem in explained):
        return []
    names = ", ".join(alarm.name for alarm in on)
    return [
        Problem(
            severity="warning",
            part="alarms",
            sentence=f"On although nothing else is wrong now: {names}.",
            detail=on[0].description,
            since=utc_or_none(min((alarm.since for alarm in on if alarm.since is not None), default=None)),
            remedy="An alarm goes off some minutes after its fault is over; if it stays on, look at its history.",
            command=command(facts.stack, "mskv logs --since 1h"),
        )
    ]


def unread(facts: PathFacts) -> list[str]:
    """What could not be read, a sentence each."""
    readings: tuple[tuple[str, Fact[object]], ...] = (
        ("the forwarder's log", Fact(facts.deliveries.value, facts.deliveries.why)),
        ("the groups' lag", Fact(facts.groups.value, facts.groups.why)),
        ("the mappings", Fact(facts.mappings.value, facts.mappings.why)),
        ("the dead letters", Fact(facts.letters.value, facts.letters.why)),
        ("the check of the topics", Fact(facts.declared.value, facts.declared.why)),
        ("the check of the targets", Fact(facts.targets.value, facts.targets.why)),
        ("the alarms", Fact(facts.alarms.value, facts.alarms.why)),
    )
    return [f"{name}: {reading.why}" for name, reading in readings if reading.value is None and reading.why]


def check_findings(check: CheckLine) -> list[str]:
    """The first findings of a check."""
    return list(check.findings[:_FEW])


def _shortened(lines: Sequence[str]) -> str:
    shown = [line for line in lines if line][:_FEW]
    more = len([line for line in lines if line]) - len(shown)
    return "; ".join([*shown, *([f"and {more} more"] if more > 0 else [])])
