"""The topics of a cluster in the form of a declaration, so that an existing cluster can be adopted."""

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.kafka.metadata import Topic, read_metadata
from msk_toolkit.kafka.reassignments import leaving_replicas
from msk_toolkit.kafka.session import Session
from msk_toolkit.kafka.topic_configs import topic_configs
from msk_toolkit.topics.observed import ObservedTopic, is_internal, observed_topic
from msk_toolkit.topics.rules import contradictions
from msk_toolkit.topics.units import to_person

# A response of so many topics is far below what Lambda accepts, and read well within the function's time.
MOST_TOPICS = 2000
# Set by a reassignment for as long as it lasts.
_TRANSIENT = frozenset({"leader.replication.throttled.replicas", "follower.replication.throttled.replicas"})


class ExportedTopic(msgspec.Struct, frozen=True, omit_defaults=True):
    """A topic as topics.yaml declares it; ``config`` is what is set on the topic itself, as a person writes it."""

    name: str
    partitions: int
    replication_factor: int
    config: dict[str, str] = {}
    note: Annotated[str, Meta(description="What a declaration can't say, or what a plan would refuse.")] = ""


class Export(msgspec.Struct, frozen=True):
    """Topics in the order of their names.

    Args:
        problems: a sentence for each topic that could not be read, or is not there.
        left: how many topics come after these.
        last: the last name that was read, where some come after it.
    """

    topics: list[ExportedTopic]
    problems: list[str] = []
    left: int = 0
    last: str = ""


def export(
    session: Session, only: Collection[str], after: str, deadline: Deadline, most_topics: int = MOST_TOPICS
) -> Export:
    """Read the cluster's topics, Kafka's and MSK's own left out.

    Args:
        only: these topics; all if empty.
        after: only topics whose names come after this one.

    Raises:
        NoBrokerError, StageError: the cluster did not answer.
    """
    return session.query(lambda connection, until: _export(connection, only, after, most_topics, until), deadline)


def _export(
    connection: BrokerConnection, only: Collection[str], after: str, most_topics: int, deadline: Deadline
) -> Export:
    listed = read_metadata(connection, None, deadline, operations=False).topics
    existing = {name: topic for name, topic in listed.items() if not topic.error_code and not is_internal(topic)}
    names = chosen(existing.keys(), only, after)
    page = names[:most_topics]
    configs, errors = topic_configs(connection, page, deadline, keep=())
    moving = _moving(connection, {name: existing[name] for name in configs}, deadline)
    left = len(names) - len(page)
    missing = [f"{name}: the cluster has no such topic, or does not show it" for name in sorted({*only} - {*existing})]
    return Export(
        topics=[
            as_declared(observed_topic(existing[name], configs[name], moving.get(name, {})))
            for name in page
            if name in configs
        ],
        problems=[*missing, *(f"{name}: {errors[name]}" for name in page if name in errors)],
        left=left,
        last=page[-1] if left else "",
    )


def chosen(existing: Collection[str], only: Collection[str], after: str) -> list[str]:
    """The names of the topics to export, in their order."""
    return sorted(name for name in existing if name > after and (not only or name in only))


def _moving(
    connection: BrokerConnection, topics: Mapping[str, Topic], deadline: Deadline
) -> Mapping[str, Mapping[int, int]]:
    partitions: dict[str, Sequence[int]] = {}
    for name, topic in topics.items():
        partitions[name] = [partition.index for partition in topic.partitions]
    if not partitions:
        return {}
    return leaving_replicas(connection, partitions, deadline)


def as_declared(topic: ObservedTopic) -> ExportedTopic:
    """The declaration that leaves a topic as it is."""
    config = {
        key: setting.value
        for key, setting in sorted(topic.config.items())
        if setting.source == "topic" and setting.writable and key not in _TRANSIENT
    }
    notes: list[str] = []
    for key, problem in list(contradictions(topic.replication_factor, config)):
        del config[key]
        notes.append(f"{key} is not declared: {problem}")
    if topic.uneven:
        notes.append(f"partitions have different numbers of replicas ({topic.uneven}): a plan refuses the topic")
    return ExportedTopic(
        topic.name,
        topic.partitions,
        topic.replication_factor,
        {key: to_person(key, value) for key, value in config.items()},
        "; ".join(notes),
    )
