"""Whether the cluster still stands as it did when somebody approved a plan."""

import msgspec

from msk_toolkit.topics.plan import Plan, TopicStep


def changed_since(approved: Plan, now: Plan) -> list[str]:
    """What differs between the approved plan and the one of this moment, a sentence for each topic.

    Warnings and what is not declared don't count: an apply touches neither. Nor do the topics of another cluster.
    """
    if approved.cluster_id != now.cluster_id:
        said = f"was approved for the cluster {approved.cluster_id}" if approved.cluster_id else "names no cluster"
        return [f"the plan {said}, and this one is {now.cluster_id or 'of no name'}"]
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
