"""How far groups are behind, on real brokers: whatever packed the records, and whatever can't be seen of them."""

import itertools
import subprocess
import time

import confluent_kafka
import pytest
from kafka import KafkaConsumer
from kafka.admin import ACLOperation, ResourceType
from kafka.structs import OffsetAndMetadata, TopicPartition
from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.access import Access
from msk_toolkit.probe.lag import GroupLag
from msk_toolkit.probe.options import ConsumerOptions, ProducerOptions
from msk_toolkit.probe.run import run_probe
from packaging.version import Version

from local.kafka import KafkaCluster
from tests.fakes.fault_rules import FETCH, Delay, Rule
from tests.integration.kafka_access import STAGE_SECONDS, denied, make_topic, new_name, scram
from tests.integration.probe_faults import faults_before

pytestmark = pytest.mark.integration

EVERYWHERE = {0: [1, 2, 3], 1: [2, 3, 1], 2: [3, 1, 2]}


def lag_of(access: Access, topic: str, *groups: str) -> list[GroupLag]:
    found = run_probe(
        access,
        ConsumerOptions(
            topic=topic,
            group=new_name("group"),
            deadline=Deadline(30),
            stage_seconds=STAGE_SECONDS,
            watched_groups=groups,
        ),
    )
    assert found.verdict.status == "healthy", found.table
    return found.groups


def beat(access: Access, topic: str) -> None:
    found = run_probe(access, ProducerOptions(topic=topic, deadline=Deadline(30), stage_seconds=STAGE_SECONDS))
    assert found.verdict.status == "healthy", found.table


def commit(kafka: KafkaCluster, group: str, topic: str, offsets: dict[int, int]) -> None:
    """As a consumer that assigns itself its partitions."""
    client = KafkaConsumer(
        bootstrap_servers=kafka.bootstrap("PLAINTEXT").split(","), group_id=group, enable_auto_commit=False
    )
    try:
        places = {TopicPartition(topic, partition): offset for partition, offset in offsets.items()}
        client.assign(list(places))
        client.commit({place: OffsetAndMetadata(offset, "", -1) for place, offset in places.items()})
    finally:
        client.close()


def write_packed(kafka: KafkaCluster, topic: str, codec: str, lines: int) -> None:
    """With Kafka's own producer, into any one partition."""
    brokers_are = "--broker-list" if Version(kafka.settings.version) < Version("2.5") else "--bootstrap-server"
    command = [*kafka.console_tool("ConsoleProducer"), brokers_are, kafka.bootstrap("PLAINTEXT"), "--topic", topic]
    said = "".join(f"{line}\n" for line in range(lines))
    subprocess.run(
        [*command, "--compression-codec", codec], input=said, text=True, check=True, capture_output=True, timeout=60
    )


def test_the_lag_of_other_groups_is_told_in_records_and_seconds(kafka: KafkaCluster, topic: str, group: str) -> None:
    access, never = scram(kafka), new_name("never")
    beat(access, topic)
    run_probe(access, ConsumerOptions(topic=topic, group=group, deadline=Deadline(30), stage_seconds=STAGE_SECONDS))
    assert lag_of(access, topic, group, never) == [
        GroupLag(group, 0, 0.0, committed=3, end=3, partitions=3),
        GroupLag(
            never, detail="no group of this name that the user may see: check the name, and Describe on the group"
        ),
    ]
    beat(access, topic)
    beat(access, topic)
    began = time.time()
    (behind,) = lag_of(access, topic, group)
    assert behind.records == 6
    assert behind.seconds is not None
    assert 0 < behind.seconds < time.time() - began + 5


@pytest.mark.parametrize("codec", ["snappy", "lz4"])
def test_packed_records_have_an_age_though_nothing_here_unpacks_them(
    kafka: KafkaCluster, topic: str, group: str, codec: str
) -> None:
    packed = make_topic(kafka, {0: [1, 2, 3]})
    commit(kafka, group, packed, {0: 0})
    write_packed(kafka, packed, codec, 5)
    (behind,) = lag_of(scram(kafka), topic, group)
    assert (behind.records, behind.detail) == (5, None)
    assert behind.seconds is not None
    assert 0 < behind.seconds < 30


