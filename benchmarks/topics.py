"""What plan and apply cost beside the least that any tool must ask: ``python -m benchmarks.topics [--sizes 300,1000]``.

On three local brokers, over one open connection, topics of one partition. The limit of reading is
one Metadata and one DescribeConfigs request in kafka-python's own messages; that of creating is CreateTopics with the
same topics a request and Metadata until every topic has its leaders. Each round measures ours and the limit right after
one another, the one first in odd rounds and the other in even ones, so that both meet the same load; the first rounds
only warm the brokers up. The ratio is the median of the rounds' ratios. Trust it rather than the milliseconds, and on a
busy machine neither.
"""

import argparse
import functools
import itertools
import json
import resource
import secrets
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from kafka.protocol.admin import DescribeConfigsRequest
from kafka.protocol.metadata import MetadataRequest
from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.access import Access, parse_brokers
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.kafka.metadata import read_metadata
from msk_toolkit.kafka.session import Session
from msk_toolkit.kafka.topics import NewTopic, create_topics, delete_topics
from msk_toolkit.stage import Stage
from msk_toolkit.topics.declaration import read_declaration
from msk_toolkit.topics.declared import DeclaredTopic
from msk_toolkit.topics.delete import still_shown
from msk_toolkit.topics.propagation import await_propagation
from msk_toolkit.topics.request import TopicsAction, TopicsRequest
from msk_toolkit.topics.run import carry_out_request
from rich.console import Console
from rich.table import Table

from local.kafka import KafkaCluster, KafkaOptions
from local.processes import Ledger

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / "build" / "bench" / "topics.json"
SMALLEST = 300
# The controller takes 10,000 records in one change.
TOPICS_A_REQUEST = 1250
READ_LIMIT = 1.2
CREATE_LIMIT = 2.0
# So much more topics may take so much more time, and a third more for a busy machine.
GROWTH_LIMIT = 1.3
WARM_UP_ROUNDS = 3
SETTLING_SECONDS = 180.0
RAW_SECONDS = 120.0
LOOK_SECONDS = 0.02 / SMALLEST
FUNCTION_SECONDS, FUNCTION_MB = 60.0, 512.0  # in template.yaml


# As many topics as are measured, with names of their own each time.
Declare = Callable[[], list[DeclaredTopic]]


class Figure(NamedTuple):
    """A measurement beside its limit, round by round in milliseconds, and the most that their ratio may be."""

    name: str
    ours_ms: list[float]
    limit_ms: list[float]
    allowed: float

    @property
    def ratio(self) -> float:
        """The median of ours to the limit's, each pair measured in one round."""
        return statistics.median(ours / limit for ours, limit in zip(self.ours_ms, self.limit_ms, strict=True))


def main() -> int:
    """Measure, print and write the report; 1 where a limit is not kept."""
    parser = argparse.ArgumentParser(description="What plan and apply cost, as ratios to the minimum of requests.")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--sizes", default="300,1000", help="numbers of topics")
    parser.add_argument("--replicas", type=int, default=3, help="of each topic; one is a third of the brokers' work")
    arguments = parser.parse_args()
    sizes = sorted(map(int, arguments.sizes.split(",")))
    # Unwinds, so that the brokers are ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    figures: list[Figure] = []
    with cluster() as access, Session(access, 10) as session:
        for before, size in zip([None, *sizes], sizes, strict=False):
            # Creating thousands of topics takes a minute.
            rounds = max(2, arguments.rounds * SMALLEST // size)
            declare = functools.partial(_declared, size, arguments.replicas)
            measured = reading(session, declare, max(5, rounds), before)
            for figure in itertools.chain(creating(session, declare, rounds), measured):
                figures.append(figure)
                print(f"{figure.name}: {figure.ratio:.2f}", flush=True)
    figures += resources(figures)
    _print(figures)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps([{**figure._asdict(), "ratio": figure.ratio} for figure in figures], indent=2) + "\n")
    return int(any(figure.ratio > figure.allowed for figure in figures))


