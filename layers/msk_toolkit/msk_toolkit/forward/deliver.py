"""A lane's records to Vantiq, one request after the other, until the end or the first failure that may pass."""

import random as random_module
import threading
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from msk_toolkit.deadline import Clock, Deadline
from msk_toolkit.errors import AwsError, CredentialsError, ToolkitError
from msk_toolkit.forward.dead_letters import DeadLetterStore, Refusal, letter, letter_name
from msk_toolkit.forward.decode import Batch
from msk_toolkit.forward.envelope import Document
from msk_toolkit.forward.lanes import Lane
from msk_toolkit.forward.outcome import Failure, LaneOutcome, RefusedRecord
from msk_toolkit.forward.pace import Pace
from msk_toolkit.forward.retry import pause, retry_after
from msk_toolkit.forward.streak import RefusalStreaks
from msk_toolkit.settings.targets import Target
from msk_toolkit.vantiq.answers import QUOTA, Judged, Judgement, Verdict, judge
from msk_toolkit.vantiq.connection import Response
from msk_toolkit.vantiq.errors import VantiqUnansweredError
from msk_toolkit.vantiq.targets import delivery_body, delivery_path

_WAYS_THERE = {"dns", "tcp", "tls"}
_TOO_MANY = 429


class Vantiq(Protocol):
    """The one call of :class:`msk_toolkit.vantiq.client.VantiqClient` that is used."""

    def post(self, path: str, body: bytes, deadline: Deadline) -> Response:
        """Send one request and return its answer."""
        ...


class Tools(NamedTuple):
    """What deliveries work with; time and chance are arguments.

    Args:
        dead_letters: None where a record that is refused for good blocks its lane.
        wait: waits for the event, but at most so many seconds.
        now: seconds since 1970.
    """

    vantiq: Vantiq
    dead_letters: DeadLetterStore | None
    clock: Clock = time.monotonic
    now: Callable[[], float] = time.time
    wait: Callable[[threading.Event, float], object] = threading.Event.wait
    random: Callable[[], float] = random_module.random


class Reply(NamedTuple):
    """A request's result: what it means for the records, and what a failure would say."""

    judged: Judged
    reason: str
    retry_after: float | None = None
    request_id: str = ""
    way_failed: bool = False

    @property
    def throttled(self) -> bool:
        """Whether Vantiq asks for less, not only for a moment's patience with this request."""
        asks = any(each.status == _TOO_MANY or each.code.startswith(QUOTA) for each in self.judged.each)
        return asks or self.retry_after is not None


class Shared(NamedTuple):
    """What the lanes of an invocation share.

    Args:
        outage: set by the first lane that meets one; it stops them all.
    """

    outage: threading.Event
    pace: Pace
    streaks: RefusalStreaks


