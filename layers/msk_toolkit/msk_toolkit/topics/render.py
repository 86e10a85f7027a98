"""A plan as a person reads it."""

from msk_toolkit.topics.plan import Plan

_SIGNS = {"create": "+", "unchanged": "=", "differs": "~"}


def render(plan: Plan, *, applied: bool) -> str:
    """One line a topic, its differences below it, and a summary; the names line up."""
    width = max((len(step.topic) for step in plan.steps), default=0)
    lines = []
    for step in plan.steps:
        verb = {
            "create": "created" if applied else "to be created",
            "unchanged": "up to date",
            "differs": "differs from its declaration; left as it is",
        }[step.action]
        shape = f"{step.partitions} partitions, replication factor {step.replication_factor}"
        lines.append(f"{_SIGNS[step.action]} {step.topic:<{width}}  {shape}: {verb}")
        lines += [f"  {'':<{width}}  {difference}" for difference in step.differences]
    count = {action: sum(step.action == action for step in plan.steps) for action in _SIGNS}
    done = "created" if applied else "to create"
    lines.append(
        f"{count['create']} {done}, {count['unchanged']} up to date, {count['differs']} different; "
        f"{plan.undeclared} not declared and left alone"
    )
    return "\n".join(lines)
