"""What a warm environment remembers of unfinished batches, so that their redelivery sends nothing twice."""

from collections.abc import Iterable
from typing import NamedTuple

from msk_toolkit.forward.decode import NO_OFFSET, Batch, SourceRecord

# The event's key of the partition, and the offset.
RecordPlace = tuple[str, int]
# The same with a digest of the content, which alone distinguishes records without an offset.
_KnownRecord = tuple[str, int, int]
# The mapping redelivers several batches in turn, of one topic or of several; ten thousand records a batch at most.
_MAX_BATCHES = 16
_MAX_RECORDS = 60_000


class _Unfinished(NamedTuple):
    """A batch that will be redelivered: all of its records, and which are done."""

    records: frozenset[_KnownRecord]
    done: frozenset[RecordPlace]


class DeliveredCache:
    """The batches that were not finished, the latest last; bounded, so that the oldest is forgotten."""

    def __init__(self) -> None:
        self._batches: list[_Unfinished] = []

    def done(self, batch: Batch) -> frozenset[RecordPlace]:
        """The records known to be done, if ``batch`` is one of these again, or a part of one; otherwise none.

        A record is the same when its place and its content are: a topic that was re-created counts from 0 again.
        """
        unfinished = self._of(batch)
        if unfinished is None:
            return frozenset()
        return unfinished.done

    def remember(self, batch: Batch, done: Iterable[RecordPlace]) -> None:
        """Keep an unfinished batch."""
        self.forget(batch)
        # The place of a record without an offset does not say which one is done.
        placed = frozenset(place for place in done if place[1] != NO_OFFSET)
        self._batches.append(_Unfinished(_records_of(batch), placed))
        while len(self._batches) > _MAX_BATCHES or self._size() > _MAX_RECORDS:
            del self._batches[0]

    def forget(self, batch: Batch) -> None:
        """Keep nothing of this batch: it is finished."""
        unfinished = self._of(batch)
        if unfinished is not None:
            self._batches.remove(unfinished)

    def _of(self, batch: Batch) -> _Unfinished | None:
        if not batch.size:
            return None
        for unfinished in reversed(self._batches):
            if all(_holds(unfinished, records) for records in batch.partitions.values()):
                return unfinished
        return None

    def _size(self) -> int:
        return sum(len(unfinished.records) for unfinished in self._batches)


def _holds(unfinished: _Unfinished, records: Iterable[SourceRecord]) -> bool:
    return unfinished.records.issuperset(map(_known, records))


def _records_of(batch: Batch) -> frozenset[_KnownRecord]:
    known: set[_KnownRecord] = set()
    for records in batch.partitions.values():
        known.update(map(_known, records))
    return frozenset(known)


def _known(record: SourceRecord) -> _KnownRecord:
    return record.place, record.offset, _digest(record)


def _digest(record: SourceRecord) -> int:
    content = record.content
    if content is None:
        # What can't be decoded is as good as the event spells it; as text, since lists and objects have no hash.
        return hash(repr(record.raw))
    return hash((content.timestamp, content.key, content.value, record.headers))
