"""What the event source mapping is told."""

import msgspec

from msk_toolkit.errors import ToolkitError
from msk_toolkit.forward.decode import NO_OFFSET, Batch
from msk_toolkit.forward.event import BatchItemFailure, ItemIdentifier, PartialBatchResponse
from msk_toolkit.forward.outcome import BatchOutcome, FailureKind, LaneOutcome
from msk_toolkit.settings.forwarder import PollerMode

_REMEDIES: dict[FailureKind, str] = {
    "outage": "check Vantiq, the network on the way there, VANTIQ_TARGET and the token; no record was set aside",
    "blocked": "correct what refuses it; or set DEAD_LETTER_BUCKET, and ON_REFUSAL to dead-letter, to set it aside",
    "retriable": "nothing, if it passes; else look at Vantiq's load and quotas",
    "late": "give the function more time, or the mapping smaller batches",
    "held": "see the other failures",
}


class DeliveryIncompleteError(ToolkitError):
    """Records are left to do, and the mapping only understands an error: it brings the whole batch again."""


def unfinished(lanes: list[LaneOutcome]) -> dict[str, int]:
    """By partition, the lowest offset at which one of its lanes stopped."""
    lowest: dict[str, int] = {}
    for lane in lanes:
        record = lane.stopped_at
        if record is not None:
            lowest[record.place] = min(record.offset, lowest.get(record.place, record.offset))
    return lowest


def to_report(batch: Batch, lowest: dict[str, int]) -> list[tuple[str, int]]:
    """The first unfinished record of each partition and every later one.

    Whether the mapping brings later records again when only one is named is not documented: naming them all
    is right either way.
    """
    return [
        (place, record.offset)
        for place, offset in lowest.items()
        for record in batch.partitions[place]
        if record.offset >= offset
    ]


def batch_response(outcome: BatchOutcome, mode: PollerMode) -> object:
    """The function's answer as plain JSON types.

    On demand a partial answer could count as success and lose records, so only an error tells of any that are left.

    Raises:
        DeliveryIncompleteError: on demand, when anything is left; in both modes when a record is left that has
            no offset to name it by.
    """
    if outcome.to_report and (mode == "on-demand" or NO_OFFSET in outcome.unfinished.values()):
        worst = outcome.failures[0]
        raise DeliveryIncompleteError(
            f"{len(outcome.to_report)} of {outcome.received} records are not done and must come again: "
            f"{worst.reason}. What to do: {_REMEDIES[worst.kind]}"
        )
    failures = [BatchItemFailure(ItemIdentifier(place, offset)) for place, offset in outcome.to_report]
    return msgspec.to_builtins(PartialBatchResponse(failures))
