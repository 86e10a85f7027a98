"""Which dead letters a command is about."""

from datetime import datetime
from typing import Any, NamedTuple


class Selection(NamedTuple):
    """Which letters; everything that is empty selects all.

    Args:
        since: the first time of interest.
    """

    topic: str = ""
    reason: str = ""
    since: datetime | None = None

    @property
    def event(self) -> dict[str, Any]:
        """The fields of a request."""
        fields = {"topic": self.topic, "reason": self.reason, "since": self.since and self.since.isoformat()}
        return {name: value for name, value in fields.items() if value}
