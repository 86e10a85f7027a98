"""The cluster as the plan needs it: all topics and their configuration, in one request each.

Only where a topic has a value of its own that the plan has something to say about, a small third one asks what would
hold without it.
"""

from collections.abc import Collection, Mapping
from typing import Literal

import msgspec

from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.conversation import Conversation
from msk_toolkit.kafka.error_codes import error_name
from msk_toolkit.kafka.metadata import Topic, read_metadata
from msk_toolkit.kafka.session import Session
from msk_toolkit.kafka.topic_configs import Setting, topic_configs
from msk_toolkit.kafka.topics import UNKNOWN_TOPIC
from msk_toolkit.topics.declared import DeclaredTopic
from msk_toolkit.topics.units import same

# What warnings look at, declared or not.
_ALWAYS = frozenset({"min.insync.replicas"})

ClusterKind = Literal["standard", "express", "serverless"]


class ObservedTopic(msgspec.Struct, frozen=True):
    """A topic as it stands; ``config`` is what is set on it and what a plan looks at, with its origin."""

    name: str
    partitions: int
    replication_factor: int
    config: Mapping[str, Setting]


class Observed(msgspec.Struct, frozen=True):
    """What the cluster showed.

    ``topics`` holds the declared ones that exist, ``others`` the names of all other visible topics but Kafka's own,
    ``unreadable`` for each declared topic that the user may not see or describe the broker's reason.
    """

    brokers: int
    topics: Mapping[str, ObservedTopic]
    others: list[str] = []
    unreadable: Mapping[str, str] = {}
    kind: ClusterKind = "standard"
    cluster_id: str = ""


def observe(session: Session, declared: Collection[DeclaredTopic], kind: ClusterKind, deadline: Deadline) -> Observed:
    """Read the cluster, as far as the plan for these topics needs it.

    Raises:
        NoBrokerError, StageError: the cluster did not answer.
    """
    wanted = {topic.name: topic.config for topic in declared}
    # Thirty keys of each topic are inherited, and a plan has a use for few of them.
    keys = _ALWAYS.union(*(topic.config for topic in declared))
    return session.read(lambda conversation, until: _observe(conversation, wanted, keys, kind, until), deadline)


def _observe(
    conversation: Conversation,
    wanted: Mapping[str, Mapping[str, str]],
    keys: frozenset[str],
    kind: ClusterKind,
    deadline: Deadline,
) -> Observed:
    names = wanted.keys()
    cluster = read_metadata(conversation, None, deadline, operations=False)
    topics = cluster.topics
    if unlisted := sorted(names - topics.keys()):
        # The list leaves out what the user may not see; asked by name, the broker says so.
        topics = topics | read_metadata(conversation, unlisted, deadline, operations=False).topics
    unreadable = {
        name: f"Metadata answered {error_name(topics[name].error_code)}"
        for name in names & topics.keys()
        if topics[name].error_code not in (0, UNKNOWN_TOPIC)
    }
    there = {name: topic for name, topic in topics.items() if not topic.error_code}
    configs, errors = topic_configs(conversation, sorted(names & there.keys()), deadline, keep=keys)
    if own := _own_otherwise(configs, wanted):
        asked, _ = topic_configs(conversation, sorted(own), deadline, own, inherited=True)
        configs |= {name: configs[name] | asked[name] for name in asked}
    unreadable |= {name: str(error) for name, error in errors.items() if error.code != UNKNOWN_TOPIC}
    return Observed(
        brokers=len(cluster.brokers),
        topics={name: _observed(there[name], config) for name, config in configs.items()},
        others=sorted(name for name, topic in there.items() if name not in names and not is_internal(topic)),
        unreadable=unreadable,
        kind=kind,
        cluster_id=cluster.cluster_id,
    )


def _own_otherwise(
    configs: Mapping[str, Mapping[str, Setting]], wanted: Mapping[str, Mapping[str, str]]
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


def _observed(topic: Topic, config: Mapping[str, Setting]) -> ObservedTopic:
    return ObservedTopic(topic.name, len(topic.partitions), topic.replication_factor, config)


def is_internal(topic: Topic) -> bool:
    """Whether a topic is one of Kafka's own or of MSK's."""
    # Brokers mark only their own; MSK's canary (__amazon_msk_canary) is not marked.
    return topic.internal or topic.name.startswith("__")
