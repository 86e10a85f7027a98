"""Plans, changes and problems as a table that a person reads."""

from collections.abc import Iterator, Sequence

from msk_toolkit.topics.apply import TopicChange
from msk_toolkit.topics.plan import ConfigChange, Plan, TopicStep

_SIGNS = {"create": "+", "update": "~", "unchanged": "=", "refused": "!"}
_SOURCES = {"topic": "on the topic", "broker": "from the broker", "default": "Kafka's default"}


def render_topics(
    plan: Plan, changes: Sequence[TopicChange], problems: Sequence[str], behind: Sequence[str] = ()
) -> str:
    """A few lines for each topic, then what was not done, then one line that sums it up."""
    width = max(map(len, [*(step.topic for step in plan.steps), *plan.undeclared_topics]), default=0)
    lines: list[str] = []
    for step in plan.steps:
        head, *more = _step_lines(step)
        lines.append(f"{_SIGNS[step.action]} {step.topic:<{width}}  {head}")
        lines += [f"  {'':<{width}}  {line}" for line in more]
    lines += [f"? {name:<{width}}  not declared, left alone" for name in plan.undeclared_topics]
    lines += change_lines(changes, problems, behind)
    counts = ", ".join(
        f"{len(plan.having(action))} {action}" for action in ("create", "update", "unchanged", "refused")
    )
    others = f"{plan.undeclared} not declared and left alone"
    lines.append(f"Plan: {counts}; {others}. {_ending(changes)}")
    return "\n".join(lines)


def change_lines(changes: Sequence[TopicChange], problems: Sequence[str], behind: Sequence[str]) -> list[str]:
    """What was not done, in full, every problem, and every broker that is behind."""
    undone = [change for change in changes if change.state != "done"]
    return [
        *(f"not carried out: {problem}" for problem in problems),
        *(f"{change.state}: {change.change} {change.topic}: {change.detail}" for change in undone),
        *(f"behind: {sentence}; the change is done, and the broker catches up by itself" for sentence in behind),
    ]


def _step_lines(step: TopicStep) -> Iterator[str]:
    if step.action == "refused":
        for refusal in step.refusals:
            yield f"REFUSED {refusal.reason}"
            yield f"  alternative: {refusal.alternative}"
    elif step.action == "create":
        yield f"{_count(step.partitions, 'partition')}, replication factor {step.replication_factor}"
    elif step.action == "unchanged":
        yield "up to date"
    if step.partitions_before is not None and step.partitions > step.partitions_before:
        yield f"partitions {step.partitions_before} -> {step.partitions}"
    yield from (_setting_line(setting) for setting in step.config)
    yield from (f"warning: {warning}" for warning in step.warnings)
    yield from (f"note: {note}" for note in step.notes)
    yield from (
        f"not declared, left alone: {setting.key} {setting.before_text}{_instead(setting)}"
        for setting in step.undeclared_config
    )


def _setting_line(setting: ConfigChange) -> str:
    if setting.source is None:
        return f"{setting.key} {setting.after_text}"
    if setting.after is None:
        default = setting.inherited_text or "unknown"
        return f"{setting.key} {setting.before_text} (on the topic) -> the cluster's default ({default})"
    origin = _SOURCES[setting.source]
    if setting.source == "topic":
        origin += _instead(setting)
    line = f"{setting.key} {setting.before_text} ({origin}) -> {setting.after_text}"
    if setting.before == setting.after:
        # The same value from elsewhere would change with its origin.
        line += ", set on the topic itself"
    return line


def _instead(setting: ConfigChange) -> str:
    if setting.inherited_text is None:
        return ""
    return f"; inherited {setting.inherited_text}"


def _ending(changes: Sequence[TopicChange]) -> str:
    done = sum(change.state == "done" for change in changes)
    if not changes:
        return "Nothing was changed."
    if done == len(changes):
        return f"{_count(done, 'change')} made."
    return f"{done} of {_count(len(changes), 'change')} made; run it again to continue."


def _count(number: int, noun: str) -> str:
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun}s"