class Delivery:
    """Delivers one lane."""

    def __init__(
        self,
        lane: Lane,
        target: Target,
        batch: Batch,
        tools: Tools,
        deadline: Deadline,
        shared: Shared,
        *,
        as_array: bool,
        max_attempts: int,
        timed: bool = False,
    ) -> None:
        self._lane = lane
        self._target = target
        self._path = delivery_path(target)
        self._batch = batch
        self._tools = tools
        self._deadline = deadline
        self._outage, self._pace, self._streaks = shared
        self._as_array = as_array
        self._max_attempts = max_attempts
        self._timed = timed
        self._ages: list[float] = []
        self._settled = 0
        self._dead_lettered = 0
        self._retried = 0
        self._throttled = 0.0
        self._latencies: list[float] = []
        self._refused: list[RefusedRecord] = []

    def run(self, groups: Iterable[list[Document]]) -> LaneOutcome:
        """Deliver the groups in order; stops at the first failure."""
        failure = None
        for group in groups:
            failure = self._deliver(group)
            if failure is not None:
                break
        return LaneOutcome(
            self._lane,
            self._settled,
            self._dead_lettered,
            failure,
            self._retried,
            self._latencies,
            self._throttled,
            self._ages,
            self._refused,
        )

    def _deliver(self, group: list[Document]) -> Failure | None:
        """Deliver a group; each record that is done counts at once, so a failure leaves no doubt about the rest."""
        if group[0].fault:
            return self._set_aside(group[0], Refusal(reason="unsendable", detail=group[0].fault, target=""))
        attempt = 0
        while group:
            failure = self._turn(len(group))
            if failure is not None:
                return failure
            attempt += 1
            reply = self._post(group)
            if reply.judged.for_all and reply.judged.each[0].verdict is Verdict.REFUSED and len(group) > 1:
                # One refusal for all: halve until the bad record alone is left.
                middle = len(group) // 2
                return self._deliver(group[:middle]) or self._deliver(group[middle:])
            done, failure = self._settle(group, reply, attempt)
            if failure is not None:
                return failure
            if done:
                group, attempt = group[done:], 1
            if group:
                failure = self._pause(reply, attempt)
                if failure is not None:
                    return failure
        return None

    def _turn(self, records: int) -> Failure | None:
        """Wait until a request with so many records may start, or say why none may any more."""
        seconds = self._pace.turn(records, self._deadline.remaining())
        while True:
            if self._outage.is_set():
                return Failure("held", "another lane met an outage")
            if self._deadline.expired:
                return Failure("late", "the time for this invocation is used up")
            if seconds <= 0:
                return None
            if seconds >= self._deadline.remaining():
                return Failure("late", "the pace that is set or asked for leaves no time for another request")
            self._tools.wait(self._outage, seconds)
            self._throttled += seconds
            seconds = self._pace.held()

    def _settle(self, group: list[Document], reply: Reply, attempt: int) -> tuple[int, Failure | None]:
        """Count what is done, up to the first record that is not."""
        if reply.judged.for_all and reply.judged.each[0].verdict is Verdict.DELIVERED:
            self._acknowledged(group)
            return len(group), None
        for number, (document, judgement) in enumerate(zip(group, reply.judged.each, strict=True)):
            match judgement.verdict:
                case Verdict.DELIVERED:
                    self._acknowledged([document])
                case Verdict.REFUSED:
                    if self._streaks.refused(self._target, judgement):
                        self._outage.set()
                        return number, Failure("outage", f"{reply.reason}, one record after the other")
                    refusal = Refusal(
                        reason="refused",
                        detail=judgement.message[:1000],
                        target=str(self._target),
                        attempts=attempt,
                        status=judgement.status,
                        code=judgement.code,
                        request_id=reply.request_id,
                    )
                    failure = self._set_aside(document, refusal)
                    if failure is not None:
                        return number, failure
                case Verdict.OUTAGE:
                    self._outage.set()
                    return number, Failure("outage", reply.reason)
                case Verdict.RETRIABLE:
                    # Later ones of an array may be done already. They go again: order counts for more than a duplicate.
                    return number, None
        return len(group), None

    def _acknowledged(self, documents: list[Document]) -> None:
        """Count what Vantiq has just taken."""
        self._settled += len(documents)
        self._streaks.delivered(self._target)
        if self._timed:
            now = self._tools.now()
            times = [document.record.content.timestamp for document in documents if document.record.content]
            self._ages += [max(0.0, now - time / 1000) for time in times if time and time > 0]

    def _pause(self, reply: Reply, attempt: int) -> Failure | None:
        """Wait before the next try, or say why there is none."""
        seconds = pause(attempt, reply.retry_after, self._tools.random)
        if reply.throttled:
            self._pace.hold(seconds)
        if attempt >= self._max_attempts:
            if reply.way_failed:
                self._outage.set()
            return Failure("outage" if reply.way_failed else "retriable", f"{reply.reason} ({attempt} tries)")
        if seconds >= self._deadline.remaining():
            return Failure("retriable", f"{reply.reason} (no time for another try)")
        self._tools.wait(self._outage, seconds)
        self._throttled += seconds if reply.throttled else 0.0
        self._retried += 1
        return None

    def _post(self, group: list[Document]) -> Reply:
        body = delivery_body(self._target, [document.body for document in group], as_array=self._as_array)
        count = len(group)
        started = self._tools.clock()
        try:
            response = self._tools.vantiq.post(self._path, body, self._deadline)
        except VantiqUnansweredError as error:
            # An address or a certificate does not change from one try to the next.
            verdict = Verdict.OUTAGE if error.stage in {"dns", "tls"} else Verdict.RETRIABLE
            return Reply(
                Judged.same(Judgement(verdict, 0, error.cause), count),
                str(error),
                way_failed=error.stage in _WAYS_THERE,
            )
        except (CredentialsError, AwsError) as error:
            return Reply(Judged.same(Judgement(Verdict.OUTAGE, 0), count), str(error))
        self._latencies.append(self._tools.clock() - started)
        judged = judge(response.status, response.body, self._target.kind, count, as_array=self._as_array)
        return Reply(
            judged,
            _reason(self._target, judged.each[:1] if judged.for_all else judged.each),
            retry_after(response.headers.get("Retry-After"), self._tools.now()),
            response.headers.get("X-Request-Id") or "",
        )

    def _set_aside(self, document: Document, refusal: Refusal) -> Failure | None:
        """Write the dead letter; a record counts as done only when that stands."""
        record = document.record
        where = f"record {record.place} offset {record.offset}"
        refused = RefusedRecord(record, refusal.reason, refusal.status, refusal.code)
        if self._tools.dead_letters is None:
            self._refused.append(refused)
            why = refusal.code or refusal.status or refusal.detail
            return Failure("blocked", f"{where} is {refusal.reason} ({why}) and nothing is to be set aside")
        body = letter(record, self._batch, refusal, self._tools.now())
        try:
            self._tools.dead_letters.write(letter_name(record, self._batch.cluster), body, self._deadline)
        except ToolkitError as error:
            return Failure("retriable", f"{where} is {refusal.reason} and can't be set aside: {error}")
        self._refused.append(refused)
        self._settled += 1
        self._dead_lettered += 1
        return None


def _reason(target: Target, judgements: list[Judgement]) -> str:
    """The first failure as a sentence, without Vantiq's message: that may quote the record."""
    failed = next((found for found in judgements if found.verdict is not Verdict.DELIVERED), None)
    if failed is None:
        return ""
    return f"Vantiq answered {failed.status} {failed.code}".rstrip() + f" for {target}"