def creating(session: Session, declare: Declare, rounds: int) -> Iterator[Figure]:
    """Check, create and read back, beside the raw create with its read-back."""
    ours, limit = _rounds(
        rounds,
        _creating(session, declare, lambda declared: _serve(session, "apply", declared)),
        _creating(session, declare, lambda declared: session.execute(_raw_create(declared), Deadline(RAW_SECONDS))),
    )
    yield Figure(f"create {len(declare())} topics", ours, limit, CREATE_LIMIT)


def _creating(session: Session, declare: Declare, create: Callable[[list[DeclaredTopic]], None]) -> Callable[[], float]:
    def once() -> float:
        declared = declare()
        took = _timed(lambda: create(declared))
        _delete(session, [topic.name for topic in declared])
        return took

    return once


def reading(session: Session, declare: Declare, rounds: int, before: int | None) -> Iterator[Figure]:
    """Plan and no-change apply beside the raw requests; then how a plan grows from the size ``before``."""
    declared = declare()
    size = len(declared)
    _serve(session, "apply", declared)
    _await_shown(session, declared)
    limit, plan, apply, fewer = _rounds(
        rounds,
        lambda: _timed(lambda: session.execute(_raw_read(declared), Deadline(60))),
        lambda: _timed(lambda: _serve(session, "plan", declared)),
        lambda: _timed(lambda: _serve(session, "apply", declared)),
        lambda: _timed(lambda: _serve(session, "plan", declared[:before])),
    )
    yield Figure(f"plan of {size} topics", plan, limit, READ_LIMIT)
    yield Figure(f"apply of {size} without a change", apply, limit, READ_LIMIT)
    yield Figure(f"parse {size} topics beside their plan", _parsing(declared, rounds), plan, 1.0)
    if before is not None:
        yield Figure(f"plan of {size} beside {before} topics", plan, fewer, GROWTH_LIMIT * size / before)
    _delete(session, [topic.name for topic in declared])


def _await_shown(session: Session, declared: list[DeclaredTopic]) -> None:
    """An apply waits for 12 s; brokers on a busy machine need longer to show thousands of topics."""
    names = [topic.name for topic in declared]

    def missing(connection: BrokerConnection, deadline: Deadline) -> set[str]:
        topics = read_metadata(connection, names, deadline, operations=False).topics
        return {name for name, topic in topics.items() if not topic.is_served}

    until = Deadline(SETTLING_SECONDS)
    while await_propagation(session, missing, until):
        assert not until.expired


