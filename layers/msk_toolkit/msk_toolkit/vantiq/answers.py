"""What an answer means for the records in the request, told by status and error code, never by message text."""

from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from msk_toolkit.settings.targets import TargetKind


class Verdict(StrEnum):
    """What is to be done about a record."""

    DELIVERED = "delivered"
    # May work later: try again.
    RETRIABLE = "retriable"
    # Vantiq will never take this record (or one of the array): find it, and set it aside.
    REFUSED = "refused"
    # The target, the credential or the way is out of order: nothing is wrong with the record.
    OUTAGE = "outage"


class Judgement(NamedTuple):
    """A verdict and what it rests on; ``message`` is Vantiq's own and may quote the record: never log it."""

    verdict: Verdict
    status: int
    code: str = ""
    message: str = ""


# The target is missing; Vantiq says this with 400 as well as with 404.
_TARGET_CODES = frozenset({"io.vantiq.resource.not.found"})
QUOTA = "io.vantiq.resource.quota."
# An array of these is not atomic: its answer holds what became of each record.
_ONE_RESULT_EACH = frozenset({"type", "upsert"})
_RESULTS_MISSING = "results-missing"
_TOO_LARGE = 413
_UNPROCESSABLE = 422
# Only with a code of Vantiq's own: without one, a proxy on the way speaks, and of the request, not the record.
_REFUSED_WITH_CODE = frozenset({400, 409})
_PASSING = frozenset({408, 425, 429})


class Judged(NamedTuple):
    """The judgement on each record of a request.

    Args:
        for_all: the answer held one for all of them, so it doesn't say which record it is about.
    """

    each: list[Judgement]
    for_all: bool

    @classmethod
    def same(cls, judgement: Judgement, count: int) -> "Judged":
        """One judgement for all."""
        return cls([judgement] * count, for_all=True)


def judge(status: int, body: bytes, kind: TargetKind, count: int, *, as_array: bool) -> Judged:
    """What an answer means for the ``count`` records of its request.

    A success must say so in its body too: an error can arrive in a 200, and an array insert is not atomic.
    """
    if not 200 <= status < 300:
        return Judged.same(_judge_error(status, _error_in(_parse(body))), count)
    stored = as_array and kind in _ONE_RESULT_EACH
    answer = _parse(body) if body.strip() else None
    if answer is _UNREADABLE:
        # A proxy's page, or a broken answer: nobody knows whether the records were taken.
        return Judged.same(Judgement(Verdict.RETRIABLE, status, "unreadable-answer"), count)
    # A procedure answers with whatever it returns: a list of that is no list of results.
    returned = kind == "procedure"
    results = answer if as_array and isinstance(answer, list) and not returned else None
    if results is not None and len(results) == count:
        return Judged([_judge_result(status, result, stored) for result in results], for_all=False)
    error = _error_in(answer, anything=returned)
    if error is not None:
        return Judged.same(_judge_error(400, error, status), count)
    if results or stored:
        return Judged.same(Judgement(Verdict.RETRIABLE, status, _RESULTS_MISSING), count)
    return Judged.same(Judgement(Verdict.DELIVERED, status), count)


def error_of(status: int, body: bytes) -> tuple[int, str]:
    """The status and code of an answer that is an error, even one that came with a good status; else (0, "")."""
    answer = _parse(body) if body.strip() else None
    error = _error_in(answer, anything=True)
    if 200 <= status < 300 and error is None:
        return 0, ""
    return (400 if 200 <= status < 300 else status), _text(error, "code")


def _judge_result(status: int, result: object, stored: bool) -> Judgement:
    """One of the results of an array, which come in the order of the records; what is ``stored`` comes back."""
    error = _error_in(result)
    if error is not None:
        return _judge_error(400, error, status)
    if stored and not isinstance(result, dict):
        return Judgement(Verdict.RETRIABLE, status, _RESULTS_MISSING)
    return Judgement(Verdict.DELIVERED, status)


def _judge_error(status: int, error: dict[str, Any] | None, shown: int | None = None) -> Judgement:
    code = _text(error, "code")
    message = _text(error, "message")
    return Judgement(_verdict(status, code), shown or status, code, message)


def _verdict(status: int, code: str) -> Verdict:
    if code.startswith(QUOTA) or status in _PASSING or status >= 500:
        return Verdict.RETRIABLE
    if code in _TARGET_CODES:
        return Verdict.OUTAGE
    if status in {_TOO_LARGE, _UNPROCESSABLE} or (status in _REFUSED_WITH_CODE and code):
        return Verdict.REFUSED
    # Redirects, 401, 403, 404, 405, 410 and whatever is not known to be about the record: never a dead letter.
    return Verdict.OUTAGE


_UNREADABLE = object()


def _parse(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _UNREADABLE


def _error_in(answer: Any, *, anything: bool = False) -> dict[str, Any] | None:
    """The error in an answer of one of the documented shapes: ``[{code, message, params}, ...]``, one of those
    alone, or ``{"error": ...}``. What was inserted comes back with an ``_id``, whatever else it looks like.

    Args:
        anything: the answer may be anything at all, so that an error is only what looks like one and nothing else.
    """
    if isinstance(answer, list):
        errors = [_one_error(entry, anything) for entry in answer]
        return errors[0] if errors and all(errors) else None
    return _one_error(answer, anything)


def _one_error(answer: Any, anything: bool) -> dict[str, Any] | None:
    if not isinstance(answer, dict) or "_id" in answer:
        return None
    if answer.get("error") and (not anything or answer.keys() == {"error"}):
        inner = answer["error"]
        inner = inner[0] if isinstance(inner, list) else inner
        return inner if isinstance(inner, dict) and inner else {"code": ""}
    known = {"code", "message", "params"}
    if isinstance(answer.get("code"), str) and (answer.keys() <= known or (not anything and "message" in answer)):
        return answer
    return None


def _text(error: dict[str, Any] | None, name: str) -> str:
    found = (error or {}).get(name)
    return found if isinstance(found, str) else ""
