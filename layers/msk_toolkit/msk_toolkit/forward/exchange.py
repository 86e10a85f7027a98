"""One request to Vantiq with records in it, and what its answer means for them."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from msk_toolkit.deadline import Clock, Deadline
from msk_toolkit.errors import AwsError, CredentialsError
from msk_toolkit.forward.envelope import Document
from msk_toolkit.forward.retry import retry_after
from msk_toolkit.settings.targets import Target
from msk_toolkit.vantiq.connection import HttpResponse
from msk_toolkit.vantiq.errors import VantiqUnansweredError
from msk_toolkit.vantiq.responses import (
    QUOTA,
    UNREADABLE_RESPONSE,
    Disposition,
    RecordResult,
    RequestResults,
    results_of_request,
)
from msk_toolkit.vantiq.targets import delivery_body, delivery_path

_WAYS_THERE = {"dns", "tcp", "tls"}
_TOO_MANY = 429
_UNAVAILABLE = 503
# Without a code of Vantiq's these speak of the whole way, the token or the path; the others may speak of one record.
_NEVER_ABOUT_A_RECORD = frozenset({401, 404, 405, 407, 408, 410, 425, _TOO_MANY, _UNAVAILABLE})
_MOST_ID_LENGTH = 200


class Vantiq(Protocol):
    """The one call of :class:`msk_toolkit.vantiq.client.VantiqClient` that is used."""

    def post(self, path: str, body: bytes, deadline: Deadline) -> HttpResponse:
        """Send one request and return its answer."""
        ...


class Reply(NamedTuple):
    """A request's result: what it means for the records, and what a failure would say."""

    results: RequestResults
    reason: str
    retry_after: float | None = None
    request_id: str = ""
    way_failed: bool = False

    @property
    def disposition(self) -> Disposition:
        """That on the first record; on all of them where the answer holds one for all."""
        return self.results.records[0].disposition

    @property
    def throttled(self) -> bool:
        """Whether Vantiq asks for less, not only for a moment's patience with this request."""
        asks = any(result.status == _TOO_MANY or result.code.startswith(QUOTA) for result in self.results.records)
        return asks or self.retry_after is not None

    @property
    def may_be_about_one(self) -> bool:
        """Whether one record of the request may have made something in front of Vantiq, or Vantiq, fail all of it."""
        first = self.results.records[0]
        if not self.results.for_all or self.throttled or first.status in _NEVER_ABOUT_A_RECORD:
            return False
        page = first.code == UNREADABLE_RESPONSE and first.disposition is Disposition.OUTAGE
        return page or first.status >= 500 or (400 <= first.status < 500 and not first.code)


class VantiqExchange:
    """Sends a lane's requests to its target.

    Args:
        now: seconds since 1970.
        deadline: a request under way is given up then.
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

    def post(self, group: list[Document], *, as_array: bool) -> Reply:
        """Send a group in one request."""
        documents = [document.body for document in group]
        body = delivery_body(self._target, documents, as_array=as_array)
        count = len(group)
        started = self._clock()
        try:
            response = self._vantiq.post(self._path, body, self._deadline)
        except VantiqUnansweredError as error:
            # An address or a certificate does not change from one try to the next.
            verdict = Disposition.OUTAGE if error.stage in {"dns", "tls"} else Disposition.RETRIABLE
            return Reply(
                RequestResults.same(RecordResult(verdict, 0, error.cause), count),
                str(error),
                way_failed=error.stage in _WAYS_THERE,
            )
        except (CredentialsError, AwsError) as error:
            return Reply(RequestResults.same(RecordResult(Disposition.OUTAGE, 0), count), str(error))
        self.latencies.append(self._clock() - started)
        results = results_of_request(
            response.status, response.body, self._target.kind, count, as_array=as_array, sent=documents
        )
        return Reply(
            results,
            _reason(self._target, results.records[:1] if results.for_all else results.records),
            retry_after(response.headers.get("Retry-After"), self._now()),
            (response.headers.get("X-Request-Id") or "")[:_MOST_ID_LENGTH],
        )


def _reason(target: Target, results: list[RecordResult]) -> str:
    """The first failure as a sentence, without Vantiq's message: that may quote the record."""
    done = {Disposition.DELIVERED, Disposition.THERE_ALREADY}
    failed = next((result for result in results if result.disposition not in done), None)
    if failed is None:
        return ""
    return f"Vantiq answered {failed.status} {failed.code}".rstrip() + f" for {target}"
