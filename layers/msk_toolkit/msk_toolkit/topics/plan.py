"""What has to happen so that the cluster has the declared topics: a pure comparison."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from msk_toolkit.kafka.topic_configs import ConfigSource
from msk_toolkit.kafka.topic_configs import TopicConfig as KafkaSetting
from msk_toolkit.settings.cluster import ClusterKind
from msk_toolkit.topics.declared import DeclaredTopic
from msk_toolkit.topics.observed import ObservedTopic, ObservedTopics
from msk_toolkit.topics.refusal import Refusal
from msk_toolkit.topics.service_limits import is_fixed, violations
from msk_toolkit.topics.units import same, to_person
from msk_toolkit.topics.warnings import NO_USES, Uses, topic_warnings

TopicAction = Literal["create", "update", "unchanged", "refused"]


class ConfigChange(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A key of a topic's configuration, as Kafka has it and (``...Text``) as a person reads it.

    ``before`` is the value in force and ``source`` where it comes from, absent for a new topic; ``after`` is the
    declared value, absent where nothing is declared, or where the topic's own value is to be taken away; ``inherited``
    is what holds without the topic's own value.
    """

    key: str
    after: str | None = None
    after_text: str | None = None
    before: str | None = None
    before_text: str | None = None
    source: ConfigSource | None = None
    inherited: str | None = None
    inherited_text: str | None = None


