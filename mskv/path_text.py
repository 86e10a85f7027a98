"""The state of the path as lines of text: a line for each part, the worst first, with its problems below it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from mskv.output import aligned
from mskv.path_answer import PathAnswer, PathBroker, PathCheck, PathLetters, PathProblem, PathTopic

_SEVERITIES = ("error", "warning", "note")
_SIGNS = {"error": "✗", "warning": "!", "note": "?"}
_STATES = {
    "in-step": "✓ in step",
    "idle": "✓ idle",
    "behind": "! behind",
    "failing": "✗ FAILING",
    "not-polling": "✗ NOT READ",
    "unknown": "? unknown",
}
_STANDING = {"failing", "not-polling"}
_HEADINGS = ("TOPIC", "STATE", "MAPPING", "IN/S", "OUT/S", "BEHIND", "LETTERS", "LAST DELIVERY (UTC)")
_NAME_WIDTH = 10
_UNKNOWN = "?"
_PASSES = "passes"
# As in the probes' own table.
_MOST_BROKER_ROWS = 9


class _Part(NamedTuple):
    """A part of the path.

    Args:
        problems: its own, the worst first.
        known: whether its state is known.
        notable: whether it needs attention, although another part has the problem.
        rows: lines that belong below its own.
    """

    name: str
    text: str
    problems: Sequence[PathProblem]
    known: bool = True
    notable: bool = False
    rows: Sequence[str] = ()

    @property
    def rank(self) -> int:
        """The worse, the smaller."""
        if self.problems:
            return min(_SEVERITIES.index(problem.severity) for problem in self.problems)
        if not self.known:
            return _SEVERITIES.index("note")
        return _SEVERITIES.index("warning") if self.notable else len(_SEVERITIES)

    @property
    def sign(self) -> str:
        """Its state in a character."""
        if self.rank == len(_SEVERITIES):
            return "✓"
        return _SIGNS[_SEVERITIES[self.rank]]


def path_lines(answer: PathAnswer, *, wide: bool) -> list[str]:
    """Every part of the path; ``wide`` adds each broker, owner, runbook and log group."""
    lines: list[str] = []
    for part in sorted(_parts(answer, wide=wide), key=lambda part: part.rank):
        lines.append(f"{part.name:<{_NAME_WIDTH}} {part.sign} {part.text}")
        lines += part.rows
        for problem in part.problems:
            lines += _problem_lines(problem, wide=wide)
    return [*lines, *(f"{'NOT READ':<{_NAME_WIDTH}} ? {text}" for text in answer.unread)]


def _parts(answer: PathAnswer, *, wide: bool) -> Iterator[_Part]:
    brokers = answer.brokers
    ages = [probe.age_seconds for probe in brokers.probes if probe.age_seconds is not None]
    seen = f" ({duration(min(ages))} ago)" if ages else ""
    known = brokers.health != "unknown"
    rows = _broker_rows(brokers.brokers) if wide else ()
    yield _Part("BROKERS", brokers.summary + seen, _of(answer, "brokers"), known, rows=rows)
    yield _forwarder(answer)
    letters = answer.letters
    yield _Part("LETTERS", _letters(letters), _of(answer, "letters"), letters.waiting is not None)
    yield _check("TOPICS", answer.declared, _of(answer, "topics"))
    yield _check("TARGETS", answer.targets, _of(answer, "targets"))
    yield _alarms(answer)


def _broker_rows(brokers: Sequence[PathBroker]) -> list[str]:
    """A line for each broker; of many, one for those that fail alike, and one for those that pass."""
    alike: dict[str, list[str]] = {}
    for broker in brokers:
        alike.setdefault(f"{broker.stage or _PASSES} {broker.detail}".rstrip(), []).append(broker.name)
    if len(brokers) <= _MOST_BROKER_ROWS:
        return [f"  {broker.name}: {broker.stage or _PASSES} {broker.detail}".rstrip() for broker in brokers]
    rows: list[str] = []
    for text, names in sorted(alike.items(), key=lambda item: item[0] == _PASSES):
        if text == _PASSES:
            rows.append(f"  {len(names)} brokers pass")
        elif len(names) == 1:
            rows.append(f"  {names[0]}: {text}")
        else:
            rows.append(f"  {names[0]} and {len(names) - 1} more: {text}")
    return rows


def _of(answer: PathAnswer, *parts: str) -> list[PathProblem]:
    return [problem for problem in answer.problems if problem.part in parts]


def _forwarder(answer: PathAnswer) -> _Part:
    topics = answer.topics
    standing = sum(topic.state in _STANDING for topic in topics)
    number = f"{len(topics)} topic{'' if len(topics) == 1 else 's'}"
    text = f"{number}, none of them blocked"
    if standing:
        text = f"{standing} of {number} not delivered"
    table = aligned([_HEADINGS, *map(_row, topics)]).splitlines()
    known = all(topic.state != "unknown" for topic in topics)
    return _Part("FORWARDER", text, _of(answer, "mapping", "forwarder"), known, rows=[f"  {line}" for line in table])


def _row(topic: PathTopic) -> list[str]:
    return [
        f"{topic.topic} (heartbeats)" if topic.is_heartbeat else topic.topic,
        _STATES.get(topic.state, topic.state),
        topic.mapping.text or _UNKNOWN,
        _rate(topic.in_per_second),
        _rate(topic.out_per_second),
        _behind(topic),
        _number_of(topic.letters, at_least=topic.letters_at_least),
        _clock(topic.last_delivery),
    ]


def _rate(rate: float | None) -> str:
    if rate is None:
        return _UNKNOWN
    return f"{rate:,.0f}" if rate >= 10 or rate == 0 else f"{rate:.1f}"


def _behind(topic: PathTopic) -> str:
    if topic.behind_records is None:
        return _UNKNOWN
    if not topic.behind_records:
        return "0"
    seconds = topic.behind_seconds
    return f"{topic.behind_records:,} / {_UNKNOWN if seconds is None else duration(seconds)}"


def _letters(letters: PathLetters) -> str:
    if letters.waiting is None:
        return f"not known: {letters.why}"
    if not letters.waiting and not letters.to_import:
        return "none waiting"
    topics = ", ".join(f"{topic.topic}: {topic.letters:,}" for topic in letters.topics)
    text = f"{_number_of(letters.waiting, at_least=letters.at_least)} waiting"
    if topics:
        text += f" ({topics})"
    if letters.to_import:
        text += f", {letters.to_import:,} batches to import"
    return text


def _number_of(letters: int | None, *, at_least: bool) -> str:
    if letters is None:
        return _UNKNOWN
    return f"{letters:,}+" if at_least else f"{letters:,}"


def _check(name: str, check: PathCheck, problems: Sequence[PathProblem]) -> _Part:
    if check.state == "unknown" or check.age_seconds is None:
        return _Part(name, f"not known: {check.why}", problems, known=False)
    return _Part(name, f"{check.summary} ({duration(check.age_seconds)} ago)", problems)


def _alarms(answer: PathAnswer) -> _Part:
    alarms = answer.alarms
    problems = _of(answer, "alarms")
    if alarms.total is None:
        return _Part("ALARMS", f"not known: {alarms.why}", problems, known=False)
    if not alarms.on:
        return _Part("ALARMS", f"none of {alarms.total} is on", problems)
    on = [f"{alarm.name} since {_clock(alarm.since)}" for alarm in alarms.on]
    return _Part("ALARMS", f"on: {', '.join(on)}", problems, notable=True)


def _problem_lines(problem: PathProblem, *, wide: bool) -> Iterable[str]:
    since = _since(problem)
    yield f"  {_SIGNS.get(problem.severity, '?')} {problem.sentence}" + (f" {since}" if since else "")
    if problem.detail:
        yield f"    {problem.detail}"
    if problem.remedy:
        yield f"    -> {problem.remedy}"
    if problem.command:
        yield f"    $ {problem.command}"
    if wide:
        facts = (("owner", problem.owner), ("runbook", problem.runbook), ("log", problem.log_group))
        yield from (f"    {name}: {text}" for name, text in facts if text)


def _since(problem: PathProblem) -> str:
    if problem.since is None:
        return ""
    attempts = f", {problem.tries} attempts" if problem.tries > 1 else ""
    or_earlier = " or earlier" if problem.since_at_least else ""
    return f"(since {_clock(problem.since)}{or_earlier}{attempts})"


def _clock(time: str | None) -> str:
    """The time of the day in UTC of an ISO 8601 text."""
    return _UNKNOWN if time is None else time[11:19]


def duration(seconds: float) -> str:
    """``40 s``, ``6 min``, ``3.5 h``, ``2.1 days``."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    if seconds < 172_800:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86_400:.1f} days"
