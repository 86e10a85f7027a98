"""What a warm environment remembers of unfinished batches, so that the mapping's retry of one sends nothing twice."""

from collections.abc import Iterable
from typing import NamedTuple

from msk_toolkit.forward.decode import NO_OFFSET, Batch, SourceRecord

_Place = tuple[str, int]
# The mapping brings several batches in turn, of one topic or of several; ten thousand records a batch at most.
_MOST_BATCHES = 16
_MOST_RECORDS = 60_000


class _Unfinished(NamedTuple):
    """A batch that will come again: every record of it, by its place, and which are done."""

    records: dict[_Place, int]
    done: frozenset[_Place]


class DeliveredCache:
    """The batches that were not finished, the latest last; bounded, so that the oldest is forgotten."""

    def __init__(self) -> None:
        self._batches: list[_Unfinished] = []

    def done(self, batch: Batch) -> frozenset[_Place]:
        """The records known to be done, if ``batch`` is one of these again, or a part of one; else none.

        A record is the same when its place and its content are: a topic made anew counts from 0 again.
        """
        unfinished = self._of(batch)
        return frozenset() if unfinished is None else unfinished.done

    def remember(self, batch: Batch, done: Iterable[_Place]) -> None:
        """Keep an incomplete batch in mind."""
        self.forget(batch)
        records = {
            (record.place, record.offset): _content(record)
            for records in batch.partitions.values()
            for record in records
        }
        # A record without an offset can't be told from another one.
        self._batches.append(_Unfinished(records, frozenset(place for place in done if place[1] != NO_OFFSET)))
        while len(self._batches) > _MOST_BATCHES or self._size() > _MOST_RECORDS:
            del self._batches[0]

    def forget(self, batch: Batch) -> None:
        """Keep nothing of this batch in mind: it is finished."""
        unfinished = self._of(batch)
        if unfinished is not None:
            self._batches.remove(unfinished)

    def _of(self, batch: Batch) -> _Unfinished | None:
        if not batch.size:
            return None
        for unfinished in reversed(self._batches):
            if _holds(unfinished, batch):
                return unfinished
        return None

    def _size(self) -> int:
        return sum(len(unfinished.records) for unfinished in self._batches)


def _holds(unfinished: _Unfinished, batch: Batch) -> bool:
    return all(
        unfinished.records.get((record.place, record.offset)) == _content(record)
        for records in batch.partitions.values()
        for record in records
    )


def _content(record: SourceRecord) -> int:
    content = record.content
    # What can't be decoded is as good as the event spells it; as text, since lists and objects have no hash.
    return hash(repr(record.raw)) if content is None else hash((content.timestamp, content.key, content.value))
