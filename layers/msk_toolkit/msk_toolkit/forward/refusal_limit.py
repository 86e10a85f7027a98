"""Refusals in a row: when a target refuses one record after the other, the fault is hardly the records'."""

from msk_toolkit.settings.targets import Target
from msk_toolkit.vantiq.responses import RecordResult


class RefusalLimit:
    """Counts, for each target, the last refusals of one kind without a delivery between them.

    Kept with the warm environment: a changed type or a validation gone wrong would otherwise empty a topic into the
    dead-letter bucket, a few records with each invocation.

    Args:
        limit: refusals that are accepted as such; 0 accepts any number.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._running: dict[Target, tuple[tuple[int, str], int]] = {}

    def delivered(self, target: Target) -> None:
        """The target accepted a record."""
        self._running.pop(target, None)

    def refused(self, target: Target, result: RecordResult) -> bool:
        """Count a refusal; whether it is one too many to be about the record."""
        kind = (result.status, result.code)
        last, count = self._running.get(target, (kind, 0))
        if last != kind:
            count = 0
        count += 1
        self._running[target] = (kind, count)
        return 0 < self._limit < count
