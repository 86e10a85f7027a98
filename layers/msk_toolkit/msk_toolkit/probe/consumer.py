"""The consumer probe: read the probe topic in a group, commit, and read the commit back."""

import contextlib
from collections.abc import Iterable, Sequence

import msgspec

from msk_toolkit.causes import Cause
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.access import Access, BrokerAddress
from msk_toolkit.kafka.metadata import Topic
from msk_toolkit.network.stages import AgainError
from msk_toolkit.probe.check_brokers import AclOperation, BrokerCheck, check_brokers, close_connections
from msk_toolkit.probe.heartbeat import MissingHeartbeats
from msk_toolkit.probe.judge import judge_checks
from msk_toolkit.probe.lag import GroupLag, group_lags
from msk_toolkit.probe.membership import Membership, NoCoordinatorError, ProbeGroup
from msk_toolkit.probe.options import ConsumerOptions
from msk_toolkit.probe.reading import Reader, Reading
from msk_toolkit.probe.render import render_probe
from msk_toolkit.probe.report import BrokerReport, Verdict
from msk_toolkit.stage import CONSUMER_STAGES, Stage
from msk_toolkit.version import ResponseVersion, current_version

_OPERATIONS = (AclOperation.DESCRIBE, AclOperation.READ)


class ConsumerProbeResponse(msgspec.Struct, frozen=True, rename="camel"):
    """The verdict, each broker's stages, what was read, and all as a table.

    ``newest_age_ms`` is the age of the newest record read, None where none was; ``lag`` counts the records behind the
    last commit, over all partitions. ``gaps`` counts acknowledged heartbeats that are missing, and ``missing`` says
    which; ``duplicates`` counts those that are there although their write had failed. ``groups`` is the lag of the
    groups that the settings name.
    """

    verdict: Verdict
    brokers: list[BrokerReport]
    records_read: int
    newest_age_ms: int | None
    committed: dict[str, int]
    lag: int
    gaps: int
    missing: list[MissingHeartbeats]
    duplicates: int
    groups: list[GroupLag]
    table: str
    version: ResponseVersion = msgspec.field(default_factory=current_version)


def run_consumer_probe(access: Access, options: ConsumerOptions) -> ConsumerProbeResponse:
    """Reach every broker, then read since the last commit and commit what was read."""
    consumption = _Consumption(options)
    consumption.checks = check_brokers(access, options, _OPERATIONS, consumption.add)
    try:
        consumption.run()
    finally:
        close_connections(consumption.checks)
    consumption.note_what_was_not_run()
    reading = consumption.reading
    # Now: the verdict may wait for MSK, and that is not the heartbeat's age.
    newest_age_ms = reading.newest_age_ms(options.now())
    verdict, reports = judge_checks(consumption.checks, CONSUMER_STAGES, access, options)
    return ConsumerProbeResponse(
        verdict=verdict,
        brokers=reports,
        records_read=reading.count,
        newest_age_ms=newest_age_ms,
        committed={f"{options.topic}-{partition}": offset for partition, offset in consumption.committed.items()},
        lag=reading.lag,
        gaps=sum(missing.count for missing in reading.missing),
        missing=reading.missing,
        duplicates=reading.duplicates,
        groups=consumption.lags,
        table=render_probe(verdict, reports, CONSUMER_STAGES, consumption.lags),
    )


