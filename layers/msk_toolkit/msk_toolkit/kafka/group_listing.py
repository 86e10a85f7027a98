"""A consumer group as its coordinator lists it: its type and its state."""

from typing import NamedTuple

from kafka.protocol.admin import ListGroupsRequest

from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.connection import BrokerConnection, reading
from msk_toolkit.kafka.error_codes import refused_error
from msk_toolkit.stage import Stage

_STAGE = Stage.COMMIT


class GroupListing(NamedTuple):
    """``type`` is ``classic``, ``consumer``, ``share`` or ``streams``, empty before Kafka 3.8; ``state`` is Kafka's,
    such as ``Empty`` or ``Stable``, empty before Kafka 2.6."""

    type: str
    state: str


def listed_group(coordinator: BrokerConnection, group: str, deadline: Deadline) -> GroupListing | None:
    """The group; None where the coordinator lists no group of that name that the user may see.

    Raises:
        StageError: under ``commit``.
    """
    answer = coordinator.send(ListGroupsRequest(states_filter=[], types_filter=[]), _STAGE, deadline)
    with reading(coordinator, "ListGroups", _STAGE):
        if answer.error_code:
            raise refused_error(_STAGE, "ListGroups", answer.error_code, coordinator.address, f"group {group}")
        for listed in answer.groups:
            if listed.group_id == group:
                return GroupListing(
                    type=str(getattr(listed, "group_type", None) or "").lower(),
                    state=str(getattr(listed, "group_state", None) or ""),
                )
    return None
