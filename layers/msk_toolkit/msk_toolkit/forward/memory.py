"""What a warm environment remembers of its last batch, so that the mapping's retry of it sends nothing twice."""

from collections.abc import Iterable

from msk_toolkit.forward.decode import NO_OFFSET, Batch, Record

_Place = tuple[str, int]


class LastBatch:
    """The last incomplete batch: every record of it, and which are done."""

    def __init__(self) -> None:
        self._records: dict[_Place, int] = {}
        self._done: frozenset[_Place] = frozenset()

    def done(self, batch: Batch) -> frozenset[_Place]:
        """The records known to be done, if ``batch`` is the last one again, or a part of it; else none.

        A record is the same when its place and its content are: a topic made anew counts from 0 again.
        """
        same = bool(self._records) and all(
            self._records.get((record.place, record.offset)) == _content(record)
            for records in batch.partitions.values()
            for record in records
        )
        if not same:
            self.forget()
        return self._done

    def remember(self, batch: Batch, done: Iterable[_Place]) -> None:
        """Keep an incomplete batch in mind."""
        self._records = {
            (record.place, record.offset): _content(record)
            for records in batch.partitions.values()
            for record in records
        }
        # A record without an offset can't be told from another one.
        self._done = frozenset(place for place in done if place[1] != NO_OFFSET)

    def forget(self) -> None:
        """Keep nothing in mind."""
        self._records, self._done = {}, frozenset()


def _content(record: Record) -> int:
    content = record.content
    return 0 if content is None else hash((content.timestamp, content.key, content.value))
