"""What an answer means for the records in the request, told by status and error code, never by message text."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from msk_toolkit.settings.targets import TargetKind
from msk_toolkit.vantiq.results import (
    error_in,
    error_of_response,
    has_columns_of,
    is_echo,
    is_stored,
    parsed,
    response_status,
    shown_code,
    status_beside,
    text_of,
    without_body,
)


class Disposition(StrEnum):
    """What is to be done about a record."""

    DELIVERED = "delivered"
    # An insert found the natural key in use: an earlier try stored the record, and its answer was lost.
    THERE_ALREADY = "there-already"
    # May work later: try again.
    RETRIABLE = "retriable"
    # Vantiq will never take this record (or one of the array): find it, and set it aside.
    REFUSED = "refused"
    # The target, the credential or the way is out of order: nothing is wrong with the record.
    OUTAGE = "outage"
    # A stored row and a refusal would look like this: sent alone, the request's own status tells which it is.
    UNCLEAR = "unclear"


class RecordResult(NamedTuple):
    """A verdict and what it rests on; ``message`` is Vantiq's own and may quote the record: never log it."""

    verdict: Disposition
    status: int
    code: str = ""
    message: str = ""


QUOTA = "io.vantiq.resource.quota."
DUPLICATE_KEY = "io.vantiq.resource.duplicate.key"
# The target is missing; Vantiq says this with 400 as well as with 404.
_UNKNOWN_RESOURCE = "io.vantiq.type.system.resource.unknown"
_NOT_FOUND = ".not.found"
_OF_VANTIQ = ("io.vantiq.", "com.accessg2.", "com.vantiq.")
# The successes that Vantiq documents, and 201. A gateway's 202 or 206 acknowledges nothing.
_SUCCESSES = frozenset({200, 201, 204})
# An array of these is not atomic: its answer holds what became of each record.
_ONE_RESULT_EACH = frozenset({"type", "upsert"})
_RESULTS_MISSING = "results-missing"
UNREADABLE_ANSWER = "unreadable-answer"
_FIRST_FINAL = 200
_FIRST_FAULT = 500
_TOO_LARGE = 413
_UNPROCESSABLE = 422
# Only with a code of Vantiq's own: without one, a proxy on the way speaks, and of the request, not the record.
_REFUSED_WITH_CODE = frozenset({400, 409})
_PASSING = frozenset({408, 425, 429})


class RequestResults(NamedTuple):
    """The judgement on each record of a request.

    Args:
        for_all: the answer held one for all of them, so it doesn't say which record it is about.
    """

    each: list[RecordResult]
    for_all: bool

    @classmethod
    def same(cls, judgement: RecordResult, count: int) -> "RequestResults":
        """One judgement for all."""
        return cls([judgement] * count, for_all=True)


def results_of_request(
    status: int, body: bytes, kind: TargetKind, count: int, *, as_array: bool, sent: Sequence[bytes] = ()
) -> RequestResults:
    """What an answer means for the ``count`` records of its request.

    A success must say so in its body too: an error can arrive in a 200, and an array insert is not atomic.

    Args:
        sent: the records' documents, which tell a stored row with a column ``status`` from a response.
    """
    answer = parsed(body)
    elements = _Elements(status, kind, as_array, sent)
    if status not in _SUCCESSES:
        # "The response code is set to the overall success or failure": a failure can hold a result each as well.
        if as_array and _is_list(answer, count) and all(response_status(each) for each in answer):
            return elements.judged(answer)
        return RequestResults.same(_judge_error(status, error_of_response(answer), kind), count)
    if answer is msgspec.UNSET:
        # HTML is the page of something in front of Vantiq, a login or a notice; else an answer broke off.
        verdict = Disposition.OUTAGE if body.lstrip()[:1] == b"<" else Disposition.RETRIABLE
        return RequestResults.same(RecordResult(verdict, status, UNREADABLE_ANSWER), count)
    if kind == "procedure":
        # It answers with whatever it returns: a list of that is no list of results, its fields are its own.
        error = error_in(answer, exact=True)
        done = RecordResult(Disposition.DELIVERED, status)
        return RequestResults.same(_judge_error(400, error, kind, status) if error else done, count)
    if as_array and _is_list(answer, count):
        return elements.judged(answer)
    return elements.judged_as_whole(answer, count)


