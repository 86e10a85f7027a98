"""Writing a record to a partition's leader and reading from it, by offset."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kafka.protocol.consumer import FetchRequest, ListOffsetsRequest
from kafka.protocol.producer import ProduceRequest
from kafka.record.memory_records import MemoryRecordsBuilder

from msk_toolkit.backoff import Backoff
from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.batches import Beginning, Budget, Fetched, beginning, read_records
from msk_toolkit.kafka.codecs import DamagedError, TooLargeError
from msk_toolkit.kafka.connection import BrokerConnection, broker_timeout_ms, reading
from msk_toolkit.kafka.current_format import KafkaRecord
from msk_toolkit.kafka.error_codes import ErrorCode, refused_error
from msk_toolkit.stage import Stage

__all__ = ["Fetched", "KafkaRecord", "fetch", "first_records", "offset_at", "offset_range", "produce", "read_from"]

_ALL_IN_SYNC = -1
_EARLIEST, _LATEST = -2, -1
_PAUSE_SECONDS = 0.05
# What is asked for; a batch that is larger comes whole. Below what is received from one broker at a time.
_PARTITION_BYTES, _RESPONSE_BYTES = 1024 * 1024, 2 * 1024 * 1024
_RECORD_FORMAT = 2
_NO_COMPRESSION = 0
# Unpacking briefly needs many times the memory of its result; brokers are read in threads of their own.
_UNPACKING = threading.Lock()


def produce(
    connection: BrokerConnection, topic: str, partition: int, value: bytes, *, timestamp: int, deadline: Deadline
) -> int:
    """Stage ``produce``: write one record with acks=all; answers its offset.

    Raises:
        StageError: refused, not enough replicas, or not acknowledged in time (it may have been written nevertheless).
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
    timeout_ms = broker_timeout_ms(deadline)
    try:
        answer = connection.send(
            ProduceRequest(transactional_id=None, acks=_ALL_IN_SYNC, timeout_ms=timeout_ms, topic_data=[data]),
            Stage.PRODUCE,
            deadline,
        )
    except StageError as error:
        if error.cause == Cause.REQUEST_TIMEOUT:
            raise StageError(
                Stage.PRODUCE, Cause.ACKNOWLEDGEMENT_LATE, error.peer, "no acknowledgement in time"
            ) from error
        raise
    with reading(connection, "Produce", Stage.PRODUCE):
        result = answer.responses[0].partition_responses[0]
        error_code, offset = result.error_code, int(result.base_offset)
    if error_code:
        raise refused_error(Stage.PRODUCE, "Produce", error_code, connection.address, f"{topic}-{partition}")
    return offset


def fetch(
    connection: BrokerConnection,
    topic: str,
    starts: Mapping[int, int],
    *,
    stage: Stage = Stage.FETCH,
    deadline: Deadline,
) -> dict[int, list[KafkaRecord]]:
    """Read each partition from its start offset, as much as one answer holds; empty where no record is in it.

    Raises:
        StageError: under ``stage``.
    """
    answer = read_from(connection, topic, starts, stage=stage, deadline=deadline)
    return {partition: fetched.records for partition, fetched in answer.items()}


def read_from(
    connection: BrokerConnection,
    topic: str,
    starts: Mapping[int, int],
    *,
    stage: Stage = Stage.FETCH,
    deadline: Deadline,
    with_checksums: bool = False,
) -> dict[int, Fetched]:
    """Read each partition from its start offset, as much as one answer holds, and say where to read on.

    Args:
        with_checksums: see :func:`msk_toolkit.kafka.batches.read_records`.

    Raises:
        StageError: under ``stage``.
    """
    budget = Budget()
    by_partition: dict[int, Fetched] = {}
    for partition, data in _fetched(connection, topic, starts, stage, deadline).items():
        start = starts[partition]
        if data is None:
            by_partition[partition] = Fetched([], start, out_of_range=True)
        elif budget.spent:
            by_partition[partition] = Fetched([], start)
        else:
            with _readable(connection, f"{topic}-{partition}", stage, deadline):
                by_partition[partition] = read_records(data, start, budget, deadline, with_checksums=with_checksums)
    return by_partition


