"""Applies that something gets in the way of: another apply, a broker, an interruption, an ACL, time."""

import threading
import time
from collections import Counter
from typing import Any

import pytest
from kafka.admin import ACLOperation, ResourceType
from msk_toolkit.kafka.conversation import Conversation
from msk_toolkit.kafka.entry import NoBrokerError
from msk_toolkit.kafka.session import Session
from msk_toolkit.topics.declared import DeclaredTopic
from msk_toolkit.topics.request import TopicsResponse

from local.kafka import BROKER_IDS, KafkaCluster
from tests.integration.kafka_access import active_controller, denied, new_name, plaintext, scram, settled, wait_until
from tests.integration.topics_runs import before_sending, do, own_config, stands, states, topic

pytestmark = pytest.mark.integration


def at_once(kafka: KafkaCluster, declared: list[DeclaredTopic]) -> list[TopicsResponse]:
    barrier = threading.Barrier(2)
    outcomes: list[TopicsResponse] = []

    def one() -> None:
        barrier.wait(5)
        outcomes.append(do(scram(kafka), *declared))

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(40)
    return outcomes


def test_two_applies_at_once_both_succeed(kafka: KafkaCluster) -> None:
    names = [new_name("topic") for _ in range(8)]
    for declared in ([topic(name) for name in names], [topic(name, 5, retention_ms="1000") for name in names]):
        assert [outcome.status for outcome in at_once(kafka, declared)] == ["applied", "applied"]
        assert do(scram(kafka), *declared).changes == []


@pytest.mark.parametrize(("partitions", "status"), [(2, "applied"), (3, "incomplete")])
def test_a_topic_that_appears_between_plan_and_create_is_compared(
    kafka: KafkaCluster, monkeypatch: pytest.MonkeyPatch, partitions: int, status: str
) -> None:
    wanted, other = topic(retention_ms="1000"), topic()
    somebodys = topic(wanted.name, partitions, retention_ms="1000")
    before_sending(monkeypatch, "create", once(lambda: do(plaintext(kafka), somebodys)))
    outcome = do(scram(kafka), wanted, other)
    assert outcome.status == status
    assert dict(zip(states(outcome), outcome.changes, strict=True))[(other.name, "create", "done")]
    if status == "incomplete":
        assert outcome.changes[0].detail == "it has appeared meanwhile, and differs from its declaration"


def once(happens: Any) -> Any:
    """The first time only: what happens may itself be an apply."""
    times = iter([True])

    def happening() -> None:
        if next(times, False):
            happens()

    return happening


class Ended(BaseException):
    """As when Lambda ends the process: nobody catches it."""


