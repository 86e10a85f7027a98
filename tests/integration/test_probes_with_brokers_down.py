"""Probes while a real broker is stopped, killed or paused: that one is named, and not those that suffer from it."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

import pytest
from kafka import KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.protocol.admin import ElectLeadersRequest
from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.kafka.group import find_coordinator
from msk_toolkit.kafka.metadata import read_metadata
from msk_toolkit.network.stages import StageLog
from msk_toolkit.probe.producer import ProducerProbeResponse
from msk_toolkit.stage import Stage
from msk_toolkit.topics.declared import DeclaredTopic
from packaging.version import Version

from local.kafka import BROKER_IDS, KafkaCluster
from local.kafka.queries import known_brokers
from tests.fakes.fault_rules import PRODUCE, Meanwhile
from tests.integration.kafka_access import (
    active_controller,
    created,
    elect_preferred_leaders,
    make_topic,
    new_name,
    plaintext,
    scram,
    settled,
    views_of,
    wait_until,
)
from tests.integration.probe_faults import STAGE_SECONDS, consume, failures, faults_before, named, produce, report_of
from tests.integration.topics_runs import run

pytestmark = pytest.mark.integration


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


@pytest.fixture(scope="module", autouse=True)
def groups_are_there(kafka: KafkaCluster, topic: str) -> None:
    """The first group ever makes the brokers create its topic, for which old ones need every broker."""
    read = consume(scram(kafka), topic, new_name("group"), stage_seconds=20)
    assert read.verdict.status == "healthy", read.table


def forgotten(kafka: KafkaCluster, broker: int) -> bool:
    """Whether the others have stopped listing the broker."""
    ports = kafka.settings.ports["PLAINTEXT"]
    views = [known_brokers(ports[other]) for other in BROKER_IDS if other != broker]
    # An empty one is that of a broker which did not answer in time.
    return all(view and broker not in view for view in views)


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


def in_the_middle_of_a_run(
    kafka: KafkaCluster, topic: str, broker: int, happens: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> ProducerProbeResponse:
    """A run in which something happens when the broker is about to be written through."""
    access = scram(kafka)
    faced, rule = [access.brokers[broker - 1]], lambda: Meanwhile(PRODUCE, happens)
    with monkeypatch.context() as patch, faults_before(kafka, faced, rule, patch):
        return produce(access, topic)


def coordinated_by(kafka: KafkaCluster, brokers: Collection[int]) -> str:
    """A new group that one of these brokers coordinates."""
    access = plaintext(kafka)
    addresses = [access.brokers[broker - 1] for broker in brokers]
    with BrokerConnection.open(access.brokers[0], access, StageLog(Deadline(10), 10)) as connection:
        while True:
            name = new_name("group")
            if find_coordinator(connection, name, Deadline(10)) in addresses:
                return name


def test_a_killed_broker_is_named_before_what_it_does_to_the_others(
    kafka: KafkaCluster, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = make_topic(kafka, {0: [1, 2, 3], 1: [3, 2, 1]}, **{"min.insync.replicas": "3"})
    # Old brokers ask for the cluster's two replicas even where there is but one.
    one_is_enough = {"min.insync.replicas": "1"}
    single = make_topic(kafka, {0: [1], 1: [2], 2: [3]}, **one_is_enough)
    elsewhere = make_topic(kafka, {0: [1], 1: [3]}, **one_is_enough)
    group, others_causes = coordinated_by(kafka, {2}), set()
    response = in_the_middle_of_a_run(kafka, topic, 2, lambda: kafka.kill_broker(2), monkeypatch)
    assert named(response) == ("degraded", address_of(kafka, 2), "produce", "connection-closed"), response.table
    expected = ("degraded", address_of(kafka, 2), "tcp", "connection-refused")
    # At once, when the others still wait for its acknowledgements and it still leads its partitions ...
    while not forgotten(kafka, 2):
        both = consume(scram(kafka), topic, group), produce(scram(kafka), topic)
        for each in both:
            assert named(each) == expected, each.table
            assert each.verdict.broker == 2
            others_causes |= {cause for _, cause in failures(each).values()}
    # The group was coordinated by the dead broker: that marks none of the others.
    assert "coordinator-unavailable" not in others_causes
    # ... and later, when the cluster goes on without it.
    response = produce(scram(kafka), topic)
    assert (named(response), len(failures(response))) == (expected, 1), response.table
    # Too few replicas for this topic, so that nobody takes a write; no leader for a partition of that one: its echoes.
    response = produce(scram(kafka), strict)
    assert named(response) == ("down", *expected[1:]), response.table
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
    # No replica either: only MSK, which counts its brokers, knows that there should be one more.
    assert produce(others, elsewhere).verdict.status == "healthy"
    counted = produce(others, elsewhere, expected_brokers=len(BROKER_IDS))
    assert (counted.verdict.broker, *named(counted)) == (2, "degraded", "", "metadata", "not-in-metadata")


@pytest.fixture
def paused(kafka: KafkaCluster) -> int:
    """The broker to pause: not the controller, or nobody would elect leaders meanwhile."""
    return next(broker for broker in BROKER_IDS[::-1] if broker != active_controller(kafka))


def test_a_broker_that_freezes_in_the_middle_of_a_run_is_named_and_not_those_that_wait_for_it(
    kafka: KafkaCluster, topic: str, paused: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        response = in_the_middle_of_a_run(kafka, topic, paused, lambda: kafka.pause_broker(paused), monkeypatch)
    finally:
        kafka.resume_broker(paused)
    # Those that had written before it froze may have got their acknowledgement.
    assert named(response) == ("degraded", address_of(kafka, paused), "produce", "acknowledgement-late"), response.table


def test_a_paused_broker_is_named_before_what_it_does_to_the_others_and_when_it_is_fenced(
    kafka: KafkaCluster, topic: str, paused: int
) -> None:
    if Version(kafka.settings.version) < Version("2.4"):
        pytest.skip("before 2.4 no request gives a partition another preferred leader, or elects it on demand")
    # The new leader is asked for its election, and with ZooKeeper only the controller elects.
    new = active_controller(kafka)
    old = next(broker for broker in BROKER_IDS if broker not in (paused, new))
    moving = make_topic(kafka, {0: [old, new, paused]})
    group = coordinated_by(kafka, {old, new})
    access, address = scram(kafka), address_of(kafka, paused)
    expected = ("degraded", address, "tls", "tls-timeout")
    with appending(kafka, moving) as append, prefer(kafka, moving, [new, old, paused]) as elect:
        kafka.pause_broker(paused)
        try:
            # A record that the new leader has and the paused follower has not: how far the records stand is not known.
            append()
            wait_until(lambda: stored(kafka, new, moving) == stored(kafka, old, moving), "the follower is behind")
            elect()
            written = produce(access, moving, stage_seconds=1)
            (*_, late, unknown) = report_of(written, address_of(kafka, new)).stages
            assert (late.cause, unknown.cause) == ("acknowledgement-late", "offset-not-available"), written.table
            assert named(written) == expected
            # It runs, and the cluster has fenced it: it left the metadata, and nobody misses it.
            wait_until(lambda: forgotten(kafka, paused), "the broker is not fenced")
            for response in (produce(access, topic), consume(access, topic, group)):
                assert (named(response), len(failures(response))) == (expected, 1), response.table
            without = scram(kafka, brokers=tuple(each for each in access.brokers if str(each) != address))
            for response in (produce(without, topic), consume(without, topic, group)):
                assert named(response) == ("degraded", "", "metadata", "not-in-metadata"), response.table
                assert response.verdict.broker == paused
            run([], plaintext(kafka), write=False, deadline=Deadline(20), stage_seconds=STAGE_SECONDS)
        finally:
            kafka.resume_broker(paused)


def stored(kafka: KafkaCluster, broker: int, topic: str) -> int:
    """How many bytes of the topic's only partition the broker has written down."""
    segment = kafka.settings.broker_home(broker) / "data" / f"{topic}-0" / f"{0:020}.log"
    return segment.stat().st_size