def test_a_partition_with_records_and_no_commit_is_told(kafka: KafkaCluster, topic: str, group: str) -> None:
    watched = make_topic(kafka, EVERYWHERE)
    beat(scram(kafka), watched)
    commit(kafka, group, watched, {0: 0})
    (behind,) = lag_of(scram(kafka), topic, group)
    assert behind.records == 1
    assert behind.detail == "2 partitions hold records, and the group has no commit there"


def test_the_marker_of_a_transaction_is_no_lag(kafka: KafkaCluster, topic: str, group: str) -> None:
    watched = make_topic(kafka, {0: [1, 2, 3]})
    for value in (b"1", b"2"):
        transaction = confluent_kafka.Producer(
            {"bootstrap.servers": kafka.bootstrap("PLAINTEXT"), "transactional.id": new_name("transaction")}
        )
        transaction.init_transactions(20)
        transaction.begin_transaction()
        transaction.produce(watched, value, partition=0)
        transaction.commit_transaction(20)
    # The last record stands at 2, its marker at 3: a consumer that commits behind what it has read commits 3 of 4.
    commit(kafka, group, watched, {0: 3})
    assert lag_of(scram(kafka), topic, group) == [GroupLag(group, 0, 0.0, committed=3, end=4, partitions=1)]
    commit(kafka, group, watched, {0: 1})
    (behind,) = lag_of(scram(kafka), topic, group)
    assert behind.records == 3
    assert behind.seconds is not None


def test_a_commit_beyond_the_end_is_told(kafka: KafkaCluster, topic: str, group: str) -> None:
    watched = make_topic(kafka, {0: [1, 2, 3]})
    beat(scram(kafka), watched)
    commit(kafka, group, watched, {0: 20})
    (lag,) = lag_of(scram(kafka), topic, group)
    assert (lag.records, lag.seconds) == (None, None)
    assert lag.detail is not None
    assert lag.detail.startswith("1 commits are beyond the end of their partition")


def test_a_topic_that_is_denied_is_not_taken_for_read(kafka: KafkaCluster, topic: str, group: str) -> None:
    watched = make_topic(kafka, EVERYWHERE)
    beat(scram(kafka), watched)
    commit(kafka, group, watched, {0: 0, 1: 0, 2: 0})
    with denied(kafka, ResourceType.TOPIC, watched, ACLOperation.READ):
        (counted,) = lag_of(scram(kafka), topic, group)
    assert (counted.records, counted.seconds) == (3, None)
    assert counted.detail is not None
    assert f"Fetch of {watched}-0 answered TOPIC_AUTHORIZATION_FAILED" in counted.detail
    # Brokers leave it out of what the group has committed.
    with denied(kafka, ResourceType.TOPIC, watched, ACLOperation.DESCRIBE):
        (unseen,) = lag_of(scram(kafka), topic, group)
    assert unseen.records is None
    assert unseen.detail is not None
    assert unseen.detail.startswith("the group exists")


def test_a_broker_that_fell_silent_in_the_run_is_left_out_and_breaks_nothing(
    kafka: KafkaCluster, topic: str, group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its late answers would be taken for those to the questions about lag."""
    access, watched = scram(kafka), make_topic(kafka, EVERYWHERE)
    commit(kafka, group, watched, {0: 0, 1: 0, 2: 0})
    beat(access, topic)
    beat(access, watched)
    silent = itertools.cycle([Rule(), Delay(FETCH, 2.5), Rule()])
    with faults_before(kafka, access.brokers, lambda: next(silent), monkeypatch):
        found = run_probe(
            access,
            ConsumerOptions(
                topic=topic,
                group=new_name("group"),
                deadline=Deadline(30),
                stage_seconds=2,
                watched_groups=[group, group],
            ),
        )
    assert (found.verdict.stage, found.verdict.cause) == ("fetch", "request-timeout"), found.table
    for lag in found.groups:
        assert lag.detail is not None
        assert "in reach" in lag.detail or "coordinator" in lag.detail
