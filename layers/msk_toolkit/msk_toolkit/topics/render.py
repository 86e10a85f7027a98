"""Plans, changes and problems as a table that a person reads."""

from collections.abc import Iterable, Iterator, Sequence

from msk_toolkit.kafka.topic_configs import ConfigSource
from msk_toolkit.topics.apply import TopicChange
from msk_toolkit.topics.plan import ConfigChange, Plan, TopicAction, TopicStep
from msk_toolkit.topics.refusal import Refusal

_SIGNS = {"create": "+", "update": "~", "unchanged": "=", "refused": "!"}
_COUNTED: tuple[TopicAction, ...] = ("create", "update", "unchanged", "refused")
_SOURCES = {"topic": "on the topic", "broker": "from the broker", "default": "Kafka's default"}


def render_topics(
    plan: Plan, changes: Sequence[TopicChange], problems: Sequence[str], behind: Sequence[str] = ()
) -> str:
    """A few lines for each topic, then what was not done, then one line that sums it up."""
    return "\n".join([*_topic_lines(plan), *change_lines(changes, problems, behind), _summary(plan, changes)])


def _topic_lines(plan: Plan) -> Iterator[str]:
    names = [*(step.topic for step in plan.steps), *plan.undeclared_topics]
    width = max(map(len, names), default=0)
    for step in plan.steps:
        head, *more = _step_lines(step)
        yield f"{_SIGNS[step.action]} {step.topic:<{width}}  {head}"
        yield from (f"  {'':<{width}}  {line}" for line in more)
    yield from (f"? {name:<{width}}  not declared, left alone" for name in plan.undeclared_topics)


def _summary(plan: Plan, changes: Sequence[TopicChange]) -> str:
    counts = ", ".join(f"{len(plan.having(action))} {action}" for action in _COUNTED)
    return f"Plan: {counts}; {plan.undeclared} not declared and left alone. {_ending(changes)}"


def change_lines(changes: Sequence[TopicChange], problems: Sequence[str], behind: Sequence[str]) -> list[str]:
    """What was not done, in full, every problem, and every broker that is behind."""
    return [
        *(f"not carried out: {problem}" for problem in problems),
        *_unfinished_lines(changes),
        *(f"behind: {sentence}; the change is done, and the broker catches up by itself" for sentence in behind),
    ]


def _unfinished_lines(changes: Sequence[TopicChange]) -> Iterator[str]:
    for change in changes:
        if not change.is_done:
            yield f"{change.state}: {change.change} {change.topic}: {change.detail}"


def _step_lines(step: TopicStep) -> Iterator[str]:
    yield from _outcome_lines(step)
    if step.adds_partitions:
        yield f"partitions {step.partitions_before} -> {step.partitions}"
    yield from map(_setting_line, step.config)
    yield from (f"warning: {warning}" for warning in step.warnings)
    yield from (f"note: {note}" for note in step.notes)
    yield from map(_undeclared_line, step.undeclared_config)


def _outcome_lines(step: TopicStep) -> Iterator[str]:
    match step.action:
        case "refused":
            yield from _refusal_lines(step.refusals)
        case "create":
            yield f"{_count(step.partitions, 'partition')}, replication factor {step.replication_factor}"
        case "unchanged":
            yield "up to date"


def _refusal_lines(refusals: Iterable[Refusal]) -> Iterator[str]:
    for refusal in refusals:
        yield f"REFUSED {refusal.reason}"
        yield f"  alternative: {refusal.alternative}"


def _setting_line(setting: ConfigChange) -> str:
    if setting.source is None:
        return f"{setting.key} {setting.after_text}"
    if setting.after is None:
        return _reset_line(setting)
    line = f"{setting.key} {setting.before_text} ({_origin(setting, setting.source)}) -> {setting.after_text}"
    if setting.before == setting.after:
        # The same value from elsewhere would change with its origin.
        line += ", set on the topic itself"
    return line


def _reset_line(setting: ConfigChange) -> str:
    default = setting.inherited_text or "unknown"
    return f"{setting.key} {setting.before_text} (on the topic) -> the cluster's default ({default})"


def _undeclared_line(setting: ConfigChange) -> str:
    return f"not declared, left alone: {setting.key} {setting.before_text}{_instead(setting)}"


def _origin(setting: ConfigChange, source: ConfigSource) -> str:
    if source == "topic":
        return _SOURCES[source] + _instead(setting)
    return _SOURCES[source]


def _instead(setting: ConfigChange) -> str:
    if setting.inherited_text is None:
        return ""
    return f"; inherited {setting.inherited_text}"


def _ending(changes: Sequence[TopicChange]) -> str:
    done = sum(change.is_done for change in changes)
    if not changes:
        return "Nothing was changed."
    if done == len(changes):
        return f"{_count(done, 'change')} made."
    return f"{done} of {_count(len(changes), 'change')} made; run it again to continue."


def _count(number: int, noun: str) -> str:
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun}s"
