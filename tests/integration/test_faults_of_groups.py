"""Faults of the consumer probe's group: they belong to its coordinator, and to no other broker."""

from functools import partial
from typing import Any

import pytest
from kafka.admin import ACLOperation, ResourceType
from kafka.protocol.consumer import OffsetCommitResponse, OffsetFetchResponse, SyncGroupResponse
from kafka.protocol.metadata import FindCoordinatorResponse
from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.access import Access, BrokerAddress
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.kafka.group import find_coordinator, join_group, leave
from msk_toolkit.network.stages import StageLog

from local.kafka import KafkaCluster
from tests.fakes.fault_listeners import closed_port, redirect
from tests.fakes.fault_rules import (
    FIND_COORDINATOR,
    JOIN_GROUP,
    OFFSET_COMMIT,
    OFFSET_FETCH,
    SYNC_GROUP,
    Delay,
    Edit,
    Rule,
    Swallow,
)
from tests.integration.kafka_access import denied, scram, wait_until
from tests.integration.probe_faults import Response, consume, failures, faults_before, named, produce

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(("api_key", "cause"), [(OFFSET_COMMIT, "request-timeout"), (SYNC_GROUP, "request-timeout")])
def test_a_coordinator_that_stops_in_the_middle_is_named_and_no_other(
    kafka: KafkaCluster, topic: str, group: str, monkeypatch: pytest.MonkeyPatch, api_key: int, cause: str
) -> None:
    access = scram(kafka)
    warm = consume(access, topic, group)
    assert warm.verdict.status == "healthy", warm.table
    produce(access, topic)
    with faults_before(kafka, access.brokers, lambda: Swallow(api_key), monkeypatch):
        response = consume(access, topic, group)
    ((address, failure),) = failures(response).items()
    assert failure == ("commit", cause), response.table
    assert named(response) == ("degraded", address, "commit", cause)


def only_the_coordinator_fails(response: Response, coordinator: BrokerAddress, cause: str) -> None:
    assert failures(response) == {str(coordinator): ("commit", cause)}, response.table
    assert named(response) == ("degraded", str(coordinator), "commit", cause)


def coordinator_of(access: Access, group: str) -> BrokerAddress:
    with BrokerConnection.open(access.brokers[0], access, StageLog(Deadline(10), 10)) as connection:
        return find_coordinator(connection, group, Deadline(10))


