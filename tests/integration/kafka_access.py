"""Ways into the local cluster for the tests of topics and probes."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from kafka.admin import ACL, ACLFilter, ACLOperation, ACLPermissionType, KafkaAdminClient, ResourcePattern, ResourceType
from kafka.protocol.admin import DescribeAclsRequest, DescribeQuorumRequest
from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.access import Access, BrokerAddress, parse_brokers
from msk_toolkit.kafka.bootstrap import open_any
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.kafka.metadata import Topic, read_metadata
from msk_toolkit.network.stages import StageLog
from msk_toolkit.stage import Stage

from local.kafka import BROKER_IDS, KafkaCluster
from local.kafka.queries import known_brokers
from tests.integration.old_brokers import can_be_told_where_to_put_replicas, create_with_kafkas_own_tool

STAGE_SECONDS = 3.0
# Kafka's numbers in a filter of ACLs.
_LITERAL = 3
_ANY = 1
_NOTICED_WITHIN_SECONDS = 4.0


def new_name(kind: str) -> str:
    """A topic or group that no other test knows."""
    return f"{kind}-{uuid.uuid4().hex[:8]}"


def scram(kafka: KafkaCluster, **changes: Any) -> Access:
    """SCRAM over TLS, as the cluster's user unless told otherwise."""
    values = {
        "brokers": parse_brokers(kafka.bootstrap("SASL_SSL")),
        "auth_mode": "scram",
        "trusted_ca": kafka.ca_file.read_text(),
        "username": kafka.settings.username,
        "password": kafka.settings.password,
    }
    return Access(**{**values, **changes})


def plaintext(kafka: KafkaCluster) -> Access:
    """No encryption and no login; this user may do everything."""
    return Access(brokers=parse_brokers(kafka.bootstrap("PLAINTEXT")), auth_mode="none")


def tls(kafka: KafkaCluster) -> Access:
    """Encryption without a login."""
    ca = kafka.ca_file.read_text()
    return Access(brokers=parse_brokers(kafka.bootstrap("SSL")), auth_mode="tls", trusted_ca=ca)


def views_of(kafka: KafkaCluster, name: str) -> list[Topic | None]:
    """A topic as each running broker sees it; None from one that does not know it (yet)."""
    views: list[Topic | None] = []
    for broker in kafka.running_brokers():
        access = plaintext(kafka)
        address = BrokerAddress("localhost", kafka.settings.ports["PLAINTEXT"][broker])
        connection, _ = open_any(msgspec.structs.replace(access, brokers=(address,)), Deadline(10), 5)
        with connection:
            found = read_metadata(connection, [name], Deadline(10)).topics[name]
        views.append(None if found.error_code else found)
    return views


def is_unknown(kafka: KafkaCluster, name: str) -> bool:
    """Whether no broker knows the topic."""
    return not any(views_of(kafka, name))


def created(kafka: KafkaCluster, name: str) -> Topic:
    """The topic, once every broker knows it: a broker hears of a new one a little later than another."""
    wait_until(lambda: all(views_of(kafka, name)), f"not every broker knows {name}", 10)
    found = views_of(kafka, name)[0]
    assert found
    return found


def wait_until(holds: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Wait for a condition; fails with ``what`` when it does not come."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def settled(kafka: KafkaCluster, *topics: str) -> bool:
    """Whether every broker knows all three, and every replica of the topics is in sync."""
    ports = kafka.settings.ports["PLAINTEXT"].values()
    if any(known_brokers(port) != set(BROKER_IDS) for port in ports):
        return False
    views = [view for name in topics for view in views_of(kafka, name)]
    return all(view and all(len(part.in_sync) == len(part.replicas) for part in view.partitions) for view in views)


def settled_again(kafka: KafkaCluster) -> bool:
    """Whether it is, after a pause of all brokers; with ZooKeeper, whether it also stays so: brokers notice only on
    their next contact with it that their sessions have ended, and are gone for a moment then."""
    until = time.monotonic() + (_NOTICED_WITHIN_SECONDS if kafka.settings.zookeeper_port else 0)
    while settled(kafka):
        if time.monotonic() >= until:
            return True
        time.sleep(0.1)
    return False


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


def active_controller(kafka: KafkaCluster) -> int:
    """The node that leads the metadata quorum, or the broker that ZooKeeper has elected."""
    if kafka.settings.zookeeper_port:
        connection, metadata = open_any(plaintext(kafka), Deadline(10), 5)
        connection.close()
        return metadata.controller
    # Not with kafka-python's admin client: it can't read the answer of older brokers (3.6.2).
    quorum = DescribeQuorumRequest.TopicData
    asked = quorum(topic_name="__cluster_metadata", partitions=[quorum.PartitionData(partition_index=0)])
    connection, _ = open_any(plaintext(kafka), Deadline(10), 5)
    with connection:
        answer = connection.send(DescribeQuorumRequest(topics=[asked]), Stage.METADATA, Deadline(10))
    return int(answer.topics[0].partitions[0].leader_id)


def elect_preferred_leaders(kafka: KafkaCluster) -> None:
    """Leadership back to where it was before a broker was away."""
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap("PLAINTEXT").split(","))
    try:
        admin.elect_leaders(0, raise_errors=False)
    finally:
        admin.close()


@contextmanager
def denied(kafka: KafkaCluster, kind: ResourceType, name: str, operation: ACLOperation) -> Iterator[None]:
    """An ACL that denies the cluster's user an operation, in force on every node; removed from all at the end."""
    user, resource = f"User:{kafka.settings.username}", ResourcePattern(kind, name)
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap("PLAINTEXT").split(","))
    try:
        # A resource with any ACL is closed to everyone else: allow all, then deny the one.
        rules = [
            ACL(user, "*", ACLOperation.ALL, ACLPermissionType.ALLOW, resource),
            ACL(user, "*", operation, ACLPermissionType.DENY, resource),
        ]
        try:
            admin.create_acls(rules)
            wait_until(lambda: _rules_known(kafka, kind, name) == {2}, "not every node knows the ACL", 10)
            yield
        finally:
            admin.delete_acls([ACLFilter(user, "*", ACLOperation.ANY, ACLPermissionType.ANY, resource)])
            wait_until(lambda: _rules_known(kafka, kind, name) == {0}, "not every node has forgotten the ACL", 10)
    finally:
        admin.close()


def _rules_known(kafka: KafkaCluster, kind: ResourceType, name: str) -> set[int]:
    """How many rules for a resource the running nodes know, each in both of its roles: they authorize apart."""
    question = {"resource_type_filter": kind.value, "resource_name_filter": name, "pattern_type_filter": _LITERAL}
    anyone = {"principal_filter": None, "host_filter": None, "operation": _ANY, "permission_type": _ANY}
    known = set()
    # With ZooKeeper there is no controller's listener.
    for ports in (kafka.settings.ports[name] for name in ("PLAINTEXT", "CONTROLLER") if name in kafka.settings.ports):
        for node in kafka.running_brokers():
            address = BrokerAddress("127.0.0.1", ports[node])
            with BrokerConnection.open(address, plaintext(kafka), StageLog(Deadline(10), 5)) as connection:
                answer = connection.send(DescribeAclsRequest(**question, **anyone), Stage.METADATA, Deadline(10))
            known.add(sum(len(resource.acls) for resource in answer.resources))
    return known
