"""Times and durations as the state of the path shows them."""

from datetime import UTC, datetime


def utc(at: float) -> str:
    """A time in seconds since 1970 as ISO 8601 in UTC: ``2026-11-28T02:51:00Z``."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def utc_or_none(at: float | None) -> str | None:
    """The same, None where there is none."""
    return None if at is None else utc(at)


def clock(at: float) -> str:
    """The time of the day in UTC within a sentence: ``02:51``."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M UTC")
