"""Replicas that are being moved between brokers."""

from collections.abc import Mapping, Sequence
from typing import Any

from kafka.protocol.admin import ListPartitionReassignmentsRequest

from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.connection import BrokerConnection, broker_timeout_ms, reading
from msk_toolkit.stage import Stage


def leaving_replicas(
    controller: BrokerConnection, partitions: Mapping[str, Sequence[int]], deadline: Deadline
) -> dict[str, dict[int, int]]:
    """How many replicas of each partition are being removed; a topic is absent where none is moved.

    While replicas move, Kafka shows old and new ones together. Empty as well where the broker does not say: before
    Kafka 2.4, and where the user may not describe the cluster.

    Raises:
        StageError: under ``metadata``.
    """
    if not controller.supports(ListPartitionReassignmentsRequest, Stage.METADATA, deadline):
        return {}
    try:
        answer = controller.send(_listing(partitions, deadline), Stage.METADATA, deadline)
    except StageError as error:
        if error.cause == Cause.BROKER_ERROR:
            return {}
        raise
    with reading(controller, "ListPartitionReassignments", Stage.METADATA):
        if answer.error_code:
            return {}
        return {moved.name: _removed(moved) for moved in answer.topics}


def _removed(topic: Any) -> dict[int, int]:
    return {part.partition_index: len(part.removing_replicas) for part in topic.partitions}


def _listing(partitions: Mapping[str, Sequence[int]], deadline: Deadline) -> ListPartitionReassignmentsRequest:
    topic = ListPartitionReassignmentsRequest.ListPartitionReassignmentsTopics
    return ListPartitionReassignmentsRequest(
        timeout_ms=broker_timeout_ms(deadline),
        topics=[topic(name=name, partition_indexes=list(indexes)) for name, indexes in partitions.items()],
    )
