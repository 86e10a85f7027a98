"""A member of the mapping's consumer group, on kafka-python."""

import itertools
import logging
import queue
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError, SaslAuthenticationFailedError
from kafka.structs import OffsetAndMetadata

from local.event_source_mapping.event import Partition, Record
from local.event_source_mapping.mapping import Mapping as EventSourceMapping
from local.event_source_mapping.mapping import StartingPosition
from local.event_source_mapping.poller import Polled, SourceError

_TIMESTAMP_TYPES = {0: "CREATE_TIME", 1: "LOG_APPEND_TIME"}
# Offsets of a timestamp are committed before the consumer subscribes.
_OFFSET_RESETS = {
    StartingPosition.LATEST: "latest",
    StartingPosition.TRIM_HORIZON: "earliest",
    StartingPosition.AT_TIMESTAMP: "earliest",
}
_COMMIT_MS = 5000
_CLOSE_MS = 500
# A function may run for 14 minutes, and nothing is polled meanwhile.
_MAX_INVOCATION_MS = 15 * 60 * 1000


class KafkaSource:
    """Connects at the first poll, and again after an error.

    Args:
        client: returns the connection's kafka-python settings; called for each connection, since a password may have
            been rotated. Raises ``SourceError``.
    """

    def __init__(self, mapping: EventSourceMapping, client: Callable[[], Mapping[str, Any]]) -> None:
        self._mapping = mapping
        self._client = client
        self._settings: dict[str, Any] = {
            "group_id": mapping.consumer_group_id,
            "enable_auto_commit": False,
            "allow_auto_create_topics": False,
            "auto_offset_reset": _OFFSET_RESETS[mapping.starting_position],
            "max_poll_records": max(500, mapping.batch_size),
            "max_poll_interval_ms": _MAX_INVOCATION_MS,
            # A poller that is killed must not keep its partitions for long (6 s is the brokers' least).
            "session_timeout_ms": 6000,
            "heartbeat_interval_ms": 2000,
            "request_timeout_ms": 10_000,
            "bootstrap_timeout_ms": 5000,
            "reconnect_backoff_max_ms": 1000,
            # A new topic or partition is noticed in seconds, as Lambda's pollers do in minutes.
            "metadata_max_age_ms": 5000,
            "metrics_enabled": False,
        }
        self._refused = _RefusedLogin()
        self._consumer: Any = None
        self._assignment: frozenset[Partition] = frozenset()
        self._revoked: queue.SimpleQueue[Partition] = queue.SimpleQueue()

    def poll(self, timeout_seconds: float) -> Polled:
        return self._poll(timeout_seconds, reading=True)

    def keep_alive(self) -> Polled:
        return self._poll(0, reading=False)

    def commit(self, offsets: Mapping[Partition, int]) -> None:
        if self._consumer is None:
            raise SourceError("commit: not connected")
        try:
            self._consumer.commit(_committable(offsets), timeout_ms=_COMMIT_MS)
        except KafkaError as error:
            raise SourceError(f"commit: {error}") from error

    def assignment(self) -> frozenset[Partition]:
        return self._assignment

    def leave(self) -> None:
        """Leave the group, so that the next member need not wait for the session to time out."""
        consumer, self._consumer = self._consumer, None
        self._assignment = frozenset()
        if consumer is not None:
            # Whatever goes wrong now, the session's timeout does the same.
            with suppress(KafkaError, OSError):
                consumer.close(autocommit=False, timeout_ms=_CLOSE_MS)

    def _poll(self, timeout_seconds: float, *, reading: bool) -> Polled:
        owned, lost = self._assignment, frozenset[Partition]()
        try:
            if self._consumer is None:
                self._consumer = self._connect()
            consumer = self._consumer
            self._refused.check()
            if reading:
                consumer.resume(*consumer.paused())
            else:
                consumer.pause(*consumer.assignment())
            polled = consumer.poll(timeout_ms=round(timeout_seconds * 1000))
            _go_on_joining(consumer)
            lost = frozenset(self._taken_away())
            self._assignment = frozenset(Partition(*assigned) for assigned in consumer.assignment())
            self._begin_again(lost & self._assignment)
        except (KafkaError, OSError) as error:
            # A client that has failed once is not trusted again; what it owned will be read again.
            self.leave()
            for partition in owned | lost:
                self._revoked.put(partition)
            raise SourceError(f"poll: {type(error).__name__}: {error}") from error
        records = map(_record, itertools.chain.from_iterable(polled.values()))
        return Polled(tuple(record for record in records if record.partition not in lost), lost)

    def _begin_again(self, partitions: frozenset[Partition]) -> None:
        """Read partitions that came back from their committed offsets.

        kafka-python 3.0.12 goes on where it was, and what was read and is dropped with the partition would be skipped;
        Kafka's own client begins at the committed offset.
        """
        for partition in partitions:
            place = TopicPartition(*partition)
            committed = self._consumer.committed(place, timeout_ms=_COMMIT_MS)
            if committed is not None:
                self._consumer.seek(place, committed)
            elif self._settings["auto_offset_reset"] == "earliest":
                self._consumer.seek_to_beginning(place)
            else:
                self._consumer.seek_to_end(place)

    def _connect(self) -> Any:
        settings = {**self._settings, **self._client()}
        if self._mapping.starting_position is StartingPosition.AT_TIMESTAMP:
            self._begin_at_timestamp(settings)
        consumer = KafkaConsumer(**settings)
        consumer.subscribe(topics=list(self._mapping.topics), listener=_Listener(self._revoked))
        return consumer

    def _begin_at_timestamp(self, settings: Mapping[str, Any]) -> None:
        """Commit the offsets of that moment where the group has none: kafka-python has no such reset."""
        consumer = KafkaConsumer(**settings)
        try:
            partitions: list[TopicPartition] = []
            for topic in self._mapping.topics:
                numbers = consumer.partitions_for_topic(topic) or ()
                partitions += [TopicPartition(topic, number) for number in numbers]
            new = [
                partition for partition in partitions if consumer.committed(partition, timeout_ms=_COMMIT_MS) is None
            ]
            if not new:
                return
            consumer.assign(new)
            offsets = {Partition(*partition): end for partition, end in consumer.end_offsets(new).items()}
            starts = consumer.offsets_for_times(dict.fromkeys(new, self._mapping.starting_timestamp_ms))
            offsets |= {Partition(*partition): start.offset for partition, start in starts.items() if start}
            consumer.commit(_committable(offsets), timeout_ms=_COMMIT_MS)
        finally:
            consumer.close(autocommit=False, timeout_ms=_CLOSE_MS)

    def _taken_away(self) -> set[Partition]:
        return {self._revoked.get() for _ in range(self._revoked.qsize())}


