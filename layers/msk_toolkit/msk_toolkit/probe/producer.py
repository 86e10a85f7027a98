"""The producer probe: through each broker, write a record with acks=all and read that very record back."""

import time
from collections.abc import Callable

import msgspec

from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.access import Access
from msk_toolkit.kafka.metadata import Topic
from msk_toolkit.probe.check_brokers import DESCRIBE, READ, WRITE, BrokerCheck, check_brokers
from msk_toolkit.probe.heartbeat import Writer
from msk_toolkit.probe.render import render_probe
from msk_toolkit.probe.report import BrokerReport, Verdict, broker_reports
from msk_toolkit.probe.verdict import judge_brokers
from msk_toolkit.probe.write_through import write_through
from msk_toolkit.stage import PRODUCER_STAGES
from msk_toolkit.version import ResponseVersion, current_version

# One for the life of the process: its numbers go on from run to run.
_WRITER = Writer()


class ProducerProbeResponse(msgspec.Struct, frozen=True, rename="camel"):
    """The verdict, each broker's stages, how many brokers were written through, and all as a table."""

    verdict: Verdict
    brokers: list[BrokerReport]
    brokers_led: int
    broker_count: int
    table: str
    version: ResponseVersion = msgspec.field(default_factory=current_version)


def run_producer_probe(
    access: Access,
    topic: str,
    *,
    deadline: Deadline,
    stage_seconds: float,
    warn_days: float = 14,
    expected_brokers: Callable[[], int | None] = lambda: None,
    writer: Writer = _WRITER,
    now: Callable[[], float] = time.time,
) -> ProducerProbeResponse:
    """Probe every broker once; writes at most one small record for each.

    Args:
        expected_brokers: asked when the brokers have answered: how many there should be, None where nobody knows.
    """
    led: set[int] = set()

    def check(one: BrokerCheck, found: Topic) -> None:
        sent_at = int(now() * 1000)
        broker = one.broker
        if broker is not None and any(part.leader == broker for part in found.partitions):
            led.add(broker)
        write_through(one, access, found, writer, sent_at=sent_at)

    checks = check_brokers(
        access,
        topic,
        (DESCRIBE, WRITE, READ),
        check,
        deadline=deadline,
        stage_seconds=stage_seconds,
        warn_days=warn_days,
        now=now,
    )
    for one in checks:
        if one.connection:
            one.connection.close()
    reports = broker_reports(checks, PRODUCER_STAGES, topic, access.brokers, expected_brokers())
    judged = judge_brokers(reports)
    brokers = sum(not report.is_alias for report in reports)
    return ProducerProbeResponse(judged, reports, len(led), brokers, render_probe(judged, reports, PRODUCER_STAGES))
