"""The cluster as the plan needs it: all topics and their configuration, in one request each.

Only where a topic has a value of its own that the plan reports, a small third request reads what would apply without
it.
"""

from collections.abc import Collection, Mapping, Sequence, Set

import msgspec

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import BrokerError
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.kafka.error_codes import ErrorCode, error_name
from msk_toolkit.kafka.metadata import ClusterMetadata, Topic, read_metadata
from msk_toolkit.kafka.reassignments import leaving_replicas
from msk_toolkit.kafka.session import Session
from msk_toolkit.kafka.topic_configs import TopicConfig, broker_config, topic_configs
from msk_toolkit.settings.cluster import ClusterKind
from msk_toolkit.topics.declared import DeclaredTopic
from msk_toolkit.topics.units import same, to_whole

# What warnings read, declared or not.
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
    """A topic on the cluster; ``config`` is what is set on it and what a plan reads, with its origin.

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
    """The cluster's topics.

    ``topics`` holds the declared ones that exist, ``others`` the names of all other visible topics but Kafka's own,
    ``unreadable`` for each declared topic that the user may not see or describe the broker's reason;
    ``default_in_sync`` the cluster's own min.insync.replicas, None where it was not requested or could not be read.
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
    # Thirty keys of each topic are inherited, and a plan needs few of them.
    keys = _ALWAYS.union(*(topic.config for topic in declared))
    return session.query(lambda connection, until: _observe(connection, declared, keys, kind, until), deadline)


def _observe(
    connection: BrokerConnection,
    declared: Collection[DeclaredTopic],
    keys: frozenset[str],
    kind: ClusterKind,
    deadline: Deadline,
) -> ObservedTopics:
    factors = {topic.name: topic.replication_factor for topic in declared}
    cluster = read_metadata(connection, None, deadline, operations=False)
    topics = _with_unlisted(connection, cluster.topics, factors.keys(), deadline)
    existing = {name: topic for name, topic in topics.items() if not topic.error_code}
    configs, errors = _configs(connection, declared, existing, keys, deadline)
    moving = _moving(connection, {name: existing[name] for name in configs}, factors, deadline)
    return ObservedTopics(
        brokers=len(cluster.brokers),
        topics=_topics(existing, configs, moving),
        others=_others(existing, factors.keys()),
        unreadable=_unlisted(topics, factors.keys()) | errors,
        kind=kind,
        cluster_id=cluster.cluster_id,
        default_in_sync=_default_in_sync(connection, declared, existing.keys(), cluster, deadline),
    )


def _topics(
    existing: Mapping[str, Topic],
    configs: Mapping[str, Mapping[str, TopicConfig]],
    moving: Mapping[str, Mapping[int, int]],
) -> dict[str, ObservedTopic]:
    return {name: observed_topic(existing[name], config, moving.get(name, {})) for name, config in configs.items()}


def _with_unlisted(
    connection: BrokerConnection, listed: Mapping[str, Topic], names: Set[str], deadline: Deadline
) -> dict[str, Topic]:
    """All topics: the list leaves out what the user may not see; asked by name, the broker says so."""
    unlisted = sorted(names - listed.keys())
    if not unlisted:
        return dict(listed)
    return {**listed, **read_metadata(connection, unlisted, deadline, operations=False).topics}


def _others(existing: Mapping[str, Topic], names: Collection[str]) -> list[str]:
    return sorted(name for name, topic in existing.items() if name not in names and not is_internal(topic))


