"""Runs of both probes, and of kafka-python's clients that do the same, for :mod:`benchmarks.probes`."""

import time
from collections.abc import Collection, Iterable
from typing import NamedTuple

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.structs import OffsetAndMetadata
from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.access import Access
from msk_toolkit.probe.options import ConsumerOptions, ProducerOptions
from msk_toolkit.probe.producer import ProducerProbeResponse
from msk_toolkit.probe.results import BrokerReport
from msk_toolkit.probe.run import run_probe
from msk_toolkit.stage import Stage

from local.kafka import KafkaCluster

# What the consumer probe does when every broker has been reached.
_AFTER_ALL = (Stage.COMMIT, Stage.FETCH)
STAGE_SECONDS = 10.0
RUN_SECONDS = 50.0


class Run(NamedTuple):
    """Both probes, in milliseconds.

    ``slowest_ms`` is what one broker after the other takes at least, of each step the slowest: of the producer probe
    all stages of a broker, of the consumer probe the connections, the commit and the reading. Brokers that the
    bootstrap list does not name begin when the first one has named them: its time counts, too.
    """

    both_ms: float
    cpu_ms: float
    slowest_ms: float


def run_both(access: Access, topic: str, group: str) -> Run:
    """The producer probe and then the consumer probe."""
    began, cpu = time.perf_counter(), time.process_time()
    written = run_producer(access, topic)
    options = ConsumerOptions(
        topic=topic, group=group, max_records=1000, deadline=Deadline(RUN_SECONDS), stage_seconds=STAGE_SECONDS
    )
    read = run_probe(access, options)
    both_ms, cpu_ms = (time.perf_counter() - began) * 1000, (time.process_time() - cpu) * 1000
    assert read.verdict.status == "healthy", read.table
    bootstrap = {str(address) for address in access.brokers}
    naming = sum(_until_the_others_are_named(response.brokers, bootstrap) for response in (written, read))
    connecting = max(_sum(report, leave_out=_AFTER_ALL) for report in read.brokers)
    waiting = connecting + sum(_slowest_of(stage, read.brokers) for stage in _AFTER_ALL)
    return Run(both_ms, cpu_ms, naming + max(map(_sum, written.brokers)) + waiting)


def run_producer(access: Access, topic: str) -> ProducerProbeResponse:
    """The producer probe alone."""
    options = ProducerOptions(topic=topic, deadline=Deadline(RUN_SECONDS), stage_seconds=STAGE_SECONDS)
    response = run_probe(access, options)
    assert response.verdict.status == "healthy", response.table
    assert response.brokers_led == len(response.brokers)
    return response


def run_clients(kafka: KafkaCluster, topic: str, group: str) -> None:
    """The same with kafka-python's admin, producer and consumer, each made afresh as a probe's connections are."""
    client = kafka.client_settings
    admin = KafkaAdminClient(**client)
    partitions = [part["partition_index"] for part in admin.describe_topics([topic])[0]["partitions"]]
    admin.close()
    writer = KafkaProducer(acks="all", linger_ms=0, **client)
    sent = [writer.send(topic, b"heartbeat", partition=partition) for partition in partitions]
    offsets = {future.get(10).partition: future.get(10).offset for future in sent}
    writer.close()
    reader = KafkaConsumer(group_id=group, enable_auto_commit=False, **client)
    reader.assign([TopicPartition(topic, partition) for partition in partitions])
    for partition, offset in offsets.items():
        reader.seek(TopicPartition(topic, partition), offset)
    seen: set[int] = set()
    until = time.monotonic() + 10
    while len(seen) < len(partitions):
        assert time.monotonic() < until
        seen |= {place.partition for place in reader.poll(timeout_ms=200)}
    committed = {
        TopicPartition(topic, partition): OffsetAndMetadata(offset + 1, "", -1) for partition, offset in offsets.items()
    }
    reader.commit(committed)
    reader.close()


def _sum(report: BrokerReport, leave_out: Collection[Stage] = ()) -> float:
    return sum(result.milliseconds for result in report.stages if result.stage not in leave_out)


def _slowest_of(stage: Stage, reports: Iterable[BrokerReport]) -> float:
    times = (_sum(report, leave_out=set(Stage) - {stage}) for report in reports)
    return max(times)


def _until_the_others_are_named(reports: Iterable[BrokerReport], bootstrap: Collection[str]) -> float:
    if all(report.address in bootstrap for report in reports):
        return 0.0
    later = [stage for stage in Stage if stage.comes_after(Stage.METADATA)]
    return min(_sum(report, leave_out=later) for report in reports if report.address in bootstrap)
