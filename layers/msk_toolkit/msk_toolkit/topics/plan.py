"""What has to happen so that the cluster has the declared topics: a pure comparison."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from msk_toolkit.topics.declaration import DeclaredTopic

Action = Literal["create", "unchanged", "differs"]


class ObservedTopic(msgspec.Struct, frozen=True):
    """A topic as it stands on the cluster; ``config`` holds what was set on the topic itself."""

    name: str
    partitions: int
    replication_factor: int
    config: dict[str, str]


class Step(msgspec.Struct, frozen=True, rename="camel"):
    """The decision about one topic; ``differences`` are sentences, empty unless it differs."""

    action: Action
    topic: str
    partitions: int
    replication_factor: int
    differences: list[str] = []


class Plan(msgspec.Struct, frozen=True):
    """A step for each declared topic, in the declared order, and how many others the cluster has."""

    steps: list[Step]
    undeclared: int

    @property
    def to_create(self) -> set[str]:
        """The names of the topics that are missing."""
        return {step.topic for step in self.steps if step.action == "create"}

    @property
    def different(self) -> int:
        """How many declared topics stand otherwise than declared."""
        return sum(step.action == "differs" for step in self.steps)


def plan(declared: Sequence[DeclaredTopic], observed: Mapping[str, ObservedTopic]) -> Plan:
    """Compare what was declared with what was observed; nothing that exists is ever changed."""
    names = {topic.name for topic in declared}
    return Plan(
        steps=[_step(topic, observed.get(topic.name)) for topic in declared],
        undeclared=sum(name not in names for name in observed),
    )


def _step(topic: DeclaredTopic, found: ObservedTopic | None) -> Step:
    if found is None:
        return Step("create", topic.name, topic.partitions, topic.replication_factor)
    differences = []
    if found.partitions != topic.partitions:
        differences.append(f"partitions are {found.partitions}, declared {topic.partitions}")
    if found.replication_factor != topic.replication_factor:
        differences.append(f"replication factor is {found.replication_factor}, declared {topic.replication_factor}")
    for key, value in topic.config_text.items():
        current = found.config.get(key)
        if current != value:
            differences.append(f"{key} is {current or 'not set'}, declared {value}")
    action: Action = "differs" if differences else "unchanged"
    return Step(action, topic.name, found.partitions, found.replication_factor, differences)
