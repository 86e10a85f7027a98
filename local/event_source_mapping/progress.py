"""Which offsets may be committed: those before the first record that is not done."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from local.event_source_mapping.event import Partition, Record


class Progress:
    """The records under way, and how far each partition is done."""

    def __init__(self) -> None:
        self._under_way: dict[Partition, dict[int, bool]] = {}  # offset -> done, in the order of the partition
        self._done_before: dict[Partition, int] = {}
        self._uncommitted: Counter[Partition] = Counter()

    def begin(self, records: Iterable[Record]) -> None:
        """Records that from now on have to be done before anything behind them is committed."""
        for record in records:
            self._under_way.setdefault(record.partition, {})[record.offset] = False

    def done(self, records: Iterable[Record]) -> None:
        """Records that the function has dealt with, or that were set aside for good."""
        for record in records:
            offsets = self._under_way.get(record.partition, {})
            if record.offset in offsets:
                offsets[record.offset] = True
        for partition, offsets in self._under_way.items():
            finished = list(itertools.takewhile(offsets.__getitem__, offsets))
            for offset in finished:
                del offsets[offset]
                self._done_before[partition] = offset + 1
                self._uncommitted[partition] += 1

    def to_commit(self) -> Mapping[Partition, int]:
        """For each partition that got further since the last commit: the offset to go on from."""
        return dict(self._done_before)

    def committed(self, offsets: Mapping[Partition, int]) -> int:
        """The coordinator has taken these offsets, just got from ``to_commit``.

        Returns how many records that is.
        """
        for partition in offsets:
            self._done_before.pop(partition, None)
        return sum(self._uncommitted.pop(partition, 0) for partition in offsets)

    def drop(self, unwanted: Callable[[Partition], bool]) -> None:
        """Forget partitions that now belong to another member of the group."""
        for partition in [*filter(unwanted, {*self._under_way, *self._done_before})]:
            self._under_way.pop(partition, None)
            self._done_before.pop(partition, None)
            self._uncommitted.pop(partition, None)