@contextmanager
def appending(kafka: KafkaCluster, topic: str) -> Iterator[Callable[[], object]]:
    """Writes a record to the topic, acknowledged by its leader alone."""
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap("PLAINTEXT").split(","), acks=1)
    try:
        producer.send(topic, b"x").get(5)  # so that it is connected when it counts
        yield lambda: producer.send(topic, b"x").get(5)
    finally:
        producer.close(5)


@contextmanager
def prefer(kafka: KafkaCluster, topic: str, replicas: list[int]) -> Iterator[Callable[[], object]]:
    """Gives the topic's only partition another preferred leader, and elects it on demand, asking that very broker."""
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap("PLAINTEXT").split(","))
    try:
        admin.alter_partition_reassignments({TopicPartition(topic, 0): replicas})
    finally:
        admin.close()
    wait_until(lambda: settled(kafka, topic), "the replicas are not in their new order")
    access = plaintext(kafka)
    partition = ElectLeadersRequest.TopicPartitions(topic=topic, partitions=[0])
    with BrokerConnection.open(access.brokers[replicas[0] - 1], access, StageLog(Deadline(60), 60)) as connection:

        def elect() -> None:
            request = ElectLeadersRequest(election_type=0, topic_partitions=[partition], timeout_ms=5000)
            connection.send(request, Stage.METADATA, Deadline(5))
            # The controller answers when it has decided; the broker hears of it a moment later.
            wait_until(leads, "the broker does not know that it leads", 5)

        def leads() -> bool:
            (part,) = read_metadata(connection, [topic], Deadline(5)).topics[topic].partitions
            return part.leader == replicas[0]

        yield elect
