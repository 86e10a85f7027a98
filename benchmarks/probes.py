"""All stages on warm brokers over SASL_SSL: ``python -m benchmarks.probes [--cells 3,9,15,60]``.

A cell is a number of brokers: up to 15 are real ones, more are listeners before three real ones (see
:mod:`benchmarks.many_brokers`). With three, kafka-python's own clients do the same job in turn: every broker is written
to with acks=all and read from, and a group commits. Ratios of the same run count, not milliseconds, and medians are
compared. With LOCAL_KAFKA_HOME the brokers that run there are used, for the cells 3 and above 15.
"""

import argparse
import contextlib
import json
import os
import resource
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil
from kafka.admin import KafkaAdminClient
from msk_toolkit.kafka.access import Access, parse_brokers
from rich.console import Console
from rich.table import Table

from benchmarks.many_brokers import assignments
from benchmarks.probe_runs import Run, run_both, run_clients, run_producer
from local.kafka import KafkaCluster, KafkaOptions
from local.processes import Ledger

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / "build" / "bench" / "probes.json"
FEWEST = 3
MOST_REAL = 15
WARM_UP = 3
SOCKET_RUNS = 1000
# As MSK's bootstrap addresses, whatever the number of brokers.
BOOTSTRAP = 3

MAX_OF_KAFKA_PYTHON = 0.3
MAX_OF_THE_SLOWEST_BROKER = 1.3
MAX_GROWTH_OF_CPU = 1.2
MAX_MEMORY_MB = 512.0


class Bounded(NamedTuple):
    """A figure of a cell, and the most that it may be; None where it is only reported."""

    brokers: int
    name: str
    value: float
    most: float | None = None

    @property
    def missed(self) -> bool:
        """Whether the bound is not kept."""
        return self.most is not None and self.value > self.most


def main() -> int:
    """Measure, print, write the report; returns 1 where a bound is missed."""
    parser = argparse.ArgumentParser(description="What both probes take, by the number of brokers.")
    parser.add_argument("--cells", default="3,9,15,60", help="numbers of brokers")
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    # Unwinds, so that the brokers are ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    cells = sorted({FEWEST, *map(int, arguments.cells.split(","))})
    figures: list[Bounded] = []
    runs: dict[int, list[Run]] = {}
    with brokers(FEWEST) as kafka:
        runs[FEWEST], compared = beside_clients(kafka, arguments.rounds)
        figures += compared
        for count in cells:
            if count > MOST_REAL:
                runs[count] = through_proxy(kafka, count, arguments.rounds)
    for count in cells:
        if FEWEST < count <= MOST_REAL:
            with brokers(count) as kafka:
                topic = make_topic(kafka, count)
                runs[count] = rounds_of(access_to(kafka, kafka.bootstrap("SASL_SSL")), topic, arguments.rounds)
    for count in cells:
        figures += growth(count, runs[count], runs[FEWEST])
    _print(figures)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps([figure._asdict() for figure in figures], indent=2) + "\n")
    return int(any(figure.missed for figure in figures))


def beside_clients(kafka: KafkaCluster, rounds: int) -> tuple[list[Run], list[Bounded]]:
    """Three brokers, in turn with kafka-python's clients; then the sockets that many runs leave."""
    topic, group = make_topic(kafka, FEWEST), f"bench-{uuid.uuid4().hex[:8]}"
    access = access_to(kafka, kafka.bootstrap("SASL_SSL"))
    runs: list[Run] = []
    walls: list[float] = []
    cpus: list[float] = []
    for number in range(WARM_UP + rounds):
        run = run_both(access, topic, group)
        began, cpu = time.perf_counter(), time.process_time()
        run_clients(kafka, topic, f"{group}-clients")
        if number >= WARM_UP:
            runs.append(run)
            walls.append((time.perf_counter() - began) * 1000)
            cpus.append((time.process_time() - cpu) * 1000)
    before, socket_runs = _open_sockets(), int(os.environ.get("BENCH_SOCKET_RUNS", SOCKET_RUNS))
    for _ in range(socket_runs):
        run_producer(access, topic)
    both, cpu_of_both = _median(runs, "both_ms"), _median(runs, "cpu_ms")
    return runs, [
        Bounded(FEWEST, "kafka_python_ms", statistics.median(walls)),
        Bounded(FEWEST, "of_kafka_python", both / statistics.median(walls), MAX_OF_KAFKA_PYTHON),
        Bounded(FEWEST, "kafka_python_cpu_ms", statistics.median(cpus)),
        Bounded(FEWEST, "of_kafka_python_cpu", cpu_of_both / statistics.median(cpus)),
        Bounded(FEWEST, f"more_sockets_after_{socket_runs}", _open_sockets() - before, 0),
    ]


