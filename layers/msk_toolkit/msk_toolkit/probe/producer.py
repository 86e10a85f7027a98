"""The producer probe: through each broker, write a record with acks=all and read that very record back."""

import msgspec

from msk_toolkit.kafka.access import Access
from msk_toolkit.kafka.metadata import Topic
from msk_toolkit.probe.check_brokers import AclOperation, BrokerCheck, check_brokers, close_connections
from msk_toolkit.probe.judge import judge_checks
from msk_toolkit.probe.options import ProducerOptions
from msk_toolkit.probe.render import render_probe
from msk_toolkit.probe.report import BrokerReport, Verdict
from msk_toolkit.probe.write_through import led_partition, write_through
from msk_toolkit.stage import PRODUCER_STAGES
from msk_toolkit.version import ResponseVersion, current_version

_OPERATIONS = (AclOperation.DESCRIBE, AclOperation.WRITE, AclOperation.READ)


class ProducerProbeResponse(msgspec.Struct, frozen=True, rename="camel"):
    """The verdict, each broker's stages, how many brokers were written through, and all as a table."""

    verdict: Verdict
    brokers: list[BrokerReport]
    brokers_led: int
    broker_count: int
    table: str
    version: ResponseVersion = msgspec.field(default_factory=current_version)


def run_producer_probe(access: Access, options: ProducerOptions) -> ProducerProbeResponse:
    """Probe every broker once; writes at most one small record for each."""
    leaders: set[int] = set()

    def write(check: BrokerCheck, topic: Topic) -> None:
        sent_at = int(options.now() * 1000)
        broker = check.broker
        if broker is not None and led_partition(topic, broker) is not None:
            leaders.add(broker)
        write_through(check, access, topic, options, sent_at=sent_at)

    checks = check_brokers(access, options, _OPERATIONS, write)
    close_connections(checks)
    verdict, reports = judge_checks(checks, PRODUCER_STAGES, access, options)
    brokers = sum(not report.is_alias for report in reports)
    table = render_probe(verdict, reports, PRODUCER_STAGES)
    return ProducerProbeResponse(verdict, reports, len(leaders), brokers, table)
