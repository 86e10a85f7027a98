"""Whether the cluster is still as it was when a plan was approved."""

from collections.abc import Iterator, Mapping

import msgspec

from msk_toolkit.topics.plan import Plan, TopicStep


def changed_since(approved: Plan, now: Plan) -> list[str]:
    """What differs between the approved plan and the current one, a sentence for each topic.

    Warnings and what is not declared don't count: an apply touches neither. Nor do the topics of another cluster.
    """
    if approved.cluster_id != now.cluster_id:
        return [_other_cluster(approved.cluster_id, now.cluster_id)]
    before, after = _essences(approved), _essences(now)
    return [
        *(f"{topic}: is not in the approved plan" for topic in _only_in(after, before)),
        *(f"{topic}: was approved, but is no longer declared" for topic in _only_in(before, after)),
        *_changed_steps(before, after),
    ]


def _only_in(steps: Mapping[str, TopicStep], others: Mapping[str, TopicStep]) -> list[str]:
    return [topic for topic in steps if topic not in others]


def _other_cluster(approved: str, current: str) -> str:
    if not approved:
        return f"the plan names no cluster; the current one is {current}"
    return f"the plan was approved for cluster {approved}; the current one is {current or 'unknown'}"


def _changed_steps(before: Mapping[str, TopicStep], after: Mapping[str, TopicStep]) -> Iterator[str]:
    for topic, step in after.items():
        approved = before.get(topic, step)
        if step != approved:
            yield f"{topic}: has changed since the plan was approved ({approved.action}, now {step.action})"


def _essences(plan: Plan) -> dict[str, TopicStep]:
    return {step.topic: _essence(step) for step in plan.steps}


def _essence(step: TopicStep) -> TopicStep:
    return msgspec.structs.replace(step, warnings=[], undeclared_config=[], is_forwarded=False, retention_ms=None)
