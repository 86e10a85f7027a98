"""A lane's records to Vantiq, one request after the other, until the end or the first failure that may pass."""

import functools
from collections.abc import Iterator

from msk_toolkit.errors import ToolkitError
from msk_toolkit.forward.dead_letters import RecordRefusal, letter, letter_name
from msk_toolkit.forward.decode import Batch
from msk_toolkit.forward.envelope import BY_OPERATOR, Document
from msk_toolkit.forward.exchange import Reply
from msk_toolkit.forward.halving import RecordGroup, divided
from msk_toolkit.forward.lanes import Lane
from msk_toolkit.forward.outcome import Failure, LaneOutcome, RefusedRecord
from msk_toolkit.forward.prepared import PreparedGroups
from msk_toolkit.forward.progress import LaneProgress
from msk_toolkit.forward.request import LaneRequests
from msk_toolkit.forward.services import DeliveryServices, Limits, Shared
from msk_toolkit.network.event_loop import blocking
from msk_toolkit.path_causes import PathCause
from msk_toolkit.settings.targets import Target
from msk_toolkit.vantiq.responses import Disposition, RecordResult

_MAX_DETAIL_LENGTH = 1000


class Delivery:
    """Delivers one lane, in this flow:

    1. Take the next group of documents. A record without a document (it can't be decoded, or the operator sets it
       aside) is dead-lettered, a tombstone that is to be dropped is counted, and the lane goes on.
    2. Wait for the rate limiter; stop where another lane has encountered an outage or no time is left.
    3. Send the group in one request; the next group is prepared while the response is awaited.
    4. If the response is about all records of the request and a single one may be its cause, divide the group and
       start again with its parts, in order (:mod:`msk_toolkit.forward.halving`).
    5. Count the records that are done, up to the first that is not; dead-letter those that are refused. An outage, a
       blocked record or too many refusals in a row stop the lane.
    6. A record whose result is unclear is sent alone, not in an array; the rest follows it.
    7. What is left of the group waits (backoff, ``Retry-After``) and is sent again, from 2, until its attempts or the
       time are used up.

    Waiting, sending and retrying are :class:`LaneRequests`, counting is :class:`LaneProgress`; what is decided is
    decided by functions of ``retry`` and ``halving``, which neither wait nor send.
    """

    def __init__(
        self, lane: Lane, target: Target, batch: Batch, services: DeliveryServices, limits: Limits, shared: Shared
    ) -> None:
        self._target = target
        self._batch = batch
        self._services = services
        self._limits = limits
        self._shared = shared
        self._requests = LaneRequests(target, services, limits, shared)
        self._progress = LaneProgress(lane, services.now if limits.timed else None)

    async def run(self, groups: Iterator[list[Document]]) -> LaneOutcome:
        """Deliver the groups in order; stops at the first failure."""
        ahead = PreparedGroups(groups)
        try:
            failure = await self._deliver(ahead)
        except Exception as error:  # noqa: BLE001 - whatever it is, what other lanes have done must not be forgotten
            reason = f"unexpected {type(error).__name__} {_raised_in(error)}"
            failure = Failure("retriable", reason, PathCause.FORWARDER_FAILS)
        return self._progress.outcome(failure, self._requests.counts)

    async def _deliver(self, groups: PreparedGroups) -> Failure | None:
        while documents := groups.take():
            # The next one last.
            pending = [RecordGroup(documents)]
            while pending:
                step = await self._step(pending.pop(), groups)
                if isinstance(step, Failure):
                    return step
                pending += reversed(step)
        return None

    async def _step(self, group: RecordGroup, following: PreparedGroups) -> list[RecordGroup] | Failure:
        """Send a group once; what is still to be sent of it, in order, or why the lane stops."""
        documents = group.documents
        if documents[0].fault:
            return await self._set_aside(documents[0]) or []
        if documents[0].action == "drop":
            self._progress.dropped()
            return []
        reply = await self._requests.send(group, following.prepare)
        if isinstance(reply, Failure):
            return reply
        if reply.results.for_all and reply.disposition is Disposition.DELIVERED:
            self._acknowledged(documents)
            return []
        attempts = group.attempts + 1
        parts = divided(documents, reply, attempts, self._limits.max_attempts)
        if parts:
            return parts
        done, failure = await self._settle(documents, reply, attempts)
        if failure is not None:
            return failure
        rest = documents[done:]
        if not rest:
            return []
        if reply.results.records[done].disposition is Disposition.UNCLEAR:
            alone, others = RecordGroup(rest[:1], bare=True), rest[1:]
            return [alone, RecordGroup(others)] if others else [alone]
        # Progress starts the count again.
        again = RecordGroup(rest, group.bare, attempts=1 if done else attempts)
        return await self._requests.back_off(again, reply) or [again]

    async def _settle(self, documents: list[Document], reply: Reply, attempts: int) -> tuple[int, Failure | None]:
        """Count what is done, up to the first record that is not; how many are, and why the lane stops there."""
        for number, (document, result) in enumerate(zip(documents, reply.results.records, strict=True)):
            match result.disposition:
                case Disposition.DELIVERED:
                    self._acknowledged([document])
                case Disposition.THERE_ALREADY:
                    self._acknowledged([document], there_already=True)
                case Disposition.REFUSED:
                    failure = await self._refuse(document, result, reply, attempts)
                    if failure is not None:
                        return number, failure
                case Disposition.OUTAGE:
                    self._shared.outage.set()
                    hint = self._requests.hint(RecordGroup(documents[number:]), reply)
                    return number, Failure("outage", reply.reason + hint, reply.cause)
                case Disposition.RETRIABLE | Disposition.UNCLEAR:
                    # Later ones of an array may be done already. They go again: order counts for more than a duplicate.
                    return number, None
        return len(documents), None

    def _acknowledged(self, documents: list[Document], *, there_already: bool = False) -> None:
        self._progress.delivered(documents, there_already=there_already)
        self._shared.refusal_limit.delivered(self._target)
        self._shared.accepting.add(self._target)

    async def _set_aside(self, document: Document) -> Failure | None:
        """Dead-letter a record without a document, unless so many don't fit their schemas that these must be wrong."""
        fault = document.schema_fault
        if fault is not None:
            result = RecordResult(Disposition.REFUSED, 0, fault.code)
            if self._shared.refusal_limit.refused(self._target, result):
                reason = f"{document.fault} ({fault.code}), for more records in a row than MAX_CONSECUTIVE_REFUSALS"
                return Failure("outage", reason, PathCause.SCHEMA_UNFIT)
        return await self._dead_letter(document, _refusal_of_document(document))

    async def _refuse(self, document: Document, result: RecordResult, reply: Reply, attempts: int) -> Failure | None:
        """Dead-letter a refused record, unless so many are refused that the fault can't be theirs."""
        if self._shared.refusal_limit.refused(self._target, result):
            self._shared.outage.set()
            reason = f"{reply.reason}, for more records in a row than MAX_CONSECUTIVE_REFUSALS"
            return Failure("outage", reason, PathCause.VANTIQ_REFUSES_RECORDS)
        refusal = RecordRefusal(
            reason="refused",
            detail=result.message[:_MAX_DETAIL_LENGTH],
            target=str(self._target),
            attempts=attempts,
            status=result.status,
            code=result.code,
            request_id=reply.request_id,
        )
        return await self._dead_letter(document, refusal)

    async def _dead_letter(self, document: Document, refusal: RecordRefusal) -> Failure | None:
        """Write the dead letter; the record counts as done only when it is stored."""
        record = document.record
        subject = f"record {record.place} offset {record.offset} is {refusal.reason}"
        refused = RefusedRecord(record, refusal.reason, refusal.status, refusal.code)
        store = self._services.dead_letters
        if refusal.reason == "operator":
            store = self._services.by_operator or store
        if store is None:
            self._progress.blocked(refused)
            cause = refusal.code or refusal.status or refusal.detail
            reason = f"{subject} ({cause}) and dead-lettering is off"
            owner = PathCause.SCHEMA_UNFIT if document.schema_fault else PathCause.VANTIQ_REFUSES_RECORDS
            return Failure("blocked", reason, owner)
        body = letter(record, self._batch, refusal, self._services.now())
        name = letter_name(record, self._batch.cluster)
        try:
            await blocking(functools.partial(store.write, name, body, self._limits.end_by))
        except ToolkitError as error:
            reason = f"{subject} and cannot be dead-lettered: {error}"
            return Failure("retriable", reason, PathCause.LETTERS_NOT_STORED)
        self._progress.dead_lettered(refused)
        return None


def _refusal_of_document(document: Document) -> RecordRefusal:
    fault = document.schema_fault
    if fault is not None:
        return RecordRefusal(
            reason="schema", detail=document.fault, target="", code=fault.code, schema_id=fault.schema_id
        )
    reason = "operator" if document.fault == BY_OPERATOR else "unsendable"
    return RecordRefusal(reason=reason, detail=document.fault, target="")


def _raised_in(error: Exception) -> str:
    """Where in the program it was raised; its text may quote a record."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return ""
    return f"in {traceback.tb_frame.f_code.co_qualname}, line {traceback.tb_lineno}"
