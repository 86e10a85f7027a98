"""Numbers and times of the state as short texts: the same in every surface that the toolkit draws itself."""

from msk_toolkit.status.model import CheckStatus, LettersStatus, MappingStatus, Problem, TopicStatus

_UNKNOWN = "?"
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def duration_text(seconds: float) -> str:
    """``40 s``, ``6 min``, ``3.5 h``, ``2.1 days``."""
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    if seconds < 2 * _DAY:
        return f"{seconds / _HOUR:.1f} h"
    return f"{seconds / _DAY:.1f} days"


def rate_text(rate: float | None) -> str:
    """``12``, ``0.4``, ``?``."""
    if rate is None:
        return _UNKNOWN
    return f"{rate:,.0f}" if rate >= 10 or rate == 0 else f"{rate:.1f}"


def behind_text(topic: TopicStatus) -> str:
    """``4,211 / 6 min``."""
    if topic.behind_records is None:
        return _UNKNOWN
    if not topic.behind_records:
        return "0"
    age = _UNKNOWN if topic.behind_seconds is None else duration_text(topic.behind_seconds)
    return f"{topic.behind_records:,} / {age}"


def mapping_text(mapping: MappingStatus) -> str:
    """``Enabled``, ``Enabled, filtered``, ``?``."""
    state = mapping.state or _UNKNOWN
    return f"{state}, filtered" if mapping.filters else state


def letters_text(topic: TopicStatus) -> str:
    """``2``, ``2+`` where there may be more, ``?``."""
    if topic.letters is None:
        return _UNKNOWN
    return f"{topic.letters:,}{'+' if topic.letters_at_least else ''}"


def time_text(time: str | None) -> str:
    """``02:50:58`` of a time in ISO 8601, ``?``."""
    return _UNKNOWN if time is None else time[11:19]


def since_text(problem: Problem) -> str:
    """``since 2026-11-28 02:51:00 UTC, 14 attempts``; empty where nothing is known of it."""
    if problem.since is None:
        return ""
    or_earlier = " or earlier" if problem.since_at_least else ""
    attempts = f", {problem.tries} attempts" if problem.tries > 1 else ""
    return f"since {problem.since[:10]} {time_text(problem.since)} UTC{or_earlier}{attempts}"


def check_text(check: CheckStatus) -> str:
    """A check's own line and its age, or why there is none."""
    if check.state == "unknown" or check.age_seconds is None:
        return f"not known: {check.why}"
    return f"{check.summary} ({duration_text(check.age_seconds)} ago)"


def letters_line(letters: LettersStatus) -> str:
    """All letters in a line."""
    if letters.waiting is None:
        return f"not known: {letters.why}"
    if not letters.waiting and not letters.to_import:
        return "none"
    more = "+" if letters.at_least else ""
    topics = [f"{topic.topic}: {topic.letters:,}" for topic in letters.topics]
    line = f"{letters.waiting:,}{more} waiting ({', '.join(topics)})"
    if letters.to_import:
        line += f"; {letters.to_import:,} batches to import"
    return line
