"""Two pollers of a mapping share its consumer group, as brokers decide."""

import time
from collections.abc import Iterator

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.topics.declared import DeclaredTopic

from local.event_source_mapping.event import Partition
from local.event_source_mapping.kafka_source import KafkaSource
from local.event_source_mapping.mapping import Mapping, StartingPosition
from local.kafka import KafkaCluster
from tests.integration.kafka_access import new_name, plaintext
from tests.integration.topics_runs import run

pytestmark = pytest.mark.integration
# A rebalance ends when every member has polled; on a busy machine that takes some seconds.
_SECONDS = 60.0


@pytest.fixture
def pollers(kafka: KafkaCluster) -> Iterator[list[KafkaSource]]:
    """Two pollers of a mapping whose topic has four partitions."""
    topic = new_name("shared")
    run([DeclaredTopic(topic, 4, 3, {})], plaintext(kafka), write=True, deadline=Deadline(20), stage_seconds=5)
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