def first_records(
    connection: BrokerConnection, topic: str, ranges: Mapping[int, tuple[int, int]], stage: Stage, deadline: Deadline
) -> dict[int, Beginning]:
    """The first record of each partition in a range of offsets, whose end is not in it.

    A partition is absent where the responses do not say, and ``holds_record`` is false where the range holds none.

    Raises:
        StageError: under ``stage``.
    """
    beginnings: dict[int, Beginning] = {}
    starts = {partition: start for partition, (start, _) in ranges.items()}
    while starts:
        # A response holds so many bytes: what did not fit is requested again.
        waiting = dict(starts)
        for partition, first in _beginnings(connection, topic, starts, stage, deadline).items():
            if first.ends_search(ranges[partition][1]):
                beginnings[partition] = first
                del waiting[partition]
            else:
                waiting[partition] = first.next_offset
        if waiting == starts:
            break
        starts = waiting
    return beginnings


def _beginnings(
    connection: BrokerConnection, topic: str, starts: Mapping[int, int], stage: Stage, deadline: Deadline
) -> dict[int, Beginning]:
    beginnings: dict[int, Beginning] = {}
    for partition, data in _fetched(connection, topic, starts, stage, deadline).items():
        with _readable(connection, f"{topic}-{partition}", stage, deadline):
            beginnings[partition] = beginning(data or b"", starts[partition], deadline)
    return beginnings


def offset_range(
    connection: BrokerConnection, topic: str, partitions: list[int], stage: Stage, deadline: Deadline
) -> dict[int, tuple[int, int]]:
    """First and next offset of each partition that the broker leads.

    Raises:
        StageError: under ``stage``.
    """
    first = _offsets(connection, topic, dict.fromkeys(partitions, _EARLIEST), stage, deadline)
    following = _offsets(connection, topic, dict.fromkeys(partitions, _LATEST), stage, deadline)
    return {partition: (first[partition], following[partition]) for partition in partitions}


def offset_at(
    connection: BrokerConnection, topic: str, partition: int, timestamp: int, stage: Stage, deadline: Deadline
) -> int | None:
    """The offset of the first record from ``timestamp`` (milliseconds since 1970) on; None where there is none.

    Raises:
        StageError: under ``stage``.
    """
    offset = _offsets(connection, topic, {partition: timestamp}, stage, deadline)[partition]
    return offset if offset >= 0 else None


def _fetched(
    connection: BrokerConnection, topic: str, starts: Mapping[int, int], stage: Stage, deadline: Deadline
) -> dict[int, bytes | None]:
    """One answer's batches for each partition, packed as they are; None where the offset is out of range."""
    answer = _unthrottled(connection, lambda: _fetch_request(topic, starts, deadline), stage, deadline)
    batches: dict[int, bytes | None] = {}
    with reading(connection, "Fetch", stage):
        for response in answer.responses:
            for part in response.partitions:
                if part.partition_index not in starts:
                    raise ValueError("a partition that was not requested")
                batches[part.partition_index] = _batches_of(part, topic, connection, stage)
    return batches


def _batches_of(part: Any, topic: str, connection: BrokerConnection, stage: Stage) -> bytes | None:
    if part.error_code == ErrorCode.OFFSET_OUT_OF_RANGE:
        return None
    if part.error_code:
        raise refused_error(stage, "Fetch", part.error_code, connection.address, f"{topic}-{part.partition_index}")
    return bytes(part.records or b"")


