"""One invocation: an event in, what became of its records out."""

import functools
from collections.abc import Iterable, Iterator, Set
from typing import TYPE_CHECKING, NamedTuple

from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.forward.batch_response import to_report, unfinished
from msk_toolkit.forward.dead_letters import BucketStore
from msk_toolkit.forward.decode import Batch, SourceRecord, decode, time_of
from msk_toolkit.forward.deliver import Delivery
from msk_toolkit.forward.delivered_cache import DeliveredCache, RecordPlace
from msk_toolkit.forward.documents import DocumentMakers
from msk_toolkit.forward.lanes import Lane, split, split_into_requests
from msk_toolkit.forward.outcome import BatchOutcome, Failure, LaneOutcome
from msk_toolkit.forward.rate_limiter import RateLimiter
from msk_toolkit.forward.refusal_limit import RefusalLimit
from msk_toolkit.forward.rounds import PartitionsInDoubt, Patience, ReportWaiting, run_rounds
from msk_toolkit.forward.services import DeliveryServices, Limits, Shared
from msk_toolkit.forward.target_check import UNCHECKED, TargetCheck, natural_key_failure
from msk_toolkit.network.event_loop import EventLoop, Signal
from msk_toolkit.network.poll import SocketPoll
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.settings.targets import Routes, Target
from msk_toolkit.target_kinds import TargetState
from msk_toolkit.vantiq.client import VantiqClient
from msk_toolkit.vantiq.token import Token

if TYPE_CHECKING:
    from msk_toolkit.forward.decoding import RecordDecoding

# The mapping's 10,000 attempts of what one lane can't pass then last more than a day.
_LEAST_SECONDS = 10.0


class _Invocation(NamedTuple):
    """A batch with the target of each partition.

    Args:
        start_by: when the last request must have begun.
        end_by: when it must have ended.
        accepting: targets that have accepted a record.
        report: see :class:`~msk_toolkit.forward.rounds.Patience`.
    """

    batch: Batch
    targets: dict[str, Target]
    start_by: Deadline
    end_by: Deadline
    documents: DocumentMakers
    accepting: set[Target]
    report: ReportWaiting | None = None


