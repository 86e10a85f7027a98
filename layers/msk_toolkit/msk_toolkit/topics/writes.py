"""The three kinds of write of an apply: how each is checked, sent, and recognised as done."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import BrokerError
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.kafka.metadata import Topic, read_metadata
from msk_toolkit.kafka.topic_configs import TopicConfig, alter_topic_configs, topic_configs
from msk_toolkit.kafka.topics import NewTopic, add_partitions, create_topics
from msk_toolkit.topics.plan import Plan, TopicStep
from msk_toolkit.topics.units import same

WriteKind = Literal["create", "partitions", "config"]
Send = Callable[[BrokerConnection, Sequence[TopicStep], bool, Deadline], dict[str, BrokerError]]
Agrees = Callable[[BrokerConnection, Sequence[TopicStep], Deadline], set[str]]

# Kafka's controller takes up to 10,000 records in one change; a topic costs one, and one a partition and a key.
_RECORDS_A_REQUEST = 5000


class Write(NamedTuple):
    """A kind of write.

    ``send`` has the cluster check or carry it out for the steps and returns the errors, by name; ``agrees`` returns the
    topics that match their steps, even if another client wrote them; ``shows`` those that show an acknowledged write.
    """

    kind: WriteKind
    concerns: Callable[[TopicStep], bool]
    send: Send
    agrees: Agrees
    shows: Agrees


def batches(plan: Plan) -> Iterator[tuple[Write, list[TopicStep]]]:
    """The requests of a plan, in their order: a write, and as many of its steps as the controller takes at once."""
    for write, steps in steps_by_write(plan):
        for batch in _batches_of(steps):
            yield write, batch


def steps_by_write(plan: Plan) -> Iterator[tuple[Write, list[TopicStep]]]:
    """Each kind of write, in their order, with the steps that it concerns."""
    for write in WRITES:
        yield write, list(filter(write.concerns, plan.steps))


def _batches_of(steps: Iterable[TopicStep]) -> Iterator[list[TopicStep]]:
    batch: list[TopicStep] = []
    records = 0
    for step in steps:
        cost = 1 + len(step.config) + step.partitions
        if batch and records + cost > _RECORDS_A_REQUEST:
            yield batch
            batch, records = [], 0
        batch.append(step)
        records += cost
    if batch:
        yield batch


def _create(
    connection: BrokerConnection, steps: Sequence[TopicStep], validate_only: bool, deadline: Deadline
) -> dict[str, BrokerError]:
    topics = [NewTopic(step.topic, step.partitions, step.replication_factor, _values(step)) for step in steps]
    return create_topics(connection, topics, validate_only=validate_only, deadline=deadline)


def _grow(
    connection: BrokerConnection, steps: Sequence[TopicStep], validate_only: bool, deadline: Deadline
) -> dict[str, BrokerError]:
    totals = {step.topic: step.partitions for step in steps}
    return add_partitions(connection, totals, validate_only=validate_only, deadline=deadline)


def _configure(
    connection: BrokerConnection, steps: Sequence[TopicStep], validate_only: bool, deadline: Deadline
) -> dict[str, BrokerError]:
    changes = {step.topic: _declared(step) for step in steps}
    return alter_topic_configs(connection, changes, validate_only=validate_only, deadline=deadline)


def _served(connection: BrokerConnection, steps: Sequence[TopicStep], deadline: Deadline) -> set[str]:
    # A topic is created in the controller's log first and reaches each broker's metadata a little later.
    topics = read_metadata(connection, [step.topic for step in steps], deadline, operations=False).topics
    return {step.topic for step in steps if _is_served(topics[step.topic], step)}


def _is_served(topic: Topic, step: TopicStep) -> bool:
    return topic.is_served and len(topic.partitions) == step.partitions


def _created(connection: BrokerConnection, steps: Sequence[TopicStep], deadline: Deadline) -> set[str]:
    """Topics that another client may have created: with the declared number of replicas, and the declared keys."""
    topics = read_metadata(connection, [step.topic for step in steps], deadline, operations=False).topics
    alike = [step for step in steps if _is_as_created(topics[step.topic], step)]
    return _without_keys(alike) | _configured(connection, alike, deadline)


def _without_keys(steps: Iterable[TopicStep]) -> set[str]:
    return {step.topic for step in steps if not step.config}


def _is_as_created(topic: Topic, step: TopicStep) -> bool:
    replicated = all(len(partition.replicas) == step.replication_factor for partition in topic.partitions)
    return replicated and _is_served(topic, step)


def _configured(connection: BrokerConnection, steps: Iterable[TopicStep], deadline: Deadline) -> set[str]:
    declared = {step.topic: _declared(step) for step in steps if step.config}
    configs, _ = topic_configs(connection, sorted(declared), deadline, _keys(declared))
    return {name for name, config in configs.items() if _has_values(config, declared[name])}


def _has_values(config: Mapping[str, TopicConfig], declared: Mapping[str, str | None]) -> bool:
    return all(_holds(config.get(key), value) for key, value in declared.items())


def _holds(setting: TopicConfig | None, value: str | None) -> bool:
    """Whether a key has the value, or, for None, no value of the topic's own."""
    if setting is None:
        return False
    if value is None:
        return setting.source != "topic"
    return same(setting.value, value)


def _keys(declared: Mapping[str, Mapping[str, str | None]]) -> dict[str, list[str]]:
    return {name: sorted(keys) for name, keys in declared.items()}


def _values(step: TopicStep) -> dict[str, str]:
    return {setting.key: setting.after for setting in step.config if setting.after is not None}


def _declared(step: TopicStep) -> dict[str, str | None]:
    return {setting.key: setting.after for setting in step.config}


# In this order: what adds comes before what could take data away, such as a shorter retention.
WRITES: tuple[Write, ...] = (
    # A broker learns of a new topic together with its keys: one request shows both.
    Write("create", lambda step: step.action == "create", _create, _created, _served),
    Write(
        "partitions",
        lambda step: step.action == "update" and step.partitions != step.partitions_before,
        _grow,
        _served,
        _served,
    ),
    Write("config", lambda step: step.action == "update" and bool(step.config), _configure, _configured, _configured),
)
