"""Brokers that are not who their address says, and records that leave while they are read."""

import pytest
from kafka.admin import KafkaAdminClient
from kafka.protocol.consumer import ListOffsetsResponse
from kafka.structs import TopicPartition

from local.kafka import KafkaCluster
from tests.fakes.fault_listeners import redirect
from tests.fakes.fault_rules import FETCH, LIST_OFFSETS, Count, Edit, Rule
from tests.integration.kafka_access import scram
from tests.integration.probe_faults import (
    consume,
    failures,
    faults_before,
    only_the_second_fails,
    produce,
    second,
)

pytestmark = pytest.mark.integration


def test_an_address_that_leads_to_another_broker_is_named_by_both_probes(
    kafka: KafkaCluster, topic: str, group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = scram(kafka)
    assert not failures(produce(access, topic))
    redirect(monkeypatch, {second(access).port: access.brokers[2].port})
    only_the_second_fails(produce(access, topic), access, "produce", "wrong-broker")
    response = consume(access, topic, group)
    assert failures(response)[str(second(access))][1] == "wrong-broker", response.table
    assert response.verdict.broker == 2
    assert set(failures(response)) == {str(second(access))}


def test_records_that_leave_before_they_are_read_are_nobodys_fault_and_cause_no_hot_loop(
    kafka: KafkaCluster, topic: str, group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = scram(kafka)
    assert not failures(produce(access, topic))
    read = consume(access, topic, group).committed
    for _ in range(3):
        assert not failures(produce(access, topic))
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap("PLAINTEXT"))
    try:
        admin.delete_records({TopicPartition(topic, part): read[f"{topic}-{part}"] + 2 for part in range(3)})
    finally:
        admin.close()
    fetches: list[Count] = []

    def stale_start() -> Rule:
        count = Count(FETCH)
        fetches.append(count)
        return Both(count, Edit(LIST_OFFSETS, ListOffsetsResponse, as_before_the_deletion, times=1))

    with faults_before(kafka, access.brokers, stale_start, monkeypatch):
        response = consume(access, topic, group)
    assert response.verdict.status == "healthy", response.table
    assert (response.records_read, response.gaps) == (3, 0)
    assert sum(count.requests for count in fetches) < 20


def as_before_the_deletion(answer: ListOffsetsResponse) -> None:
    for part in answer.topics[0].partitions:
        part.offset -= 2


class Both(Rule):
    """Two rules for one connection; the second one changes answers."""

    def __init__(self, first: Rule, then: Rule) -> None:
        self._first, self._then = first, then

    async def on_request(self, api_key: int, frame: bytes) -> bytes | None:
        await self._first.on_request(api_key, frame)
        return await self._then.on_request(api_key, frame)

    async def on_response(self, api_key: int, frame: bytes) -> bytes | None:
        return await self._then.on_response(api_key, frame)
