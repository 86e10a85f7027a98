"""All stages on three warm brokers over SASL_SSL, against kafka-python's own clients: ``python -m benchmarks.probes``.

Ratios of the same run count, not milliseconds: the rounds alternate, and medians are compared. The job is the same:
every broker is written to with acks=all and read from, and a group commits. With LOCAL_KAFKA_HOME the brokers that
run there are used.
"""

import json
import os
import secrets
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.structs import OffsetAndMetadata
from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.access import Access, parse_brokers
from msk_toolkit.probe.consumer import ConsumerProbeResponse
from msk_toolkit.probe.options import ConsumerOptions, ProducerOptions
from msk_toolkit.probe.producer import ProducerProbeResponse
from msk_toolkit.probe.run import run_probe
from rich.console import Console

from local.kafka import KafkaCluster, KafkaOptions
from local.processes import Ledger

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / "build" / "bench" / "probes.json"
ROUNDS = 15
SOCKET_RUNS = 1000
STAGE_SECONDS = 5.0

MAX_OF_KAFKA_PYTHON = 0.4
MAX_OF_THE_SLOWEST_BROKER = 1.3


def main() -> int:
    """Measure, print, write the report; returns 1 where a bound is missed."""
    with brokers() as kafka:
        topic = make_topic(kafka)
        figures = measure(kafka, topic, int(os.environ.get("BENCH_SOCKET_RUNS", SOCKET_RUNS)))
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(figures, indent=2) + "\n")
    bounds = {
        "of_kafka_python": MAX_OF_KAFKA_PYTHON,
        "of_the_slowest_broker": MAX_OF_THE_SLOWEST_BROKER,
        "more_sockets": 0,
    }
    missed = [name for name, bound in bounds.items() if figures[name] > bound]
    console = Console()
    for name, value in figures.items():
        remark = ""
        if name in bounds:
            remark = f"  (maximum {bounds[name]})"
        if name in missed:
            remark += " MISSED"
        console.print(f"{name:28} {value:10.2f}{remark}", highlight=False)
    return int(bool(missed))


def measure(kafka: KafkaCluster, topic: str, socket_runs: int) -> dict[str, float]:
    """Medians in milliseconds and their ratios."""
    access = Access(
        brokers=parse_brokers(kafka.bootstrap("SASL_SSL")),
        auth_mode="scram",
        trusted_ca=kafka.ca_file.read_text(),
        username=kafka.settings.username,
        password=kafka.settings.password,
    )
    group = f"bench-{uuid.uuid4().hex[:8]}"
    ours: list[float] = []
    written: list[float] = []
    slowest: list[float] = []
    theirs: list[float] = []
    for _ in range(2):
        run_probes(access, topic, group)
        run_clients(kafka, topic, f"{group}-clients")
    for _ in range(ROUNDS):
        took, (first, _) = timed(lambda: run_probes(access, topic, group))
        ours.append(took)
        took, only = timed(lambda: run_producer(access, topic))
        written.append(took / slowest_broker(only))
        slowest.append(slowest_broker(first))
        theirs.append(timed(lambda: run_clients(kafka, topic, f"{group}-clients"))[0])
    process = psutil.Process()
    before = len(process.net_connections())
    for _ in range(socket_runs):
        run_producer(access, topic)
    more = len(process.net_connections()) - before
    return {
        "both_probes_ms": statistics.median(ours),
        "kafka_python_ms": statistics.median(theirs),
        "of_kafka_python": statistics.median(ours) / statistics.median(theirs),
        "slowest_broker_ms": statistics.median(slowest),
        "of_the_slowest_broker": statistics.median(written),
        "socket_runs": socket_runs,
        "more_sockets": more,
    }


def run_probes(access: Access, topic: str, group: str) -> tuple[ProducerProbeResponse, ConsumerProbeResponse]:
    """Both probes, one after the other: every stage."""
    read = run_probe(
        access,
        ConsumerOptions(topic=topic, group=group, max_records=1000, deadline=Deadline(30), stage_seconds=STAGE_SECONDS),
    )
    assert read.verdict.status == "healthy", read.table
    return run_producer(access, topic), read


def run_producer(access: Access, topic: str) -> ProducerProbeResponse:
    """The producer probe alone."""
    response = run_probe(access, ProducerOptions(topic=topic, deadline=Deadline(30), stage_seconds=STAGE_SECONDS))
    assert response.verdict.status == "healthy", response.table
    assert response.brokers_led == len(response.brokers)
    return response


def run_clients(kafka: KafkaCluster, topic: str, group: str) -> None:
    """The same with kafka-python's admin, producer and consumer, each made afresh as a probe's connections are."""
    client = {
        "bootstrap_servers": kafka.bootstrap("SASL_SSL").split(","),
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": kafka.settings.username,
        "sasl_plain_password": kafka.settings.password,
        "ssl_cafile": str(kafka.ca_file),
    }
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


def slowest_broker(response: ProducerProbeResponse) -> float:
    """The sum of stages of the broker that took longest, in milliseconds."""
    return max(sum(stage.milliseconds for stage in report.stages) for report in response.brokers)


def timed[Answer](run: Callable[[], Answer]) -> tuple[float, Answer]:
    """Milliseconds, and the answer."""
    began = time.perf_counter()
    answer = run()
    return (time.perf_counter() - began) * 1000, answer


def make_topic(kafka: KafkaCluster) -> str:
    """A topic of which each broker leads a partition."""
    name = f"bench-{uuid.uuid4().hex[:8]}"
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap("PLAINTEXT").split(","))
    try:
        admin.create_topics({name: {"assignments": {0: [1, 2, 3], 1: [2, 3, 1], 2: [3, 1, 2]}}})
    finally:
        admin.close()
    return name


@contextmanager
def brokers() -> Iterator[KafkaCluster]:
    """Three real brokers: those that run in LOCAL_KAFKA_HOME, or new ones that end with the benchmark."""
    home = os.environ.get("LOCAL_KAFKA_HOME")
    if home:
        yield KafkaCluster.open(Path(home))
        return
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder) / "processes.json")
        try:
            yield KafkaCluster.start(
                ledger,
                Path(folder) / "home",
                KafkaOptions("bench", secrets.token_urlsafe(16), ROOT / ".local" / "cache"),
            )
        finally:
            ledger.stop_all(grace_seconds=0)


if __name__ == "__main__":
    sys.exit(main())
