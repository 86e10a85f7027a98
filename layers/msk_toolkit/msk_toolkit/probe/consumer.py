"""The consumer probe: read the probe topic in a group, commit, and read the commit back."""

import contextlib
import time
from collections.abc import Callable, Sequence

import msgspec

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.access import Access
from msk_toolkit.kafka.metadata import Topic
from msk_toolkit.network.stages import AgainError, StageLog
from msk_toolkit.probe.heartbeat import MissingHeartbeats
from msk_toolkit.probe.lag import GroupLag, group_lags
from msk_toolkit.probe.membership import join
from msk_toolkit.probe.reading import Reading, read_since
from msk_toolkit.probe.render import render
from msk_toolkit.probe.report import BrokerReport, Verdict, broker_reports
from msk_toolkit.probe.survey import DESCRIBE, READ, BrokerCheck, survey
from msk_toolkit.probe.verdict import verdict

STAGES = ("dns", "tcp", "tls", "sasl", "metadata", "acl", "fetch", "commit")


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


def probe(
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

    checks = survey(
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
            reading, committed = _consume(reached, topics[0], group, max_records)
            lags = group_lags(reached, lag_of, StageLog(deadline, stage_seconds), now)
    finally:
        for one in checks:
            if one.conversation:
                one.conversation.close()
    if topics:
        _blame_leaders(reached, topics[0], reading.missing)
    for one in reached.values():
        one.log.skip("fetch", f"the broker leads no partition of {topic} that this run was given")
        one.log.skip("commit", f"another broker coordinates group {group}")
    reports = broker_reports(checks, STAGES, topic, access.brokers, expected_brokers())
    judged = verdict(reports)
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
        table=render(judged, reports, STAGES),
    )


def _consume(
    reached: dict[int, BrokerCheck], found: Topic, group: str, max_records: int
) -> tuple[Reading, dict[int, int]]:
    """Join, read, commit, read the commit back; answers what was read and committed. Failures are in the logs."""
    reading = Reading(max_records)
    try:
        while True:
            membership = join(reached, found, group)
            try:
                last = membership.committed()
                reading = Reading(max_records)
                read_since(reached, found, last, membership.member.partitions, reading)
                offsets = reading.to_commit()
                if offsets:
                    membership.commit(offsets)
                return reading, {partition: committed.offset for partition, committed in offsets.items()}
            except AgainError:
                continue  # the stage's own deadline ends this
            finally:
                with contextlib.suppress(StageError):
                    membership.leave()
    except StageError:
        return reading, {}


def _blame_leaders(reached: dict[int, BrokerCheck], found: Topic, missing: Sequence[MissingHeartbeats]) -> None:
    """Fail the stage ``fetch`` of each broker in whose partition acknowledged heartbeats are missing."""
    for part in found.partitions:
        lost = [str(each) for each in missing if each.partition == part.index]
        if lost and part.leader in reached:
            words = f"acknowledged heartbeats are missing from {found.name}: {'; '.join(lost)}"
            reached[part.leader].log.overrule("fetch", "heartbeat-missing", words)
