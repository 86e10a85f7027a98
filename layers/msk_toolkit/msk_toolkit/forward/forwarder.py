"""One invocation: an event in, what became of its records out."""

import functools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from msk_toolkit.aws.clients import client
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.forward.batch_response import to_report, unfinished
from msk_toolkit.forward.dead_letters import BucketStore
from msk_toolkit.forward.decode import LEAST_TIME, Batch, SourceRecord, decode
from msk_toolkit.forward.deliver import Delivery, DeliveryServices, Limits, Shared
from msk_toolkit.forward.delivered_cache import DeliveredCache
from msk_toolkit.forward.envelope import BY_OPERATOR, Document, Documents
from msk_toolkit.forward.lanes import Lane, split, split_into_requests
from msk_toolkit.forward.outcome import BatchOutcome, Failure, LaneOutcome
from msk_toolkit.forward.rate_limiter import RateLimiter
from msk_toolkit.forward.refusal_limit import RefusalLimit
from msk_toolkit.forward.rounds import PartitionsInDoubt, Patience, run_rounds
from msk_toolkit.forward.rows import row_document
from msk_toolkit.forward.target_check import TargetCheck
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.settings.targets import Target
from msk_toolkit.vantiq.client import VantiqClient
from msk_toolkit.vantiq.token import Token

# The mapping's 10,000 tries of what one lane can't pass then last more than a day.
_LEAST_SECONDS = 10.0

MakeDocument = Callable[[SourceRecord], Document]


class _Times(NamedTuple):
    """When an invocation's requests must have begun, and have ended."""

    start_by: Deadline
    end_by: Deadline


