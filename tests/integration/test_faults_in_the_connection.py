"""Faults once the connection to a real broker stands: answers that do not come, or are wrong, and lost records."""

import struct
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from kafka.protocol.metadata import MetadataResponse
from kafka.protocol.producer import ProduceResponse
from msk_toolkit.deadline import Deadline
from msk_toolkit.probe.options import ProducerOptions
from msk_toolkit.probe.run import run_probe
from msk_toolkit.topics.declared import DeclaredTopic

from local.kafka import KafkaCluster
from tests.fakes.fault_listeners import redirect
from tests.fakes.fault_rules import (
    FETCH,
    METADATA,
    PRODUCE,
    SASL_AUTHENTICATE,
    Change,
    Cut,
    CutAnswer,
    Delay,
    Edit,
    Rule,
    Swallow,
)
from tests.integration.kafka_access import new_name, plaintext, scram, settled, wait_until
from tests.integration.probe_faults import (
    STAGE_SECONDS,
    consume,
    failures,
    faults_before,
    named,
    only_the_second_fails,
    produce,
    report_of,
    second,
    through_tls,
)
from tests.integration.topics_runs import run

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("rule", "stage", "cause"),
    [
        (Swallow(SASL_AUTHENTICATE), "sasl", "request-timeout"),
        (Cut(SASL_AUTHENTICATE), "sasl", "connection-closed"),
        (Swallow(METADATA), "metadata", "request-timeout"),
        (Delay(METADATA, 9), "metadata", "request-timeout"),
        (Cut(METADATA), "metadata", "connection-closed"),
        (Cut(PRODUCE), "produce", "connection-closed"),
        (Swallow(FETCH), "fetch", "request-timeout"),
        (Cut(FETCH), "fetch", "connection-closed"),
        (Change(METADATA, lambda _: b"\xff" * 9), "metadata", "protocol-error"),
    ],
)
def test_a_broker_that_stops_in_the_middle_fails_alone_with_its_cause(
    kafka: KafkaCluster, topic: str, monkeypatch: pytest.MonkeyPatch, rule: Rule, stage: str, cause: str
) -> None:
    access = scram(kafka)
    with through_tls(kafka, second(access).port, rule) as proxy:
        redirect(monkeypatch, {second(access).port: proxy.port})
        only_the_second_fails(produce(access, topic), access, stage, cause)


