"""Applies that something gets in the way of: another apply, a broker, an interruption, an ACL, time."""

import multiprocessing
import threading
import time
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import pytest
from kafka.admin import ACLOperation, ResourceType
from msk_toolkit.causes import Cause
from msk_toolkit.errors import StageError
from msk_toolkit.kafka.bootstrap import NoBrokerError
from msk_toolkit.kafka.connection import BrokerConnection
from msk_toolkit.kafka.session import Session
from msk_toolkit.stage import Stage
from msk_toolkit.topics.declared import DeclaredTopic
from msk_toolkit.topics.request import TopicsResponse

from local.kafka import BROKER_IDS, KafkaCluster
from tests.integration.kafka_access import (
    active_controller,
    denied,
    new_name,
    plaintext,
    scram,
    settled,
    views_of,
    wait_until,
)
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


@pytest.mark.parametrize(
    ("partitions", "retention", "status"),
    [(2, "1000", "applied"), (3, "1000", "incomplete"), (2, "5000", "incomplete")],
)
def test_a_topic_that_appears_between_plan_and_create_is_compared(
    kafka: KafkaCluster, monkeypatch: pytest.MonkeyPatch, partitions: int, retention: str, status: str
) -> None:
    wanted, other = topic(retention_ms="1000"), topic()
    somebodys = topic(wanted.name, partitions, retention_ms=retention)
    before_sending(monkeypatch, "create", once(lambda: do(plaintext(kafka), somebodys)))
    outcome = do(scram(kafka), wanted, other)
    assert outcome.status == status
    assert dict(zip(states(outcome), outcome.changes, strict=True))[(other.name, "create", "done")]
    if status == "incomplete":
        assert outcome.changes[0].detail == "it has been created in the meantime, and differs from its declaration"


def once(happens: Any) -> Any:
    """The first time only: what happens may itself be an apply."""
    times = iter([True])

    def happening() -> None:
        if next(times, False):
            happens()

    return happening


def apply_until_the_configuration(home: Path, declared: list[DeclaredTopic], reached: Event) -> None:
    """In a process of its own: apply, and stand still before the last change until somebody ends it."""

    def stand_still() -> None:
        reached.set()
        time.sleep(60)

    with pytest.MonkeyPatch.context() as patch:
        before_sending(patch, "config", stand_still)
        do(scram(KafkaCluster.open(home)), *declared)


def test_an_apply_that_is_killed_between_two_changes_goes_on_when_run_again(kafka: KafkaCluster) -> None:
    grown, new = new_name("topic"), topic()
    do(scram(kafka), topic(grown))
    declared = [new, topic(grown, 4, retention_ms="1000")]
    spawn = multiprocessing.get_context("spawn")
    reached = spawn.Event()
    process = spawn.Process(target=apply_until_the_configuration, args=(kafka.settings.home, declared, reached))
    process.start()
    try:
        assert reached.wait(30)
    finally:
        process.kill()
        process.join(10)
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
    assert "1 of 3 changes made; run it again to continue." in outcome.table
    assert states(do(scram(kafka), *declared)) == [(name, "partitions", "done"), (name, "config", "done")]


def back(kafka: KafkaCluster, *names: str) -> None:
    for broker in set(BROKER_IDS) - set(kafka.running_brokers()):
        kafka.start_broker(broker)
    wait_until(lambda: settled(kafka, *names), "the cluster does not settle", 60)


