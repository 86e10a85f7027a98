"""How far each forwarded topic is written and delivered, read from the brokers."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError

from local.aws.processed import EventSource
from local.console.history import Position

_TIMEOUT_MS = 4000


class OffsetsError(Exception):
    """The brokers did not answer."""


class ForwardedTopic(NamedTuple):
    """A topic and the consumer group of its mapping; without a commit the group starts at the topic's beginning."""

    name: str
    group: str


def forwarded_topics(sources: Sequence[EventSource], probe_topic: str) -> list[ForwardedTopic]:
    """The topics of the stack's mappings but for the probes' own."""
    topics = []
    for source in sources:
        group = source.properties["AmazonManagedKafkaEventSourceConfig"]["ConsumerGroupId"]
        topics += [ForwardedTopic(name, group) for name in source.properties["Topics"] if name != probe_topic]
    return topics


class Offsets:
    """Reads the offsets over one connection, which is opened again after an error. Not for several threads at once."""

    def __init__(self, bootstrap: str, topics: Sequence[ForwardedTopic]) -> None:
        self._bootstrap = bootstrap
        self._topics = topics
        self._admin: Any = None

    def read(self) -> dict[str, dict[int, Position]]:
        """By topic and partition; takes a few seconds at most.

        Raises:
            OffsetsError: the brokers did not answer.
        """
        try:
            if self._admin is None:
                self._admin = KafkaAdminClient(
                    bootstrap_servers=self._bootstrap.split(","),
                    request_timeout_ms=_TIMEOUT_MS,
                    bootstrap_timeout_ms=_TIMEOUT_MS,
                )
            return {topic.name: self._positions(topic) for topic in self._topics}
        except (KafkaError, OSError) as error:
            self.close()
            raise OffsetsError(f"the brokers' offsets could not be read: {type(error).__name__}") from error

    def close(self) -> None:
        """Close the connection."""
        admin, self._admin = self._admin, None
        if admin is not None:
            admin.close()

    def _positions(self, topic: ForwardedTopic) -> dict[int, Position]:
        description = self._admin.describe_topics([topic.name])[0]
        partitions = [TopicPartition(topic.name, entry["partition_index"]) for entry in description["partitions"]]
        ends = self._admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
        committed: Mapping[Any, Any] = self._admin.list_group_offsets(topic.group)[topic.group]
        positions = {}
        for partition in partitions:
            done = committed[partition].offset if partition in committed else 0
            positions[partition.partition] = Position(ends[partition].offset, done)
        return positions
