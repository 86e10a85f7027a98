"""A lane's records to Vantiq, one request after the other, until the end or the first failure that may pass."""

import random as random_module
import threading
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from msk_toolkit.deadline import Clock, Deadline
from msk_toolkit.errors import ToolkitError
from msk_toolkit.forward.dead_letters import DeadLetterStore, RecordRefusal, letter, letter_name
from msk_toolkit.forward.decode import Batch, time_of
from msk_toolkit.forward.envelope import BY_OPERATOR, Document
from msk_toolkit.forward.exchange import Reply, Vantiq, VantiqExchange
from msk_toolkit.forward.lanes import Lane
from msk_toolkit.forward.outcome import Failure, FailureKind, LaneOutcome, RefusedRecord
from msk_toolkit.forward.rate_limiter import RateLimiter
from msk_toolkit.forward.refusal_limit import RefusalLimit
from msk_toolkit.forward.retry import pause
from msk_toolkit.settings.targets import Target
from msk_toolkit.vantiq.responses import Disposition, RecordResult


class DeliveryServices(NamedTuple):
    """What deliveries work with; time and chance are arguments.

    Args:
        dead_letters: None where a record that is refused for good blocks its lane.
        wait: waits for the event, but at most so many seconds.
        now: seconds since 1970.
        by_operator: where records go that the operator sets aside by name, also where refused ones block.
    """

    vantiq: Vantiq
    dead_letters: DeadLetterStore | None
    clock: Clock = time.monotonic
    now: Callable[[], float] = time.time
    wait: Callable[[threading.Event, float], object] = threading.Event.wait
    random: Callable[[], float] = random_module.random
    by_operator: DeadLetterStore | None = None


class Shared(NamedTuple):
    """What the lanes of an invocation share.

    Args:
        outage: set by the first lane that meets one; it stops them all.
        took: targets that have taken a record in this invocation.
    """

    outage: threading.Event
    pace: RateLimiter
    streaks: RefusalLimit
    took: set[Target]


class Limits(NamedTuple):
    """How a lane may send.

    Args:
        start_by: no request starts after it.
        end_by: a request under way, or a dead letter, is given up then.
        max_attempts: tries of one request.
        as_array: whether a request holds an array, also of one record.
        timed: whether the records' ages are measured.
    """

    start_by: Deadline
    end_by: Deadline
    max_attempts: int
    as_array: bool
    timed: bool = False


