"""Records that a failure notification only names, fetched from Kafka again while they are still there."""

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.access import Access
from msk_toolkit.kafka.bootstrap import open_any
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.kafka.error_codes import refused_error
from msk_toolkit.kafka.metadata import read_metadata
from msk_toolkit.kafka.records import Fetched, KafkaRecord, offset_range, read_from
from msk_toolkit.network.stages import StageLog
from msk_toolkit.redrive.failures import Range
from msk_toolkit.stage import Stage

_TIMESTAMP_TYPES = {0: "CREATE_TIME", 1: "LOG_APPEND_TIME"}


def fetch_range(
    access: Access, discarded: Range, deadline: Deadline, stage_seconds: float
) -> Iterator[list[dict[str, Any]]]:
    """The range's records as the mapping would hand them over, some at a time, in offset order; fewer where retention
    or compaction has removed some. A record that is not known to be gone is requested again until the time is up.

    Records of aborted transactions are among them: AWS does not document which isolation level the mapping reads with.
    A superfluous record can stay in the bucket, a missing one would be lost.

    Raises:
        StageError, BrokerError: a broker can't be reached, or refuses.
        ConfigurationError: TRUSTED_CA holds no certificate.
    """
    with _leader(access, discarded, deadline, stage_seconds) as leader:
        at, stop = _still_there(leader, discarded, discarded.first, deadline)
        while at < stop:
            fetched = _fetched(leader, discarded, at, deadline)
            if fetched.out_of_range:
                at, stop = _behind_removed(leader, discarded, at, deadline)
                continue
            _check_end(leader, discarded, fetched.next_offset, deadline)
            events = _events(fetched, discarded, stop)
            if events:
                yield events
            at = fetched.next_offset


def _check_end(leader: BrokerConnection, discarded: Range, following: int, deadline: Deadline) -> None:
    # What a damaged response passes over would be taken for what retention has removed.
    if following <= discarded.last + 1:
        return
    bounds = offset_range(leader, discarded.topic, [discarded.partition], Stage.FETCH, deadline)
    end = bounds[discarded.partition][1]
    if following > end:
        detail = f"the leader's response reaches to offset {following} of {discarded.place}, which ends at {end}"
        raise StageError(Stage.FETCH, Cause.RECORDS_DAMAGED, str(leader.address), detail)


def _fetched(leader: BrokerConnection, discarded: Range, at: int, deadline: Deadline) -> Fetched:
    starts = {discarded.partition: at}
    # What becomes a letter is what the producer wrote.
    response = read_from(leader, discarded.topic, starts, deadline=deadline, with_checksums=True)
    fetched = response[discarded.partition]
    if deadline.expired:
        raise StageError(Stage.FETCH, Cause.REQUEST_TIMEOUT, str(leader.address), "no time left to fetch records")
    return fetched


def _events(fetched: Fetched, discarded: Range, stop: int) -> list[dict[str, Any]]:
    return [as_event(discarded, record) for record in fetched.records if record.offset < stop]


def _behind_removed(leader: BrokerConnection, discarded: Range, at: int, deadline: Deadline) -> tuple[int, int]:
    # Retention was faster; if it was not, it is not known that the record is gone.
    begin, stop = _still_there(leader, discarded, at, deadline)
    if begin == at < stop:
        detail = f"the leader has offset {at} of {discarded.place} and does not read it"
        raise StageError(Stage.FETCH, Cause.OFFSET_NOT_AVAILABLE, str(leader.address), detail)
    return begin, stop


def _still_there(leader: BrokerConnection, discarded: Range, at: int, deadline: Deadline) -> tuple[int, int]:
    """From where to read, and the offset behind the last record."""
    bounds = offset_range(leader, discarded.topic, [discarded.partition], Stage.FETCH, deadline)
    first, end = bounds[discarded.partition]
    return max(at, first), min(discarded.last + 1, end)


def offset_spans(access: Access, topic: str, deadline: Deadline, stage_seconds: float) -> dict[int, tuple[int, int]]:
    """First and next offset of each partition of a topic.

    Raises:
        StageError: a broker can't be reached or refuses, or there is no such topic.
        ConfigurationError: TRUSTED_CA holds no certificate.
    """
    connection, _ = open_any(access, deadline, stage_seconds)
    with connection:
        metadata = read_metadata(connection, [topic], deadline).topics[topic]
    if metadata.error_code:
        raise refused_error(Stage.METADATA, "Metadata", metadata.error_code, connection.address, topic)
    spans: dict[int, tuple[int, int]] = {}
    for partition in metadata.partitions:
        with _leader(access, Range(topic, partition.index, 0, 0), deadline, stage_seconds) as leader:
            spans |= offset_range(leader, topic, [partition.index], Stage.FETCH, deadline)
    return spans


def as_event(place: Range, record: KafkaRecord) -> dict[str, Any]:
    """A record in the mapping's form: base64, signed header bytes, absent where it holds none."""
    entry: dict[str, Any] = {
        "topic": place.topic,
        "partition": place.partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
        "timestampType": _TIMESTAMP_TYPES.get(record.timestamp_type, "NO_TIMESTAMP_TYPE"),
        "headers": [{name: _signed(octets)} for name, octets in record.headers],
    }
    for name, octets in (("key", record.key), ("value", record.value)):
        if octets is not None:
            entry[name] = b64encode(octets).decode()
    return entry


def _signed(octets: bytes | None) -> list[int] | None:
    return None if octets is None else list(memoryview(octets).cast("b"))


def _leader(access: Access, discarded: Range, deadline: Deadline, stage_seconds: float) -> BrokerConnection:
    connection, _ = open_any(access, deadline, stage_seconds)
    with connection:
        metadata = read_metadata(connection, [discarded.topic], deadline)
    topic = metadata.topics[discarded.topic]
    leaders = {partition.index: partition.leader for partition in topic.partitions}
    address = metadata.brokers.get(leaders.get(discarded.partition, -1))
    if address is None:
        detail = f"{discarded.place} has no leader or does not exist"
        raise StageError(Stage.METADATA, Cause.BROKER_ERROR, str(connection.address), detail)
    return BrokerConnection.open(address, access, StageLog(deadline, stage_seconds))