class Forwarder:
    """What a warm environment keeps between invocations: connections, token, rate limit, unfinished batches.

    Args:
        check: asks Vantiq whether a target keeps records; None where nothing is checked.
        decoding: decodes records by their schemas; None where they are sent as they are.
        patient: an invocation without progress sends again as long as its time allows; otherwise it ends at once.
    """

    def __init__(
        self,
        settings: ForwarderSettings,
        services: DeliveryServices,
        check: TargetCheck | None = None,
        *,
        decoding: "RecordDecoding | None" = None,
        patient: bool = False,
    ) -> None:
        self._settings = settings
        self._decoding = decoding
        self._services = services
        self._check = check
        self._patient = patient
        self._poll = services.poll or SocketPoll()
        self._delivered = DeliveredCache()
        self._in_doubt = PartitionsInDoubt()
        self._rate_limiter = RateLimiter(settings.records_per_second, services.clock)
        self._refusal_limit = RefusalLimit(settings.max_consecutive_refusals)

    def forward(self, event: object, deadline: Deadline, report: ReportWaiting | None = None) -> BatchOutcome:
        """Deliver the event's records and say what became of each.

        Args:
            deadline: the function's own timeout. ``RESERVE_SECONDS`` before it no request starts any more; half of
                that is for the responses to those in flight.
            report: called once if records must wait for Vantiq within this invocation.

        Raises:
            MalformedEventError: the event is not the mapping's.
            ConfigurationError: a Kafka topic of the event has no valid target, or the timeout is too short.
        """
        reserve = self._settings.reserve_seconds
        if deadline.remaining() <= reserve:
            raise ConfigurationError("RESERVE_SECONDS", ["must be shorter than the function's timeout"])
        start_by = deadline.at_most(deadline.remaining() - reserve)
        end_by = deadline.at_most(deadline.remaining() - reserve / 2)
        arrived = self._services.now()
        batch = decode(event, self._settings.record_ids, self._settings.cluster_name)
        targets = _targets_of(batch, self._settings.targets)
        known = self._delivered.done(batch)
        fresh = _without(known, batch.partitions)
        documents = DocumentMakers(self._settings, batch.ids, self._decoding)
        lanes = self._deliver(_Invocation(batch, targets, start_by, end_by, documents, set(), report), fresh)
        lowest = unfinished(lanes)
        self._remember(batch, known, lanes, is_finished=not lowest)
        return BatchOutcome(
            received=batch.size,
            known=batch.size - sum(map(len, fresh.values())),
            lanes=lanes,
            unfinished=lowest,
            to_report=to_report(batch, lowest),
            lag_seconds=_lag(batch, arrived),
            notes=self._check.notes() if self._check else (),
        )

    def _remember(
        self, batch: Batch, known: frozenset[RecordPlace], lanes: list[LaneOutcome], *, is_finished: bool
    ) -> None:
        """Keep what is done of a batch that will be redelivered."""
        if is_finished:
            self._delivered.forget(batch)
            return
        done: set[RecordPlace] = set(known)
        for lane in lanes:
            done |= {(lane.lane.place, record.offset) for record in lane.lane.records[: lane.settled]}
        self._delivered.remember(batch, done)

    def _deliver(self, invocation: _Invocation, fresh: dict[str, list[SourceRecord]]) -> list[LaneOutcome]:
        """Run the lanes, in as many rounds as are worth it."""
        settings, services = self._settings, self._services
        patience = Patience(
            wait=self._poll.wait,
            remaining=invocation.start_by.remaining,
            held=self._rate_limiter.held,
            random=services.random,
            least=_LEAST_SECONDS if settings.poller_mode == "provisioned" else 0.0,
            report=invocation.report,
        )
        lanes = split(fresh, settings.ordering, settings.max_in_flight)
        run = functools.partial(self._run_lanes, invocation)
        return run_rounds(lanes, run, self._in_doubt, patience if self._patient else None)

    def _run_lanes(self, invocation: _Invocation, lanes: list[Lane]) -> list[LaneOutcome]:
        """Each of these lanes once, several at the same time."""
        unfit = self._unfit({invocation.targets[lane.place] for lane in lanes}, invocation.start_by)
        if self._decoding is not None:
            self._decoding.prepare([lane.records for lane in lanes], invocation.start_by)
        shared = Shared(Signal(), self._rate_limiter, self._refusal_limit, invocation.accepting)

        async def run_lane(lane: Lane) -> LaneOutcome:
            failure = unfit.get(invocation.targets[lane.place])
            if failure is not None:
                return LaneOutcome(lane, failure=failure)
            return await self._deliver_decodable(invocation, shared, lane)

        loop = EventLoop(self._poll, self._services.clock)
        return loop.run(map(run_lane, lanes), self._settings.max_in_flight)

    async def _deliver_decodable(self, invocation: _Invocation, shared: Shared, lane: Lane) -> LaneOutcome:
        """Deliver a lane up to the first record whose schema is missing."""
        stop = self._decoding.stop(lane.records) if self._decoding else None
        if stop is None:
            return await self._deliver_lane(invocation, shared, lane)
        before = Lane(lane.place, lane.records[: stop.before])
        outcome = await self._deliver_lane(invocation, shared, before)
        return outcome._replace(lane=lane, failure=outcome.failure or stop.failure)

    async def _deliver_lane(self, invocation: _Invocation, shared: Shared, lane: Lane) -> LaneOutcome:
        settings, target = self._settings, invocation.targets[lane.place]
        limits = Limits(
            invocation.start_by,
            invocation.end_by,
            settings.max_attempts,
            as_array=settings.sends_arrays(target.kind),
            timed=lane.place.rpartition("-")[0] == settings.heartbeat_topic != "",
        )
        delivery = Delivery(lane, target, invocation.batch, self._services, limits, shared)
        make = invocation.documents.maker(self._state(target))
        max_records = settings.array_length(target.kind)
        return await delivery.run(split_into_requests(lane.records, make, max_records, settings.max_post_bytes))

    def _unfit(self, targets: set[Target], bound: Deadline) -> dict[Target, Failure]:
        """The targets that nothing may be sent to, and why."""
        failures: dict[Target, Failure] = {}
        for target in targets:
            failure = self._check.failure(target, bound) if self._check else None
            failure = failure or natural_key_failure(self._settings, target, self._state(target))
            if failure is not None:
                failures[target] = failure
        return failures

    def _state(self, target: Target) -> TargetState:
        return self._check.state(target) if self._check else UNCHECKED