def _unlisted(topics: Mapping[str, Topic], names: Collection[str]) -> dict[str, str]:
    """For each of these topics that the broker refuses to list, its reason."""
    passed = (ErrorCode.NONE, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    codes = {name: topics[name].error_code for name in names if name in topics}
    return {name: f"Metadata answered {error_name(code)}" for name, code in codes.items() if code not in passed}


def _configs(
    connection: BrokerConnection,
    declared: Collection[DeclaredTopic],
    existing: Mapping[str, Topic],
    keys: frozenset[str],
    deadline: Deadline,
) -> tuple[dict[str, dict[str, TopicConfig]], dict[str, str]]:
    """The configuration of the declared topics that exist, and why it can't be read, by name."""
    by_name = {topic.name: topic.config for topic in declared}
    configs, errors = topic_configs(connection, sorted(by_name.keys() & existing.keys()), deadline, keep=keys)
    if own := _differing_keys(configs, by_name):
        inherited, _ = topic_configs(connection, sorted(own), deadline, own, inherited=True)
        configs |= {name: configs[name] | inherited[name] for name in inherited}
    return configs, _reasons(errors)


def _reasons(errors: Mapping[str, BrokerError]) -> dict[str, str]:
    # Deleted since it was listed: not unreadable.
    passed = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    return {name: str(error) for name, error in errors.items() if error.code != passed}


def _moving(
    connection: BrokerConnection, topics: Mapping[str, Topic], declared: Mapping[str, int], deadline: Deadline
) -> Mapping[str, Mapping[int, int]]:
    """For topics whose number of replicas is not the declared one: how many replicas of a partition are being
    removed, while those that replace them arrive."""
    odd = {
        name: [partition.index for partition in topic.partitions]
        for name, topic in topics.items()
        if _replica_counts(topic) != {declared[name]}
    }
    if not odd:
        return {}
    return leaving_replicas(connection, odd, deadline)


def _replica_counts(topic: Topic) -> set[int]:
    return {len(partition.replicas) for partition in topic.partitions}


def _default_in_sync(
    connection: BrokerConnection,
    declared: Collection[DeclaredTopic],
    existing: Collection[str],
    cluster: ClusterMetadata,
    deadline: Deadline,
) -> int | None:
    """The cluster's min.insync.replicas, where a topic that is to be created leaves it to the cluster."""
    if all(topic.name in existing or _IN_SYNC in topic.config for topic in declared):
        return None
    connected = _broker_id(connection, cluster)
    if connected is None:
        return None
    return to_whole(broker_config(connection, connected, _IN_SYNC, deadline))


def _broker_id(connection: BrokerConnection, cluster: ClusterMetadata) -> int | None:
    return next((broker for broker, address in cluster.brokers.items() if address == connection.address), None)


def _differing_keys(
    configs: Mapping[str, Mapping[str, TopicConfig]], declared: Mapping[str, Mapping[str, str]]
) -> dict[str, list[str]]:
    """The keys that are set on a topic and differ from their declaration, or are not declared."""
    own: dict[str, list[str]] = {}
    for name, config in configs.items():
        for key, setting in config.items():
            if setting.source == "topic" and not _is_as_declared(setting, declared[name].get(key)):
                own.setdefault(name, []).append(key)
    return own


def _is_as_declared(setting: TopicConfig, value: str | None) -> bool:
    return value is not None and same(setting.value, value)


def observed_topic(topic: Topic, config: Mapping[str, TopicConfig], leaving: Mapping[int, int]) -> ObservedTopic:
    """A topic from what a broker says of it; ``leaving`` counts, by partition, the replicas that are being
    removed."""
    numbers = {
        partition.index: len(partition.replicas) - leaving.get(partition.index, 0) for partition in topic.partitions
    }
    factor = min(numbers.values(), default=0)
    return ObservedTopic(
        topic.name, len(topic.partitions), factor, config, uneven=_uneven(numbers, factor), moving=len(leaving)
    )


def _uneven(numbers: Mapping[int, int], factor: int) -> str:
    fewest: list[int] = []
    others: list[int] = []
    for partition, number in numbers.items():
        if number == factor:
            fewest.append(partition)
        else:
            others.append(partition)
    if not others:
        return ""
    if len(fewest) <= len(others):
        return f"{_some(fewest)} with {factor}"
    return f"{_some(others)} with more than {factor}"


def _some(partitions: Sequence[int]) -> str:
    if len(partitions) == 1:
        return f"partition {partitions[0]}"
    shown = ", ".join(map(str, partitions[:_PARTITIONS_NAMED]))
    if len(partitions) > _PARTITIONS_NAMED:
        shown += f" and {len(partitions) - _PARTITIONS_NAMED} more"
    return f"partitions {shown}"


def is_internal(topic: Topic) -> bool:
    """Whether a topic is one of Kafka's own or of MSK's."""
    # Brokers mark only their own; MSK's canary (__amazon_msk_canary) is not marked.
    return topic.internal or topic.name.startswith("__")