def test_a_broker_that_dies_during_an_apply_neither_stops_it_nor_is_taken_for_drift(
    kafka: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, new, later = new_name("topic"), topic(min_insync_replicas="2"), topic()
    do(scram(kafka), topic(name))
    declared = [new, topic(name, 4, retention_ms="1000")]
    used: list[int] = []
    ask = BrokerConnection.send

    def noting(self: BrokerConnection, request: Any, *rest: Any) -> Any:
        used.append(self.address.port)
        return ask(self, request, *rest)

    monkeypatch.setattr(BrokerConnection, "send", noting)
    ports = {port: broker for broker, port in kafka.settings.ports["SASL_SSL"].items()}
    # The very broker that the connection is with.
    before_sending(monkeypatch, "partitions", once(lambda: kafka.kill_broker(ports[used[-1]])))
    try:
        outcome = do(scram(kafka), *declared, seconds=40)
        # It has left the metadata meanwhile: nobody waits for it any more.
        assert (outcome.status, outcome.behind) == ("applied", []), outcome.table
        found = do(scram(kafka), *declared, later, action="check")
        assert found.drift == {"missing": 1}
        assert found.plan
        *standing, missing = found.plan.steps
        assert [(step.action, step.warnings) for step in standing] == [("unchanged", [])] * 2
        assert (missing.action, len(missing.warnings)) == ("create", 1)
        assert missing.warnings[0].startswith("replication factor 3 is above the 2 live brokers: ")
        # This is KRaft.
        assert do(scram(kafka), later).status == "applied"
    finally:
        back(kafka, name, new.name, later.name)


def test_a_broker_that_hangs_is_passed_over(kafka: KafkaCluster) -> None:
    wanted = topic(None, 1, 2, min_insync_replicas="1")
    # The active controller's successor is the quorum's business; here a broker hangs.
    first = next(broker for broker in BROKER_IDS if broker != active_controller(kafka))
    kafka.pause_broker(first)
    try:
        outcome = do(scram(kafka), wanted, seconds=45)
        assert (outcome.status, outcome.behind) == ("applied", []), outcome.table
    finally:
        kafka.resume_broker(first)
        wait_until(lambda: settled(kafka), "the cluster does not settle", 60)
    assert do(scram(kafka), wanted).changes == []


def test_an_apply_ends_when_every_broker_shows_what_was_written(
    kafka: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, seconds = topic(), 2.0
    late = next(broker for broker in reversed(BROKER_IDS) if broker != active_controller(kafka))
    resuming = threading.Timer(seconds, kafka.resume_broker, [late])
    # Neither the broker that is asked to create it nor the first to be asked about it.
    brokers = tuple(each for each in scram(kafka).brokers if each.port != kafka.settings.ports["SASL_SSL"][late])

    def hang() -> None:
        kafka.pause_broker(late)
        resuming.start()

    before_sending(monkeypatch, "create", once(hang))
    try:
        outcome = do(scram(kafka, brokers=brokers), wanted)
        views = views_of(kafka, wanted.name)
    finally:
        resuming.join(10)
        kafka.resume_broker(late)
        wait_until(lambda: settled(kafka), "the cluster does not settle", 60)
    assert (outcome.status, outcome.behind) == ("applied", []), outcome.table
    assert all(view and len(view.partitions) == wanted.partitions for view in views)


def test_a_hung_active_controller_is_told_in_time_and_a_second_apply_finishes(
    kafka: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    grown, new = new_name("topic"), topic()
    do(scram(kafka), topic(grown))
    declared = [new, topic(grown, 4, retention_ms="1000")]
    controller = active_controller(kafka)
    before_sending(monkeypatch, "partitions", once(lambda: kafka.pause_broker(controller)))
    began = time.monotonic()
    try:
        # The quorum has another controller after some seconds; the brokers go on asking the hung one for 30 s.
        outcome = do(scram(kafka), *declared, seconds=12)
        took = time.monotonic() - began
    finally:
        kafka.resume_broker(controller)
        wait_until(lambda: settled(kafka, grown), "the cluster does not settle", 60)
    assert took < 12.5
    assert states(outcome) == [
        (new.name, "create", "done"),
        (grown, "partitions", "unknown"),
        (grown, "config", "not-done"),
    ]
    assert "in time" in outcome.changes[1].detail
    assert do(scram(kafka), *declared).status == "applied"
    assert do(scram(kafka), *declared).changes == []


def cut_off(self: Session, *rest: Any) -> Any:
    raise NoBrokerError([])


def test_when_the_answer_is_lost_and_no_broker_can_be_reached_any_more_the_outcome_is_unknown(
    kafka: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = topic()

    def lose_everybody() -> None:
        monkeypatch.setattr(Session, "execute", cut_off)
        raise StageError(Stage.METADATA, Cause.CONNECTION_CLOSED, "broker", "the connection broke")

    asked = Session.execute
    before_sending(monkeypatch, "create", once(lose_everybody))
    began = time.monotonic()
    outcome = do(scram(kafka), wanted, seconds=3)
    monkeypatch.setattr(Session, "execute", asked)
    assert time.monotonic() - began < 4
    assert (outcome.status, states(outcome)) == ("incomplete", [(wanted.name, "create", "unknown")])


def test_what_the_controller_acknowledged_is_done_though_nobody_can_be_asked_whether_it_shows(
    kafka: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = topic()
    asked = Session.execute
    before_sending(monkeypatch, "create", once(lambda: monkeypatch.setattr(Session, "execute", cut_off)))
    began = time.monotonic()
    outcome = do(scram(kafka), wanted, seconds=3)
    monkeypatch.setattr(Session, "execute", asked)
    assert time.monotonic() - began < 4
    assert (outcome.status, states(outcome)) == ("applied", [(wanted.name, "create", "done")])
    assert outcome.behind[0].startswith("could not list the live brokers")
    assert do(scram(kafka), wanted).changes == []
