"""Carry out a request about the offsets of a forwarder's consumer group.

1. A plan only reads: where the group is, where it would be, how many records that repeats and skips.
2. A move is refused if the group has members, if it has committed since the plan, or if it would skip records without
   leave. Kafka's own guard is the last one: a coordinator refuses a commit from outside to a group with members.
3. What was committed is read back.
"""

from collections.abc import Mapping, Sequence

from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ConfigurationError, StageError
from msk_toolkit.kafka.access import Access
from msk_toolkit.kafka.brokers import Brokers
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.kafka.group import Committed, Member, commit, committed_offsets
from msk_toolkit.msk.access import cluster_access
from msk_toolkit.offsets.observe import at_coordinator, observe_group
from msk_toolkit.offsets.plan import GroupOffsets, as_of_now, move_problems, offset_problems, planned_moves
from msk_toolkit.offsets.render import render_moves
from msk_toolkit.offsets.request import MoveOffsets, OffsetsResponse, OffsetsStatus, PartitionMove, PlanOffsets
from msk_toolkit.settings.names import split_names
from msk_toolkit.settings.topics import TopicsSettings
from msk_toolkit.stage import Stage

# As Kafka's own tools commit: for no member and no generation.
_NO_GENERATION = -1


def run_offsets(
    request: PlanOffsets | MoveOffsets, settings: TopicsSettings, client: MakeClient, deadline: Deadline
) -> OffsetsResponse:
    """Carry out a request.

    Raises:
        ConfigurationError: no mapping of the stack reads the topic.
        ToolkitError: the credentials, or the connection to the brokers. After a commit that got no answer the offsets
            may have been moved.
    """
    group = group_of(request.topic, settings)
    access = cluster_access(settings, client, deadline)
    return carry_out_offsets(request, group, access, deadline, settings.stage_timeout_seconds)


def group_of(topic: str, settings: TopicsSettings) -> str:
    """The consumer group of the topic's mapping.

    Raises:
        ConfigurationError: no mapping of the stack reads the topic.
    """
    topics = [*split_names(settings.forward_topics), settings.probe_topic]
    if topic not in topics:
        raise ConfigurationError("event", [f"topic: {topic} is not forwarded; forwarded are {', '.join(topics)}"])
    return f"{settings.forward_group_prefix}{topic}"


def carry_out_offsets(
    request: PlanOffsets | MoveOffsets, group: str, access: Access, deadline: Deadline, stage_seconds: float
) -> OffsetsResponse:
    """Plan or move over connections of its own.

    Raises:
        NoBrokerError, StageError: as :func:`run_offsets`.
    """
    with Brokers(access, deadline, stage_seconds) as brokers:
        if isinstance(request, MoveOffsets):
            return _moved(request, group, brokers, deadline)
        observed = observe_group(brokers, group, request.topic, request.time, deadline)
    offsets = {named.partition: named.offset for named in request.offsets}
    moves = planned_moves(observed, request.to, offsets)
    problems = list(offset_problems(observed, offsets))
    return _response(request, group, observed, moves, problems)


def _moved(request: MoveOffsets, group: str, brokers: Brokers, deadline: Deadline) -> OffsetsResponse:
    observed = observe_group(brokers, group, request.topic, None, deadline)
    moves = as_of_now(observed, request.moves)
    problems = list(move_problems(observed, group, request.moves, skip=request.skip))
    if not problems:
        _commit(
            group, request.topic, {move.partition: move.target for move in moves if move.changes}, brokers, deadline
        )
    return _response(request, group, observed, moves, problems)


def _commit(group: str, topic: str, targets: Mapping[int, int], brokers: Brokers, deadline: Deadline) -> None:
    if not targets:
        return
    nobody = Member(group, _NO_GENERATION, "", ())
    offsets = {partition: Committed(target) for partition, target in targets.items()}

    def commit_and_read_back(coordinator: BrokerConnection) -> None:
        commit(coordinator, nobody, topic, offsets, deadline)
        if committed_offsets(coordinator, group, topic, sorted(targets), deadline) != offsets:
            detail = f"group {group} does not return the offsets that were just committed"
            raise StageError(Stage.COMMIT, Cause.COMMIT_REFUSED, str(coordinator.address), detail)

    at_coordinator(brokers, group, deadline, commit_and_read_back)


def _response(
    request: PlanOffsets | MoveOffsets,
    group: str,
    observed: GroupOffsets,
    moves: list[PartitionMove],
    problems: Sequence[str],
) -> OffsetsResponse:
    status: OffsetsStatus = "moved" if isinstance(request, MoveOffsets) else "planned"
    if problems:
        status = "refused"
    ending = {"planned": "planned, nothing was changed", "moved": "moved", "refused": "refused, nothing was changed"}
    return OffsetsResponse(
        action=request.action,
        status=status,
        topic=request.topic,
        group=group,
        state=observed.state,
        moves=moves,
        repeated=sum(move.repeated for move in moves),
        skipped=sum(move.skipped for move in moves),
        problems=list(problems),
        table=render_moves(group, request.topic, moves, problems, ending[status]),
    )
