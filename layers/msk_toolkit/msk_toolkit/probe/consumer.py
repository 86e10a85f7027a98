"""The consumer probe: read the probe topic in a group, commit, and read the commit back."""

import time
from collections.abc import Callable, Mapping

import msgspec

from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka import group as groups
from msk_toolkit.kafka.access import Access
from msk_toolkit.kafka.metadata import Topic
from msk_toolkit.kafka.records import Record, fetch, offset_range
from msk_toolkit.probe.render import render
from msk_toolkit.probe.report import BrokerReport, Verdict, broker_reports
from msk_toolkit.probe.survey import DESCRIBE, READ, BrokerCheck, survey
from msk_toolkit.probe.verdict import verdict

STAGES = ("dns", "tcp", "tls", "sasl", "metadata", "acl", "fetch", "commit")


class ConsumerProbeResponse(msgspec.Struct, frozen=True, rename="camel"):
    """The verdict, each broker's stages, what was read, and all as a table.

    ``newest_age_ms`` is the age of the newest record read, None where none was; ``lag`` counts the records behind the
    last commit, over all partitions.
    """

    verdict: Verdict
    brokers: list[BrokerReport]
    records_read: int
    newest_age_ms: int | None
    committed: dict[str, int]
    lag: int
    table: str


class _Reading(msgspec.Struct):
    """What the run has read: the next offset of each partition, and its end when it was asked for."""

    next_offsets: dict[int, int] = {}
    ends: dict[int, int] = {}
    count: int = 0
    newest: int | None = None


def probe(
    access: Access,
    topic: str,
    group: str,
    max_records: int,
    *,
    deadline: Deadline,
    stage_seconds: float,
    now: Callable[[], float] = time.time,
) -> ConsumerProbeResponse:
    """Reach every broker, then read since the last commit and commit what was read."""
    seen: dict[int, tuple[BrokerCheck, Topic]] = {}

    def keep(one: BrokerCheck, found: Topic) -> None:
        if one.broker is not None:
            seen[one.broker] = (one, found)

    checks = survey(access, topic, (DESCRIBE, READ), keep, deadline=deadline, stage_seconds=stage_seconds)
    reading = _Reading()
    committed: dict[int, int] = {}
    try:
        if seen:
            reached = {broker: one for broker, (one, _) in seen.items()}
            _, found = seen[min(seen)]
            committed = _consume(reached, found, group, max_records, reading)
    except StageError:
        pass  # the coordinator's or the leader's log has it
    finally:
        for one in checks:
            if one.conversation:
                one.conversation.close()
    reports = broker_reports(checks, STAGES)
    judged = verdict(reports)
    return ConsumerProbeResponse(
        verdict=judged,
        brokers=reports,
        records_read=reading.count,
        newest_age_ms=None if reading.newest is None else max(0, int(now() * 1000) - reading.newest),
        committed={f"{topic}-{partition}": offset for partition, offset in sorted(committed.items())},
        lag=sum(end - reading.next_offsets.get(partition, end) for partition, end in reading.ends.items()),
        table=render(judged, reports, STAGES),
    )


def _consume(
    reached: Mapping[int, BrokerCheck], found: Topic, group: str, max_records: int, reading: _Reading
) -> dict[int, int]:
    """Join, read, commit, read the commit back; every stage is logged with the broker that it belongs to."""
    topic = found.name
    asked = reached[min(reached)]
    with asked.log.stage("commit") as stage:
        address = groups.find_coordinator(asked.talk, group, stage)
    # A commit belongs to the group's coordinator, whichever broker named it.
    coordinator = next((one for one in reached.values() if one.address == address), None)
    if coordinator is None:
        with asked.log.stage("commit"):
            words = f"{address}, the coordinator of group {group}, can't be used"
            raise StageError("commit", "coordinator-unavailable", str(asked.address), words)
    talk = coordinator.talk
    with coordinator.log.stage("commit") as stage:
        member = groups.join(talk, group, topic, [part.index for part in found.partitions], stage)
        last = groups.committed_offsets(talk, group, topic, member.partitions, stage)
    try:
        leaders = {part.index: part.leader for part in found.partitions}
        for broker in sorted({leaders[partition] for partition in member.partitions} & reached.keys()):
            led = [partition for partition in member.partitions if leaders[partition] == broker]
            _read(reached[broker], topic, {partition: last[partition] for partition in led}, max_records, reading)
        if not reading.next_offsets:
            return {}
        with coordinator.log.stage("commit") as stage:
            groups.commit(talk, member, topic, reading.next_offsets, stage)
            shown = groups.committed_offsets(talk, group, topic, sorted(reading.next_offsets), stage)
            if shown != reading.next_offsets:
                words = f"group {group} does not show what was just committed"
                raise StageError("commit", "commit-refused", str(coordinator.address), words)
        return dict(reading.next_offsets)
    finally:
        with coordinator.log.stage("commit") as stage:
            groups.leave(talk, member, stage)


def _read(one: BrokerCheck, topic: str, last: Mapping[int, int | None], max_records: int, reading: _Reading) -> None:
    with one.log.stage("fetch") as stage:
        conversation = one.talk
        ranges = offset_range(conversation, topic, sorted(last), "fetch", stage)
        for partition, (first, end) in ranges.items():
            # Retention may have removed what the last commit points to.
            committed = last[partition]
            reading.next_offsets[partition] = first if committed is None else min(max(committed, first), end)
            reading.ends[partition] = end
        while True:
            behind = {
                partition: reading.next_offsets[partition]
                for partition in ranges
                if reading.next_offsets[partition] < reading.ends[partition]
            }
            if not behind or reading.count >= max_records:
                return
            for partition, records in fetch(conversation, topic, behind, deadline=stage).items():
                _note(reading, partition, records[: max_records - reading.count])


def _note(reading: _Reading, partition: int, records: list[Record]) -> None:
    if records:
        reading.next_offsets[partition] = records[-1].offset + 1
        reading.count += len(records)
        newest = max(record.timestamp for record in records)
        reading.newest = newest if reading.newest is None else max(reading.newest, newest)