def error_of(status: int, body: bytes) -> tuple[int, str]:
    """The status and code of an answer that is an error, even one that came with a good status; else (0, "")."""
    error = error_in(parsed(body), anything=True)
    if 200 <= status < 300 and error is None:
        return 0, ""
    return (400 if 200 <= status < 300 else status), shown_code(text_of(error, "code"))


class _Elements:
    """Judges the results of a request's records, one for one."""

    def __init__(self, status: int, kind: TargetKind, as_array: bool, sent: Sequence[bytes]) -> None:
        self._status = status
        self._kind = kind
        self._as_array = as_array
        self._stored = as_array and kind in _ONE_RESULT_EACH
        self._sent = sent

    def judged(self, results: list[Any]) -> RequestResults:
        """The results come in the order of the records."""
        judged = [self._judge(number, result, own=True) for number, result in enumerate(results)]
        return RequestResults(judged, for_all=False)

    def judged_as_whole(self, answer: Any, count: int) -> RequestResults:
        """A success whose body says one thing for all of its records."""
        # An answer to several repeats none of them.
        number = 0 if count == 1 else len(self._sent)
        judgement = self._judge(number, answer[0] if _is_list(answer, 1) else answer, own=False)
        results_of_others = isinstance(answer, list) and bool(answer) and count > 1
        if judgement.verdict in {Disposition.DELIVERED, Disposition.UNCLEAR} and (self._stored or results_of_others):
            judgement = RecordResult(Disposition.RETRIABLE, self._status, _RESULTS_MISSING)
        return RequestResults.same(judgement, count)

    def _judge(self, number: int, result: Any, *, own: bool) -> RecordResult:
        """One record's result: a standard response, an error or several, or what was stored."""
        status = response_status(result)
        if status is None:
            return self._judge_content(number, result)
        if status in _SUCCESSES:
            error = error_in(result.get("body")) or error_in(without_body(result))
            if error is None or is_echo(result.get("body"), self._record(number)):
                return RecordResult(Disposition.DELIVERED, self._status)
            return _judge_error(status_beside(error), error, self._kind, self._status)
        record = self._record(number)
        if is_echo(result, record):
            # Only the request of this record alone can tell; once it was alone, its status has told.
            return RecordResult(Disposition.UNCLEAR if self._as_array else Disposition.DELIVERED, self._status)
        if has_columns_of(result, record):
            return RecordResult(Disposition.DELIVERED, self._status)
        if status < _FIRST_FINAL:
            return RecordResult(Disposition.RETRIABLE, self._status, _RESULTS_MISSING)
        return _judge_error(status, error_of_response(result), self._kind, own=own)

    def _judge_content(self, number: int, result: Any) -> RecordResult:
        error = error_in(result)
        if error is not None and not is_echo(result, self._record(number)):
            return _judge_error(status_beside(error), error, self._kind, self._status)
        if self._stored and not is_stored(result, self._record(number)):
            return RecordResult(Disposition.RETRIABLE, self._status, _RESULTS_MISSING)
        return RecordResult(Disposition.DELIVERED, self._status)

    def _record(self, number: int) -> Any:
        return parsed(self._sent[number]) if number < len(self._sent) else None


def _judge_error(
    status: int, error: dict[str, Any] | None, kind: TargetKind, shown: int | None = None, *, own: bool = False
) -> RecordResult:
    code = text_of(error, "code")
    verdict = _verdict(status, code, kind, own=own)
    return RecordResult(verdict, shown or status, shown_code(code), text_of(error, "message"))


def _verdict(status: int, code: str, kind: TargetKind, *, own: bool) -> Disposition:
    """The verdict on a failure.

    Args:
        own: the status is one record's of several: Vantiq itself speaks, so that it need not give a code.
    """
    if code == DUPLICATE_KEY and kind == "type":
        return Disposition.THERE_ALREADY
    if code.startswith(QUOTA) or status in _PASSING or status >= _FIRST_FAULT:
        return Disposition.RETRIABLE
    if code == _UNKNOWN_RESOURCE or (code.startswith(_OF_VANTIQ) and code.endswith(_NOT_FOUND)):
        return Disposition.OUTAGE
    if status in {_TOO_LARGE, _UNPROCESSABLE} or (status in _REFUSED_WITH_CODE and (code or own)):
        return Disposition.REFUSED
    # Redirects, 401, 403, 404, 405, 410 and whatever is not known to be about the record: never a dead letter.
    return Disposition.OUTAGE


def _is_list(answer: Any, count: int) -> bool:
    return isinstance(answer, list) and len(answer) == count