def _targets_of(batch: Batch, routes: Routes) -> dict[str, Target]:
    """The target of each partition; everything that has none is named before anything is sent."""
    targets: dict[str, Target] = {}
    problems: dict[str, None] = {}
    for place, records in batch.partitions.items():
        try:
            targets[place] = routes.target_for(_topic_of(place, records))
        except ValueError as error:
            problems[str(error)] = None
    if problems:
        raise ConfigurationError("VANTIQ_ROUTES", list(problems))
    return targets


def _topic_of(place: str, records: Iterable[SourceRecord]) -> str:
    """The topic's name is the records' own; the key only serves where none of them could be decoded."""
    for record in records:
        if record.content:
            return record.content.topic
    return place.rpartition("-")[0]


def _without(known: Set[RecordPlace], partitions: dict[str, list[SourceRecord]]) -> dict[str, list[SourceRecord]]:
    """The records that are not known to be done."""
    if not known:
        return partitions
    fresh: dict[str, list[SourceRecord]] = {}
    for place, records in partitions.items():
        fresh[place] = [record for record in records if (place, record.offset) not in known]
    return fresh


def _lag(batch: Batch, now: float) -> float | None:
    oldest = min(_times_of(batch), default=None)
    if oldest is None:
        return None
    return max(0.0, now - oldest / 1000)


def _times_of(batch: Batch) -> Iterator[int]:
    for records in batch.partitions.values():
        for record in records:
            milliseconds = time_of(record)
            if milliseconds is not None:
                yield milliseconds


@functools.lru_cache(maxsize=1)
def warm_forwarder(settings: ForwarderSettings, make_client: MakeClient) -> Forwarder:
    """The environment's forwarder, made again only when the settings change.

    Args:
        make_client: makes a boto3 client from a service's name.

    Raises:
        ConfigurationError: VANTIQ_TRUSTED_CA holds no certificate.
    """
    secrets = make_client("secretsmanager")
    vantiq = VantiqClient.from_settings(settings, Token(secrets, settings.vantiq_token_secret_arn), secrets)
    services = DeliveryServices(
        vantiq, dead_letter_store(settings, make_client), by_operator=_bucket_store(settings, make_client)
    )
    decoding = decoding_of(settings, make_client)
    return Forwarder(settings, services, TargetCheck(settings, vantiq), decoding=decoding, patient=True)


def decoding_of(settings: ForwarderSettings, make_client: MakeClient) -> "RecordDecoding | None":
    """What decodes records by their schemas; None without a registry, and then nothing of it is loaded."""
    if not settings.schema_registry:
        return None
    from msk_toolkit.forward.decoding import record_decoding

    return record_decoding(settings, make_client)


def dead_letter_store(settings: ForwarderSettings, make_client: MakeClient) -> BucketStore | None:
    """Where refused records are dead-lettered; None where they block their lane."""
    if settings.on_refusal == "block":
        return None
    return _bucket_store(settings, make_client)


def _bucket_store(settings: ForwarderSettings, make_client: MakeClient) -> BucketStore | None:
    if not settings.dead_letter_bucket:
        return None
    return BucketStore(settings.dead_letter_bucket, functools.partial(make_client, "s3"))