def _fetch_request(topic: str, starts: Mapping[int, int], deadline: Deadline) -> FetchRequest:
    partitions = [
        FetchRequest.FetchTopic.FetchPartition(
            partition=partition, fetch_offset=start, partition_max_bytes=_PARTITION_BYTES, current_leader_epoch=-1
        )
        for partition, start in starts.items()
    ]
    return FetchRequest(
        replica_id=-1,
        max_wait_ms=max(1, min(500, int(deadline.remaining() * 500))),
        min_bytes=1,
        max_bytes=_RESPONSE_BYTES,
        isolation_level=0,
        session_id=0,
        session_epoch=-1,
        topics=[FetchRequest.FetchTopic(topic=topic, partitions=partitions)],
        forgotten_topics_data=[],
        rack_id="",
    )


def _unthrottled(connection: BrokerConnection, request: Callable[[], Any], stage: Stage, deadline: Deadline) -> Any:
    """Send the request until the response holds a partition: for a reader over its quota it holds none."""
    backoff = Backoff(deadline, shortest_seconds=_PAUSE_SECONDS, longest_seconds=_PAUSE_SECONDS)
    while True:
        answer = connection.send(request(), stage, deadline)
        if answer.responses:
            return answer
        if not backoff.pause(connection.held_back_seconds):
            raise connection.throttled(stage, "Fetch")


def _offsets(
    connection: BrokerConnection, topic: str, times: Mapping[int, int], stage: Stage, deadline: Deadline
) -> dict[int, int]:
    backoff = Backoff(deadline, shortest_seconds=_PAUSE_SECONDS, longest_seconds=_PAUSE_SECONDS)
    while True:
        answer = connection.send(_offsets_request(topic, times), stage, deadline)
        with reading(connection, "ListOffsets", stage):
            parts = answer.topics[0].partitions
            offsets = _requested_offsets(parts, times)
        wrong = _first_refused(parts)
        if wrong is None:
            return offsets
        # A leader elected a moment ago learns from its followers' next fetches how far the records stand (KIP-207).
        if wrong.error_code != ErrorCode.OFFSET_NOT_AVAILABLE or not backoff.pause():
            about = f"{topic}-{wrong.partition_index}"
            raise refused_error(stage, "ListOffsets", wrong.error_code, connection.address, about)


def _offsets_request(topic: str, times: Mapping[int, int]) -> ListOffsetsRequest:
    partitions = [
        ListOffsetsRequest.ListOffsetsTopic.ListOffsetsPartition(
            partition_index=partition, timestamp=timestamp, current_leader_epoch=-1
        )
        for partition, timestamp in times.items()
    ]
    requested = ListOffsetsRequest.ListOffsetsTopic(name=topic, partitions=partitions)
    return ListOffsetsRequest(replica_id=-1, isolation_level=0, topics=[requested])


def _requested_offsets(parts: Iterable[Any], partitions: Iterable[int]) -> dict[int, int]:
    by_partition = {part.partition_index: part for part in parts}
    return {partition: int(by_partition[partition].offset) for partition in partitions}


def _first_refused(parts: Iterable[Any]) -> Any:
    return next((part for part in parts if part.error_code), None)


@contextmanager
def _readable(connection: BrokerConnection, where: str, stage: Stage, deadline: Deadline) -> Iterator[None]:
    """Unpack and read what was fetched: one thread at a time, by the deadline, every fault as the stage's."""
    peer = str(connection.address)
    late = StageError(stage, Cause.REQUEST_TIMEOUT, peer, f"no time left to read the records of {where}")
    if not _UNPACKING.acquire(timeout=max(0.0, deadline.remaining())):
        raise late
    try:
        yield
    except TimeoutError:
        raise late from None
    except DamagedError as error:
        raise StageError(stage, Cause.RECORDS_DAMAGED, peer, f"can't read the records of {where}: {error}") from None
    except TooLargeError as error:
        raise StageError(stage, Cause.RECORDS_TOO_LARGE, peer, f"can't read the records of {where}: {error}") from None
    finally:
        _UNPACKING.release()
