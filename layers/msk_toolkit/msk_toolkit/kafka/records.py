"""Writing a record to a partition's leader and reading from it, by offset."""

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from kafka.errors import CorruptRecordError, UnsupportedCodecError
from kafka.protocol.consumer import FetchRequest, ListOffsetsRequest
from kafka.protocol.producer import ProduceRequest
from kafka.record.memory_records import MemoryRecords, MemoryRecordsBuilder

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.conversation import Conversation
from msk_toolkit.kafka.error_codes import refused

_ALL_IN_SYNC = -1
_EARLIEST, _LATEST = -2, -1
_OFFSET_OUT_OF_RANGE = 1
_OFFSET_NOT_AVAILABLE = 78
_PAUSE_SECONDS = 0.05
_RECORD_FORMAT = 2
_NO_COMPRESSION = 0
_CREATE_TIME = 0


class Record(NamedTuple):
    """A record as it stands in its partition; ``timestamp`` in milliseconds since 1970, its type 0 for the producer's
    time and 1 for the broker's."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    timestamp_type: int = 0


def produce(
    conversation: Conversation, topic: str, partition: int, value: bytes, *, timestamp: int, deadline: Deadline
) -> int:
    """Stage ``produce``: write one record with acks=all; answers its offset.

    Raises:
        StageError: refused, not enough replicas, or not acknowledged in time (then it may stand there all the same).
    """
    batch = MemoryRecordsBuilder(magic=_RECORD_FORMAT, compression_type=_NO_COMPRESSION, batch_size=len(value) + 1024)
    batch.append(timestamp=timestamp, key=None, value=value, headers=[])
    batch.close()
    data = ProduceRequest.TopicProduceData(
        name=topic,
        partition_data=[
            ProduceRequest.TopicProduceData.PartitionProduceData(index=partition, records=bytes(batch.buffer()))
        ],
    )
    # The broker gives up a little earlier than we do, so that its own reason arrives.
    patience_ms = max(1, int(deadline.remaining() * 900))
    try:
        answer = conversation.ask(
            ProduceRequest(transactional_id=None, acks=_ALL_IN_SYNC, timeout_ms=patience_ms, topic_data=[data]),
            "produce",
            deadline,
        )
    except StageError as error:
        if error.cause == "request-timeout":
            raise StageError("produce", "acknowledgement-late", error.peer, "no acknowledgement in time") from error
        raise
    result = answer.responses[0].partition_responses[0]
    if result.error_code:
        raise refused("produce", "Produce", result.error_code, conversation.address, f"{topic}-{partition}")
    return int(result.base_offset)


def fetch(
    conversation: Conversation, topic: str, starts: Mapping[int, int], *, stage: str = "fetch", deadline: Deadline
) -> dict[int, list[Record]]:
    """Read each partition from its start offset, as much as one answer holds; empty where nothing stands there.

    Raises:
        StageError: under ``stage``.
    """
    found: dict[int, list[Record]] = {}
    for partition, data in _fetched(conversation, topic, starts, stage, deadline).items():
        try:
            records = _records(data)
        except (CorruptRecordError, UnsupportedCodecError) as error:
            raise _unreadable(stage, conversation, error) from error
        # A leader answers with whole batches: the first may begin before the offset that was asked for.
        found[partition] = [record for record in records if record.offset >= starts[partition]]
    return found


def first_timestamps(
    conversation: Conversation, topic: str, starts: Mapping[int, int], stage: str, deadline: Deadline
) -> dict[int, int]:
    """When the first record from each start offset on was written, in milliseconds since 1970; absent where none is.

    A batch's header tells it of the batch's first record, whichever codec packed the batch.

    Raises:
        StageError: under ``stage``.
    """
    found: dict[int, int] = {}
    while waiting := {partition: start for partition, start in starts.items() if partition not in found}:
        before = len(found)
        for partition, data in _fetched(conversation, topic, waiting, stage, deadline).items():
            try:
                time_of = _first_timestamp(data)
            except (CorruptRecordError, UnsupportedCodecError) as error:
                raise _unreadable(stage, conversation, error) from error
            if time_of is not None:
                found[partition] = time_of
        # An answer holds so many bytes: what did not fit is asked for again.
        if len(found) == before:
            break
    return found


def offset_range(
    conversation: Conversation, topic: str, partitions: list[int], stage: str, deadline: Deadline
) -> dict[int, tuple[int, int]]:
    """First and next offset of each partition that the broker leads.

    Raises:
        StageError: under ``stage``.
    """
    first = _offsets(conversation, topic, dict.fromkeys(partitions, _EARLIEST), stage, deadline)
    following = _offsets(conversation, topic, dict.fromkeys(partitions, _LATEST), stage, deadline)
    return {partition: (first[partition], following[partition]) for partition in partitions}


def offset_at(
    conversation: Conversation, topic: str, partition: int, timestamp: int, stage: str, deadline: Deadline
) -> int | None:
    """The offset of the first record from ``timestamp`` (milliseconds since 1970) on; None where there is none.

    Raises:
        StageError: under ``stage``.
    """
    offset = _offsets(conversation, topic, {partition: timestamp}, stage, deadline)[partition]
    return offset if offset >= 0 else None


def _fetched(
    conversation: Conversation, topic: str, starts: Mapping[int, int], stage: str, deadline: Deadline
) -> dict[int, bytes]:
    """One answer's batches for each partition, packed as they stand there."""
    partitions = [
        FetchRequest.FetchTopic.FetchPartition(
            partition=partition, fetch_offset=start, partition_max_bytes=1024 * 1024, current_leader_epoch=-1
        )
        for partition, start in starts.items()
    ]
    answer = _unthrottled(
        conversation,
        lambda: FetchRequest(
            replica_id=-1,
            max_wait_ms=max(1, min(500, int(deadline.remaining() * 500))),
            min_bytes=1,
            max_bytes=8 * 1024 * 1024,
            isolation_level=0,
            session_id=0,
            session_epoch=-1,
            topics=[FetchRequest.FetchTopic(topic=topic, partitions=partitions)],
            forgotten_topics_data=[],
            rack_id="",
        ),
        stage,
        deadline,
    )
    found: dict[int, bytes] = {}
    for part in (part for response in answer.responses for part in response.partitions):
        if part.error_code not in (0, _OFFSET_OUT_OF_RANGE):
            about = f"{topic}-{part.partition_index}"
            raise refused(stage, "Fetch", part.error_code, conversation.address, about)
        found[part.partition_index] = b"" if part.error_code else bytes(part.records or b"")
    return found


