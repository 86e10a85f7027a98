"""Marked records on real brokers: written once with their id, followed to a group's commit, refused by name."""

import msgspec
import pytest
from kafka import KafkaConsumer
from kafka.admin import ACLOperation, ResourceType
from kafka.structs import OffsetAndMetadata, TopicPartition
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.access import Access
from msk_toolkit.probe.marked_record import FollowRecord, WriteRecord, WrittenRecord, follow_record, write_record

from local.kafka import KafkaCluster
from tests.integration.kafka_access import STAGE_SECONDS, denied, make_topic, new_name, scram

pytestmark = pytest.mark.integration

ID = "0a1b2c3d4e5f"


@pytest.fixture
def forwarded(kafka: KafkaCluster) -> str:
    """A topic whose partition is led by one broker of three."""
    return make_topic(kafka, {0: [3, 1]})


def write(access: Access, topic: str, form: str = "json") -> WrittenRecord:
    request = msgspec.convert({"action": "write_record", "topic": topic, "id": ID, "form": form}, WriteRecord)
    return write_record(access, request, [topic], deadline=Deadline(30), stage_seconds=STAGE_SECONDS)


def values(kafka: KafkaCluster, written: WrittenRecord) -> list[bytes]:
    """What stands in the partition from the record on."""
    client = KafkaConsumer(bootstrap_servers=kafka.bootstrap("PLAINTEXT").split(","), consumer_timeout_ms=3000)
    try:
        place = TopicPartition(written.topic, written.partition)
        client.assign([place])
        client.seek(place, written.offset)
        return [record.value for record in client]
    finally:
        client.close()


def commit(kafka: KafkaCluster, group: str, topic: str, offset: int) -> None:
    client = KafkaConsumer(
        bootstrap_servers=kafka.bootstrap("PLAINTEXT").split(","), group_id=group, enable_auto_commit=False
    )
    try:
        place = TopicPartition(topic, 0)
        client.assign([place])
        client.commit({place: OffsetAndMetadata(offset, "", -1)})
    finally:
        client.close()


def test_a_marked_record_stands_once_at_the_place_that_is_told(kafka: KafkaCluster, forwarded: str) -> None:
    written = write(scram(kafka), forwarded)
    (value,) = values(kafka, written)
    assert msgspec.json.decode(value) == {"mskvVerify": ID, "writtenAt": written.timestamp}


def test_its_text_form_is_no_json_and_holds_the_id(kafka: KafkaCluster, forwarded: str) -> None:
    (value,) = values(kafka, write(scram(kafka), forwarded, "text"))
    assert ID.encode() in value
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(value)


def test_it_is_done_when_the_group_has_committed_behind_it_and_not_before(kafka: KafkaCluster, forwarded: str) -> None:
    access, group = scram(kafka), new_name("group")
    written = write(access, forwarded)

    def follow() -> tuple[bool, int | None]:
        request = FollowRecord(
            action="follow_record", topic=forwarded, partition=0, offset=written.offset, wait_seconds=1
        )
        told = follow_record(access, request, group, deadline=Deadline(30), stage_seconds=STAGE_SECONDS)
        return told.done, told.committed

    assert follow() == (False, None)
    commit(kafka, group, forwarded, written.offset)
    assert follow() == (False, written.offset)
    commit(kafka, group, forwarded, written.offset + 1)
    assert follow() == (True, written.offset + 1)


def test_who_may_not_write_is_told_at_which_stage(kafka: KafkaCluster, forwarded: str) -> None:
    with denied(kafka, ResourceType.TOPIC, forwarded, ACLOperation.WRITE), pytest.raises(StageError) as caught:
        write(scram(kafka), forwarded)
    assert (caught.value.stage, caught.value.cause) == ("produce", "topic-denied")


def test_a_topic_that_is_not_there_is_no_reason_to_make_it(kafka: KafkaCluster) -> None:
    with pytest.raises(StageError) as caught:
        write(scram(kafka), new_name("absent"))
    assert caught.value.stage == "metadata"
