"""A cluster of nothing but topics, as plans see and change it."""

from collections.abc import Mapping

from msk_toolkit.kafka.topic_configs import TopicConfig
from msk_toolkit.topics.observed import ObservedTopic, ObservedTopics
from msk_toolkit.topics.plan import Plan

# What holds where a topic sets nothing itself, and where that comes from.
INHERITED: Mapping[str, TopicConfig] = {
    "retention.ms": TopicConfig("604800000", "default", "604800000"),
    "segment.bytes": TopicConfig("1073741824", "default", "1073741824"),
    "cleanup.policy": TopicConfig("delete", "default", "delete"),
    "min.insync.replicas": TopicConfig("2", "broker", "2"),
    "preallocate": TopicConfig("false", "default", "false"),
}


def standing(name: str, partitions: int, replication_factor: int, **config: str) -> ObservedTopic:
    """A topic with these keys set on it; underscores stand for dots."""
    return _topic(name, partitions, replication_factor, {key.replace("_", "."): value for key, value in config.items()})


def cluster(*topics: ObservedTopic, brokers: int = 3, others: tuple[str, ...] = ()) -> ObservedTopics:
    """A standard cluster."""
    return ObservedTopics(brokers, {topic.name: topic for topic in topics}, list(others))


def applied(plan: Plan, before: ObservedTopics) -> ObservedTopics:
    """The cluster after the plan's writes, without the topics that it refuses."""
    after = dict(before.topics)
    for step in plan.steps:
        values = {setting.key: setting.after for setting in step.config if setting.after is not None}
        taken_back = {setting.key for setting in step.config if setting.after is None}
        if step.action == "create":
            after[step.topic] = _topic(step.topic, step.partitions, step.replication_factor, values)
        elif step.action == "update":
            observed = after[step.topic]
            kept = {
                key: setting.value
                for key, setting in observed.config.items()
                if setting.source == "topic" and key not in taken_back
            }
            after[step.topic] = _topic(step.topic, step.partitions, observed.replication_factor, kept | values)
    return ObservedTopics(before.brokers, after, before.others, before.unreadable, before.kind)


def _topic(name: str, partitions: int, replication_factor: int, own: Mapping[str, str]) -> ObservedTopic:
    set_here = {
        key: TopicConfig(value, "topic", INHERITED[key].value if key in INHERITED else None)
        for key, value in own.items()
    }
    return ObservedTopic(name, partitions, replication_factor, {**INHERITED, **set_here})