def test_a_slow_broker_is_no_fault_and_delays_no_other(
    kafka: KafkaCluster, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = scram(kafka)
    with through_tls(kafka, second(access).port, Delay(METADATA, STAGE_SECONDS / 2)) as proxy:
        redirect(monkeypatch, {second(access).port: proxy.port})
        response = produce(access, topic)
    assert response.verdict.status == "healthy", response.table
    slow, *others = sorted((sum(each.milliseconds for each in one.stages) for one in response.brokers), reverse=True)
    assert slow > STAGE_SECONDS * 500
    assert max(others) < STAGE_SECONDS * 500


def forged(offset: int) -> Callable[[bytes], bytes]:
    """Makes a Produce answer (version 8) say that the record stands at ``offset``."""

    def change(answer: bytes) -> bytes:
        # Topics, the topic's name, partitions, the partition's number, the error code, then the offset.
        at = 4 + 2 + struct.unpack(">h", answer[4:6])[0] + 4 + 4 + 2
        return answer[:at] + struct.pack(">q", offset) + answer[at + 8 :]

    return change


@pytest.mark.parametrize(
    ("rule", "outcome", "stage", "cause", "fetch"),
    [
        (
            Swallow(PRODUCE, response=True),
            "ambiguous-delivered",
            "produce",
            "acknowledgement-late",
            ("warn", "ambiguous-delivered"),
        ),
        (
            CutAnswer(PRODUCE),
            "ambiguous-delivered",
            "produce",
            "connection-closed",
            ("warn", "ambiguous-delivered"),
        ),
        (Cut(PRODUCE), "failed", "produce", "connection-closed", ("failed", "record-absent")),
        (Swallow(PRODUCE), "failed", "produce", "acknowledgement-late", ("failed", "record-absent")),
        (Change(PRODUCE, forged(10**6)), "lost", "fetch", "record-lost", ("failed", "record-lost")),
        (Change(PRODUCE, forged(0)), "lost", "fetch", "record-altered", ("failed", "record-altered")),
    ],
    ids=[
        "answer swallowed",
        "cut after the request",
        "cut before it",
        "request swallowed",
        "acknowledged and not stored",
        "another in its place",
    ],
)
def test_the_report_tells_what_became_of_the_record(
    kafka: KafkaCluster,
    topic: str,
    monkeypatch: pytest.MonkeyPatch,
    rule: Rule,
    outcome: str,
    stage: str,
    cause: str,
    fetch: tuple[str, str],
) -> None:
    access = scram(kafka)
    assert not failures(produce(access, topic))  # so that another record stands at offset 0
    with through_tls(kafka, second(access).port, rule) as proxy:
        redirect(monkeypatch, {second(access).port: proxy.port})
        response = produce(access, topic)
    only_the_second_fails(response, access, stage, cause)
    assert {one.broker: one.read_back for one in response.brokers} == {1: "ok", 2: outcome, 3: "ok"}
    (read,) = [each for each in report_of(response, second(access)).stages if each.stage == "fetch"]
    assert (read.status, read.cause) == fetch


def test_a_broker_of_another_cluster_is_named_as_such(
    kafka: KafkaCluster, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    access, own = scram(kafka), kafka.settings.cluster_id.encode()
    stranger = Change(METADATA, lambda answer: answer.replace(own, own[::-1]))
    with through_tls(kafka, second(access).port, stranger) as proxy:
        redirect(monkeypatch, {second(access).port: proxy.port})
        only_the_second_fails(produce(access, topic), access, "metadata", "wrong-cluster")


def test_a_broker_that_knows_no_controller_fails_alone(
    kafka: KafkaCluster, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    access, own = scram(kafka), kafka.settings.cluster_id.encode()

    def without_controller(answer: bytes) -> bytes:
        at = answer.index(own) + len(own)
        return answer[:at] + struct.pack(">i", -1) + answer[at + 4 :]

    with through_tls(kafka, second(access).port, Change(METADATA, without_controller)) as proxy:
        redirect(monkeypatch, {second(access).port: proxy.port})
        only_the_second_fails(produce(access, topic), access, "metadata", "no-controller")


def test_a_broker_that_does_not_lead_what_it_says_fails_the_write_alone(
    kafka: KafkaCluster, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A view of the cluster that stays behind: the broker itself then refuses the write, again and again."""
    access = scram(kafka)

    def swap_leaders(answer: MetadataResponse) -> None:
        for part in answer.topics[0].partitions:
            part.leader_id = {1: 2, 2: 1}.get(part.leader_id, part.leader_id)

    with faults_before(kafka, [second(access)], lambda: Edit(METADATA, MetadataResponse, swap_leaders), monkeypatch):
        only_the_second_fails(produce(access, topic), access, "produce", "wrong-broker")


def nothing_known(answer: MetadataResponse) -> None:
    answer.brokers, answer.controller_id = [], -1


def refused_with(code: int) -> Callable[[ProduceResponse], None]:
    def refuse(answer: ProduceResponse) -> None:
        answer.responses[0].partition_responses[0].error_code = code

    return refuse


@pytest.mark.parametrize(
    ("api_key", "response_class", "edit"),
    [
        (METADATA, MetadataResponse, nothing_known),
        (PRODUCE, ProduceResponse, refused_with(6)),
        (PRODUCE, ProduceResponse, refused_with(19)),
    ],
    ids=["knows no broker yet", "NOT_LEADER_OR_FOLLOWER", "NOT_ENOUGH_REPLICAS"],
)
def test_what_a_restart_makes_a_broker_say_for_a_moment_is_no_fault(
    kafka: KafkaCluster,
    topic: str,
    monkeypatch: pytest.MonkeyPatch,
    api_key: int,
    response_class: Any,
    edit: Callable[[Any], None],
) -> None:
    access = scram(kafka)
    rule = partial(Edit, api_key, response_class, edit, times=2)
    with faults_before(kafka, [second(access)], rule, monkeypatch):
        response = produce(access, topic)
    assert response.verdict.status == "healthy", response.table


def test_a_broker_that_never_learns_of_the_cluster_fails_alone(
    kafka: KafkaCluster, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = scram(kafka)
    rule = partial(Edit, METADATA, MetadataResponse, nothing_known)
    with faults_before(kafka, [second(access)], rule, monkeypatch):
        only_the_second_fails(produce(access, topic), access, "metadata", "not-in-metadata")


def test_a_record_with_too_few_replicas_fails_the_write(
    kafka: KafkaCluster, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Brokers since Kafka 3.7 let the write time out instead (KIP-966), so the proxy says it for this one."""
    access = scram(kafka)
    rule = partial(Edit, PRODUCE, ProduceResponse, refused_with(20))  # NOT_ENOUGH_REPLICAS_AFTER_APPEND
    with faults_before(kafka, [second(access)], rule, monkeypatch):
        only_the_second_fails(produce(access, topic), access, "produce", "not-enough-replicas")


def test_an_error_that_the_catalogue_does_not_know_is_told_in_kafkas_words(kafka: KafkaCluster) -> None:
    response = produce(scram(kafka), "no/topic")
    assert named(response) == ("down", None, "metadata", "broker-error"), response.table
    assert "INVALID_TOPIC" in response.verdict.summary


def test_a_missing_topic_fails_every_broker(kafka: KafkaCluster, group: str) -> None:
    access = scram(kafka)
    for response in (produce(access, "never-made"), consume(access, "never-made", group)):
        assert named(response) == ("down", None, "metadata", "topic-unknown")
        assert len(failures(response)) == 3


@pytest.mark.parametrize(
    ("config", "cause"),
    [
        ({"max.message.bytes": "90"}, "record-too-large"),
        ({"cleanup.policy": "compact"}, "topic-compacted"),
    ],
)
def test_a_topic_that_takes_no_heartbeat_says_why(kafka: KafkaCluster, config: dict[str, str], cause: str) -> None:
    name = new_name("choosy")
    run([DeclaredTopic(name, 3, 3, config)], plaintext(kafka), write=True, deadline=Deadline(20), stage_seconds=5)
    wait_until(lambda: settled(kafka, name), "the topic is not in sync")
    response = produce(scram(kafka), name)
    assert named(response) == ("down", None, "produce", cause), response.table


def test_a_clock_that_is_hours_ahead_is_told_as_that(kafka: KafkaCluster, topic: str) -> None:
    response = run_probe(
        scram(kafka),
        ProducerOptions(
            topic=topic, deadline=Deadline(30), stage_seconds=STAGE_SECONDS, now=lambda: time.time() + 7200
        ),
    )
    assert named(response) == ("down", None, "produce", "timestamp-refused"), response.table