class Delivery:
    """Delivers one lane."""

    def __init__(
        self, lane: Lane, target: Target, batch: Batch, tools: DeliveryServices, limits: Limits, shared: Shared
    ) -> None:
        self._lane = lane
        self._target = target
        self._batch = batch
        self._tools = tools
        self._limits = limits
        self._shared = shared
        self._exchange = VantiqExchange(tools.vantiq, target, tools.clock, tools.now, limits.end_by)
        self._ages: list[float] = []
        self._settled = 0
        self._dead_lettered = 0
        self._there_already = 0
        self._retried = 0
        self._throttled = 0.0
        self._refused: list[RefusedRecord] = []

    def run(self, groups: Iterable[list[Document]]) -> LaneOutcome:
        """Deliver the groups in order; stops at the first failure."""
        try:
            failure = next(filter(None, map(self._deliver, groups)), None)
        except Exception as error:  # noqa: BLE001 - whatever it is, what other lanes have done must not be forgotten
            failure = Failure("retriable", f"unforeseen {type(error).__name__} {_place(error)}")
        return LaneOutcome(
            self._lane,
            self._settled,
            self._dead_lettered,
            failure,
            self._retried,
            self._exchange.latencies,
            self._throttled,
            self._ages,
            self._refused,
            self._there_already,
        )

    def _deliver(self, group: list[Document], *, bare: bool = False) -> Failure | None:
        """Deliver a group; each record that is done counts at once, so a failure leaves no doubt about the rest.

        Args:
            bare: send the one record of the group as it is, where requests to the target hold arrays.
        """
        if group[0].fault:
            reason = "operator" if group[0].fault == BY_OPERATOR else "unsendable"
            return self._set_aside(group[0], RecordRefusal(reason=reason, detail=group[0].fault, target=""))
        attempt = 0
        while group:
            failure = self._turn(len(group))
            if failure is not None:
                return failure
            attempt += 1
            reply = self._exchange.post(group, as_array=self._limits.as_array and not bare)
            if len(group) > 1 and reply.results.for_all:
                if reply.disposition in {Disposition.REFUSED, Disposition.THERE_ALREADY}:
                    return self._halves(group)
                if reply.may_be_about_one and (
                    reply.disposition is Disposition.OUTAGE or attempt >= self._limits.max_attempts
                ):
                    # An outage fails the first record as well; if that is taken, one behind it is what can't pass.
                    return self._deliver(group[:1]) or self._halves(group[1:])
            done, failure = self._settle(group, reply, attempt)
            if failure is not None:
                return failure
            group, attempt = group[done:], 1 if done else attempt
            if group and reply.results.records[done].disposition is Disposition.UNCLEAR:
                failure = self._deliver(group[:1], bare=True)
                group, attempt = group[1:], 0
            elif group:
                failure = self._pause(group, reply, attempt)
            if failure is not None:
                return failure
        return None

    def _halves(self, group: list[Document]) -> Failure | None:
        """Deliver a group in two, and so on, until a record that is refused is alone."""
        middle = max(1, len(group) // 2)
        first, second = group[:middle], group[middle:]
        return self._deliver(first) or (self._deliver(second) if second else None)

    def _turn(self, records: int) -> Failure | None:
        """Wait until a request with so many records may start, or say why none may any more."""
        start_by, pace = self._limits.start_by, self._shared.pace
        seconds = pace.turn(records, start_by.remaining())
        while True:
            if self._shared.outage.is_set():
                return Failure("held", "another lane met an outage")
            if start_by.expired:
                return Failure("late", "the time for this invocation is used up")
            if seconds <= 0:
                return None
            if seconds >= start_by.remaining():
                return Failure("late", "the pace that is set or asked for leaves no time for another request")
            self._tools.wait(self._shared.outage, seconds)
            self._throttled += seconds
            seconds = pace.held()

    def _settle(self, group: list[Document], reply: Reply, attempt: int) -> tuple[int, Failure | None]:
        """Count what is done, up to the first record that is not."""
        if reply.results.for_all and reply.disposition is Disposition.DELIVERED:
            self._acknowledged(group)
            return len(group), None
        for number, (document, judgement) in enumerate(zip(group, reply.results.records, strict=True)):
            match judgement.disposition:
                case Disposition.DELIVERED | Disposition.THERE_ALREADY:
                    self._acknowledged([document])
                    self._there_already += judgement.disposition is Disposition.THERE_ALREADY
                case Disposition.REFUSED:
                    failure = self._refuse(document, judgement, reply, attempt)
                    if failure is not None:
                        return number, failure
                case Disposition.OUTAGE:
                    self._shared.outage.set()
                    return number, Failure("outage", reply.reason + self._hint(group[number:], reply))
                case Disposition.RETRIABLE | Disposition.UNCLEAR:
                    # Later ones of an array may be done already. They go again: order counts for more than a duplicate.
                    return number, None
        return len(group), None

    def _refuse(self, document: Document, judgement: RecordResult, reply: Reply, attempt: int) -> Failure | None:
        """Set a refused record aside, unless so many are refused that the fault can't be theirs."""
        if self._shared.streaks.refused(self._target, judgement):
            self._shared.outage.set()
            return Failure("outage", f"{reply.reason}, one record after the other")
        refusal = RecordRefusal(
            reason="refused",
            detail=judgement.message[:1000],
            target=str(self._target),
            attempts=attempt,
            status=judgement.status,
            code=judgement.code,
            request_id=reply.request_id,
        )
        return self._set_aside(document, refusal)

    def _acknowledged(self, documents: list[Document]) -> None:
        """Count what Vantiq has just taken."""
        self._settled += len(documents)
        self._shared.streaks.delivered(self._target)
        self._shared.took.add(self._target)
        if self._limits.timed:
            now = self._tools.now()
            times = map(time_of, (document.record for document in documents))
            self._ages += [max(0.0, now - time / 1000) for time in times if time is not None]

    def _pause(self, group: list[Document], reply: Reply, attempt: int) -> Failure | None:
        """Wait before the next try, or say why there is none."""
        seconds = pause(attempt, reply.retry_after, self._tools.random)
        if reply.throttled:
            self._shared.pace.hold(seconds)
        if attempt >= self._limits.max_attempts:
            if reply.way_failed:
                self._shared.outage.set()
            kind: FailureKind = "outage" if reply.way_failed else "retriable"
            return Failure(kind, f"{reply.reason} ({attempt} tries)" + self._hint(group, reply))
        if seconds >= self._limits.start_by.remaining():
            return Failure("retriable", f"{reply.reason} (no time for another try)")
        self._tools.wait(self._shared.outage, seconds)
        self._throttled += seconds if reply.throttled else 0.0
        self._retried += 1
        return None

    def _hint(self, group: list[Document], reply: Reply) -> str:
        """How to get past the record, where it alone can't pass although its target takes others."""
        content = group[0].record.content
        if len(group) > 1 or content is None or not reply.may_be_about_one or self._target not in self._shared.took:
            return ""
        named = f"{content.topic}/{content.partition}/{content.offset}"
        return f", while the target took other records; if only this one can't pass, SET_ASIDE={named} sets it aside"

    def _set_aside(self, document: Document, refusal: RecordRefusal) -> Failure | None:
        """Write the dead letter; a record counts as done only when that stands."""
        record = document.record
        where = f"record {record.place} offset {record.offset}"
        refused = RefusedRecord(record, refusal.reason, refusal.status, refusal.code)
        store = self._tools.dead_letters
        if refusal.reason == "operator":
            store = self._tools.by_operator or store
        if store is None:
            self._refused.append(refused)
            why = refusal.code or refusal.status or refusal.detail
            return Failure("blocked", f"{where} is {refusal.reason} ({why}) and nothing is to be set aside")
        body = letter(record, self._batch, refusal, self._tools.now())
        try:
            store.write(letter_name(record, self._batch.cluster), body, self._limits.end_by)
        except ToolkitError as error:
            return Failure("retriable", f"{where} is {refusal.reason} and can't be set aside: {error}")
        self._refused.append(refused)
        self._settled += 1
        self._dead_lettered += 1
        return None


def _place(error: Exception) -> str:
    """Where in the program it was raised; its text may quote a record."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return ""
    return f"in {traceback.tb_frame.f_code.co_qualname}, line {traceback.tb_lineno}"
