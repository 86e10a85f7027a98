"""When a batch closes: enough records, enough bytes, or enough time."""

from collections import deque
from collections.abc import Callable, Iterable

import msgspec

from local.event_source_mapping.event import Partition, Record, encoded_size, fits

# What Lambda accepts as a synchronous payload; a mapping can't change it.
PAYLOAD_BYTES = 6 * 1024 * 1024


class Limits(msgspec.Struct, frozen=True):
    """What closes a batch: a number of records, the age of its first one in seconds, the bytes of its event."""

    batch_size: int
    window_seconds: float
    payload_bytes: int = PAYLOAD_BYTES


class Waiting:
    """Records that were read and belong to no batch yet, in the order of each partition."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._records: deque[Record] = deque()
        self._sizes: deque[int] = deque()
        self._size = 0
        self._since = 0.0

    def __len__(self) -> int:
        return len(self._records)

    def add(self, records: Iterable[Record], now: float) -> None:
        """Take records that were read at the moment ``now`` (seconds of any clock that only goes forward)."""
        if not self._records:
            self._since = now
        for record in records:
            size = encoded_size(record)
            self._records.append(record)
            self._sizes.append(size)
            self._size += size

    def is_full(self) -> bool:
        """Whether a batch closes without waiting for more."""
        return len(self._records) >= self._limits.batch_size or not fits(self._size, self._limits.payload_bytes)

    def remaining_seconds(self, now: float) -> float:
        """How long the window is still open: nothing once a batch can be taken."""
        if not self._records:
            return self._limits.window_seconds
        if self.is_full():
            return 0.0
        return max(0.0, self._since + self._limits.window_seconds - now)

    def take(self, now: float) -> tuple[Record, ...]:
        """The next batch if it is closed, else nothing.

        A record that is over the limit by itself is a batch of its own: it can't be cut.
        """
        if not self._records or self.remaining_seconds(now) > 0:
            return ()
        taken: list[Record] = []
        size = 0
        while self._records and len(taken) < self._limits.batch_size:
            size += self._sizes[0]
            if taken and not fits(size, self._limits.payload_bytes):
                break
            self._size -= self._sizes.popleft()
            taken.append(self._records.popleft())
        self._since = now
        return tuple(taken)

    def drop(self, unwanted: Callable[[Partition], bool]) -> None:
        """Forget the records of partitions that now belong to another member of the group."""
        kept = [record for record in self._records if not unwanted(record.partition)]
        self._records.clear()
        self._sizes.clear()
        self._size = 0
        self.add(kept, self._since)
