"""One member of a consumer group, for one run: join, be assigned, commit, leave.

The group belongs to one probe, so the member that leads the join takes every partition; a second run that overlaps
is assigned none and says so.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from kafka.protocol.consumer import (
    ConsumerProtocolAssignment,
    ConsumerProtocolSubscription,
    JoinGroupRequest,
    LeaveGroupRequest,
    OffsetCommitRequest,
    OffsetFetchRequest,
    SyncGroupRequest,
)
from kafka.protocol.metadata import FindCoordinatorRequest

from msk_toolkit.backoff import Backoff
from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.access import BrokerAddress, advertised_address
from msk_toolkit.kafka.connection import BrokerConnection, reading
from msk_toolkit.kafka.error_codes import ErrorCode, refused_error
from msk_toolkit.stage import Stage

_STAGE = Stage.COMMIT
_GROUP = 0
_NOT_YET = {ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, ErrorCode.COORDINATOR_NOT_AVAILABLE}
_PAUSE_SECONDS = 0.1
_PROTOCOL = "range"
_CONSUMER = "consumer"


class Committed(NamedTuple):
    """A committed position: the next offset to read, and the text that was committed with it."""

    offset: int
    note: str = ""


class Member(msgspec.Struct, frozen=True):
    """What a joined member needs for each further request."""

    group: str
    generation: int
    member_id: str
    partitions: tuple[int, ...]


def find_coordinator(connection: BrokerConnection, group: str, deadline: Deadline) -> BrokerAddress:
    """The broker that coordinates ``group``.

    Raises:
        StageError: under ``commit``.
    """
    answer = _when_ready(
        lambda: connection.send(FindCoordinatorRequest(key=group, key_type=_GROUP), _STAGE, deadline), deadline
    )
    if answer.error_code:
        raise refused_error(_STAGE, "FindCoordinator", answer.error_code, connection.address, f"group {group}")
    with reading(connection, "FindCoordinator", _STAGE):
        return advertised_address(answer.host, answer.port)


def join_group(
    coordinator: BrokerConnection, group: str, topic: str, partitions: Sequence[int], deadline: Deadline
) -> Member:
    """Join the group and be assigned partitions of ``topic``.

    Raises:
        StageError: under ``commit``.
    """
    answer = _join_as_member(coordinator, group, topic, deadline)
    assignments = []
    if answer.leader == answer.member_id:
        with reading(coordinator, "JoinGroup", _STAGE):
            members = [member.member_id for member in answer.members]
        assignments = _assignments(members, answer.member_id, topic, partitions)
    synced = coordinator.send(
        SyncGroupRequest(
            group_id=group,
            generation_id=answer.generation_id,
            member_id=answer.member_id,
            group_instance_id=None,
            assignments=assignments,
        ),
        _STAGE,
        deadline,
    )
    if synced.error_code:
        # Or the group would wait for this member until its session ends.
        coordinator.send(LeaveGroupRequest(group_id=group, member_id=answer.member_id), _STAGE, deadline)
        raise refused_error(_STAGE, "SyncGroup", synced.error_code, coordinator.address, f"group {group}")
    with reading(coordinator, "SyncGroup", _STAGE):
        assigned = _assigned(synced.assignment, topic)
    return Member(group, answer.generation_id, answer.member_id, assigned)


def _assignments(members: Sequence[str], leader: str, topic: str, partitions: Sequence[int]) -> list[Any]:
    shares: dict[str, Sequence[int]] = {member: [] for member in members}
    # The member that leads the join takes every partition; see the module's text.
    if leader in shares:
        shares[leader] = partitions
    return [
        SyncGroupRequest.SyncGroupRequestAssignment(member_id=member, assignment=_assignment(topic, share))
        for member, share in shares.items()
    ]


def committed_offsets(
    coordinator: BrokerConnection, group: str, topic: str, partitions: Sequence[int], deadline: Deadline
) -> dict[int, Committed]:
    """The group's position in each partition of the topic; absent where it never committed.

    Raises:
        StageError: under ``commit``.
    """
    requested = OffsetFetchRequest.OffsetFetchRequestTopic(name=topic, partition_indexes=list(partitions))
    return _committed(coordinator, group, [requested], deadline).get(topic, {})


def all_committed_offsets(
    coordinator: BrokerConnection, group: str, deadline: Deadline
) -> dict[str, dict[int, Committed]]:
    """The group's positions in every topic that it has committed for.

    Raises:
        StageError: under ``commit``.
    """
    return _committed(coordinator, group, None, deadline)


def _committed(
    coordinator: BrokerConnection, group: str, topics: list[Any] | None, deadline: Deadline
) -> dict[str, dict[int, Committed]]:
    answer = coordinator.send(OffsetFetchRequest(group_id=group, topics=topics), _STAGE, deadline)
    if answer.error_code:
        raise refused_error(_STAGE, "OffsetFetch", answer.error_code, coordinator.address, f"group {group}")
    positions: dict[str, dict[int, Committed]] = {}
    with reading(coordinator, "OffsetFetch", _STAGE):
        for topic in answer.topics:
            committed = _committed_in(topic, group, coordinator)
            if committed:
                positions.setdefault(topic.name, {}).update(committed)
    return positions


def _committed_in(topic: Any, group: str, coordinator: BrokerConnection) -> dict[int, Committed]:
    positions: dict[int, Committed] = {}
    for part in topic.partitions:
        if part.error_code:
            about = f"group {group}, {topic.name}-{part.partition_index}"
            raise refused_error(_STAGE, "OffsetFetch", part.error_code, coordinator.address, about)
        if part.committed_offset >= 0:
            positions[part.partition_index] = Committed(part.committed_offset, part.metadata or "")
    return positions


def commit(
    coordinator: BrokerConnection, member: Member, topic: str, offsets: Mapping[int, Committed], deadline: Deadline
) -> None:
    """Commit the next offset to read of each partition.

    Raises:
        StageError: under ``commit``.
    """
    answer = coordinator.send(_commit_request(member, topic, offsets), _STAGE, deadline)
    with reading(coordinator, "OffsetCommit", _STAGE):
        codes = _error_codes(answer)
        # What is not in the response is not committed.
        errors = {partition: codes[partition] for partition in offsets}
    for partition, error_code in errors.items():
        if error_code:
            about = f"group {member.group}, {topic}-{partition}"
            raise refused_error(_STAGE, "OffsetCommit", error_code, coordinator.address, about)


def _commit_request(member: Member, topic: str, offsets: Mapping[int, Committed]) -> OffsetCommitRequest:
    partitions = [
        OffsetCommitRequest.OffsetCommitRequestTopic.OffsetCommitRequestPartition(
            partition_index=partition,
            committed_offset=committed.offset,
            committed_leader_epoch=-1,
            committed_metadata=committed.note,
        )
        for partition, committed in offsets.items()
    ]
    return OffsetCommitRequest(
        group_id=member.group,
        generation_id_or_member_epoch=member.generation,
        member_id=member.member_id,
        group_instance_id=None,
        topics=[OffsetCommitRequest.OffsetCommitRequestTopic(name=topic, partitions=partitions)],
    )


def _error_codes(answer: Any) -> dict[int, int]:
    codes: dict[int, int] = {}
    for response in answer.topics:
        codes |= {part.partition_index: part.error_code for part in response.partitions}
    return codes


def leave(coordinator: BrokerConnection, member: Member, deadline: Deadline) -> None:
    """Leave at once, so that the next run need not wait for this member's session to end.

    Raises:
        StageError: under ``commit``.
    """
    coordinator.send(LeaveGroupRequest(group_id=member.group, member_id=member.member_id), _STAGE, deadline)


def _when_ready(send: Callable[[], Any], deadline: Deadline) -> Any:
    # The first group ever makes the brokers create __consumer_offsets; a moved coordinator loads its group first.
    backoff = Backoff(deadline, shortest_seconds=_PAUSE_SECONDS, longest_seconds=_PAUSE_SECONDS)
    while True:
        response = send()
        if response.error_code not in _NOT_YET or not backoff.pause():
            return response


def _join_as_member(coordinator: BrokerConnection, group: str, topic: str, deadline: Deadline) -> Any:
    answer = _when_ready(lambda: _join(coordinator, group, topic, "", deadline), deadline)
    if answer.error_code == ErrorCode.MEMBER_ID_REQUIRED:
        # Since KIP-394 the first attempt only hands out the member id.
        answer = _join(coordinator, group, topic, answer.member_id, deadline)
    if answer.error_code:
        raise refused_error(_STAGE, "JoinGroup", answer.error_code, coordinator.address, f"group {group}")
    return answer


def _join(coordinator: BrokerConnection, group: str, topic: str, member_id: str, deadline: Deadline) -> Any:
    # A member that joins next waits so long for this one, should it be gone by then: that must leave time for the rest.
    patience_ms = max(1000, int(deadline.remaining() * 500))
    subscription = ConsumerProtocolSubscription(version=0, topics=[topic], user_data=b"").encode()
    request = JoinGroupRequest(
        group_id=group,
        # Brokers refuse sessions under 6 s (group.min.session.timeout.ms).
        session_timeout_ms=10_000,
        rebalance_timeout_ms=patience_ms,
        member_id=member_id,
        group_instance_id=None,
        protocol_type=_CONSUMER,
        protocols=[JoinGroupRequest.JoinGroupRequestProtocol(name=_PROTOCOL, metadata=subscription)],
    )
    try:
        return coordinator.send(request, _STAGE, deadline)
    except StageError as error:
        if error.cause != Cause.REQUEST_TIMEOUT:
            raise
        # A coordinator answers when every other member has joined again; that it is alive, it has just shown.
        detail = f"group {group} did not settle in time: another member holds up its rebalance"
        raise StageError(_STAGE, Cause.REBALANCE_TIMEOUT, error.peer, detail) from error


def _assignment(topic: str, partitions: Sequence[int]) -> bytes:
    assigned = [ConsumerProtocolAssignment.TopicPartition(topic=topic, partitions=list(partitions))]
    return bytes(ConsumerProtocolAssignment(version=0, assigned_partitions=assigned, user_data=b"").encode())


def _assigned(data: bytes, topic: str) -> tuple[int, ...]:
    if not data:
        return ()
    try:
        assignment = ConsumerProtocolAssignment.decode(data)
    except struct.error as error:
        raise ValueError("not an assignment") from error
    indexes: list[int] = []
    for part in assignment.assigned_partitions:
        if part.topic == topic:
            indexes += part.partitions
    return tuple(indexes)
