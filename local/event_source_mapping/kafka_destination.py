"""The on-failure destination of provisioned mode that is a topic of the same cluster."""

from collections.abc import Callable
from collections.abc import Mapping as Settings
from datetime import datetime
from typing import Any

import msgspec
from kafka import KafkaProducer
from kafka.errors import KafkaError

from local.event_source_mapping.destination import DeliveryError, failure_record
from local.event_source_mapping.event import Record, Source, event_of, record_info
from local.event_source_mapping.mapping import KAFKA_DESTINATION, Mapping
from local.event_source_mapping.outcome import Batch, Dead
from local.event_source_mapping.poller import SourceError

_SEND_SECONDS = 20


class KafkaDestination:
    """A topic of the same cluster: a message for each record, under the record's key.

    Args:
        client: returns the connection's kafka-python settings, as for reading; raises ``SourceError``.
    """

    def __init__(self, mapping: Mapping, source: Source, client: Callable[[], Settings[str, Any]]) -> None:
        self._mapping, self._source, self._client = mapping, source, client
        self._topic = (mapping.on_failure_arn or "").removeprefix(KAFKA_DESTINATION)

    def deliver(self, dead: Dead, now: datetime) -> None:
        try:
            self._deliver(dead, now)
        except (KafkaError, OSError, SourceError) as error:
            raise DeliveryError(f"{self._mapping.on_failure_arn}: {type(error).__name__}: {error}") from error

    def _deliver(self, dead: Dead, now: datetime) -> None:
        # Records are given up rarely: a connection that waits for the next one would see no rotated password.
        producer = KafkaProducer(**self._client(), acks="all", max_block_ms=1000 * _SEND_SECONDS)
        try:
            sent = [
                producer.send(self._topic, key=record.key, value=self._message(dead, record, now))
                for record in dead.batch.records
            ]
            for future in sent:
                future.get(timeout=_SEND_SECONDS)
        finally:
            producer.close(timeout=1)

    def _message(self, dead: Dead, record: Record, now: datetime) -> bytes:
        """As AWS shows it: the event of one record as an object, and its place without ranges."""
        alone = Dead(Batch((record,), dead.batch.attempts), dead.condition)
        said = failure_record(self._mapping, self._source, alone, now)
        said["payload"] = event_of(self._source, [record])
        said["KafkaBatchInfo"]["recordInfo"] = record_info(record)
        return msgspec.json.encode(said)
