"""One request to Vantiq with records in it, and what its response means for them."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

import msgspec

from msk_toolkit.deadline import Clock, Deadline
from msk_toolkit.errors import AwsError, CredentialsError
from msk_toolkit.forward.envelope import Document
from msk_toolkit.forward.failure_cause import cause_of_error, cause_of_result
from msk_toolkit.path_causes import PathCause
from msk_toolkit.settings.targets import Target
from msk_toolkit.vantiq.connection import HttpResponse
from msk_toolkit.vantiq.errors import VantiqUnansweredError
from msk_toolkit.vantiq.responses import (
    NOT_FOUND,
    QUOTA,
    UNREADABLE_RESPONSE,
    Disposition,
    RecordResult,
    RequestResults,
    results_of_request,
)
from msk_toolkit.vantiq.targets import delivery_body, delivery_path, rows_path

_PATH_STAGES = frozenset({"dns", "tcp", "proxy", "tls"})
# An address or a certificate does not change from one attempt to the next, nor do a proxy's rules and users.
_LASTING_STAGES = frozenset({"dns", "tls"})
_LASTING_CAUSES = frozenset({"proxy-login-refused", "proxy-secret-unreadable", "proxy-refused"})
_OK = 200
_TOO_MANY = 429
_UNAVAILABLE = 503
# Without a code of Vantiq's these are about the network path, the token or the URL; the others may be about one record.
_NEVER_ABOUT_A_RECORD = frozenset({401, 404, 405, 407, 408, 410, 425, _TOO_MANY, _UNAVAILABLE})
_DONE = frozenset({Disposition.DELIVERED, Disposition.THERE_ALREADY})
_MAX_ID_LENGTH = 200
_WITHOUT_RESPONSE = (VantiqUnansweredError, CredentialsError, AwsError)


class Vantiq(Protocol):
    """The one call of :class:`msk_toolkit.vantiq.client.VantiqClient` that is used."""

    def send(
        self, method: str, path: str, body: bytes, deadline: Deadline, meanwhile: Callable[[], object] | None = None
    ) -> Coroutine[Any, Any, HttpResponse]:
        """Send a request and return its response; ``meanwhile`` may be called while it is awaited."""
        ...


class Reply(msgspec.Struct, frozen=True):
    """A request's outcome: what it means for the records, and what a failure would say.

    Args:
        retry_after: seconds for which Vantiq asks for no request; None where it does not.
        path_failed: the network path to Vantiq failed, so that nothing was sent.
        error_cause: why there is no response; None where there is one.
    """

    results: RequestResults
    reason: str
    retry_after: float | None = None
    request_id: str = ""
    path_failed: bool = False
    error_cause: PathCause | None = None

    @property
    def disposition(self) -> Disposition:
        """That of the first record; of all of them where the response holds one for all."""
        return self.results.records[0].disposition

    @property
    def cause(self) -> PathCause:
        """Why the first record that is not done is not done."""
        if self.error_cause:
            return self.error_cause
        return cause_of_result(next(result for result in self.results.records if result.disposition not in _DONE))

    @property
    def throttled(self) -> bool:
        """Whether Vantiq asks for fewer requests, and not only for patience with this one."""
        if self.retry_after is not None:
            return True
        return any(result.status == _TOO_MANY or result.code.startswith(QUOTA) for result in self.results.records)

    @property
    def may_be_about_one_record(self) -> bool:
        """Whether one record of the request may have made something in front of Vantiq, or Vantiq, fail all of it."""
        first = self.results.records[0]
        if not self.results.for_all or self.throttled or first.status in _NEVER_ABOUT_A_RECORD:
            return False
        return _is_page(first) or _is_failure_without_reason(first)


def _is_page(result: RecordResult) -> bool:
    return result.code == UNREADABLE_RESPONSE and result.disposition is Disposition.OUTAGE


def _is_failure_without_reason(result: RecordResult) -> bool:
    """Whether it is the server's fault, or the request's for a reason that Vantiq has not given."""
    return result.status >= 500 or (400 <= result.status < 500 and not result.code)


class VantiqExchange:
    """Sends a lane's requests to its target.

    Args:
        now: seconds since 1970.
        deadline: a request in flight is given up then.
    """

    def __init__(
        self, vantiq: Vantiq, target: Target, clock: Clock, now: Callable[[], float], deadline: Deadline
    ) -> None:
        self._vantiq = vantiq
        self._target = target
        self._path = delivery_path(target)
        self._clock = clock
        self._now = now
        self._deadline = deadline
        self.latencies: list[float] = []

    async def post(self, group: list[Document], meanwhile: Callable[[], object], *, as_array: bool) -> Reply:
        """Send a group in one request.

        Args:
            meanwhile: may be called while the response is awaited.
        """
        documents = [document.body for document in group]
        body = delivery_body(self._target, documents, as_array=as_array)
        count = len(group)
        started = self._clock()
        try:
            response = await self._vantiq.send("POST", self._path, body, self._deadline, meanwhile)
        except _WITHOUT_RESPONSE as error:
            return _unanswered(error, count)
        self.latencies.append(self._clock() - started)
        results = results_of_request(
            response.status, response.body, self._target.kind, count, as_array=as_array, sent=documents
        )
        return self._reply(response, results)

    async def delete(self, document: Document, meanwhile: Callable[[], object]) -> Reply:
        """Delete the row that a tombstone names.

        For a row that is not there Vantiq has the code of a missing instance, which could as well be about the type, or
        about what the token may see. So the row is looked for: only an empty list says that it is gone.

        Args:
            meanwhile: may be called while the response is awaited.
        """
        # As the vendor's own client asks.
        path = rows_path(self._target, document.body, count="true")
        response = await self._asked("DELETE", path, meanwhile)
        if isinstance(response, Reply):
            return response
        results = self._single_results(response)
        if results.records[0].code != NOT_FOUND:
            return self._reply(response, results)
        path = rows_path(self._target, document.body, limit="1")
        response = await self._asked("GET", path, meanwhile)
        if isinstance(response, Reply):
            return response
        results = self._single_results(response)
        if results.records[0].disposition is Disposition.DELIVERED:
            is_gone = response.status == _OK and response.body.strip() == b"[]"
            disposition = Disposition.THERE_ALREADY if is_gone else Disposition.RETRIABLE
            results = RequestResults.same(RecordResult(disposition, response.status), 1)
        return self._reply(response, results)

    def _single_results(self, response: HttpResponse) -> RequestResults:
        return results_of_request(response.status, response.body, self._target.kind, 1, as_array=False)

    async def _asked(self, method: str, path: str, meanwhile: Callable[[], object]) -> HttpResponse | Reply:
        """The response to a request about one record, or what its absence means for the record."""
        started = self._clock()
        try:
            response = await self._vantiq.send(method, path, b"", self._deadline, meanwhile)
        except _WITHOUT_RESPONSE as error:
            return _unanswered(error, 1)
        self.latencies.append(self._clock() - started)
        return response

    def _reply(self, response: HttpResponse, results: RequestResults) -> Reply:
        reason = _reason(self._target, results)
        if not response.headers:  # as most have none of those that are kept
            return Reply(results, reason)
        return Reply(
            results,
            reason,
            retry_after(response.headers.get("retry-after"), self._now()),
            (response.headers.get("x-request-id") or "")[:_MAX_ID_LENGTH],
        )


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
    date = _date(text)
    if date is None:
        return None
    return max(0.0, date.timestamp() - now)


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if date.tzinfo is None:
        return date.replace(tzinfo=UTC)
    return date


def _unanswered(error: VantiqUnansweredError | CredentialsError | AwsError, count: int) -> Reply:
    if not isinstance(error, VantiqUnansweredError):
        results = RequestResults.same(RecordResult(Disposition.OUTAGE, 0), count)
        return Reply(results, str(error), error_cause=cause_of_error(error))
    lasts = error.stage in _LASTING_STAGES or error.cause in _LASTING_CAUSES
    disposition = Disposition.OUTAGE if lasts else Disposition.RETRIABLE
    results = RequestResults.same(RecordResult(disposition, 0, error.cause), count)
    return Reply(results, str(error), path_failed=error.stage in _PATH_STAGES, error_cause=cause_of_error(error))


def _reason(target: Target, results: RequestResults) -> str:
    """The first failure as a sentence, without Vantiq's message: that may quote the record."""
    # One for all of them is the same thousand times.
    records = results.records[:1] if results.for_all else results.records
    for result in records:
        if result.disposition not in _DONE:
            return f"Vantiq answered {result.status} {result.code}".rstrip() + f" for {target}"
    return ""
