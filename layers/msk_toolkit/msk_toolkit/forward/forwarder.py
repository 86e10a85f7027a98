"""One invocation: an event in, what became of its records out."""

import functools
import threading
from concurrent.futures import ThreadPoolExecutor

from msk_toolkit.aws.clients import client
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.forward.dead_letters import BucketStore
from msk_toolkit.forward.decode import Batch, Record, decode
from msk_toolkit.forward.deliver import Delivery, Shared, Tools
from msk_toolkit.forward.envelope import Documents
from msk_toolkit.forward.lanes import Lane, groups, split
from msk_toolkit.forward.memory import LastBatch
from msk_toolkit.forward.outcome import Failure, LaneOutcome, Outcome
from msk_toolkit.forward.pace import Pace
from msk_toolkit.forward.report import to_report, unfinished
from msk_toolkit.forward.streak import RefusalStreaks
from msk_toolkit.forward.target_check import TargetCheck
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.settings.targets import Target
from msk_toolkit.vantiq.client import VantiqClient
from msk_toolkit.vantiq.token import Token


class Forwarder:
    """What a warm environment keeps from one invocation to the next: connections, token, pace, last batch."""

    def __init__(self, settings: ForwarderSettings, tools: Tools, check: TargetCheck | None = None) -> None:
        self._settings = settings
        self._tools = tools
        self._check = check
        self._last = LastBatch()
        self._pace = Pace(settings.records_per_second, tools.clock)
        self._streaks = RefusalStreaks(settings.refusals_are_an_outage_after)

    def forward(self, event: object, deadline: Deadline) -> Outcome:
        """Deliver the event's records and say what became of each.

        Args:
            deadline: the function's own time-out; this returns ``RESERVE_SECONDS`` before it.

        Raises:
            MalformedEventError: the event is not the mapping's.
            ConfigurationError: a Kafka topic of the event has no valid target, or the time-out is too short.
        """
        reserve = self._settings.reserve_seconds
        if deadline.remaining() <= reserve:
            raise ConfigurationError("RESERVE_SECONDS", ["is not shorter than the function's time-out"])
        bound = deadline.at_most(deadline.remaining() - reserve)
        arrived = self._tools.now()
        batch = decode(event)
        targets = self._targets(batch)
        known = self._last.done(batch)
        fresh = {
            place: [record for record in records if (place, record.offset) not in known] if known else records
            for place, records in batch.partitions.items()
        }
        lanes = self._deliver(batch, fresh, targets, bound)
        lowest = unfinished(lanes)
        if lowest:
            done = {(lane.lane.place, record.offset) for lane in lanes for record in lane.lane.records[: lane.settled]}
            self._last.remember(batch, known | done)
        else:
            self._last.forget()
        return Outcome(
            received=batch.size,
            known=batch.size - sum(map(len, fresh.values())),
            lanes=lanes,
            unfinished=lowest,
            to_report=to_report(batch, lowest),
            lag_seconds=_lag(batch, arrived),
            notes=self._check.notes() if self._check else (),
        )

    def _deliver(
        self, batch: Batch, fresh: dict[str, list[Record]], targets: dict[str, Target], bound: Deadline
    ) -> list[LaneOutcome]:
        """Run the lanes, as many at a time as the settings allow; each ends by ``bound``."""
        settings = self._settings
        self._pace.release()
        shared = Shared(threading.Event(), self._pace, self._streaks)
        make = Documents(batch.cluster, settings.payload).make
        unfit = self._unfit({targets[place] for place, records in fresh.items() if records}, bound)

        def deliver(lane: Lane) -> LaneOutcome:
            target = targets[lane.place]
            if target in unfit:
                return LaneOutcome(lane, 0, 0, unfit[target], 0, [])
            delivery = Delivery(
                lane,
                target,
                batch,
                self._tools,
                bound,
                shared,
                as_array=settings.sends_arrays(target.kind),
                max_attempts=settings.max_attempts,
                timed=lane.place.rpartition("-")[0] == settings.heartbeat_topic != "",
            )
            most = settings.array_length(target.kind)
            return delivery.run(groups(lane.records, make, most, settings.max_post_bytes))

        lanes = split(fresh, settings.ordering, settings.lanes)
        if len(lanes) < 2 or settings.lanes < 2:
            return [deliver(lane) for lane in lanes]
        with ThreadPoolExecutor(min(len(lanes), settings.lanes), thread_name_prefix="lane") as pool:
            return list(pool.map(deliver, lanes))

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
    oldest = min((time for time in times if time > 0), default=None)
    return None if oldest is None else max(0.0, now - oldest / 1000)


@functools.lru_cache(maxsize=1)
def warm_forwarder(settings: ForwarderSettings) -> Forwarder:
    """The environment's forwarder, made anew only when the settings change.

    Raises:
        ConfigurationError: VANTIQ_TRUSTED_CA holds no certificate.
    """
    token = Token(client("secretsmanager"), settings.vantiq_token_secret_arn)
    vantiq = VantiqClient.from_settings(settings, token)
    return Forwarder(settings, Tools(vantiq, dead_letter_store(settings)), TargetCheck(settings, vantiq))


def dead_letter_store(settings: ForwarderSettings) -> BucketStore | None:
    """Where refused records are set aside; None where they block their lane."""
    bucket = settings.dead_letter_bucket
    return BucketStore(bucket, functools.partial(client, "s3")) if bucket and settings.on_refusal != "block" else None
