"""A marked record for `mskv verify --write`: written into a forwarded topic, and followed to the forwarder's commit.

Only the functions in the VPC reach the brokers, so a probe writes and reads on behalf of a caller outside. What is
written has a fixed form with an id: nobody can have records of their own choice written. A stack allows it only where
its owner has enabled it (``TEST_RECORD_TOPICS``).
"""

import time
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from msk_toolkit.backoff import Backoff, Sleep
from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ConfigurationError, StageError
from msk_toolkit.kafka.access import Access, BrokerAddress
from msk_toolkit.kafka.brokers import Brokers
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.kafka.error_codes import refused_error
from msk_toolkit.kafka.group import committed_offsets, find_coordinator
from msk_toolkit.kafka.metadata import Topic, read_metadata
from msk_toolkit.kafka.records import produce
from msk_toolkit.settings.loading import read_event
from msk_toolkit.stage import Stage
from msk_toolkit.version import ResponseVersion, current_version

_PAUSE_SECONDS = 0.5
TopicName = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9._-]{1,249}$(?!\n)")]


class WriteRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Write one marked record into a forwarded topic; the stack's TestRecords must allow it."""

    action: Literal["write_record"]
    topic: Annotated[TopicName, Meta(description="One of the stack's forwarded topics.")]
    id: Annotated[str, Meta(description="What marks the record.", pattern=r"^[0-9a-f]{8,64}$(?!\n)")]
    form: Annotated[
        Literal["json", "text"],
        Meta(description="Form of its value: a JSON object, or text, which some targets in Vantiq refuse."),
    ] = "json"


class FollowRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Wait until the forwarder's group has committed an offset: then Vantiq has acknowledged the record, or it was
    dead-lettered."""

    action: Literal["follow_record"]
    topic: Annotated[TopicName, Meta(description="One of the stack's forwarded topics.")]
    partition: Annotated[int, Meta(ge=0)]
    offset: Annotated[int, Meta(ge=0, description="The record's offset.")]
    wait_seconds: Annotated[float, Meta(ge=0, le=45, description="Longest wait.")] = 20


class WrittenRecord(msgspec.Struct, frozen=True):
    """Where the record was written; ``timestamp`` in milliseconds since 1970."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    id: str
    version: ResponseVersion = msgspec.field(default_factory=current_version)


class FollowedRecord(msgspec.Struct, frozen=True):
    """Whether the forwarder is done with the record.

    Args:
        committed: the group's next offset, None where it has committed none.
        detail: why the last attempt to look up the commit failed.
    """

    done: bool
    group: str
    committed: int | None = None
    detail: str = ""
    version: ResponseVersion = msgspec.field(default_factory=current_version)


def requested[Request: msgspec.Struct](event: Any, model: type[Request], example: str) -> Request | None:
    """The request in an event; None for an event without an action, such as the schedule's: it runs the probe.

    Raises:
        ConfigurationError: the action does not exist, or the request is incomplete.
    """
    if not isinstance(event, dict) or "action" not in event:
        return None
    return read_event(event, model, example)


def write_record(
    access: Access,
    request: WriteRecord,
    allowed: Sequence[str],
    *,
    deadline: Deadline,
    stage_seconds: float,
    now: Callable[[], float] = time.time,
) -> WrittenRecord:
    """Write it with acks=all into the topic's first partition that has a leader.

    Args:
        allowed: the topics that may be written to.

    Raises:
        ConfigurationError: the topic is not one of those.
        NoBrokerError: no broker can be used.
        StageError: it was not written; with the cause ``acknowledgement-late`` it may have been.
    """
    if request.topic not in allowed:
        raise ConfigurationError("event", [_not_allowed(request.topic, allowed)])
    timestamp = int(now() * 1000)
    value = _value(request, timestamp)
    with Brokers(access, deadline, stage_seconds) as brokers:
        entry = brokers.entry
        metadata = read_metadata(entry, [request.topic], deadline.at_most(stage_seconds))
        topic = metadata.topics[request.topic]
        if topic.error_code:
            raise refused_error(Stage.METADATA, "Metadata", topic.error_code, entry.address, f"topic {topic.name}")
        partition, leader = _leader(topic, metadata.brokers, entry)
        connection = brokers.to(leader)
        stage = deadline.at_most(stage_seconds)
        offset = produce(connection, topic.name, partition, value, timestamp=timestamp, deadline=stage)
    return WrittenRecord(topic.name, partition, offset, timestamp, request.id)


def follow_record(
    access: Access,
    request: FollowRecord,
    group: str,
    *,
    deadline: Deadline,
    stage_seconds: float,
    sleep: Sleep = time.sleep,
) -> FollowedRecord:
    """Wait for the group's commit behind the record, as long as the request says and the deadline allows.

    Raises:
        NoBrokerError: no broker can be used.
    """
    waiting = deadline.at_most(request.wait_seconds)
    backoff = Backoff(waiting, sleep, shortest_seconds=_PAUSE_SECONDS, longest_seconds=_PAUSE_SECONDS)
    with Brokers(access, deadline, stage_seconds) as brokers:
        while True:
            committed, detail = _committed(brokers, request, group, deadline.at_most(stage_seconds))
            done = committed is not None and committed > request.offset
            if done or not backoff.pause():
                return FollowedRecord(done, group, committed, detail)


def _committed(brokers: Brokers, request: FollowRecord, group: str, stage: Deadline) -> tuple[int | None, str]:
    """The group's next offset in the record's partition, or why it is unknown."""
    try:
        coordinator = brokers.to(find_coordinator(brokers.entry, group, stage))
        offsets = committed_offsets(coordinator, group, request.topic, [request.partition], stage)
    except StageError as error:
        # A coordinator that moves is looked up again, over new connections.
        brokers.close()
        return None, str(error)
    if request.partition not in offsets:
        return None, "the group has committed nothing there"
    return offsets[request.partition].offset, ""


def _not_allowed(topic: str, allowed: Sequence[str]) -> str:
    hint = "set TestRecords=true at the next deployment to allow some topics"
    if allowed:
        hint = f"the allowed topics are {', '.join(allowed)}"
    return f"topic: no test record may be written to {topic}; {hint}"


def _value(request: WriteRecord, timestamp: int) -> bytes:
    if request.form == "text":
        return f"mskv verify {request.id}: this is text, not JSON".encode()
    return msgspec.json.encode({"mskvVerify": request.id, "writtenAt": timestamp})


def _leader(topic: Topic, brokers: dict[int, BrokerAddress], entry: BrokerConnection) -> tuple[int, BrokerAddress]:
    for partition in topic.partitions:
        if partition.leader in brokers:
            return partition.index, brokers[partition.leader]
    raise StageError(Stage.METADATA, Cause.LEADERLESS, str(entry.address), f"no partition of {topic.name} has a leader")
