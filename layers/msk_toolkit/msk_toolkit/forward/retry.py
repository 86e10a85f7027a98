"""Whether and when a request is sent, and sent again: decisions, without any waiting."""

from collections.abc import Callable

from msk_toolkit.forward.exchange import Reply
from msk_toolkit.forward.outcome import HELD, Failure, FailureKind
from msk_toolkit.path_causes import PathCause

_FIRST_SECONDS = 0.2
_MAX_SECONDS = 10.0


def pause(attempts: int, asked: float | None, random: Callable[[], float]) -> float:
    """Seconds to wait after so many failed attempts: full jitter, in addition to what the server asks for.

    Args:
        asked: seconds, out of the ``Retry-After`` header.
        random: a number from 0 to 1, as :func:`random.random` gives it.
    """
    limit: float = min(_MAX_SECONDS, _FIRST_SECONDS * 2 ** min(attempts - 1, 16))
    return random() * limit + (asked or 0.0)


def turn_failure(seconds: float, remaining: float, *, is_outage: bool) -> Failure | None:
    """Why no request may start any more; None where one may, after its wait.

    Args:
        seconds: until the request's turn comes; 0 where it may start now.
        remaining: seconds left to start requests.
        is_outage: another lane encountered an outage.
    """
    if is_outage:
        return HELD
    if remaining <= 0:
        return Failure("late", "no time is left in this invocation", PathCause.FORWARDER_TOO_SLOW)
    if seconds >= remaining:
        text = "the rate limit or Retry-After leaves no time for another request in this invocation"
        return Failure("late", text, PathCause.FORWARDER_TOO_SLOW)
    return None


def retry_failure(reply: Reply, attempts: int, max_attempts: int, seconds: float, remaining: float) -> Failure | None:
    """Why a request is not sent again; None where it is, after ``seconds``.

    Args:
        attempts: made so far.
        remaining: seconds left to start requests.
    """
    if attempts >= max_attempts:
        kind: FailureKind = "outage" if reply.path_failed else "retriable"
        return Failure(kind, f"{reply.reason} ({attempts} attempts)", reply.cause)
    if seconds >= remaining:
        return Failure("retriable", f"{reply.reason} (no time for another attempt)", reply.cause)
    return None
