"""The consumer probe: read the probe topic in a group, commit, and read the commit back."""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence

import msgspec

from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.access import Access
from msk_toolkit.kafka.metadata import Topic
from msk_toolkit.network.stages import AgainError, StageLog
from msk_toolkit.probe.check_brokers import DESCRIBE, READ, BrokerCheck, check_brokers
from msk_toolkit.probe.heartbeat import MissingHeartbeats
from msk_toolkit.probe.lag import GroupLag, group_lags
from msk_toolkit.probe.membership import NoCoordinatorError, join_probe_group
from msk_toolkit.probe.reading import Reading, read_newest, read_since
from msk_toolkit.probe.render import render_probe
from msk_toolkit.probe.report import BrokerReport, Verdict, broker_reports
from msk_toolkit.probe.verdict import judge_brokers
from msk_toolkit.stage import CONSUMER_STAGES, Stage
from msk_toolkit.version import ResponseVersion, current_version


class ConsumerProbeResponse(msgspec.Struct, frozen=True, rename="camel"):
    """The verdict, each broker's stages, what was read, and all as a table.

    ``newest_age_ms`` is the age of the newest record read, None where none was; ``lag`` counts the records behind the
    last commit, over all partitions. ``gaps`` counts acknowledged heartbeats that are missing, and ``missing`` says
    which; ``duplicates`` counts those that stand although their write had failed. ``groups`` is the lag of the groups
    that the settings name.
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


def run_consumer_probe(
    access: Access,
    topic: str,
    group: str,
    max_records: int,
    *,
    deadline: Deadline,
    stage_seconds: float,
    warn_days: float = 14,
    expected_brokers: Callable[[], int | None] = lambda: None,
    lag_of: Sequence[str] = (),
    now: Callable[[], float] = time.time,
) -> ConsumerProbeResponse:
    """Reach every broker, then read since the last commit and commit what was read.

    Args:
        expected_brokers: asked when the brokers have answered: how many there should be, None where nobody knows.
        lag_of: other groups, whose lag is reported.
    """
    reached: dict[int, BrokerCheck] = {}
    topics: list[Topic] = []

    def keep(one: BrokerCheck, found: Topic) -> None:
        if one.broker is not None:
            reached[one.broker] = one
            topics.append(found)

    checks = check_brokers(
        access,
        topic,
        (DESCRIBE, READ),
        keep,
        deadline=deadline,
        stage_seconds=stage_seconds,
        warn_days=warn_days,
        now=now,
    )
    reading = Reading(max_records)
    committed: dict[int, int] = {}
    lags: list[GroupLag] = []
    try:
        if reached:
            reading, committed = _consume(checks, reached, topics[0], group, max_records)
            lags = group_lags(reached, lag_of, StageLog(deadline, stage_seconds), now)
    finally:
        for one in checks:
            if one.connection:
                one.connection.close()
    if topics:
        _blame_leaders(reached, topics[0], reading.missing)
    for one in reached.values():
        one.log.skip(Stage.FETCH, _why_not_read(one, topic))
        one.log.skip(Stage.COMMIT, f"another broker coordinates group {group}")
    reports = broker_reports(checks, CONSUMER_STAGES, topic, access.brokers, expected_brokers())
    judged = judge_brokers(reports)
    return ConsumerProbeResponse(
        verdict=judged,
        brokers=reports,
        records_read=reading.count,
        newest_age_ms=None if reading.newest is None else max(0, int(now() * 1000) - reading.newest),
        committed={f"{topic}-{partition}": offset for partition, offset in sorted(committed.items())},
        lag=reading.lag,
        gaps=sum(each.count for each in reading.missing),
        missing=reading.missing,
        duplicates=reading.duplicates,
        groups=lags,
        table=render_probe(judged, reports, CONSUMER_STAGES, lags),
    )


def _consume(
    checks: list[BrokerCheck], reached: dict[int, BrokerCheck], topic: Topic, group: str, max_records: int
) -> tuple[Reading, dict[int, int]]:
    """Join, read, commit, read the commit back; answers what was read and committed. Failures are in the logs.

    Without the group each broker's newest record is read all the same: that it can be is the broker's own merit.
    """
    unreached = [check.address for check in checks if check.log.failed]
    reading = Reading(max_records)
    try:
        while True:
            membership = join_probe_group(reached, topic, group, unreached)
            try:
                last = membership.committed()
                reading = Reading(max_records)
                read_since(reached, topic, last, membership.member.partitions, reading)
                offsets = reading.to_commit()
                if offsets:
                    membership.commit(offsets)
                return reading, {partition: committed.offset for partition, committed in offsets.items()}
            except AgainError:
                continue  # the stage's own deadline ends this
            finally:
                with contextlib.suppress(StageError):
                    membership.leave()
    except NoCoordinatorError as error:
        _note_no_coordinator(checks, reached, error)
    except StageError:
        _soften_unsettled(reached)
    if not reading.sequences:
        # A question that failed has spoilt its connection.
        usable = {broker: check for broker, check in reached.items() if not check.talk.broken}
        read_newest(usable, topic, reading)
    return reading, {}


def _note_no_coordinator(
    checks: list[BrokerCheck], reached: Mapping[int, BrokerCheck], error: NoCoordinatorError
) -> None:
    """Tell whose fault it is that the group can't be used: that of no broker which was reached."""
    for check in reached.values():
        check.log.skip(Stage.COMMIT, error.detail)
    if any(check.log.failed for check in checks):
        return  # a broker that is away explains it
    # The brokers name somebody whom the survey has passed over, or nobody: then one of them has to tell it.
    carrier = next((check for check in checks if check.address == error.address), None)
    if carrier is None and error.address is not None:
        carrier = BrokerCheck(error.address, checks[0].log.alike())
        checks.append(carrier)
    (carrier or checks[0]).log.fail(Stage.COMMIT, Cause.COORDINATOR_UNAVAILABLE, error.detail)


def _soften_unsettled(reached: Mapping[int, BrokerCheck]) -> None:
    """Another member that holds up the rebalance is no fault of the broker that says so."""
    for check in reached.values():
        if any(result.cause == Cause.REBALANCE_TIMEOUT for result in check.log.results):
            check.log.downgrade(Stage.COMMIT)


def _why_not_read(check: BrokerCheck, topic: str) -> str:
    if check.talk.broken:
        return "the connection was spoilt by a question that failed"
    return f"the broker leads no partition of {topic} that this run was given"


def _blame_leaders(reached: dict[int, BrokerCheck], found: Topic, missing: Sequence[MissingHeartbeats]) -> None:
    """Fail the stage ``fetch`` of each broker in whose partition acknowledged heartbeats are missing."""
    for part in found.partitions:
        lost = [str(each) for each in missing if each.partition == part.index]
        if lost and part.leader in reached:
            words = f"acknowledged heartbeats are missing from {found.name}: {'; '.join(lost)}"
            reached[part.leader].log.fail(Stage.FETCH, Cause.HEARTBEAT_MISSING, words)