def through_proxy(kafka: KafkaCluster, count: int, rounds: int) -> list[Run]:
    """The same brokers behind ``count`` listeners."""
    topic = make_topic(kafka, count)
    command = [sys.executable, "-m", "benchmarks.many_brokers", str(kafka.settings.home), str(count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as proxy:
        assert proxy.stdin is not None
        assert proxy.stdout is not None
        with contextlib.closing(proxy.stdin):
            addresses = proxy.stdout.readline().strip()
            return rounds_of(access_to(kafka, addresses), topic, rounds)


def rounds_of(access: Access, topic: str, rounds: int) -> list[Run]:
    """Both probes again and again, the first times only to warm the brokers up."""
    group = f"bench-{uuid.uuid4().hex[:8]}"
    return [run_both(access, topic, group) for _ in range(WARM_UP + rounds)][WARM_UP:]


def growth(count: int, runs: list[Run], least: list[Run]) -> Iterator[Bounded]:
    """What a number of brokers takes, and how that has grown from three."""
    both, cpu, slowest = (_median(runs, name) for name in ("both_ms", "cpu_ms", "slowest_ms"))
    yield Bounded(count, "both_probes_ms", both)
    yield Bounded(count, "slowest_broker_ms", slowest)
    of_slowest = statistics.median(run.both_ms / run.slowest_ms for run in runs)
    yield Bounded(count, "of_the_slowest_broker", of_slowest, MAX_OF_THE_SLOWEST_BROKER)
    yield Bounded(count, "cpu_ms", cpu)
    yield Bounded(count, "cpu_ms_a_broker", cpu / count)
    yield Bounded(count, "peak_memory_mb", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, MAX_MEMORY_MB)
    if count > FEWEST:
        per_broker = _median(least, "cpu_ms") / FEWEST
        yield Bounded(count, "growth_of_cpu_a_broker", cpu / count / per_broker, MAX_GROWTH_OF_CPU)


def access_to(kafka: KafkaCluster, addresses: str) -> Access:
    """The login at the first of these addresses."""
    return Access(
        brokers=parse_brokers(addresses)[:BOOTSTRAP],
        auth_mode="scram",
        trusted_ca=kafka.ca_file.read_text(),
        username=kafka.settings.username,
        password=kafka.settings.password,
    )


def make_topic(kafka: KafkaCluster, count: int) -> str:
    """A topic of which each broker leads a partition."""
    name = f"bench-{uuid.uuid4().hex[:8]}"
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap("PLAINTEXT").split(","))
    try:
        admin.create_topics({name: {"assignments": assignments(count, len(kafka.settings.brokers))}})
    finally:
        admin.close()
    return name


@contextmanager
def brokers(count: int) -> Iterator[KafkaCluster]:
    """So many real brokers: the three that run in LOCAL_KAFKA_HOME, or new ones that end with the benchmark."""
    home = os.environ.get("LOCAL_KAFKA_HOME")
    if home and count == FEWEST:
        yield KafkaCluster.open(Path(home))
        return
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder) / "processes.json")
        options = KafkaOptions("bench", secrets.token_urlsafe(16), ROOT / ".local" / "cache", brokers=count)
        try:
            yield KafkaCluster.start(ledger, Path(folder) / "home", options)
        finally:
            ledger.stop_all(grace_seconds=0)


def _median(runs: list[Run], name: str) -> float:
    return float(statistics.median(getattr(run, name) for run in runs))


def _open_sockets() -> int:
    return len(psutil.Process().net_connections())


def _print(figures: list[Bounded]) -> None:
    table = Table("brokers", "figure", "value", "at most")
    for figure in figures:
        most = "" if figure.most is None else f"{figure.most:g}"
        if figure.missed:
            most += " MISSED"
        table.add_row(str(figure.brokers), figure.name, f"{figure.value:.2f}", most)
    Console(width=100).print(table)


if __name__ == "__main__":
    sys.exit(main())
