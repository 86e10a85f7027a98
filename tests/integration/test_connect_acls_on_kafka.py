"""The ACLs that connect prints, carried out by Kafka's own tool: with them a group reads and commits, without one of
them it does not."""

import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import ACL, ACLFilter, ACLOperation, ACLPermissionType, KafkaAdminClient, ResourcePattern, ResourceType
from kafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError
from kafka.structs import OffsetAndMetadata, TopicPartition
from msk_toolkit.connect.poller_access import poller_access

from local.kafka import KafkaCluster
from tests.integration.kafka_access import make_topic, wait_until

pytestmark = pytest.mark.integration

SOMEONE = "User:someone-else"
READ = "read and committed"


@contextmanager
def admin(kafka: KafkaCluster) -> Iterator[KafkaAdminClient]:
    client = KafkaAdminClient(bootstrap_servers=kafka.bootstrap("PLAINTEXT").split(","))
    try:
        yield client
    finally:
        client.close()


def outcome(kafka: KafkaCluster, topic: str, group: str) -> str:
    """What becomes of a group's consumer, the cluster's SCRAM user, that reads and commits as the pollers do."""
    client = KafkaConsumer(topic, **kafka.client_settings, group_id=group, auto_offset_reset="earliest")
    place = TopicPartition(topic, 0)
    try:
        wait_until(lambda: client.poll(timeout_ms=200) is not None and place in client.assignment(), "not assigned", 5)
        client.seek_to_beginning(place)
        records = client.poll(timeout_ms=5000, max_records=1)
        client.commit({place: OffsetAndMetadata(records[place][0].offset + 1, "", -1)})
    except TopicAuthorizationFailedError:
        return "topic denied"
    except GroupAuthorizationFailedError:
        return "group denied"
    except (AssertionError, KeyError):
        return "nothing read"
    finally:
        client.close(autocommit=False)
    return READ


def paste(kafka: KafkaCluster, topic: str, group: str, folder: Path) -> None:
    """Carry out what connect prints, as the operators do."""
    user, brokers = kafka.settings.username, kafka.bootstrap("PLAINTEXT")
    access = poller_access("scram", {topic: group}, cluster_arn="", brokers=brokers, username=user)
    properties = folder / "client.properties"
    properties.write_text("security.protocol=PLAINTEXT\n")
    (command,) = access.acls
    tool, *arguments = shlex.split(command)
    assert tool == "kafka-acls.sh"
    arguments[arguments.index("client.properties")] = str(properties)
    command_line = [*kafka.console_tool("AclCommand"), *arguments]
    subprocess.run(command_line, check=True, capture_output=True, timeout=60)


def test_a_group_works_with_exactly_these_acls_and_not_without_one_of_them(
    kafka: KafkaCluster, group: str, tmp_path: Path
) -> None:
    topic = make_topic(kafka, {0: [1, 2]})
    with KafkaProducer(bootstrap_servers=kafka.bootstrap("PLAINTEXT").split(",")) as producer:
        producer.send(topic, b"x").get(20)
    places = [ResourcePattern(ResourceType.TOPIC, topic), ResourcePattern(ResourceType.GROUP, group)]
    every = [ACLFilter(None, "*", ACLOperation.ANY, ACLPermissionType.ANY, place) for place in places]
    user = f"User:{kafka.settings.username}"
    with admin(kafka) as client:
        # Topic and group are closed to all but someone else, as on a cluster whose owner wants it so.
        client.create_acls([ACL(SOMEONE, "*", ACLOperation.ALL, ACLPermissionType.ALLOW, place) for place in places])
        try:
            wait_until(lambda: outcome(kafka, topic, group) != READ, "not closed", 30)
            paste(kafka, topic, group, tmp_path)
            wait_until(lambda: outcome(kafka, topic, group) == READ, "not opened", 30)
            for place, denied in zip(places, ("topic denied", "group denied"), strict=True):
                client.delete_acls([ACLFilter(user, "*", ACLOperation.READ, ACLPermissionType.ALLOW, place)])
                wait_until(partial(is_now, kafka, topic, group, denied), f"without READ it is not {denied}", 30)
                client.create_acls([ACL(user, "*", ACLOperation.READ, ACLPermissionType.ALLOW, place)])
                wait_until(partial(is_now, kafka, topic, group, READ), "not opened again", 30)
        finally:
            client.delete_acls(every)


def is_now(kafka: KafkaCluster, topic: str, group: str, expected: str) -> bool:
    return outcome(kafka, topic, group) == expected