class _Consumption:
    """What the group reads and commits through the brokers that were reached; failures are in the brokers' logs.

    ``committed`` is the next offset of each partition, in their order.
    """

    def __init__(self, options: ConsumerOptions) -> None:
        self._options = options
        self._reached: dict[int, BrokerCheck] = {}
        self._topics: list[Topic] = []
        self.checks: list[BrokerCheck] = []
        self.reading = Reading(options.max_records)
        self.committed: dict[int, int] = {}
        self.lags: list[GroupLag] = []

    def add(self, check: BrokerCheck, topic: Topic) -> None:
        """Take a broker that has passed the common stages; one that its own metadata does not list is left out."""
        if check.broker is not None:
            self._reached[check.broker] = check
            self._topics.append(topic)

    def run(self) -> None:
        """Read and commit, then look up the other groups' lag.

        Without the group each broker's newest record is read nevertheless: that it can be read shows that the broker
        works.
        """
        if not self._reached:
            return
        options = self._options
        topic = self._topics[0]
        try:
            self._read_and_commit(topic)
        except NoCoordinatorError as error:
            self._note_no_coordinator(error)
        except StageError:
            self._downgrade_unsettled()
        if not self.reading.sequences:
            self._read_newest(topic)
        one_stage = options.deadline.at_most(options.stage_seconds)
        self.lags = group_lags(self._reached, options.watched_groups, one_stage, options.now)
        self._fail_leaders(topic)

    def note_what_was_not_run(self) -> None:
        """Say why a broker that was reached has no stage ``fetch`` or ``commit``."""
        for check in self._reached.values():
            reason = f"this run was assigned no partition of {self._options.topic} led by this broker (no fault)"
            if check.open_connection.broken:
                reason = "an earlier request failed and made the connection unusable"
            check.log.skip(Stage.FETCH, reason)
            check.log.skip(Stage.COMMIT, f"another broker coordinates group {self._options.group} (no fault)")

    def _read_and_commit(self, topic: Topic) -> None:
        unreached = [check.address for check in self.checks if check.log.failed]
        group = ProbeGroup(self._options.group, topic, self._reached, unreached, self._options.sleep)
        while True:
            membership = group.join()
            try:
                self._read_as(membership, topic)
            except AgainError:
                continue  # the stage's own deadline ends this
            finally:
                with contextlib.suppress(StageError):
                    membership.leave()
            return

    def _read_newest(self, topic: Topic) -> None:
        # A request that failed has made its connection unusable.
        usable = {broker: check for broker, check in self._reached.items() if not check.open_connection.broken}
        Reader(usable, topic, self.reading, self._options.sleep).read_newest()

    def _read_as(self, membership: Membership, topic: Topic) -> None:
        last = membership.committed()
        self.reading = Reading(self._options.max_records)
        reader = Reader(self._reached, topic, self.reading, self._options.sleep)
        reader.read_since(last, membership.member.partitions)
        offsets = self.reading.to_commit()
        if offsets:
            membership.commit(offsets)
        self.committed = {partition: committed.offset for partition, committed in offsets.items()}

    def _note_no_coordinator(self, error: NoCoordinatorError) -> None:
        """Note that the group can't be used: not a fault of any broker that was reached."""
        for check in self._reached.values():
            check.log.skip(Stage.COMMIT, error.detail)
        if any(check.log.failed for check in self.checks):
            return  # a broker that is away explains it
        self._carrier(error.address).log.fail(Stage.COMMIT, Cause.COORDINATOR_UNAVAILABLE, error.detail)

    def _carrier(self, address: BrokerAddress | None) -> BrokerCheck:
        """The brokers name a broker that was not checked, or none: then one of them has to carry the failure."""
        if address is None:
            return self.checks[0]
        carrier = next((check for check in self.checks if check.address == address), None)
        if carrier is None:
            carrier = BrokerCheck(address, self.checks[0].log.alike())
            self.checks.append(carrier)
        return carrier

    def _downgrade_unsettled(self) -> None:
        """Another member that delays the rebalance is not a fault of the broker that reports it."""
        for check in self._reached.values():
            if any(result.cause is Cause.REBALANCE_TIMEOUT for result in check.log.results):
                check.log.downgrade(Stage.COMMIT)

    def _fail_leaders(self, topic: Topic) -> None:
        """Fail the stage ``fetch`` of each broker in whose partition acknowledged heartbeats are missing."""
        for partition in topic.partitions:
            missing = _of_partition(self.reading.missing, partition.index)
            if missing and partition.leader in self._reached:
                detail = f"acknowledged heartbeats are missing from {topic.name}: {'; '.join(missing)}"
                self._reached[partition.leader].log.fail(Stage.FETCH, Cause.HEARTBEAT_MISSING, detail)


def _of_partition(missing: Iterable[MissingHeartbeats], partition: int) -> Sequence[str]:
    return [str(heartbeats) for heartbeats in missing if heartbeats.partition == partition]
