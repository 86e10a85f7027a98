"""What plan and apply cost beside the least that any tool must ask: ``python -m benchmarks.topics``.

On three local brokers, over one open connection. The limit of reading is one Metadata and one DescribeConfigs request
in kafka-python's own messages; that of creating is one CreateTopics request and Metadata until every topic has its
leaders. Each round measures ours and the limit right after one another, the one first in odd rounds and the other in
even ones, so that both meet the same load; the first rounds only warm the brokers up. The ratio is the median of the
rounds' ratios. Trust it rather than the milliseconds, and on a busy machine neither.
"""

import argparse
import json
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
TOPICS = 300
MANY = 1000
CONFIG = {"retention.ms": "14400000", "min.insync.replicas": "2"}
READ_LIMIT = 1.3
CREATE_LIMIT = 2.0
WARM_UP_ROUNDS = 3
# So much more topics may take so much more time, and a third more for a busy machine.
GROWTH_LIMIT = 1.3 * MANY / TOPICS


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
    rounds: int = parser.parse_args().rounds
    # Unwinds, so that the brokers are ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with cluster() as access, Session(access, 10) as session:
        figures = [*creating(session, rounds), *reading(session, rounds)]
    _print(figures)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps([{**figure._asdict(), "ratio": figure.ratio} for figure in figures], indent=2) + "\n")
    return int(any(figure.ratio > figure.allowed for figure in figures))


def creating(session: Session, rounds: int) -> Iterator[Figure]:
    """Creating 300 topics: check, create and read back, beside one raw create with its read-back."""
    ours, limit = _rounds(
        rounds,
        _creating(session, lambda declared: _serve(session, "apply", declared)),
        _creating(session, lambda declared: session.execute(_raw_create(declared), Deadline(60))),
    )
    yield Figure(f"create {TOPICS} topics", ours, limit, CREATE_LIMIT)


def _creating(session: Session, create: Callable[[list[DeclaredTopic]], None]) -> Callable[[], float]:
    def once() -> float:
        declared = _declared(TOPICS)
        took = _timed(lambda: create(declared))
        _delete(session, [topic.name for topic in declared])
        return took

    return once


def reading(session: Session, rounds: int) -> Iterator[Figure]:
    """Plan and no-change apply beside the raw requests, at 300 topics; then how a plan grows with its topics."""
    declared = _declared(TOPICS)
    _serve(session, "apply", declared)
    limit, plan, apply = _rounds(
        rounds,
        lambda: _timed(lambda: session.execute(_raw_read(declared), Deadline(60))),
        lambda: _timed(lambda: _serve(session, "plan", declared)),
        lambda: _timed(lambda: _serve(session, "apply", declared)),
    )
    yield Figure(f"plan of {TOPICS} topics", plan, limit, READ_LIMIT)
    yield Figure(f"apply of {TOPICS} without a change", apply, limit, READ_LIMIT)
    yield Figure(f"parse {TOPICS} topics beside their plan", _parsing(declared, rounds), plan, 1.0)
    many = declared + _declared(MANY - TOPICS)
    _serve(session, "apply", many)
    few, more = _rounds(
        rounds,
        lambda: _timed(lambda: _serve(session, "plan", declared)),
        lambda: _timed(lambda: _serve(session, "plan", many)),
    )
    yield Figure(f"plan of {MANY} beside {TOPICS} topics", more, few, GROWTH_LIMIT)


def _rounds(rounds: int, *subjects: Callable[[], float]) -> list[list[float]]:
    """The milliseconds of each subject, round by round."""
    for subject in subjects * WARM_UP_ROUNDS:
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


def _declared(count: int) -> list[DeclaredTopic]:
    run_id = secrets.token_hex(4)
    return [DeclaredTopic(f"bench-{run_id}-{number}", 1, 3, dict(CONFIG)) for number in range(count)]


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
        assert create_topics(connection, topics, validate_only=False, deadline=deadline) == {}
        while any(map(_unserved, _metadata(connection, names, deadline))):
            time.sleep(0.02)

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
    (last,) = _declared(1)
    _serve(session, "apply", [last])
    _send_deletion(session, [last.name])
    assert await_propagation(session, still_shown([*names, last.name]), Deadline(60)) == []


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
