"""The cluster as the plan needs it: all topics and their configuration, in one request each.

Only where a topic has a value of its own that the plan has something to say about, a small third one asks what would
hold without it.
"""

from collections.abc import Collection, Mapping

import msgspec

from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.kafka.error_codes import ErrorCode, error_name
from msk_toolkit.kafka.metadata import ClusterMetadata, Topic, read_metadata
from msk_toolkit.kafka.reassignments import leaving_replicas
from msk_toolkit.kafka.session import Session
from msk_toolkit.kafka.topic_configs import TopicConfig, broker_config, topic_configs
from msk_toolkit.settings.cluster import ClusterKind
from msk_toolkit.topics.declared import DeclaredTopic
from msk_toolkit.topics.units import same

# What warnings look at, declared or not.
_IN_SYNC = "min.insync.replicas"
_ALWAYS = frozenset(
    {
        _IN_SYNC,
        "cleanup.policy",
        "max.message.bytes",
        "retention.ms",
        "retention.bytes",
        "unclean.leader.election.enable",
    }
)
_PARTITIONS_NAMED = 5


class ObservedTopic(msgspec.Struct, frozen=True):
    """A topic as it stands; ``config`` is what is set on it and what a plan looks at, with its origin.

    ``replication_factor`` is the smallest number of replicas that a partition has, or will have when the replicas that
    are being moved have arrived; ``uneven`` names the partitions that have another number, and ``moving`` counts those
    whose replicas are being moved.
    """

    name: str
    partitions: int
    replication_factor: int
    config: Mapping[str, TopicConfig]
    uneven: str = ""
    moving: int = 0


class ObservedTopics(msgspec.Struct, frozen=True):
    """What the cluster showed.

    ``topics`` holds the declared ones that exist, ``others`` the names of all other visible topics but Kafka's own,
    ``unreadable`` for each declared topic that the user may not see or describe the broker's reason;
    ``default_in_sync`` the cluster's own min.insync.replicas, None where nobody asked or it can't be told.
    """

    brokers: int
    topics: Mapping[str, ObservedTopic]
    others: list[str] = []
    unreadable: Mapping[str, str] = {}
    kind: ClusterKind = "standard"
    cluster_id: str = ""
    default_in_sync: int | None = None


def observe(
    session: Session, declared: Collection[DeclaredTopic], kind: ClusterKind, deadline: Deadline
) -> ObservedTopics:
    """Read the cluster, as far as the plan for these topics needs it.

    Raises:
        NoBrokerError, StageError: the cluster did not answer.
    """
    # Thirty keys of each topic are inherited, and a plan has a use for few of them.
    keys = _ALWAYS.union(*(topic.config for topic in declared))
    return session.query(lambda connection, until: _observe(connection, declared, keys, kind, until), deadline)


