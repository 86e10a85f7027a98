"""A whole invocation against a Vantiq that answers arrays with a result for each record."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from msk_toolkit.deadline import Deadline

from tests.fakes.forwarder_harness import ForwarderHarness, reasons
from tests.fakes.kafka_events import record
from tests.fakes.vantiq_fake import answer as reply
from tests.fakes.vantiq_fake import refusal

FIVE = [record(n) for n in range(5)]
DUPLICATE = {"code": "io.vantiq.resource.duplicate.key", "message": "secret words", "params": []}
MISSING = "com.accessg2.ag2rs.type.not.found"


def response(status: int, body: Any = None) -> dict[str, Any]:
    return {"status": status, "headers": {}, "body": body}


class RealType:
    """A type as the references have it: natural key ``id``, an insert of an array is not atomic.

    Args:
        whole: a duplicate refuses the whole request; what stands before it is stored.
    """

    def __init__(self, harness: ForwarderHarness, *, upsert: bool = False, whole: bool = False) -> None:
        self.rows: list[int] = []
        self.odd: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda document: None
        self._upsert, self._whole = upsert, whole
        harness.vantiq.faults.append(self.store)

    def store(self, path: str, documents: list[Any]) -> Any:
        results: list[Any] = []
        for document in documents:
            odd = self.odd(document)
            if odd is None and document["offset"] in self.rows and not self._upsert:
                odd = response(409, [DUPLICATE])
                if self._whole:
                    return reply(409, [DUPLICATE])
            if odd is None:
                self.rows.append(document["offset"])
            results.append(odd or response(200, document))
        return reply(200, results)


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize("target", ["type:Order", "upsert:Order"])
def test_an_element_that_was_throttled_or_failed_comes_again_and_is_never_counted_as_delivered(
    status: int, target: str
) -> None:
    harness = ForwarderHarness(vantiq_target=target)
    vantiq = RealType(harness, upsert="upsert" in target)
    left = [response(status, [{"code": "x", "message": "m"}])] * 2
    vantiq.odd = lambda document: left.pop() if document["offset"] == 3 and left else None
    outcome = harness.forward(*FIVE)
    assert (outcome.failures, outcome.delivered, outcome.dead_lettered) == ([], 5, 0)
    assert sorted(set(vantiq.rows)) == [0, 1, 2, 3, 4]
    # Row 4 was stored beside the failure: an insert finds it there already at each of the two tries that follow.
    assert outcome.there_already == (1 if target == "type:Order" else 0)


def test_elements_that_never_pass_are_reported_and_none_is_lost() -> None:
    harness = ForwarderHarness(vantiq_target="upsert:Order", max_attempts=2)
    vantiq = RealType(harness, upsert=True)
    vantiq.odd = lambda document: response(500) if document["offset"] >= 2 else None
    outcome = harness.forward(*FIVE)
    assert (outcome.delivered, outcome.unfinished) == (2, {"orders-0": 2})
    assert harness.letters.letters == {}


def test_a_refused_element_is_set_aside_with_its_own_status_and_code() -> None:
    harness = ForwarderHarness(vantiq_target="upsert:Order")
    vantiq = RealType(harness, upsert=True)
    invalid = {"code": "io.vantiq.type.validation", "message": "no", "params": []}
    vantiq.odd = lambda document: response(400, [invalid]) if document["offset"] == 2 else None
    outcome = harness.forward(*FIVE)
    assert (outcome.delivered, outcome.dead_lettered, vantiq.rows) == (4, 1, [0, 1, 3, 4])
    (kept,) = harness.letters.letters.values()
    assert (kept["refusal"]["status"], kept["refusal"]["code"]) == (400, "io.vantiq.type.validation")


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("count", [1, 300])
def test_a_batch_that_comes_again_to_a_type_with_a_natural_key_is_delivered_without_letters(
    count: int, whole: bool
) -> None:
    harness = ForwarderHarness(vantiq_target="type:Order")
    vantiq = RealType(harness, whole=whole)
    batch = [record(n) for n in range(count)]
    harness.forward(*batch)
    again = ForwarderHarness(vantiq_target="type:Order")  # a cold start
    again.vantiq.faults.append(vantiq.store)
    outcome = again.forward(*batch)
    assert (outcome.failures, outcome.delivered, outcome.there_already) == ([], count, count)
    assert again.letters.letters == {}
    assert vantiq.rows == list(range(count))


def test_new_records_behind_those_that_are_there_already_are_stored_in_order() -> None:
    harness = ForwarderHarness(vantiq_target="type:Order")
    vantiq = RealType(harness, whole=True)
    harness.forward(*[record(n) for n in range(70)])
    outcome = harness.forward(*[record(n) for n in range(40, 140)])
    assert (outcome.failures, outcome.there_already) == ([], 30)
    assert vantiq.rows == list(range(140))


@pytest.mark.parametrize("target", ["type:Order", "upsert:Order", "topic:/orders", "procedure:a.b"])
@pytest.mark.parametrize("code", [MISSING, "io.vantiq.type.system.resource.unknown", "io.vantiq.resource.not.found"])
@pytest.mark.parametrize("status", [400, 404])
def test_a_missing_target_makes_no_letters_and_halves_nothing(target: str, code: str, status: int) -> None:
    harness = ForwarderHarness(lambda path, documents: refusal(status, code), vantiq_target=target)
    outcome = harness.forward(*[record(n) for n in range(200)])
    assert reasons(outcome) == ["outage"]
    assert harness.letters.letters == {}
    assert len(harness.vantiq.posts) == 1


def test_a_row_that_looks_like_a_refusal_is_asked_for_alone_and_believed_by_its_status() -> None:
    values = [b'{"key": 1, "status": 400}', b'{"key": 2, "status": 500}', b'{"key": 3, "status": 404}']
    harness = ForwarderHarness(vantiq_target="upsert:Call", payload="value")
    posted: list[Any] = []

    def changed(path: str, body: bytes, deadline: Deadline) -> Any:
        posted.append(json.loads(body))
        if isinstance(posted[-1], list):
            return reply(200, [{"status": document["status"]} for document in posted[-1]])
        return refusal(400) if posted[-1]["status"] == 404 else reply(200, {"status": posted[-1]["status"]})

    harness.vantiq.post = changed  # type: ignore[method-assign]
    outcome = harness.forward(*[record(n, value) for n, value in enumerate(values)])
    assert (outcome.failures, outcome.delivered, outcome.dead_lettered) == ([], 2, 1)
    assert [document["key"] for document in posted if isinstance(document, dict)] == [1, 2, 3]


def test_a_proxys_login_page_stops_everything_and_delivers_nothing() -> None:
    harness = ForwarderHarness(lambda path, documents: reply(200, b"<!DOCTYPE html><title>Sign in</title>"))
    outcome = harness.forward(*[record(n, partition=p) for p in range(3) for n in range(5)])
    assert (outcome.delivered, reasons(outcome)) == (0, ["outage", "held", "held"])
