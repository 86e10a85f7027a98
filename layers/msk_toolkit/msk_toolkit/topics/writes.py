"""The three kinds of write that an apply is made of: how each is checked, sent, and recognised as done."""

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

    ``send`` has the cluster check or do it for the steps and answers what went wrong, by name; ``agrees`` answers the
    topics that stand as their steps want them, whoever wrote them; ``shows`` those of which an acknowledged write is to
    be seen.
    """

    kind: WriteKind
    concerns: Callable[[TopicStep], bool]
    send: Send
    agrees: Agrees
    shows: Agrees


def batches(write: Write, plan: Plan) -> Iterator[list[TopicStep]]:
    """The steps that a write concerns, as many in a request as the controller takes."""
    batch: list[TopicStep] = []
    records = 0
    for step in plan.steps:
        if not write.concerns(step):
            continue
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
    changes = {step.topic: _wanted(step) for step in steps}
    return alter_topic_configs(connection, changes, validate_only=validate_only, deadline=deadline)


def _served(connection: BrokerConnection, steps: Sequence[TopicStep], deadline: Deadline) -> set[str]:
    # A topic is created in the controller's log first and reaches each broker's metadata a little later.
    topics = read_metadata(connection, [step.topic for step in steps], deadline, operations=False).topics
    return {step.topic for step in steps if _is_served(topics[step.topic], step)}


def _is_served(topic: Topic, step: TopicStep) -> bool:
    led = all(partition.leader >= 0 for partition in topic.partitions)
    return not topic.error_code and len(topic.partitions) == step.partitions and led


def _created(connection: BrokerConnection, steps: Sequence[TopicStep], deadline: Deadline) -> set[str]:
    """Whoever created it: its replicas must be as many as declared, and the declared keys in force."""
    topics = read_metadata(connection, [step.topic for step in steps], deadline, operations=False).topics
    alike = {
        step.topic
        for step in steps
        if _is_served(topics[step.topic], step)
        and all(len(partition.replicas) == step.replication_factor for partition in topics[step.topic].partitions)
    }
    with_keys = [step for step in steps if step.config and step.topic in alike]
    return alike - {step.topic for step in with_keys} | _configured(connection, with_keys, deadline)


def _configured(connection: BrokerConnection, steps: Iterable[TopicStep], deadline: Deadline) -> set[str]:
    wanted = {step.topic: _wanted(step) for step in steps if step.config}
    found, _ = topic_configs(connection, sorted(wanted), deadline, _keys(wanted))
    return {
        name
        for name, keys in wanted.items()
        if name in found and all(_holds(found[name].get(key), value) for key, value in keys.items())
    }


def _holds(setting: TopicConfig | None, value: str | None) -> bool:
    """Whether a key has the value, or, for None, no value of the topic's own."""
    if setting is None:
        return False
    return setting.source != "topic" if value is None else same(setting.value, value)


def _keys(wanted: Mapping[str, Mapping[str, str | None]]) -> dict[str, list[str]]:
    return {name: sorted(keys) for name, keys in wanted.items()}


def _values(step: TopicStep) -> dict[str, str]:
    return {setting.key: setting.after for setting in step.config if setting.after is not None}


def _wanted(step: TopicStep) -> dict[str, str | None]:
    return {setting.key: setting.after for setting in step.config}


# In this order: what adds comes before what could take data away, such as a shorter retention.
WRITES: tuple[Write, ...] = (
    # A broker takes over a new topic together with its keys: one request tells both.
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
