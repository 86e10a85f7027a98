"""How long to wait before the next try."""

from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime

_FIRST_SECONDS = 0.2
_MOST_SECONDS = 10.0


def pause(attempt: int, asked: float | None, random: Callable[[], float]) -> float:
    """Seconds to wait after failed ``attempt`` 1, 2, ...: full jitter, on top of what the server asks for.

    Args:
        asked: what :func:`retry_after` read.
        random: a number from 0 to 1, as :func:`random.random` gives it.
    """
    most: float = min(_MOST_SECONDS, _FIRST_SECONDS * 2 ** min(attempt - 1, 16))
    return random() * most + (asked or 0.0)


def retry_after(text: str | None, now: float) -> float | None:
    """Seconds that a ``Retry-After`` header asks for, in either of its forms; None where it can't be read.

    Args:
        now: seconds since 1970.
    """
    if not text:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, date.timestamp() - now)
