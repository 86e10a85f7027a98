"""Requests that only a partition's leader answers."""

from collections import defaultdict
from collections.abc import Sequence

from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.access import Access
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.kafka.metadata import ClusterMetadata
from msk_toolkit.kafka.records import offset_range
from msk_toolkit.network.stages import StageLog
from msk_toolkit.stage import Stage


def count_records(
    access: Access, cluster: ClusterMetadata, topics: Sequence[str], deadline: Deadline, stage_seconds: float
) -> dict[str, int]:
    """How many offsets each topic holds over all of its partitions, compacted ones counted in.

    Raises:
        StageError: a leader did not answer, or a partition has none.
    """
    counts = dict.fromkeys(topics, 0)
    for leader, partitions in _by_leader(cluster, topics).items():
        if leader not in cluster.brokers:
            about = ", ".join(partitions)
            raise StageError(
                Stage.METADATA, Cause.LEADERLESS, str(access.brokers[0]), f"{about}: a partition has no leader"
            )
        with BrokerConnection.open(cluster.brokers[leader], access, StageLog(deadline, stage_seconds)) as connection:
            for name, indexes in partitions.items():
                ranges = offset_range(connection, name, indexes, Stage.METADATA, deadline)
                counts[name] += sum(following - first for first, following in ranges.values())
    return counts


def _by_leader(cluster: ClusterMetadata, topics: Sequence[str]) -> dict[int, dict[str, list[int]]]:
    led: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for name in topics:
        for partition in cluster.topics[name].partitions:
            led[partition.leader][name].append(partition.index)
    return led
