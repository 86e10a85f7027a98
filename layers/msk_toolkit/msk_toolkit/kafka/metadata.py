"""One broker's metadata of its cluster: brokers, controller, topics and partitions."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from kafka.protocol.metadata import MetadataRequest

from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.access import BrokerAddress, advertised_address
from msk_toolkit.kafka.connection import BrokerConnection, reading
from msk_toolkit.stage import Stage


class Partition(msgspec.Struct, frozen=True):
    """A partition as the queried broker sees it; ``leader`` is -1 where there is none."""

    index: int
    leader: int
    replicas: tuple[int, ...]
    in_sync: tuple[int, ...]


class Topic(msgspec.Struct, frozen=True):
    """A topic; ``error_code`` is Kafka's, 0 where the topic can be used.

    ``operations`` holds the numbers of Kafka's operations that the user may do, or is None where the broker does not
    say.
    """

    name: str
    error_code: int
    internal: bool
    partitions: tuple[Partition, ...]
    operations: frozenset[int] | None = None

    @property
    def is_served(self) -> bool:
        """Whether the topic can be used and every partition has a leader."""
        return not self.error_code and all(partition.leader >= 0 for partition in self.partitions)

    @property
    def replication_factor(self) -> int:
        """The number of replicas, whether they are in sync or not."""
        return max((len(partition.replicas) for partition in self.partitions), default=0)


class ClusterMetadata(msgspec.Struct, frozen=True):
    """The cluster as one broker sees it; ``controller`` is -1 where there is none."""

    cluster_id: str
    controller: int
    brokers: dict[int, BrokerAddress]
    topics: dict[str, Topic]


# The last version whose response has no operations: half the work to read.
_WITHOUT_OPERATIONS = 7


def read_metadata(
    connection: BrokerConnection,
    topics: Sequence[str] | None,
    deadline: Deadline,
    stage: Stage = Stage.METADATA,
    *,
    operations: bool = True,
) -> ClusterMetadata:
    """Request the named topics, or all with None; without ``operations`` what the user may do is left out.

    Raises:
        StageError: under ``stage``.
    """
    request = _request(topics, operations)
    answer = connection.send(request, stage, deadline, None if operations else _WITHOUT_OPERATIONS)
    with reading(connection, "Metadata", stage):
        metadata = _metadata(answer)
        # A broker answers for each topic that is requested, if only that it does not know it.
        if missing := set(topics or ()) - metadata.topics.keys():
            raise LookupError(f"{len(missing)} of the topics")
    return metadata


def _request(topics: Sequence[str] | None, operations: bool) -> MetadataRequest:
    requested: list[Any] | None = None
    if topics is not None:
        requested = [MetadataRequest.MetadataRequestTopic(name=name) for name in topics]
    return MetadataRequest(
        topics=requested, allow_auto_topic_creation=False, include_topic_authorized_operations=operations
    )


def _metadata(answer: Any) -> ClusterMetadata:
    return ClusterMetadata(
        cluster_id=answer.cluster_id or "",
        controller=answer.controller_id,
        brokers={broker.node_id: advertised_address(broker.host, broker.port) for broker in answer.brokers},
        topics={topic.name: _topic(topic) for topic in answer.topics},
    )


# In Kafka's bit field of authorized operations the sign bit alone says that they are not known.
_OPERATIONS_UNKNOWN = 31


def _topic(topic: Any) -> Topic:
    return Topic(
        name=topic.name,
        error_code=topic.error_code,
        internal=topic.is_internal,
        operations=_operations(topic.authorized_operations),
        partitions=tuple(
            Partition(
                index=partition.partition_index,
                leader=partition.leader_id,
                replicas=tuple(partition.replica_nodes),
                in_sync=tuple(partition.isr_nodes),
            )
            for partition in sorted(
                topic.partitions,
                key=lambda partition: partition.partition_index,
            )
        ),
    )


def _operations(authorized: Iterable[int] | None) -> frozenset[int] | None:
    # None for a topic that the user may not see, and from brokers before 2.3.
    if authorized is None:
        return None
    operations = frozenset(authorized)
    if _OPERATIONS_UNKNOWN in operations:
        return None
    return operations
