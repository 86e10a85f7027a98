"""Events in at one end, Vantiq's journal at the other: the real client against the local stand-in."""

import time
from typing import Any

import pytest
from msk_toolkit.forward.batch_response import DeliveryIncompleteError, batch_response

from tests.fakes.kafka_events import CLUSTER, event, record
from tests.integration.vantiq_fixture import Line, line

pytestmark = pytest.mark.integration

THOUSAND = [record(n, partition=p, key=f"k{n % 7}".encode()) for n in range(250) for p in range(4)]
IN_ORDER = list(range(250))


def kinds(outcome: Any) -> set[str]:
    return {failure.kind for failure in outcome.failures}


def until_done(made: Line, batch: Any, tries: int = 20) -> int:
    """Play an on-demand mapping: the whole batch again until it succeeds; returns the number of tries."""
    for number in range(1, tries + 1):
        try:
            batch_response(made.forward(batch), "on-demand")
        except DeliveryIncompleteError:
            continue
        return number
    raise AssertionError(f"not done after {tries} tries")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"vantiq_target": "topic:/unwound", "max_batch_records": 50},
        {"vantiq_target": "upsert:Order"},
        {"vantiq_target": "type:Order", "max_batch_records": 30, "ordering": "partition"},
    ],
)
def test_a_thousand_records_arrive_in_order(settings: dict[str, Any]) -> None:
    with line(**settings) as made:
        outcome = made.forward(event(THOUSAND))
        assert (outcome.delivered, outcome.failures) == (1000, [])
        assert [made.offsets(p) for p in range(4)] == [IN_ORDER] * 4


def test_the_bare_value_arrives_byte_for_byte() -> None:
    with line(payload="value") as made:
        made.forward(event([record(0, b'{"amount": 12.50}'), record(1, b"text")]))
        assert [bytes(entry.body) for entry in made.standin.journal.entries()] == [b'{"amount": 12.50}', b'"text"']


def test_errors_that_pass_lose_nothing_and_keep_the_order() -> None:
    with line() as made:
        made.standin.fail("status", status=500, probability=0.05)
        made.standin.fail("status", status=503, times=3)
        outcome = made.forward(event(THOUSAND))
        assert outcome.failures == []
        assert [made.offsets(p) for p in range(4)] == [IN_ORDER] * 4


@pytest.mark.parametrize("action", ["reset", "half_answer", "invalid_json"])
def test_broken_answers_lose_nothing_and_a_duplicate_comes_right_after_its_first(action: str) -> None:
    with line() as made:
        made.standin.fail(action, probability=0.03, skip=20)
        batch = event(THOUSAND)
        until_done(made, batch)
        for partition in range(4):
            arrived = made.offsets(partition)
            assert [n for i, n in enumerate(arrived) if n not in arrived[:i]] == IN_ORDER
            assert arrived == sorted(arrived)


def test_a_rotated_token_is_read_again_without_a_failure_showing() -> None:
    with line() as made:
        made.forward(event(THOUSAND[:100]))
        made.standin.rotate_token("another-token")
        outcome = made.forward(event(THOUSAND[100:200]))
        assert outcome.failures == []
        assert len(made.standin.journal) == 200


def test_throttling_is_waited_out_as_asked() -> None:
    with line(max_in_flight=1) as made:
        made.standin.fail("status", status=429, times=1, retry_after=1)
        started = time.monotonic()
        outcome = made.forward(event([record(n) for n in range(5)]))
        assert outcome.failures == []
        assert time.monotonic() - started >= 1
        assert made.offsets(0) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_an_outage_stops_early_sets_nothing_aside_and_loses_nothing(status: int) -> None:
    with line() as made:
        made.standin.fail("status", status=status, skip=40)
        started = time.monotonic()
        outcome = made.forward(event(THOUSAND))
        assert time.monotonic() - started < 5
        assert "outage" in kinds(outcome)
        assert made.letters.letters == {}
        assert len(outcome.to_report) >= 1000 - 40
        made.standin.faults.clear()
        assert until_done(made, event(THOUSAND)) == 1
        assert [made.offsets(p) for p in range(4)] == [IN_ORDER] * 4


def test_a_redirect_is_an_outage_and_is_not_followed() -> None:
    with line() as made:
        made.standin.fail("redirect")
        assert "outage" in kinds(made.forward(event(THOUSAND[:20])))
        assert len(made.standin.journal) == 0


