"""The changes that bring the cluster to the declared topics: a pure comparison."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from msk_toolkit.kafka.topic_configs import ConfigSource
from msk_toolkit.kafka.topic_configs import TopicConfig as KafkaSetting
from msk_toolkit.settings.cluster import ClusterKind
from msk_toolkit.topics.declared import DeclaredTopic
from msk_toolkit.topics.observed import ObservedTopic, ObservedTopics
from msk_toolkit.topics.refusal import Reason, Refusal
from msk_toolkit.topics.service_limits import is_fixed, violations
from msk_toolkit.topics.units import same, to_person, to_whole
from msk_toolkit.topics.warnings import NO_USES, Uses, topic_warnings

TopicAction = Literal["create", "update", "unchanged", "refused"]


class ConfigChange(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A key of a topic's configuration, as Kafka has it and (``...Text``) as a person reads it.

    ``before`` is the value in force and ``source`` where it comes from, absent for a new topic; ``after`` is the
    declared value, absent where nothing is declared, or where the topic's own value is to be removed; ``inherited``
    is what applies without the topic's own value.
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
    partitions_before: Annotated[int | None, Meta(description="The current number; absent for a new topic.")] = None
    replication_factor_before: Annotated[int | None, Meta(description="As partitionsBefore.")] = None
    config: Annotated[list[ConfigChange], Meta(description="Keys that are to be set.")] = []
    refusals: Annotated[list[Refusal], Meta(description="Why the declaration can't be carried out.")] = []
    warnings: list[str] = []
    notes: Annotated[list[str], Meta(description="What is in progress on the topic, and needs no action.")] = []
    undeclared_config: Annotated[
        list[ConfigChange], Meta(description="Keys set on the topic that are not declared; they are left alone.")
    ] = []
    is_forwarded: Annotated[bool, Meta(description="Whether the stack forwards the topic to Vantiq.")] = False
    retention_ms: Annotated[
        int | None, Meta(description="retention.ms in force; absent where it is unlimited or not known.")
    ] = None

    @property
    def adds_partitions(self) -> bool:
        """Whether the topic exists and has fewer partitions than declared."""
        return self.partitions_before is not None and self.partitions > self.partitions_before

    def is_refused_for(self, reason: Reason) -> bool:
        """Whether one of the refusals is of this kind."""
        return any(refusal.kind == reason for refusal in self.refusals)


class Plan(msgspec.Struct, frozen=True, rename="camel"):
    """A step for each declared topic, in the declared order, and what else the cluster has."""

    steps: list[TopicStep]
    undeclared: Annotated[int, Meta(description="Topics of the cluster that are not declared; they are left alone.")]
    undeclared_topics: Annotated[list[str], Meta(description="Their names, if all was requested.")] = []
    cluster_id: Annotated[str, Meta(description="Kafka's id of the cluster; on any other the plan is refused.")] = ""

    def having(self, action: TopicAction) -> list[TopicStep]:
        """The steps with an action."""
        return [step for step in self.steps if step.action == action]


def plan(
    declared: Sequence[DeclaredTopic], observed: ObservedTopics, *, list_all: bool = False, uses: Uses = NO_USES
) -> Plan:
    """Compare what was declared with what was observed; what destroys data is refused, never planned.

    Args:
        uses: what the stack uses the topics for; some warnings depend on it.
    """
    undeclared_topics: list[str] = []
    if list_all:
        undeclared_topics = observed.others
    return Plan(
        steps=[_step(topic, observed, uses) for topic in declared],
        undeclared=len(observed.others),
        undeclared_topics=undeclared_topics,
        cluster_id=observed.cluster_id,
    )


def as_grown(declared: Sequence[DeclaredTopic], observed: ObservedTopics) -> list[DeclaredTopic]:
    """The declaration with the partitions that topics have, where they have more than declared."""
    topics: list[DeclaredTopic] = []
    for topic in declared:
        existing = observed.topics.get(topic.name)
        if existing and existing.partitions > topic.partitions:
            topics.append(msgspec.structs.replace(topic, partitions=existing.partitions))
        else:
            topics.append(topic)
    return topics


def _step(topic: DeclaredTopic, observed: ObservedTopics, uses: Uses) -> TopicStep:
    if topic.name in observed.unreadable:
        return _unreadable_step(topic, observed.unreadable[topic.name])
    existing = observed.topics.get(topic.name)
    changes = _changes(topic, existing, observed.kind)
    refusals = violations(topic, existing, [change.key for change in changes], observed.kind)
    step = TopicStep(
        action="create",
        topic=topic.name,
        partitions=topic.partitions,
        replication_factor=topic.replication_factor,
        config=changes,
        refusals=refusals,
        warnings=topic_warnings(topic, existing, observed, uses),
        is_forwarded=topic.name in uses.forwarded,
    )
    if existing:
        step = _existing_step(step, topic, existing, observed.kind)
    if step.refusals:
        return msgspec.structs.replace(step, action="refused")
    return step


def _unreadable_step(topic: DeclaredTopic, reason: str) -> TopicStep:
    refusal = _unreadable(reason)
    return TopicStep("refused", topic.name, topic.partitions, topic.replication_factor, refusals=[refusal])


def _existing_step(step: TopicStep, topic: DeclaredTopic, existing: ObservedTopic, kind: ClusterKind) -> TopicStep:
    return msgspec.structs.replace(
        step,
        action=_action(topic, existing, step.config),
        partitions_before=existing.partitions,
        replication_factor_before=existing.replication_factor,
        refusals=[*step.refusals, *_impossible(topic, existing, kind)],
        notes=_notes(existing),
        undeclared_config=_undeclared(topic, existing),
        retention_ms=_retention(existing),
    )


def _retention(existing: ObservedTopic) -> int | None:
    setting = existing.config.get("retention.ms")
    return None if setting is None else to_whole(setting.value)


def _action(topic: DeclaredTopic, existing: ObservedTopic, changes: Sequence[ConfigChange]) -> TopicAction:
    if changes or topic.partitions > existing.partitions:
        return "update"
    return "unchanged"


def _changes(topic: DeclaredTopic, existing: ObservedTopic | None, kind: ClusterKind) -> list[ConfigChange]:
    declared = {key: value for key, value in topic.config.items() if not is_fixed(key, value, kind)}
    if existing is None:
        return [ConfigChange(key, value, to_person(key, value)) for key, value in declared.items()]
    return [*_differences(declared, existing, pinned=kind == "standard"), *_resets(topic, existing)]


def _differences(declared: Mapping[str, str], existing: ObservedTopic, *, pinned: bool) -> list[ConfigChange]:
    return [
        _change(key, value, existing)
        for key, value in declared.items()
        if _differs(key, value, existing, pinned=pinned)
    ]


def _resets(topic: DeclaredTopic, existing: ObservedTopic) -> list[ConfigChange]:
    return [_own(key, existing.config[key]) for key in topic.reset if _is_own(existing, key)]


def _is_own(existing: ObservedTopic, key: str) -> bool:
    return key in existing.config and existing.config[key].source == "topic"


def _notes(existing: ObservedTopic) -> list[str]:
    if not existing.moving:
        return []
    partitions = f"{existing.moving} partitions"
    if existing.moving == 1:
        partitions = "1 partition"
    return [
        f"replicas of {partitions} are being moved between brokers; replicas that are being removed are not counted"
    ]


def _impossible(topic: DeclaredTopic, existing: ObservedTopic, kind: ClusterKind) -> list[Refusal]:
    refusals = []
    if topic.partitions < existing.partitions:
        refusals.append(
            Refusal(
                "fewer-partitions",
                f"partitions {existing.partitions} -> {topic.partitions}: Kafka can't remove partitions",
                f"declare {existing.partitions}, or create a topic under a new name and move its readers and writers",
            )
        )
    if kind == "standard":
        refusals += _other_replication(topic, existing)
    return refusals


def _other_replication(topic: DeclaredTopic, existing: ObservedTopic) -> Iterator[Refusal]:
    if existing.uneven:
        yield Refusal(
            "replication-factor",
            f"partitions have different numbers of replicas ({existing.uneven}); the smallest number counts",
            f"give each partition {topic.replication_factor} replicas with kafka-reassign-partitions.sh",
        )
    elif topic.replication_factor != existing.replication_factor:
        yield Refusal(
            "replication-factor",
            f"replication {existing.replication_factor} -> {topic.replication_factor}: "
            "changing it moves data between brokers, which this tool never does",
            f"declare {existing.replication_factor}, or reassign the partitions with kafka-reassign-partitions.sh",
        )


def _unreadable(reason: str) -> Refusal:
    return Refusal(
        "not-readable",
        f"the function's user may not see the topic: {reason}",
        "allow it to describe the topic and its configuration (Describe, DescribeConfigs)",
    )


def _differs(key: str, value: str, existing: ObservedTopic, *, pinned: bool) -> bool:
    current = existing.config.get(key)
    # A declared value that only happens to be the broker's default would go with it when the default changes.
    return current is None or not same(current.value, value) or (pinned and current.source != "topic")


def _change(key: str, value: str, existing: ObservedTopic) -> ConfigChange:
    current = existing.config.get(key)
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
        _inherited_text(key, current),
    )


def _inherited_text(key: str, setting: KafkaSetting) -> str | None:
    if setting.inherited is None:
        return None
    return to_person(key, setting.inherited)


def _undeclared(topic: DeclaredTopic, existing: ObservedTopic) -> list[ConfigChange]:
    undeclared = existing.config.keys() - {*topic.config, *topic.reset}
    return [_own(key, existing.config[key]) for key in sorted(undeclared) if _is_own(existing, key)]


def _own(key: str, setting: KafkaSetting) -> ConfigChange:
    """A value of the topic's own for which nothing is declared."""
    return ConfigChange(
        key,
        before=setting.value,
        before_text=to_person(key, setting.value),
        source=setting.source,
        inherited=setting.inherited,
        inherited_text=_inherited_text(key, setting),
    )
