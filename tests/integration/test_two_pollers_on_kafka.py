"""Two pollers of a mapping share its consumer group, as brokers decide."""

import itertools
import time
from collections.abc import Iterator

import confluent_kafka
import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.topics.declared import DeclaredTopic

from local.event_source_mapping.event import Partition, Record
from local.event_source_mapping.kafka_source import KafkaSource
from local.event_source_mapping.mapping import Mapping, StartingPosition
from local.kafka import KafkaCluster
from tests.integration.kafka_access import new_name, plaintext
from tests.integration.topics_runs import run

pytestmark = pytest.mark.integration
# A rebalance ends when every member has polled; on a busy machine that takes some seconds.
_SECONDS = 90.0


@pytest.fixture
def topic(kafka: KafkaCluster) -> str:
    """A topic of four partitions."""
    topic = new_name("shared")
    run([DeclaredTopic(topic, 4, 3, {})], plaintext(kafka), write=True, deadline=Deadline(20), stage_seconds=5)
    return topic


@pytest.fixture
def pollers(kafka: KafkaCluster, topic: str) -> Iterator[list[KafkaSource]]:
    """Two pollers of a mapping of that topic."""
    mapping = Mapping(
        function_name="f",
        event_source_arn="arn",
        topics=(topic,),
        consumer_group_id=new_name("group"),
        starting_position=StartingPosition.TRIM_HORIZON,
    )
    servers = kafka.bootstrap("PLAINTEXT").split(",")
    sources = [KafkaSource(mapping, lambda: {"bootstrap_servers": servers}) for _ in range(2)]
    yield sources
    for source in sources:
        source.leave()


def shares(pollers: list[KafkaSource], counts: list[int]) -> list[frozenset[Partition]]:
    """Poll in turn until each poller has so many partitions; returns them."""
    until = time.monotonic() + _SECONDS
    while [len(source.assignment()) for source in pollers] != counts:
        assert time.monotonic() < until, f"{[source.assignment() for source in pollers]}"
        for source in pollers:
            source.poll(0.2)
    return [source.assignment() for source in pollers]


def test_each_has_partitions_that_the_other_has_not_and_all_when_the_other_leaves(pollers: list[KafkaSource]) -> None:
    first, second = pollers
    shares([first], [4])
    halves = shares(pollers, [2, 2])
    assert len(halves[0] | halves[1]) == 4
    second.leave()
    # What the first one had may have been read on by the other meanwhile, so it is given up and read again.
    assert shares([first], [4]) == [halves[0] | halves[1]]


def test_what_was_read_and_not_committed_is_read_again_after_a_rebalance(
    kafka: KafkaCluster, topic: str, pollers: list[KafkaSource]
) -> None:
    """The client itself keeps its position in a partition that it was given back, unlike Kafka's own."""
    write(kafka, topic, 40)
    first, second = pollers
    assert len(read_by([first], 40)) == 40
    # Here the first one begins with nothing, as a poller that drops what it was deprived of.
    assert len(read_by([first, second], 40)) == 40


def test_polls_that_are_shorter_than_a_rebalance_finish_it(
    kafka: KafkaCluster, topic: str, pollers: list[KafkaSource]
) -> None:
    shares(pollers[:1], [4])
    run([DeclaredTopic(topic, 5, 3, {})], plaintext(kafka), write=True, deadline=Deadline(20), stage_seconds=5)
    until = time.monotonic() + _SECONDS
    while len(pollers[0].assignment()) < 5:
        assert time.monotonic() < until, f"{pollers[0].assignment()}"
        pollers[0].poll(0.001)


def write(kafka: KafkaCluster, topic: str, count: int) -> None:
    producer = confluent_kafka.Producer({"bootstrap.servers": kafka.bootstrap("PLAINTEXT"), "acks": "all"})
    for number in range(count):
        producer.produce(topic, b"%d" % number, partition=number % 4)
    assert producer.flush(_SECONDS) == 0


def read_by(pollers: list[KafkaSource], count: int) -> set[bytes | None]:
    """The values that they have, each of them a member with partitions; what a member loses it has to read again."""
    have: list[list[Record]] = [[] for _ in pollers]
    until = time.monotonic() + _SECONDS
    while len(values_of(have)) < count or not all(source.assignment() for source in pollers):
        assert time.monotonic() < until, f"{len(values_of(have))} of {count}"
        for number, source in enumerate(pollers):
            polled = source.poll(0.2)
            have[number] = [record for record in have[number] if record.partition not in polled.lost]
            have[number] += polled.records
    return values_of(have)


def values_of(have: list[list[Record]]) -> set[bytes | None]:
    return {record.value for record in itertools.chain.from_iterable(have)}