def resources(figures: list[Figure]) -> Iterator[Figure]:
    """The slowest of all beside the function's time, and this process's memory beside the function's."""
    slowest = max(max(figure.ours_ms) for figure in figures)
    yield Figure("the slowest beside the function's time", [slowest], [FUNCTION_SECONDS * 1000], 1.0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Figure("memory in MB beside the function's", [peak], [FUNCTION_MB], 1.0)


def _rounds(rounds: int, *subjects: Callable[[], float]) -> list[list[float]]:
    """The milliseconds of each subject, round by round."""
    # At least one: the first creation of a thousand topics takes brokers that have just started four times as long.
    for subject in subjects * max(1, min(WARM_UP_ROUNDS, rounds - 2)):
        subject()
    samples: list[list[float]] = [[] for _ in subjects]
    for number in range(rounds):
        for index in sorted(range(len(subjects)), reverse=number % 2 == 1):
            samples[index].append(subjects[index]())
    return samples


def _parsing(declared: list[DeclaredTopic], rounds: int) -> list[float]:
    entries = [
        f"  - name: {topic.name}\n    partitions: 1\n    replication_factor: 3\n"
        "    config: {retention.ms: 4h, min.insync.replicas: 2}\n"
        for topic in declared
    ]
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write("topics:\n" + "".join(entries))
        file.flush()
        path = Path(file.name)
        return [_timed(lambda: read_declaration(path)) for _ in range(rounds)]


def _declared(count: int, replicas: int) -> list[DeclaredTopic]:
    run_id, config = secrets.token_hex(4), {"retention.ms": "14400000", "min.insync.replicas": str(min(2, replicas))}
    return [DeclaredTopic(f"bench-{run_id}-{number}", 1, replicas, dict(config)) for number in range(count)]


def _serve(session: Session, action: TopicsAction, declared: list[DeclaredTopic]) -> None:
    response = carry_out_request(TopicsRequest(action=action), declared, session, "standard", Deadline(120))
    assert response.status in {"applied", "planned"}, response.table


def _raw_read(declared: list[DeclaredTopic]) -> Callable[[BrokerConnection, Deadline], None]:
    resource = DescribeConfigsRequest.DescribeConfigsResource
    resources = [resource(resource_type=2, resource_name=topic.name, configuration_keys=None) for topic in declared]

    def read(connection: BrokerConnection, deadline: Deadline) -> None:
        connection.send(MetadataRequest(topics=None, allow_auto_topic_creation=False), Stage.METADATA, deadline)
        answer = connection.send(
            DescribeConfigsRequest(resources=resources, include_synonyms=False), Stage.METADATA, deadline
        )
        assert len(answer.results) == len(declared)

    return read


def _raw_create(declared: list[DeclaredTopic]) -> Callable[[BrokerConnection, Deadline], None]:
    topics = [NewTopic(topic.name, topic.partitions, topic.replication_factor, topic.config) for topic in declared]
    names = [MetadataRequest.MetadataRequestTopic(name=topic.name) for topic in declared]

    def create(connection: BrokerConnection, deadline: Deadline) -> None:
        for batch in itertools.batched(topics, TOPICS_A_REQUEST, strict=False):
            assert create_topics(connection, batch, validate_only=False, deadline=deadline) == {}
        while any(map(_unserved, _metadata(connection, names, deadline))):
            # Each look at thousands of topics is work for the broker that is still creating them.
            time.sleep(LOOK_SECONDS * len(topics))

    return create


def _metadata(connection: BrokerConnection, names: Any, deadline: Deadline) -> Any:
    return connection.send(
        MetadataRequest(topics=names, allow_auto_topic_creation=False), Stage.METADATA, deadline
    ).topics


def _unserved(topic: Any) -> bool:
    return bool(topic.error_code) or any(partition.leader_id < 0 for partition in topic.partitions)


def _delete(session: Session, names: list[str]) -> None:
    """Delete the topics, and return when no broker has any work left with it that the next round would wait for."""
    _send_deletion(session, names)
    # A broker carries out one change after the other: who shows the last one has done those before.
    (last,) = _declared(1, replicas=1)
    _serve(session, "apply", [last])
    _send_deletion(session, [last.name])
    # One wait lasts 12 s; brokers on a busy machine need longer for thousands of topics.
    until = Deadline(SETTLING_SECONDS)
    while await_propagation(session, still_shown([*names, last.name]), until):
        assert not until.expired


def _send_deletion(session: Session, names: list[str]) -> None:
    session.execute(lambda connection, deadline: delete_topics(connection, names, deadline), Deadline(60))


def _timed(what: Callable[[], object]) -> float:
    began = time.perf_counter()
    what()
    return (time.perf_counter() - began) * 1000


@contextmanager
def cluster() -> Iterator[Access]:
    """Three brokers of their own, for as long as it takes."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder) / "processes.json")
        try:
            kafka = KafkaCluster.start(
                ledger,
                Path(folder) / "home",
                KafkaOptions("bench", secrets.token_urlsafe(16), ROOT / ".local" / "cache"),
            )
            yield Access(brokers=parse_brokers(kafka.bootstrap("PLAINTEXT")), auth_mode="none")
        finally:
            ledger.stop_all(grace_seconds=0)


def _print(figures: list[Figure]) -> None:
    table = Table(title="Topics: plan and apply beside the least that must be asked")
    for column in ("", "ours ms", "limit ms", "ratio", "allowed"):
        table.add_column(column, justify="right" if column else "left")
    for figure in figures:
        kept = "green" if figure.ratio <= figure.allowed else "red"
        numbers = [
            f"{statistics.median(figure.ours_ms):.0f}",
            f"{statistics.median(figure.limit_ms):.0f}",
            f"[{kept}]{figure.ratio:.2f}[/]",
        ]
        table.add_row(figure.name, *numbers, f"{figure.allowed:.1f}")
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