def test_a_topic_that_nobody_registered_is_an_outage_although_vantiq_would_answer_200() -> None:
    with line(checked=True, vantiq_target="topic:/nowhere") as made:
        assert "outage" in kinds(made.forward(event(THOUSAND[:20])))
        assert made.letters.letters == {}
        made.standin.define("topics", {"name": "/nowhere", "isReliable": True})
        assert until_done(made, event(THOUSAND[:20])) == 1


def test_a_missing_type_is_an_outage() -> None:
    with line(vantiq_target="type:Nowhere") as made:
        assert "outage" in kinds(made.forward(event(THOUSAND[:20])))
        assert made.letters.letters == {}


def test_vantiq_gone_is_told_within_the_time_and_nothing_is_lost() -> None:
    with line() as made:
        made.forward(event(THOUSAND[:40]))
        standin = made.standin
    started = time.monotonic()
    outcome = made.forward(event(THOUSAND[40:80]), seconds=20)
    assert time.monotonic() - started < 15
    assert len(outcome.to_report) == 40
    assert "tcp" in outcome.failures[0].reason
    assert len(standin.journal) == 40


def test_a_hang_ends_before_the_functions_time_out() -> None:
    with line(reserve_seconds=1.0, vantiq_timeout_seconds=30.0) as made:
        made.standin.fail("hang")
        started = time.monotonic()
        outcome = made.forward(event(THOUSAND), seconds=3)
        assert time.monotonic() - started < 3
        assert len(outcome.to_report) == 1000


@pytest.mark.parametrize(
    "settings", [{}, {"vantiq_target": "upsert:Order"}, {"vantiq_target": "topic:/unwound", "max_batch_records": 100}]
)
def test_a_poison_record_is_set_aside_and_the_rest_arrives_in_order(settings: dict[str, Any]) -> None:
    with line(**settings) as made:
        made.standin.fail("status", status=400, pointer="/offset", equals=77)
        outcome = made.forward(event(THOUSAND))
        assert (outcome.delivered, outcome.dead_lettered, outcome.failures) == (996, 4, [])
        assert [made.offsets(p) for p in range(4)] == [[n for n in IN_ORDER if n != 77]] * 4
        assert sorted(name.rpartition("-")[0] for name in made.letters.letters) == [
            f"dead-letters/{CLUSTER}/orders/{p}/{77:020}" for p in range(4)
        ]


@pytest.mark.parametrize("target", ["upsert:Order", "topic:/unwound"])
def test_a_refused_element_inside_a_200_is_set_aside(target: str) -> None:
    with line(vantiq_target=target, max_batch_records=100) as made:
        made.standin.fail("index_errors", pointer="/offset", equals=77)
        outcome = made.forward(event(THOUSAND))
        assert (outcome.delivered, outcome.dead_lettered, outcome.failures) == (996, 4, [])


def test_the_retry_of_an_incomplete_batch_sends_only_what_is_left() -> None:
    with line(max_attempts=1, max_in_flight=4) as made:
        made.standin.fail("status", status=500, pointer="/offset", equals=100, times=4)
        assert len(made.forward(event(THOUSAND)).to_report) == 4 * 150
        outcome = made.forward(event(THOUSAND))
        assert (outcome.known, outcome.delivered, outcome.failures) == (400, 600, [])
        assert [made.offsets(p) for p in range(4)] == [IN_ORDER] * 4


@pytest.mark.parametrize("ordering", ["key", "none"])
def test_other_orderings_lose_nothing_and_keep_what_they_promise(ordering: str) -> None:
    with line(ordering=ordering, max_in_flight=8) as made:
        until_done(made, event(THOUSAND))
        values = made.standin.journal.values()
        assert sorted((one["partition"], one["offset"]) for one in values) == [
            (p, n) for p in range(4) for n in IN_ORDER
        ]
        if ordering == "key":
            for lane in {(one["partition"], one["key"]) for one in values}:
                offsets = [one["offset"] for one in values if (one["partition"], one["key"]) == lane]
                assert offsets == sorted(offsets)


def test_connections_are_kept_between_invocations() -> None:
    with line(max_in_flight=4) as made:
        for start in range(0, 1000, 100):
            assert made.forward(event(THOUSAND[start : start + 100])).failures == []
        assert len(made.client._idle) <= 4