class Forwarder:
    """What a warm environment keeps from one invocation to the next: connections, token, pace, unfinished batches.

    Args:
        check: asks Vantiq whether a target keeps records; None where nobody is to be asked.
        patient: an invocation that gets nowhere tries again as long as its time allows; else it ends at once.
    """

    def __init__(
        self,
        settings: ForwarderSettings,
        tools: DeliveryServices,
        check: TargetCheck | None = None,
        *,
        patient: bool = False,
    ) -> None:
        self._settings = settings
        self._tools = tools
        self._check = check
        self._patient = patient
        self._unfinished = DeliveredCache()
        self._suspects = PartitionsInDoubt()
        self._pace = RateLimiter(settings.records_per_second, tools.clock)
        self._streaks = RefusalLimit(settings.max_consecutive_refusals)

    def forward(self, event: object, deadline: Deadline) -> BatchOutcome:
        """Deliver the event's records and say what became of each.

        Args:
            deadline: the function's own time-out. ``RESERVE_SECONDS`` before it no request starts any more; half of
                that is for the answers to those under way.

        Raises:
            MalformedEventError: the event is not the mapping's.
            ConfigurationError: a Kafka topic of the event has no valid target, or the time-out is too short.
        """
        reserve = self._settings.reserve_seconds
        if deadline.remaining() <= reserve:
            raise ConfigurationError("RESERVE_SECONDS", ["is not shorter than the function's time-out"])
        times = _Times(
            deadline.at_most(deadline.remaining() - reserve), deadline.at_most(deadline.remaining() - reserve / 2)
        )
        arrived = self._tools.now()
        batch = decode(event)
        targets = self._targets(batch)
        known = self._unfinished.done(batch)
        fresh = {
            place: [record for record in records if (place, record.offset) not in known] if known else records
            for place, records in batch.partitions.items()
        }
        lanes = self._deliver(batch, fresh, targets, times)
        lowest = unfinished(lanes)
        if lowest:
            done = {(lane.lane.place, record.offset) for lane in lanes for record in lane.lane.records[: lane.settled]}
            self._unfinished.remember(batch, known | done)
        else:
            self._unfinished.forget(batch)
        return BatchOutcome(
            received=batch.size,
            known=batch.size - sum(map(len, fresh.values())),
            lanes=lanes,
            unfinished=lowest,
            to_report=to_report(batch, lowest),
            lag_seconds=_lag(batch, arrived),
            notes=self._check.notes() if self._check else (),
        )

    def _deliver(
        self, batch: Batch, fresh: dict[str, list[SourceRecord]], targets: dict[str, Target], times: _Times
    ) -> list[LaneOutcome]:
        """Run the lanes, in as many rounds as are worth it."""
        settings, tools = self._settings, self._tools
        deliver = functools.partial(self._deliver_lane, batch, targets, times, self._documents(batch))
        took: set[Target] = set()

        def run(lanes: list[Lane]) -> list[LaneOutcome]:
            unfit = self._unfit({targets[lane.place] for lane in lanes}, times.start_by)
            shared = Shared(threading.Event(), self._pace, self._streaks, took)

            def deliver_if_fit(lane: Lane) -> LaneOutcome:
                failure = unfit.get(targets[lane.place])
                return deliver(shared, lane) if failure is None else LaneOutcome(lane, 0, 0, failure, 0, [])

            if len(lanes) < 2 or settings.max_in_flight < 2:
                return list(map(deliver_if_fit, lanes))
            with ThreadPoolExecutor(min(len(lanes), settings.max_in_flight), thread_name_prefix="lane") as pool:
                return list(pool.map(deliver_if_fit, lanes))

        patience = Patience(
            lambda seconds: tools.wait(threading.Event(), seconds),
            times.start_by.remaining,
            self._pace.held,
            tools.random,
            _LEAST_SECONDS if settings.poller_mode == "provisioned" else 0.0,
        )
        lanes = split(fresh, settings.ordering, settings.max_in_flight)
        return run_rounds(lanes, run, self._suspects, patience if self._patient else None)

    def _deliver_lane(
        self,
        batch: Batch,
        targets: dict[str, Target],
        times: _Times,
        makers: Callable[[Target], MakeDocument],
        shared: Shared,
        lane: Lane,
    ) -> LaneOutcome:
        settings, target = self._settings, targets[lane.place]
        limits = Limits(
            times.start_by,
            times.end_by,
            settings.max_attempts,
            as_array=settings.sends_arrays(target.kind),
            timed=lane.place.rpartition("-")[0] == settings.heartbeat_topic != "",
        )
        delivery = Delivery(lane, target, batch, self._tools, limits, shared)
        most = settings.array_length(target.kind)
        return delivery.run(split_into_requests(lane.records, makers(target), most, settings.max_post_bytes))

    def _documents(self, batch: Batch) -> Callable[[Target], MakeDocument]:
        """What makes the documents for a target: envelopes, or rows for a type with a property for other values."""
        envelopes = self._unless_named(Documents(batch.cluster, self._settings.payload).make)
        rows = self._unless_named(functools.partial(row_document, cluster=batch.cluster))
        return lambda target: rows if self._makes_rows(target) else envelopes

    def _makes_rows(self, target: Target) -> bool:
        return self._settings.payload == "envelope" and self._check is not None and self._check.value_text(target)

    def _unless_named(self, make: MakeDocument) -> MakeDocument:
        """Makes each record's document, but for those that the operator sets aside."""
        named = self._settings.records_to_set_aside

        def make_unless_named(record: SourceRecord) -> Document:
            content = record.content
            if content is not None and (content.topic, content.partition, content.offset) in named:
                return Document(record, b"", BY_OPERATOR)
            return make(record)

        return make_unless_named if named else make

    def _unfit(self, targets: set[Target], bound: Deadline) -> dict[Target, Failure]:
        """The targets that nothing may be sent to, and why."""
        if self._check is None:
            return {}
        failures = {target: self._check.failure(target, bound) for target in targets}
        return {target: failure for target, failure in failures.items() if failure}

    def _targets(self, batch: Batch) -> dict[str, Target]:
        """The target of each partition; everything that has none is named before anything is sent."""
        routes = self._settings.targets
        targets: dict[str, Target] = {}
        problems: dict[str, None] = {}
        for place, records in batch.partitions.items():
            # The topic's name is the records' own; the key only serves where none of them could be decoded.
            topic = next((record.content.topic for record in records if record.content), place.rpartition("-")[0])
            try:
                targets[place] = routes.target_for(topic)
            except ValueError as error:
                problems[str(error)] = None
        if problems:
            raise ConfigurationError("VANTIQ_ROUTES", list(problems))
        return targets


def _lag(batch: Batch, now: float) -> float | None:
    times = (
        record.content.timestamp
        for records in batch.partitions.values()
        for record in records
        if record.content and record.content.timestamp
    )
    oldest = min((time for time in times if time >= LEAST_TIME), default=None)
    return None if oldest is None else max(0.0, now - oldest / 1000)


@functools.lru_cache(maxsize=1)
def warm_forwarder(settings: ForwarderSettings) -> Forwarder:
    """The environment's forwarder, made anew only when the settings change.

    Raises:
        ConfigurationError: VANTIQ_TRUSTED_CA holds no certificate.
    """
    token = Token(client("secretsmanager"), settings.vantiq_token_secret_arn)
    vantiq = VantiqClient.from_settings(settings, token)
    tools = DeliveryServices(vantiq, dead_letter_store(settings), by_operator=_bucket_store(settings))
    return Forwarder(settings, tools, TargetCheck(settings, vantiq), patient=True)


def dead_letter_store(settings: ForwarderSettings) -> BucketStore | None:
    """Where refused records are set aside; None where they block their lane."""
    return None if settings.on_refusal == "block" else _bucket_store(settings)


def _bucket_store(settings: ForwarderSettings) -> BucketStore | None:
    bucket = settings.dead_letter_bucket
    return BucketStore(bucket, functools.partial(client, "s3")) if bucket else None