def test_an_apply_that_is_interrupted_between_two_changes_goes_on_when_run_again(
    kafka: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    grown, new = new_name("topic"), topic()
    do(scram(kafka), topic(grown))
    declared = [new, topic(grown, 4, retention_ms="1000")]

    def interrupt() -> None:
        raise Ended

    with monkeypatch.context() as patch:
        before_sending(patch, "config", interrupt)
        with pytest.raises(Ended):
            do(scram(kafka), *declared)
    found = stands(kafka, grown)
    assert found
    assert (found.partitions, own_config(kafka, grown)) == (4, {})
    rest = do(scram(kafka), *declared)
    assert states(rest) == [(grown, "config", "done")]
    assert do(scram(kafka), *declared).changes == []


def test_a_refusal_in_the_middle_tells_what_was_done_and_what_was_not(
    kafka: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = new_name("topic")
    do(scram(kafka), topic(name))
    new = topic()
    declared = [new, topic(name, 4, retention_ms="1000")]
    block = denied(kafka, ResourceType.TOPIC, name, ACLOperation.ALTER)
    before_sending(monkeypatch, "partitions", once(block.__enter__))
    try:
        outcome = do(scram(kafka), *declared)
    finally:
        block.__exit__(None, None, None)
    assert outcome.status == "incomplete"
    assert states(outcome) == [
        (new.name, "create", "done"),
        (name, "partitions", "not-done"),
        (name, "config", "not-done"),
    ]
    assert "TOPIC_AUTHORIZATION_FAILED" in outcome.changes[1].detail
    assert "1 of 3 changes made; run it again to go on." in outcome.table
    assert states(do(scram(kafka), *declared)) == [(name, "partitions", "done"), (name, "config", "done")]


def back(kafka: KafkaCluster, *names: str) -> None:
    for broker in set(BROKER_IDS) - set(kafka.running_brokers()):
        kafka.start_broker(broker)
    wait_until(lambda: settled(kafka, *names), "the cluster does not settle", 60)


def test_a_broker_that_dies_during_an_apply_does_not_stop_it(
    kafka: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, new = new_name("topic"), topic(min_insync_replicas="2")
    do(scram(kafka), topic(name))
    declared = [new, topic(name, 4, retention_ms="1000")]
    used: list[int] = []
    ask = Conversation.ask

    def noting(self: Conversation, request: Any, *rest: Any) -> Any:
        used.append(self.address.port)
        return ask(self, request, *rest)

    monkeypatch.setattr(Conversation, "ask", noting)
    ports = {port: broker for broker, port in kafka.settings.ports["SASL_SSL"].items()}
    # The very broker that the conversation is with.
    before_sending(monkeypatch, "partitions", once(lambda: kafka.kill_broker(ports[used[-1]])))
    try:
        outcome = do(scram(kafka), *declared, seconds=40)
        assert outcome.status == "applied", outcome.table
        assert do(scram(kafka), *declared).changes == []
    finally:
        back(kafka, name, new.name)


def test_a_broker_that_hangs_is_passed_over(kafka: KafkaCluster) -> None:
    wanted = topic(None, 1, 2, min_insync_replicas="1")
    # The active controller's successor is the quorum's business; here a broker hangs.
    first = next(broker for broker in BROKER_IDS if broker != active_controller(kafka))
    kafka.pause_broker(first)
    try:
        outcome = do(scram(kafka), wanted, seconds=45)
        assert outcome.status in {"applied", "incomplete"}, outcome.table
    finally:
        kafka.resume_broker(first)
        wait_until(lambda: settled(kafka), "the cluster does not settle", 60)
    assert do(scram(kafka), wanted).status == "applied"


def test_when_no_broker_can_be_reached_any_more_the_outcome_is_unknown_and_told_in_time(
    kafka: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = topic()
    asked = Session.ask

    def cut_off(self: Session, *rest: Any) -> Any:
        raise NoBrokerError([])

    before_sending(monkeypatch, "create", once(lambda: monkeypatch.setattr(Session, "ask", cut_off)))
    began = time.monotonic()
    outcome = do(scram(kafka), wanted, seconds=3)
    monkeypatch.setattr(Session, "ask", asked)
    assert time.monotonic() - began < 4
    assert (outcome.status, states(outcome)) == ("incomplete", [(wanted.name, "create", "unknown")])


def test_three_hundred_topics_take_one_metadata_and_one_config_request_to_plan(
    kafka: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = new_name("many")
    declared = [topic(f"{prefix}-{number}", 1, retention_ms="3600000") for number in range(300)]
    created = do(scram(kafka), *declared, seconds=60)
    assert Counter(change.state for change in created.changes) == {"done": 300}
    asked: Counter[str] = Counter()
    ask = Conversation.ask

    def counting(self: Conversation, request: Any, *rest: Any) -> Any:
        # Opening a conversation asks for brokers only.
        asked[type(request).__name__ + (" of no topic" if getattr(request, "topics", None) == [] else "")] += 1
        return ask(self, request, *rest)

    monkeypatch.setattr(Conversation, "ask", counting)
    assert do(scram(kafka), *declared).changes == []
    assert asked == {"MetadataRequest of no topic": 1, "MetadataRequest": 1, "DescribeConfigsRequest": 1}
