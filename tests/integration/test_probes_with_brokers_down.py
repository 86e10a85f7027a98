"""Probes while a real broker is stopped, killed or paused: that one is named, and not those that suffer from it."""

from collections.abc import Iterator

import pytest
from kafka.admin import KafkaAdminClient
from msk_toolkit.deadline import Deadline
from msk_toolkit.topics.declared import DeclaredTopic

from local.kafka import BROKER_IDS, KafkaCluster
from local.kafka.queries import known_brokers
from tests.integration.kafka_access import (
    created,
    elect_preferred_leaders,
    is_unknown,
    new_name,
    plaintext,
    scram,
    settled,
    views_of,
    wait_until,
)
from tests.integration.old_brokers import can_be_told_where_to_put_replicas, create_with_kafkas_own_tool
from tests.integration.probe_faults import STAGE_SECONDS, consume, failures, named, produce
from tests.integration.topics_runs import run

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def topic(kafka: KafkaCluster) -> str:
    """A heartbeat topic of which each broker leads a partition."""
    name = new_name("heartbeat")
    wait_until(lambda: settled(kafka), "the cluster is not whole")
    declared = DeclaredTopic(name, 3, 3, {"min.insync.replicas": "2"})
    run([declared], plaintext(kafka), write=True, deadline=Deadline(20), stage_seconds=5)
    wait_until(lambda: settled(kafka, name), "the topic is not in sync")
    return name


@pytest.fixture
def group() -> str:
    return new_name("group")


@pytest.fixture(autouse=True)
def whole_again(kafka: KafkaCluster, topic: str) -> Iterator[None]:
    """After the test the cluster is as it was: three brokers, in sync, each leading its partition."""
    yield
    for broker in BROKER_IDS:
        if broker not in kafka.running_brokers():
            kafka.start_broker(broker)
    wait_until(lambda: settled(kafka, topic), "the cluster is not whole again", 60)
    lead_as_before(kafka, topic)


def lead_as_before(kafka: KafkaCluster, topic: str) -> None:
    """Each broker leads its partition of the topic again."""
    elect_preferred_leaders(kafka)

    def led_by_all() -> bool:
        views = views_of(kafka, topic)
        return all(view and {part.leader for part in view.partitions} == set(BROKER_IDS) for view in views)

    wait_until(led_by_all, "leadership does not come back")


def address_of(kafka: KafkaCluster, broker: int) -> str:
    return str(scram(kafka).brokers[broker - 1])


def make_topic(kafka: KafkaCluster, replicas: dict[int, list[int]], **configs: str) -> str:
    """A topic whose replicas stand where the test wants them."""
    name = new_name("placed")
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap("PLAINTEXT").split(","))
    try:
        if can_be_told_where_to_put_replicas(kafka):
            admin.create_topics({name: {"assignments": replicas, "configs": configs}})
        else:
            create_with_kafkas_own_tool(kafka, name, replicas, configs)
    finally:
        admin.close()
    wait_until(lambda: not is_unknown(kafka, name) and settled(kafka, name), "the topic is not there")
    return name


def forgotten(kafka: KafkaCluster, broker: int) -> bool:
    """Whether the others have stopped listing the broker."""
    ports = kafka.settings.ports["PLAINTEXT"]
    return all(broker not in known_brokers(ports[other]) for other in BROKER_IDS if other != broker)


def test_a_stopped_broker_is_named_and_nothing_else_fails(kafka: KafkaCluster, topic: str, group: str) -> None:
    kafka.stop_broker(2)
    written, read = produce(scram(kafka), topic), consume(scram(kafka), topic, group)
    for response in (written, read):
        assert named(response) == ("degraded", address_of(kafka, 2), "tcp", "connection-refused"), response.table
        assert response.verdict.broker == 2
        assert len(response.brokers) == 3
        assert failures(response).keys() == {address_of(kafka, 2)}
    declared = DeclaredTopic(new_name("topic"), 1, 2)
    run([declared], scram(kafka), write=True, deadline=Deadline(20), stage_seconds=STAGE_SECONDS)
    assert created(kafka, declared.name)


def test_a_killed_broker_is_named_before_what_it_does_to_the_others(
    kafka: KafkaCluster, topic: str, group: str
) -> None:
    strict = make_topic(kafka, {0: [1, 2, 3], 1: [3, 2, 1]}, **{"min.insync.replicas": "3"})
    # Old brokers ask for the cluster's two replicas even where there is but one.
    single = make_topic(kafka, {0: [1], 1: [2], 2: [3]}, **{"min.insync.replicas": "1"})
    kafka.kill_broker(2)
    expected = ("degraded", address_of(kafka, 2), "tcp", "connection-refused")
    # At once, when the others still wait for its acknowledgements and it still leads its partitions ...
    while not forgotten(kafka, 2):
        for response in (produce(scram(kafka), topic), consume(scram(kafka), topic, group)):
            assert named(response) == expected, response.table
            assert response.verdict.broker == 2
    # ... and later, when the cluster goes on without it.
    response = produce(scram(kafka), topic)
    assert (named(response), len(failures(response))) == (expected, 1), response.table
    # Too few replicas for this topic, and no leader for a partition of that one: its echoes.
    response = produce(scram(kafka), strict)
    assert named(response) == expected
    assert {cause for _, cause in failures(response).values()} == {"connection-refused", "isr-below-minimum"}
    response = produce(scram(kafka), single)
    assert (named(response), len(failures(response))) == (expected, 1), response.table
    assert {each.cause for one in response.brokers for each in one.stages if each.status == "warn"} == {"leaderless"}
    # A bootstrap list without it, and a metadata without it: its replicas tell.
    others = scram(kafka, brokers=(scram(kafka).brokers[0], scram(kafka).brokers[2]))
    response = produce(others, topic)
    assert named(response) == ("degraded", "", "metadata", "not-in-metadata"), response.table
    assert (
        response.verdict.summary == f"broker 2 fails at metadata: no broker lists it, and it holds replicas of {topic}"
    )


def test_a_paused_broker_is_named_alone_and_in_time(kafka: KafkaCluster, topic: str, group: str) -> None:
    warm = consume(scram(kafka), topic, group)
    assert warm.verdict.status == "healthy"
    kafka.pause_broker(3)
    try:
        for response in (produce(scram(kafka), topic), consume(scram(kafka), topic, group)):
            assert named(response) == ("degraded", address_of(kafka, 3), "tls", "tls-timeout"), response.table
        run([], plaintext(kafka), write=False, deadline=Deadline(20), stage_seconds=STAGE_SECONDS)
    finally:
        kafka.resume_broker(3)