def _observe(
    connection: BrokerConnection,
    declared: Collection[DeclaredTopic],
    keys: frozenset[str],
    kind: ClusterKind,
    deadline: Deadline,
) -> ObservedTopics:
    wanted = {topic.name: topic.config for topic in declared}
    names = wanted.keys()
    cluster = read_metadata(connection, None, deadline, operations=False)
    topics = cluster.topics
    if unlisted := sorted(names - topics.keys()):
        # The list leaves out what the user may not see; asked by name, the broker says so.
        topics = topics | read_metadata(connection, unlisted, deadline, operations=False).topics
    unreadable = {
        name: f"Metadata answered {error_name(topics[name].error_code)}"
        for name in names & topics.keys()
        if topics[name].error_code not in (ErrorCode.NONE, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    }
    there = {name: topic for name, topic in topics.items() if not topic.error_code}
    configs, errors = topic_configs(connection, sorted(names & there.keys()), deadline, keep=keys)
    if own := _own_otherwise(configs, wanted):
        asked, _ = topic_configs(connection, sorted(own), deadline, own, inherited=True)
        configs |= {name: configs[name] | asked[name] for name in asked}
    unreadable |= {
        name: str(error) for name, error in errors.items() if error.code != ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    }
    described = {name: there[name] for name in configs}
    moving = _moving(connection, described, {topic.name: topic.replication_factor for topic in declared}, deadline)
    return ObservedTopics(
        brokers=len(cluster.brokers),
        topics={name: observed_topic(there[name], config, moving.get(name, {})) for name, config in configs.items()},
        others=sorted(name for name, topic in there.items() if name not in names and not is_internal(topic)),
        unreadable=unreadable,
        kind=kind,
        cluster_id=cluster.cluster_id,
        default_in_sync=_default_in_sync(connection, declared, there.keys(), cluster, deadline),
    )


def _moving(
    connection: BrokerConnection, topics: Mapping[str, Topic], declared: Mapping[str, int], deadline: Deadline
) -> Mapping[str, Mapping[int, int]]:
    """For topics whose number of replicas is not the declared one: how many replicas of a partition are on their way
    out, while those that replace them arrive."""
    odd = {
        name: [partition.index for partition in topic.partitions]
        for name, topic in topics.items()
        if {len(partition.replicas) for partition in topic.partitions} != {declared[name]}
    }
    return leaving_replicas(connection, odd, deadline) if odd else {}


def _default_in_sync(
    connection: BrokerConnection,
    declared: Collection[DeclaredTopic],
    there: Collection[str],
    cluster: ClusterMetadata,
    deadline: Deadline,
) -> int | None:
    """The cluster's min.insync.replicas, where a topic that is to be created leaves it to the cluster."""
    if all(topic.name in there or _IN_SYNC in topic.config for topic in declared):
        return None
    asked = next((broker for broker, address in cluster.brokers.items() if address == connection.address), None)
    text = broker_config(connection, asked, _IN_SYNC, deadline) if asked is not None else None
    return int(text) if text and text.isdigit() else None


def _own_otherwise(
    configs: Mapping[str, Mapping[str, TopicConfig]], wanted: Mapping[str, Mapping[str, str]]
) -> dict[str, list[str]]:
    """The keys that are set on a topic otherwise than declared, or without being declared."""
    own = {
        name: [
            key
            for key, setting in config.items()
            if setting.source == "topic" and not (key in wanted[name] and same(setting.value, wanted[name][key]))
        ]
        for name, config in configs.items()
    }
    return {name: keys for name, keys in own.items() if keys}


def observed_topic(topic: Topic, config: Mapping[str, TopicConfig], leaving: Mapping[int, int]) -> ObservedTopic:
    """A topic from what a broker says of it; ``leaving`` counts, by partition, the replicas on their way out."""
    numbers = {
        partition.index: len(partition.replicas) - leaving.get(partition.index, 0) for partition in topic.partitions
    }
    factor = min(numbers.values(), default=0)
    return ObservedTopic(
        topic.name, len(topic.partitions), factor, config, uneven=_uneven(numbers, factor), moving=len(leaving)
    )


def _uneven(numbers: Mapping[int, int], factor: int) -> str:
    others = [partition for partition, number in numbers.items() if number != factor]
    if not others:
        return ""
    fewest = [partition for partition, number in numbers.items() if number == factor]
    few, named = ("have", fewest) if len(fewest) <= len(others) else ("do not have", others)
    shown = ", ".join(map(str, named[:_PARTITIONS_NAMED]))
    more = f" and {len(named) - _PARTITIONS_NAMED} more" if len(named) > _PARTITIONS_NAMED else ""
    return f"partitions {shown}{more} {few} {factor}"


def is_internal(topic: Topic) -> bool:
    """Whether a topic is one of Kafka's own or of MSK's."""
    # Brokers mark only their own; MSK's canary (__amazon_msk_canary) is not marked.
    return topic.internal or topic.name.startswith("__")