class _RefusedLogin(logging.Handler):
    """Notices that a broker has refused a login while others still serve: kafka-python 3.0.12 only logs it.

    The consumer would try the same password again without end, and skip that broker's partitions.
    """

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._reason = ""
        logging.getLogger("kafka").addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if SaslAuthenticationFailedError.__name__ in text:
            self._reason = text

    def check(self) -> None:
        """Raise what was noticed since the last time."""
        reason, self._reason = self._reason, ""
        if reason:
            raise SaslAuthenticationFailedError(reason)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Notes what is taken away; it runs on the client's own thread.

    Even a partition that comes back at once counts as lost, and is read from its committed offset again.
    """

    def __init__(self, revoked: queue.SimpleQueue[Partition]) -> None:
        self._revoked = revoked

    def on_partitions_revoked(self, revoked: list[TopicPartition]) -> None:
        for partition in revoked:
            self._revoked.put(Partition(*partition))

    def on_partitions_assigned(self, assigned: list[TopicPartition]) -> None:
        pass


def _go_on_joining(consumer: Any) -> None:
    """Have the next poll finish a rebalance that this one had no time for.

    kafka-python 3.0.12 forgets one that a change of the topic began, once the leader has assigned its partitions: the
    polls then return nothing, and it sends no heartbeats (``findings/kafka-python-forgets-a-join.sh``).
    """
    coordinator = consumer._coordinator
    if coordinator.rejoining and not coordinator.need_rejoin():
        coordinator.request_rejoin()


def _committable(offsets: Mapping[Partition, int]) -> dict[TopicPartition, OffsetAndMetadata]:
    return {TopicPartition(*partition): OffsetAndMetadata(offset, "", -1) for partition, offset in offsets.items()}


def _record(record: Any) -> Record:
    return Record(
        partition=Partition(record.topic, record.partition),
        offset=record.offset,
        timestamp=record.timestamp,
        timestamp_type=_TIMESTAMP_TYPES.get(record.timestamp_type, "NO_TIMESTAMP_TYPE"),
        key=record.key,
        value=record.value,
        headers=tuple((name, value) for name, value in record.headers),
    )
