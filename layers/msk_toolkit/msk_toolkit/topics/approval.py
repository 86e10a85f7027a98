"""Whether the cluster is still as it was when a plan was approved."""

import msgspec

from msk_toolkit.topics.plan import Plan, TopicStep


def changed_since(approved: Plan, now: Plan) -> list[str]:
    """What differs between the approved plan and the current one, a sentence for each topic.

    Warnings and what is not declared don't count: an apply touches neither. Nor do the topics of another cluster.
    """
    if approved.cluster_id != now.cluster_id:
        if not approved.cluster_id:
            return [f"the plan names no cluster; the current one is {now.cluster_id}"]
        current = now.cluster_id or "unknown"
        return [f"the plan was approved for cluster {approved.cluster_id}; the current one is {current}"]
    before = {step.topic: _essence(step) for step in approved.steps}
    after = {step.topic: _essence(step) for step in now.steps}
    problems = [f"{topic}: is not in the approved plan" for topic in after if topic not in before]
    problems += [f"{topic}: was approved, but is no longer declared" for topic in before if topic not in after]
    problems += [
        f"{topic}: has changed since the plan was approved ({before[topic].action}, now {step.action})"
        for topic, step in after.items()
        if topic in before and step != before[topic]
    ]
    return problems


def _essence(step: TopicStep) -> TopicStep:
    return msgspec.structs.replace(step, warnings=[], undeclared_config=[])