class TopicStep(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The decision about one declared topic."""

    action: TopicAction
    topic: str
    partitions: Annotated[int, Meta(description="The declared number.")]
    replication_factor: Annotated[int, Meta(description="The declared number.")]
    partitions_before: Annotated[int | None, Meta(description="The number found; absent for a new topic.")] = None
    replication_factor_before: Annotated[int | None, Meta(description="As partitionsBefore.")] = None
    config: Annotated[list[ConfigChange], Meta(description="Keys that are to be set.")] = []
    refusals: Annotated[list[Refusal], Meta(description="Why the declaration can't be carried out.")] = []
    warnings: list[str] = []
    notes: Annotated[list[str], Meta(description="What is going on with the topic, and is nobody's fault.")] = []
    undeclared_config: Annotated[
        list[ConfigChange], Meta(description="Keys set on the topic that nobody declared; they are left alone.")
    ] = []


class Plan(msgspec.Struct, frozen=True, rename="camel"):
    """A step for each declared topic, in the declared order, and what else the cluster has."""

    steps: list[TopicStep]
    undeclared: Annotated[int, Meta(description="Topics of the cluster that nobody declared; they are left alone.")]
    undeclared_topics: Annotated[list[str], Meta(description="Their names, if all was asked for.")] = []
    cluster_id: Annotated[str, Meta(description="Kafka's id of the cluster; on any other the plan is refused.")] = ""

    def having(self, action: TopicAction) -> list[TopicStep]:
        """The steps with an action."""
        return [step for step in self.steps if step.action == action]


def plan(
    declared: Sequence[DeclaredTopic], observed: ObservedTopics, *, list_all: bool = False, uses: Uses = NO_USES
) -> Plan:
    """Compare what was declared with what was observed; what destroys data is refused, never planned.

    Args:
        uses: what the stack does with the topics, which some warnings are about.
    """
    return Plan(
        steps=[_step(topic, observed, uses) for topic in declared],
        undeclared=len(observed.others),
        undeclared_topics=observed.others if list_all else [],
        cluster_id=observed.cluster_id,
    )


def as_grown(declared: Sequence[DeclaredTopic], observed: ObservedTopics) -> list[DeclaredTopic]:
    """The declaration with the partitions that topics have, where they have more than declared."""
    return [
        msgspec.structs.replace(topic, partitions=max(topic.partitions, observed.topics[topic.name].partitions))
        if topic.name in observed.topics
        else topic
        for topic in declared
    ]


def _step(topic: DeclaredTopic, observed: ObservedTopics, uses: Uses) -> TopicStep:
    if topic.name in observed.unreadable:
        return TopicStep(
            "refused",
            topic.name,
            topic.partitions,
            topic.replication_factor,
            refusals=[_unreadable(observed.unreadable[topic.name])],
        )
    existing = observed.topics.get(topic.name)
    changes = _changes(topic, existing, observed.kind)
    refusals = violations(topic, existing, [change.key for change in changes], observed.kind)
    if existing:
        refusals += _impossible(topic, existing, observed)
    return TopicStep(
        action=_action(topic, existing, changes, refusals),
        topic=topic.name,
        partitions=topic.partitions,
        replication_factor=topic.replication_factor,
        partitions_before=existing.partitions if existing else None,
        replication_factor_before=existing.replication_factor if existing else None,
        config=changes,
        refusals=refusals,
        warnings=topic_warnings(topic, existing, observed, uses),
        notes=_notes(existing),
        undeclared_config=_undeclared(topic, existing) if existing else [],
    )


def _action(
    topic: DeclaredTopic, existing: ObservedTopic | None, changes: Sequence[ConfigChange], refusals: Sequence[Refusal]
) -> TopicAction:
    if refusals:
        return "refused"
    if existing is None:
        return "create"
    grows = topic.partitions > existing.partitions
    return "update" if grows or changes else "unchanged"


def _changes(topic: DeclaredTopic, existing: ObservedTopic | None, kind: ClusterKind) -> list[ConfigChange]:
    changes = [
        _setting(key, value, existing)
        for key, value in topic.config.items()
        if not is_fixed(key, value, kind)
        and (existing is None or _differs(key, value, existing, pinned=kind == "standard"))
    ]
    own = existing.config if existing else {}
    resets = [key for key in topic.reset if key in own and own[key].source == "topic"]
    return changes + [_own(key, own[key]) for key in resets]


def _notes(existing: ObservedTopic | None) -> list[str]:
    if existing is None or not existing.moving:
        return []
    partitions = "1 partition" if existing.moving == 1 else f"{existing.moving} partitions"
    return [f"replicas of {partitions} are being moved between brokers; the number counts without those that leave"]


def _impossible(topic: DeclaredTopic, found: ObservedTopic, observed: ObservedTopics) -> list[Refusal]:
    refusals = []
    if topic.partitions < found.partitions:
        refusals.append(
            Refusal(
                "fewer-partitions",
                f"partitions {found.partitions} -> {topic.partitions}: Kafka can't take partitions away",
                f"declare {found.partitions}, or create a topic under a new name and move its readers and writers",
            )
        )
    if found.uneven and observed.kind == "standard":
        refusals.append(
            Refusal(
                "replication-factor",
                f"replication: {found.uneven} of the topic's replicas, the others more; the smallest number counts",
                f"give each partition {topic.replication_factor} replicas with kafka-reassign-partitions.sh",
            )
        )
    elif topic.replication_factor != found.replication_factor and observed.kind == "standard":
        refusals.append(
            Refusal(
                "replication-factor",
                f"replication {found.replication_factor} -> {topic.replication_factor}: "
                "that moves data between brokers, which is not done here",
                f"declare {found.replication_factor}, or reassign the partitions with kafka-reassign-partitions.sh",
            )
        )
    return refusals


def _unreadable(reason: str) -> Refusal:
    return Refusal(
        "not-readable",
        f"the function's user may not see the topic: {reason}",
        "allow it to describe the topic and its configuration (Describe, DescribeConfigs)",
    )


def _differs(key: str, value: str, found: ObservedTopic, *, pinned: bool) -> bool:
    current = found.config.get(key)
    # A declared value that only happens to be the broker's default would go with it when the default changes.
    return current is None or not same(current.value, value) or (pinned and current.source != "topic")


def _setting(key: str, value: str, found: ObservedTopic | None) -> ConfigChange:
    current = found.config.get(key) if found else None
    if current is None:
        return ConfigChange(key, value, to_person(key, value))
    return ConfigChange(
        key,
        value,
        to_person(key, value),
        current.value,
        to_person(key, current.value),
        current.source,
        current.inherited,
        None if current.inherited is None else to_person(key, current.inherited),
    )


def _undeclared(topic: DeclaredTopic, found: ObservedTopic) -> list[ConfigChange]:
    declared = {*topic.config, *topic.reset}
    return [
        _own(key, setting)
        for key, setting in sorted(found.config.items())
        if setting.source == "topic" and key not in declared
    ]


def _own(key: str, setting: KafkaSetting) -> ConfigChange:
    """A value of the topic's own, of which nothing is declared."""
    return ConfigChange(
        key,
        before=setting.value,
        before_text=to_person(key, setting.value),
        source=setting.source,
        inherited=setting.inherited,
        inherited_text=None if setting.inherited is None else to_person(key, setting.inherited),
    )