def test_a_commit_that_is_not_stored_fails_the_coordinator(
    kafka: KafkaCluster, topic: str, group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = scram(kafka)
    produce(access, topic)
    coordinator = coordinator_of(access, group)

    def one_less(answer: OffsetFetchResponse) -> None:
        for part in answer.topics[0].partitions:
            part.committed_offset -= 1

    def forgetful() -> Rule:
        return Edit(OFFSET_FETCH, OffsetFetchResponse, one_less, behind=OFFSET_COMMIT)

    with faults_before(kafka, access.brokers, forgetful, monkeypatch):
        only_the_coordinator_fails(consume(access, topic, group), coordinator, "commit-refused")


def test_a_broker_that_is_wrongly_named_as_coordinator_is_reported(
    kafka: KafkaCluster, topic: str, group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = scram(kafka)
    coordinator = coordinator_of(access, group)
    other = next(address for address in access.brokers if address != coordinator)

    def name_another(answer: FindCoordinatorResponse) -> None:
        answer.host, answer.port = other

    def misled() -> Rule:
        return Edit(FIND_COORDINATOR, FindCoordinatorResponse, name_another)

    with faults_before(kafka, access.brokers, misled, monkeypatch):
        only_the_coordinator_fails(consume(access, topic, group), other, "wrong-broker")


@pytest.mark.parametrize("code", [14, 15, 16, 22, 25, 27])
@pytest.mark.parametrize(
    ("api_key", "response_class"), [(SYNC_GROUP, SyncGroupResponse), (OFFSET_COMMIT, OffsetCommitResponse)]
)
def test_a_group_that_moves_or_settles_anew_in_the_middle_is_no_fault(
    kafka: KafkaCluster,
    topic: str,
    group: str,
    monkeypatch: pytest.MonkeyPatch,
    api_key: int,
    response_class: Any,
    code: int,
) -> None:
    """COORDINATOR_LOAD_IN_PROGRESS, _NOT_AVAILABLE, NOT_COORDINATOR, ILLEGAL_GENERATION, UNKNOWN_MEMBER, REBALANCE."""
    access = scram(kafka)
    produce(access, topic)

    def refuse(answer: Any) -> None:
        for each in [answer] if api_key == SYNC_GROUP else answer.topics[0].partitions:
            each.error_code = code

    rule = partial(Edit, api_key, response_class, refuse, times=1)
    with faults_before(kafka, access.brokers, rule, monkeypatch):
        response = consume(access, topic, group)
    assert response.verdict.status == "healthy", response.table
    assert response.lag == 0
    assert len(response.committed) == 3


def test_an_empty_group_that_waits_for_more_members_as_on_msk_is_no_fault(
    kafka: KafkaCluster, topic: str, group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = scram(kafka)
    consume(access, topic, group)
    # group.initial.rebalance.delay.ms: 3 s, more than a stage has here. The request comes twice: the first one is only
    # given a member's id.
    with faults_before(kafka, access.brokers, lambda: Delay(JOIN_GROUP, 1.5), monkeypatch):
        response = consume(access, topic, group)
    assert response.verdict.status == "healthy", response.table


def test_a_member_that_holds_up_the_rebalance_fails_the_commit(kafka: KafkaCluster, topic: str, group: str) -> None:
    access = scram(kafka)
    coordinator = coordinator_of(access, group)
    with BrokerConnection.open(coordinator, access, StageLog(Deadline(10), 10)) as connection:
        # It joins, and then takes no more notice of the group: the next one waits for it.
        member = join_group(connection, group, topic, [0], Deadline(20))
        response = consume(access, topic, group)
        assert not failures(response), response.table
        assert named(response) == ("degraded", None, "commit", "rebalance-timeout")
        assert f"group {group} did not settle in time" in response.verdict.summary
        leave(connection, member, Deadline(5))


def test_a_coordinator_on_a_broker_that_is_away_marks_no_healthy_broker(
    kafka: KafkaCluster, topic: str, group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = scram(kafka)
    produce(access, topic)
    coordinator = coordinator_of(access, group)
    with closed_port() as port:
        redirect(monkeypatch, {coordinator.port: port})
        response = consume(access, topic, group)
    assert failures(response) == {str(coordinator): ("tcp", "connection-refused")}, response.table
    assert "affected" not in response.verdict.summary
    healthy = [one for one in response.brokers if one.address != str(coordinator)]
    for one in healthy:
        (commit,) = [each for each in one.stages if each.stage == "commit"]
        assert (commit.status, commit.milliseconds) == ("skipped", 0)
        assert commit.detail == f"{coordinator}, the coordinator of group {group}, can't be used"
        (fetch,) = [each for each in one.stages if each.stage == "fetch"]
        assert fetch.status == "ok"
    assert response.records_read == 2
    assert response.committed == {}


@pytest.mark.parametrize("operation", [ACLOperation.DESCRIBE, ACLOperation.READ])
def test_an_acl_that_denies_the_group_fails_the_commit(
    kafka: KafkaCluster, topic: str, group: str, operation: ACLOperation
) -> None:
    access = scram(kafka)
    with denied(kafka, ResourceType.GROUP, group, operation):
        wait_until(lambda: bool(failures(consume(access, topic, group))), "not denied", 10)
        response = consume(access, topic, group)
        assert named(response)[0::2] == ("degraded", "commit"), response.table
        assert response.verdict.cause == "group-denied"