def _unthrottled(conversation: Conversation, request: Callable[[], Any], stage: str, deadline: Deadline) -> Any:
    """Ask until the answer holds something: to a reader over its quota a broker names no partition at all."""
    while True:
        answer = conversation.ask(request(), stage, deadline)
        if answer.responses:
            return answer
        wait = max(answer.throttle_time_ms / 1000, _PAUSE_SECONDS)
        if wait >= deadline.remaining():
            words = f"the broker throttles the reader, for {wait:g} s more"
            raise StageError(stage, "throttled", str(conversation.address), words)
        time.sleep(wait)


def _offsets(
    conversation: Conversation, topic: str, times: Mapping[int, int], stage: str, deadline: Deadline
) -> dict[int, int]:
    request = ListOffsetsRequest.ListOffsetsTopic(
        name=topic,
        partitions=[
            ListOffsetsRequest.ListOffsetsTopic.ListOffsetsPartition(
                partition_index=partition, timestamp=timestamp, current_leader_epoch=-1
            )
            for partition, timestamp in times.items()
        ],
    )
    while True:
        answer = conversation.ask(
            ListOffsetsRequest(replica_id=-1, isolation_level=0, topics=[request]), stage, deadline
        )
        found = {part.partition_index: part for part in answer.topics[0].partitions}
        wrong = next((part for part in found.values() if part.error_code), None)
        if wrong is None:
            return {partition: int(part.offset) for partition, part in found.items()}
        # A leader elected a moment ago learns from its followers' next fetches how far the records stand (KIP-207).
        if wrong.error_code != _OFFSET_NOT_AVAILABLE or deadline.remaining() <= 2 * _PAUSE_SECONDS:
            about = f"{topic}-{wrong.partition_index}"
            raise refused(stage, "ListOffsets", wrong.error_code, conversation.address, about)
        time.sleep(_PAUSE_SECONDS)


def _unreadable(stage: str, conversation: Conversation, error: Exception) -> StageError:
    words = f"can't read the records ({type(error).__name__})"
    return StageError(stage, "protocol-error", str(conversation.address), words)


def _first_timestamp(data: bytes) -> int | None:
    batches = MemoryRecords(data)
    if not batches.has_next():
        return None
    batch = batches.next_batch()
    if batch.magic < _RECORD_FORMAT:
        return next((int(record.timestamp) for record in batch if record.timestamp is not None), None)
    return int(batch.first_timestamp if batch.timestamp_type == _CREATE_TIME else batch.max_timestamp)


def _records(data: bytes) -> list[Record]:
    records: list[Record] = []
    batches = MemoryRecords(data)
    while batches.has_next():
        batch = batches.next_batch()
        # Transaction markers are Kafka's, not a producer's.
        if not batch.is_control_batch:
            records.extend(
                Record(
                    record.offset,
                    record.timestamp,
                    record.key,
                    record.value,
                    tuple(record.headers),
                    record.timestamp_type or 0,
                )
                for record in batch
            )
    return records
