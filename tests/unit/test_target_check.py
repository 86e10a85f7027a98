"""What Vantiq says of a target decides whether records go there."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from msk_toolkit.connect.registration import plan_target
from msk_toolkit.deadline import Deadline
from msk_toolkit.forward.batch_response import DeliveryIncompleteError, batch_response
from msk_toolkit.forward.forwarder import Forwarder
from msk_toolkit.forward.outcome import BatchOutcome
from msk_toolkit.forward.services import DeliveryServices
from msk_toolkit.forward.target_check import TargetCheck
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.settings.targets import parse_target
from msk_toolkit.target_kinds import Fitness
from msk_toolkit.vantiq.client import VantiqClient
from msk_toolkit.vantiq.resources import VantiqRefusedError
from msk_toolkit.vantiq.target_state import judge_target, read_target

from local.vantiq import VantiqStandIn, running_standin
from tests.fakes.clock_fake import FakeClock
from tests.fakes.dead_letters_fake import FakeDeadLetters
from tests.fakes.kafka_events import event, record
from tests.fakes.vantiq_client_fake import FixedToken
from tests.fakes.vantiq_fake import answer as reply

pytestmark = pytest.mark.enable_socket

TOPICS = "/api/v1/resources/topics"
RELIABLE = {"name": "/orders", "isReliable": True}


class Way:
    """A forwarder that asks before it sends."""

    def __init__(self, standin: VantiqStandIn, **settings: Any) -> None:
        told: dict[str, Any] = {"vantiq_target": "topic:/orders", "vantiq_timeout_seconds": 2.0} | settings
        made = ForwarderSettings(vantiq_url=standin.url, vantiq_token_secret_arn="s", **told)
        self.clock = FakeClock()
        self.standin = standin
        self.letters = FakeDeadLetters()
        self.vantiq = VantiqClient.from_settings(made, FixedToken(standin.token))
        check = TargetCheck(made, self.vantiq, self.clock)
        self.forwarder = Forwarder(made, DeliveryServices(self.vantiq, self.letters), check)

    def forward(self, first: int = 0) -> BatchOutcome:
        """Two records."""
        return self.forwarder.forward(event([record(first), record(first + 1)]), Deadline(30))


@contextmanager
def way(**settings: Any) -> Iterator[Way]:
    """With a stand-in that nothing is defined in."""
    with running_standin() as standin:
        made = Way(standin, **settings)
        try:
            yield made
        finally:
            made.vantiq.close()


@pytest.mark.parametrize("body", [b"[" * 200_000, b"[" * 200_000 + b"]" * 200_000, b'{"name": "\xff"}', b"<html>"])
def test_an_answer_about_a_target_that_nobody_can_read_is_an_outage(body: bytes) -> None:
    settings = ForwarderSettings(vantiq_url="https://v", vantiq_token_secret_arn="s", vantiq_target="topic:/orders")
    client = VantiqClient.from_settings(settings, FixedToken("t"))
    client.request = lambda *_: reply(200, body)  # type: ignore[method-assign]
    failure = TargetCheck(settings, client).failure(parse_target("topic:/orders"), Deadline(5))
    assert failure is not None
    assert failure.kind == "outage"
    assert "the answer is not JSON" in failure.reason


def test_a_publish_to_a_topic_that_nobody_registered_is_an_outage_and_never_a_success() -> None:
    with way() as there:
        outcome = there.forward()
        assert (outcome.delivered, outcome.dead_lettered, len(outcome.to_report)) == (0, 0, 2)
        (failure,) = outcome.failures
        assert failure.kind == "outage"
        assert "topic:/orders: there is no topic /orders in Vantiq" in failure.reason
        assert '"action": "register", "targets_only": true' in failure.reason
        assert not there.letters.letters
        with pytest.raises(DeliveryIncompleteError):
            batch_response(outcome, "on-demand")


def test_records_flow_as_soon_as_the_topic_is_there() -> None:
    with way() as there:
        there.forward()
        there.standin.define("topics", RELIABLE)
        assert there.forward().delivered == 2
        assert len(there.standin.journal) == 2


def test_a_topic_that_is_not_reliable_holds_the_records_in_kafka() -> None:
    with way() as there:
        there.standin.define("topics", {"name": "/orders"})
        outcome = there.forward()
        assert "not reliable" in outcome.failures[0].reason
        assert len(there.standin.journal) == 0


def test_a_topic_without_auto_unwind_takes_no_arrays() -> None:
    with way(max_batch_records=10) as there:
        there.standin.define("topics", RELIABLE)
        assert "autoUnwind" in there.forward().failures[0].reason
        there.standin.define("topics", RELIABLE | {"autoUnwind": True})
        assert there.forward().delivered == 2


def test_warn_sends_all_the_same_and_says_so_once_in_a_while() -> None:
    with way(target_check="warn") as there:
        there.standin.define("topics", {"name": "/orders"})
        first, second = there.forward(), there.forward(2)
        assert (first.delivered, second.delivered) == (2, 2)
        assert [len(first.notes), len(second.notes)] == [1, 0]
        assert "not reliable" in first.notes[0]
        there.clock.advance(301)
        assert len(there.forward(4).notes) == 1


def test_off_asks_nothing() -> None:
    with way(target_check="off") as there:
        there.forward()
        assert there.standin.stats.requests == 2


def test_vantiq_is_asked_once_and_again_after_five_minutes() -> None:
    with way() as there:
        there.standin.define("topics", RELIABLE)
        there.forward()
        there.clock.advance(299.9)
        there.forward(2)
        assert there.standin.stats.requests == 5
        there.clock.advance(0.1)
        there.standin.define("topics", {"name": "/orders", "isReliable": False})
        assert there.forward(4).failures[0].kind == "outage"


def test_a_token_that_may_not_look_stops_no_forwarder_and_is_noted() -> None:
    with way() as there:
        there.standin.define("topics", RELIABLE)
        there.standin.fail("status", status=403, method="GET", path=TOPICS)
        outcome = there.forward()
        assert outcome.delivered == 2
        assert "topic:/orders can't be checked" in outcome.notes[0]
        assert "the token is not allowed to do this" in outcome.notes[0]


def test_where_vantiq_fails_at_the_first_look_nothing_is_sent() -> None:
    with way() as there:
        there.standin.define("topics", RELIABLE)
        there.standin.fail("status", status=503, method="GET", path=TOPICS, times=1)
        assert there.forward().failures[0].kind == "outage"
        assert len(there.standin.journal) == 0
        assert there.forward().delivered == 2


def test_where_vantiq_fails_at_a_later_look_what_it_said_before_holds() -> None:
    with way() as there:
        there.standin.define("topics", RELIABLE)
        there.forward()
        there.clock.advance(301)
        there.standin.fail("status", status=503, method="GET", path=TOPICS)
        assert there.forward(2).delivered == 2


SERVICE = {"name": "a.Desk", "eventTypes": {"In": {"direction": "INBOUND", "isReliable": True}}}


@pytest.mark.parametrize(
    ("target", "instance", "fitness", "words"),
    [
        ("type:Order", None, Fitness.UNFIT, "there is no type Order"),
        ("type:Order", {"role": "schema"}, Fitness.UNFIT, "stores nothing"),
        ("type:Order", {"role": "standard"}, Fitness.FIT, ""),
        ("upsert:Order", {"naturalKey": []}, Fitness.UNFIT, "no natural key"),
        ("upsert:Order", {"naturalKey": ["id"]}, Fitness.FIT, ""),
        ("service:a.Desk/In", SERVICE, Fitness.FIT, ""),
        ("service:a.Desk/Out", SERVICE, Fitness.UNFIT, "declares no event type Out"),
        ("service:a.Desk/In", {"eventTypes": {"In": {"direction": "OUTBOUND"}}}, Fitness.UNFIT, "OUTBOUND"),
        ("service:a.Desk/In", {"eventTypes": {"In": {"direction": "INBOUND"}}}, Fitness.UNKNOWN, "not reliable"),
        ("service:a.Desk/In", {"eventTypes": {"In": {"implementingResource": "/rules/r"}}}, Fitness.FIT, ""),
        ("service:a.Desk/In", {"eventTypes": "x"}, Fitness.UNFIT, "declares no event type In"),
        ("procedure:a.take", None, Fitness.UNFIT, "there is no procedure a.take"),
        ("procedure:a.take", {}, Fitness.FIT, ""),
        ("source:Out", {"mockMode": True}, Fitness.UNFIT, "mock mode"),
        ("source:Out", {"active": True}, Fitness.FIT, ""),
        ("topic:/a", {"isReliable": "yes"}, Fitness.UNFIT, "not reliable"),
    ],
)
def test_each_kind_of_target_is_judged_by_what_its_resource_says(
    target: str, instance: dict[str, Any] | None, fitness: Fitness, words: str
) -> None:
    state = judge_target(parse_target(target), instance, arrays=False)
    assert state.fitness is fitness
    assert words in state.reason


EVERY_VALUE = [b'{"a": 1}', b"5", b"1.50", b'"text"', b"[1, 2]", b"true", b"null", b"no JSON", b"\xff\xfe", b""]


def test_the_type_that_register_makes_takes_every_value() -> None:
    with way(vantiq_target="upsert:Record") as there:
        there.standin.define("types", plan_target(None, parse_target("upsert:Record")).instance)
        first = record(0) | {"valueSchemaMetadata": {"dataFormat": "JSON", "schemaId": "1"}}
        outcome = there.forwarder.forward(
            event([first, *(record(n, value) for n, value in enumerate(EVERY_VALUE, 1))]), Deadline(30)
        )
        assert (outcome.delivered, outcome.dead_lettered) == (len(EVERY_VALUE) + 1, 0)
        rows = there.standin.journal.values("custom", "Record")[1:]
        assert [row.get("valueText", row["value"]) for row in rows] == [
            {"a": 1}, "5", "1.50", '"text"', "[1, 2]", "true", "null", "no JSON", "//4=", "",
        ]  # fmt: skip
        assert {row["valueEncoding"] for row in rows[:7]} == {"json"}


def test_a_type_of_the_users_own_gets_the_envelope_as_it_is() -> None:
    with way(vantiq_target="type:Mine") as there:
        there.standin.define("types", {"name": "Mine", "properties": {"value": {"type": "Integer"}}})
        there.forwarder.forward(event([record(0, b"5")]), Deadline(30))
        (row,) = there.standin.journal.values()
        assert (row["value"], "valueText" in row) == (5, False)


@pytest.mark.parametrize(
    ("status", "is_passing"),
    [(400, False), (401, True), (403, False), (408, True), (425, True), (429, True), (499, False), (500, True)],
)
def test_a_failure_of_the_moment_is_no_statement_about_a_target(status: int, is_passing: bool) -> None:
    class Refusing:
        def find(self, kind: str, name: str) -> None:
            raise VantiqRefusedError(f"reading {kind} {name}", status, "")

    resources: Any = Refusing()
    try:
        state = read_target(resources, parse_target("topic:/orders"), arrays=False)
    except VantiqRefusedError:
        assert is_passing
    else:
        assert not is_passing
        assert state.fitness is Fitness.UNKNOWN
