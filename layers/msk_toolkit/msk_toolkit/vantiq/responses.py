"""What a response means for the records in its request, by status and error code, never by message text."""

import functools
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from msk_toolkit.target_kinds import KINDS, TargetKind
from msk_toolkit.vantiq.results import (
    content_of,
    error_in,
    error_of_response,
    error_without_status,
    has_columns_of,
    is_echo,
    is_json,
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
    # An insert found the natural key in use: an earlier attempt stored the record, and its response was lost.
    THERE_ALREADY = "there-already"
    # May succeed later: try again.
    RETRIABLE = "retriable"
    # Vantiq will never accept this record (or one of the array): isolate it, and dead-letter it.
    REFUSED = "refused"
    # The target, the credential or the network path fails: nothing is wrong with the record.
    OUTAGE = "outage"
    # A stored row and a refusal would look like this: sent alone, the request's own status decides.
    UNCLEAR = "unclear"


_SUCCESSFUL = frozenset({Disposition.DELIVERED, Disposition.UNCLEAR})


class RecordResult(NamedTuple):
    """A disposition and its reason; ``message`` is Vantiq's own and may quote the record: never log it."""

    disposition: Disposition
    status: int
    code: str = ""
    message: str = ""


QUOTA = "io.vantiq.resource.quota."
DUPLICATE_KEY = "io.vantiq.resource.duplicate.key"
# An instance is missing; a row, where rows are deleted.
NOT_FOUND = "io.vantiq.resource.not.found"
# The target is missing; Vantiq says this with 400 as well as with 404.
_UNKNOWN_RESOURCE = "io.vantiq.type.system.resource.unknown"
_NOT_FOUND = ".not.found"
_OF_VANTIQ = ("io.vantiq.", "com.accessg2.", "com.vantiq.")
# The successes that Vantiq documents, and 201. A 202 or 206 of a gateway acknowledges nothing.
_SUCCESSES = frozenset({200, 201, 204})
_SHORT = 4
_SAYS_NOTHING = frozenset({b"", b"{}", b"null"})
_RESULTS_MISSING = "results-missing"
UNREADABLE_RESPONSE = "unreadable-answer"
_FIRST_FINAL = 200
_FIRST_FAULT = 500
_TOO_LARGE = 413
_UNPROCESSABLE = 422
# Only with a code of Vantiq's own: without one the answer is a proxy's, and about the request, not the record.
_REFUSED_WITH_CODE = frozenset({400, 409})
_TRANSIENT = frozenset({408, 425, 429})


class RequestResults(NamedTuple):
    """The result of each record of a request.

    Args:
        for_all: the response held a single result for all of them, so it doesn't say which record it is about.
    """

    records: list[RecordResult]
    for_all: bool

    @classmethod
    def same(cls, result: RecordResult, count: int) -> "RequestResults":
        """A single result for all."""
        return cls([result] * count, for_all=True)


def results_of_request(
    status: int, body: bytes, kind: TargetKind, count: int, *, as_array: bool, sent: Sequence[bytes] = ()
) -> RequestResults:
    """What a response means for the ``count`` records of its request.

    A success must say so in its body too: an error can arrive in a 200, and an array insert is not atomic.

    Args:
        sent: the records' documents, which distinguish a stored row with a column ``status`` from a response.
    """
    if len(body) <= _SHORT and body in _SAYS_NOTHING:
        return _results_without_content(status, body, kind, count, as_array=as_array)
    return _results(status, body, kind, count, as_array=as_array, sent=sent)


@functools.lru_cache(maxsize=256)
def _results_without_content(
    status: int, body: bytes, kind: TargetKind, count: int, *, as_array: bool
) -> RequestResults:
    """The results of a response that holds nothing to compare with the records, as most to publishing do."""
    return _results(status, body, kind, count, as_array=as_array, sent=())


def _results(
    status: int, body: bytes, kind: TargetKind, count: int, *, as_array: bool, sent: Sequence[bytes]
) -> RequestResults:
    response = _content(body, kind, sent)
    results = _RecordResults(status, kind, as_array, sent)
    has_result_per_record = as_array and _is_list(response, count)
    if status not in _SUCCESSES:
        # "The response code is set to the overall success or failure": a failure can hold a result each as well.
        if has_result_per_record and _holds_statuses(response):
            return results.of_list(response)
        return results.of_failure(response, count)
    if response is msgspec.UNSET:
        return RequestResults.same(_unreadable(status, body), count)
    return results.of_success(response, count, has_result_per_record=has_result_per_record)


def _content(body: bytes, kind: TargetKind, sent: Sequence[bytes]) -> Any:
    """The body's JSON; ``msgspec.UNSET`` where it is something else, or far more than the records account for."""
    content = content_of(body, sent)
    if content is msgspec.UNSET and KINDS[kind].free_response and is_json(body):
        return None  # a procedure may return that much, and its error never is
    return content


def _holds_statuses(results: list[Any]) -> bool:
    return all(response_status(result) for result in results)


def is_about_target(code: str) -> bool:
    """Whether an error code says that the target is missing."""
    return code == _UNKNOWN_RESOURCE or (code.startswith(_OF_VANTIQ) and code.endswith(_NOT_FOUND))


def error_of(status: int, content: Any) -> tuple[int, str]:
    """The status and code of a response that is an error, even one with a success status; otherwise (0, "").

    Args:
        content: as :func:`content_of`.
    """
    error = error_in(content, anything=True)
    if not 200 <= status < 300:
        return status, shown_code(text_of(error, "code"))
    if error is None:
        return 0, ""
    return 400, shown_code(text_of(error, "code"))


def _unreadable(status: int, body: bytes) -> RecordResult:
    """HTML is a page of something in front of Vantiq, a login or a notice; anything else is a truncated response."""
    if body.lstrip().startswith(b"<"):
        return RecordResult(Disposition.OUTAGE, status, UNREADABLE_RESPONSE)
    return RecordResult(Disposition.RETRIABLE, status, UNREADABLE_RESPONSE)


def _free_result(status: int, response: Any, kind: TargetKind) -> RecordResult:
    error = error_in(response, exact=True)
    if error is None:
        return RecordResult(Disposition.DELIVERED, status)
    return _error_result(400, error, kind, status)


class _RecordResults:
    """The results of a request's records, in their order."""

    def __init__(self, status: int, kind: TargetKind, as_array: bool, sent: Sequence[bytes]) -> None:
        self._status = status
        self._kind = kind
        self._as_array = as_array
        self._stored = as_array and KINDS[kind].result_per_record
        self._sent = sent

    def of_list(self, results: list[Any]) -> RequestResults:
        """A response with a result per record."""
        records = [self._of_record(number, result, is_own=True) for number, result in enumerate(results)]
        return RequestResults(records, for_all=False)

    def of_success(self, response: Any, count: int, *, has_result_per_record: bool) -> RequestResults:
        """A success, whose body may say otherwise of single records."""
        if KINDS[self._kind].free_response:
            # A list of what a procedure returns is not a list of results, and its fields are its own.
            return RequestResults.same(_free_result(self._status, response, self._kind), count)
        if has_result_per_record:
            return self.of_list(response)
        return self.of_whole(response, count)

    def of_failure(self, response: Any, count: int) -> RequestResults:
        """A failure that says the same for all of its records."""
        return RequestResults.same(_error_result(self._status, error_of_response(response), self._kind), count)

    def of_whole(self, response: Any, count: int) -> RequestResults:
        """A success whose body says the same for all of its records."""
        content = response
        if _is_list(response, 1):
            (content,) = response
        # A response to several repeats none of them.
        number = 0 if count == 1 else None
        result = self._of_record(number, content, is_own=False)
        if result.disposition in _SUCCESSFUL and self._lacks_results(response, count):
            result = RecordResult(Disposition.RETRIABLE, self._status, _RESULTS_MISSING)
        return RequestResults.same(result, count)

    def _lacks_results(self, response: Any, count: int) -> bool:
        return self._stored or (count > 1 and _is_filled_list(response))

    def _of_record(self, number: int | None, result: Any, *, is_own: bool) -> RecordResult:
        """The result of a record: a standard response, an error or several, or what was stored."""
        status = response_status(result)
        if status is None:
            return self._of_content(number, result)
        if status in _SUCCESSES:
            return self._of_success(number, result)
        record = self._record(number)
        if is_echo(result, record):
            # Only the request of this record alone can decide; once it was alone, its status has decided.
            return RecordResult(Disposition.UNCLEAR if self._as_array else Disposition.DELIVERED, self._status)
        if has_columns_of(result, record):
            return RecordResult(Disposition.DELIVERED, self._status)
        if status < _FIRST_FINAL:
            return RecordResult(Disposition.RETRIABLE, self._status, _RESULTS_MISSING)
        return _error_result(status, error_of_response(result), self._kind, is_own=is_own)

    def _of_success(self, number: int | None, result: Any) -> RecordResult:
        body = result.get("body")
        error = error_in(body) or error_in(without_body(result))
        if error is None or is_echo(body, self._record(number)):
            return RecordResult(Disposition.DELIVERED, self._status)
        return _error_result(status_beside(error), error, self._kind, self._status)

    def _of_content(self, number: int | None, result: Any) -> RecordResult:
        record = self._record(number)
        error = error_without_status(result, record)
        if error is not None and not is_echo(result, record):
            return _error_result(status_beside(error), error, self._kind, self._status)
        if self._stored and not is_stored(result, record):
            return RecordResult(Disposition.RETRIABLE, self._status, _RESULTS_MISSING)
        return RecordResult(Disposition.DELIVERED, self._status)

    def _record(self, number: int | None) -> Any:
        """The record's document; None where the result is about several, or the documents are not known."""
        if number is None or not self._sent:
            return None
        return parsed(self._sent[number])


def _error_result(
    status: int, error: dict[str, Any] | None, kind: TargetKind, shown: int | None = None, *, is_own: bool = False
) -> RecordResult:
    code = text_of(error, "code")
    disposition = _disposition(status, code, kind, is_own=is_own)
    return RecordResult(disposition, shown or status, shown_code(code), text_of(error, "message"))


def _disposition(status: int, code: str, kind: TargetKind, *, is_own: bool) -> Disposition:
    """The disposition of a failure.

    Args:
        is_own: the status is that of a single record among several: it is Vantiq's, which need not give a code then.
    """
    if code == DUPLICATE_KEY and KINDS[kind].inserts:
        return Disposition.THERE_ALREADY
    if code.startswith(QUOTA) or status in _TRANSIENT or status >= _FIRST_FAULT:
        return Disposition.RETRIABLE
    if is_about_target(code):
        return Disposition.OUTAGE
    if status in {_TOO_LARGE, _UNPROCESSABLE} or (status in _REFUSED_WITH_CODE and (code or is_own)):
        return Disposition.REFUSED
    # Redirects, 401, 403, 404, 405, 410 and whatever is not known to be about the record: never a dead letter.
    return Disposition.OUTAGE


def _is_filled_list(response: Any) -> bool:
    return isinstance(response, list) and bool(response)


def _is_list(response: Any, count: int) -> bool:
    return isinstance(response, list) and len(response) == count
