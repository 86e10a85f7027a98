"""The partial batch response to the event source mapping."""

from collections.abc import Iterator

import msgspec

from msk_toolkit.errors import ToolkitError
from msk_toolkit.forward.decode import NO_OFFSET, Batch
from msk_toolkit.forward.event import BatchItemFailure, ItemIdentifier, PartialBatchResponse
from msk_toolkit.forward.outcome import BatchOutcome, LaneOutcome
from msk_toolkit.settings.forwarder import PollerMode


class DeliveryIncompleteError(ToolkitError):
    """Records are left, and the mapping only understands an error: it redelivers the entire batch.

    Lambda logs it, with the traceback that it has: its text is short, because the warning before it has the reasons.
    """


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

    Whether the mapping redelivers later records when only the first is named is not documented: naming them all is
    right either way.
    """
    return list(_from_lowest(batch, lowest))


def _from_lowest(batch: Batch, lowest: dict[str, int]) -> Iterator[tuple[str, int]]:
    for place, offset in lowest.items():
        for record in batch.partitions[place]:
            if record.offset >= offset:
                yield place, record.offset


def batch_response(outcome: BatchOutcome, mode: PollerMode) -> object:
    """The function's response as plain JSON types.

    On demand a partial batch response could count as success and lose records, so only an error reports what is left.

    Raises:
        DeliveryIncompleteError: on demand, when anything is left; in both modes when a record is left that has
            no offset, or a partition's name that no response can hold.
    """
    if outcome.to_report and (mode == "on-demand" or not _can_be_named(outcome)):
        cause = outcome.failures[0].cause
        raise DeliveryIncompleteError(
            f"{len(outcome.to_report)} of {outcome.received} records are not done and must be redelivered"
            f"{f' ({cause})' if cause else ''}: the warning before this line has the reason and the remedy"
        )
    failures = [BatchItemFailure(ItemIdentifier(place, offset)) for place, offset in outcome.to_report]
    return msgspec.to_builtins(PartialBatchResponse(failures))


def _can_be_named(outcome: BatchOutcome) -> bool:
    """Whether a response can name all that is left; half a surrogate pair has no bytes."""
    if NO_OFFSET in outcome.unfinished.values():
        return False
    try:
        "".join(outcome.unfinished).encode()
    except UnicodeEncodeError:
        return False
    return True
