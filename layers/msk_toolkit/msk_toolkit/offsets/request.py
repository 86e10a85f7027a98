"""What a request about a group's offsets asks for, and its response."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from msk_toolkit.errors import ConfigurationError
from msk_toolkit.settings.loading import read_event
from msk_toolkit.version import ResponseVersion, current_version

To = Literal["beginning", "end", "time", "offsets"]
_EXAMPLES = {
    "plan_offsets": '{"action": "plan_offsets", "topic": "orders", "to": "beginning"}',
    "move_offsets": '{"action": "move_offsets", "topic": "orders", "moves": [...]}, with the moves of a plan',
}
MappedTopic = Annotated[
    str, Meta(pattern=r"^[a-zA-Z0-9._-]{1,249}$(?!\n)", description="A topic that a mapping reads.")
]


class PartitionOffset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The next offset to read of a partition."""

    partition: Annotated[int, Meta(ge=0)]
    offset: Annotated[int, Meta(ge=0)]


class PlanOffsets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What it would cost to have the topic's group read from elsewhere; changes nothing."""

    action: Literal["plan_offsets"]
    topic: MappedTopic
    to: Annotated[
        To,
        Meta(
            description="beginning: the first record that the topic still has; end: only records that come; time: the "
            "first record of that time or later; offsets: those that are named."
        ),
    ]
    time: Annotated[Annotated[int, Meta(ge=0)] | None, Meta(description="With time: milliseconds since 1970.")] = None
    offsets: Annotated[
        list[PartitionOffset], Meta(description="With offsets: partitions that are not named stay where they are.")
    ] = []

    def problems(self) -> list[str]:
        """Each contradiction between the fields."""
        contradictions = {
            'time belongs to "to": "time"': (self.time is not None) != (self.to == "time"),
            'offsets belong to "to": "offsets"': bool(self.offsets) != (self.to == "offsets"),
            "offsets: a partition is named twice": len({named.partition for named in self.offsets}) < len(self.offsets),
        }
        return [problem for problem, applies in contradictions.items() if applies]


class PartitionMove(msgspec.Struct, frozen=True):
    """What becomes of one partition.

    ``repeated`` and ``skipped`` count offsets, which are records and, rarely, the gaps that compaction and
    transactions leave: at most so many records.
    """

    partition: int
    committed: Annotated[int | None, Meta(description="The next offset that the group reads; null if none.")]
    target: Annotated[int, Meta(description="The next offset that it will read.", ge=0)]
    first: Annotated[int, Meta(description="The first offset that the partition still has.")] = 0
    end: Annotated[int, Meta(description="The offset of the next record to be written.")] = 0
    repeated: Annotated[int, Meta(description="Records that are read again.")] = 0
    skipped: Annotated[int, Meta(description="Records that are not read.")] = 0

    @property
    def changes(self) -> bool:
        """Whether the group would read on elsewhere."""
        return self.target != self.committed


class MoveOffsets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Commit the offsets of an approved plan for a group that has no members; refused if anything has changed since."""

    action: Literal["move_offsets"]
    topic: MappedTopic
    moves: Annotated[list[PartitionMove], Meta(description="Those of the plan.", min_length=1)]
    skip: Annotated[bool, Meta(description="Whether records may be skipped, and so never be forwarded.")] = False


OffsetsStatus = Literal["planned", "moved", "refused"]


class OffsetsResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A plan, or what was done, and the same as a table for a person."""

    action: str
    status: Annotated[OffsetsStatus, Meta(description="refused: nothing was changed, see problems.")]
    topic: str
    group: str
    state: Annotated[
        str, Meta(description="The group's: Empty, Stable, ...; absent if there is none, empty before Kafka 2.6.")
    ] = ""
    moves: list[PartitionMove] = []
    repeated: Annotated[int, Meta(description="Records that are read again, at most.")] = 0
    skipped: Annotated[int, Meta(description="Records that are not read, at most.")] = 0
    problems: list[str] = []
    table: str = ""
    version: ResponseVersion = msgspec.field(default_factory=current_version)


def is_offsets_event(event: object) -> bool:
    """Whether an event is about the offsets of a group."""
    action = event.get("action") if isinstance(event, dict) else None
    return isinstance(action, str) and action in _EXAMPLES


def parse_offsets_request(event: dict[str, Any]) -> PlanOffsets | MoveOffsets:
    """An event as a request.

    Raises:
        ConfigurationError: with every mistake.
    """
    action = event["action"]
    if action == "move_offsets":
        return read_event(event, MoveOffsets, _EXAMPLES[action])
    request = read_event(event, PlanOffsets, _EXAMPLES["plan_offsets"])
    if problems := request.problems():
        raise ConfigurationError("event", problems)
    return request
