"""What is decided about a request: without waiting, sending or counting, and exact at its bounds."""

from copy import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msk_toolkit.deadline import Deadline
from msk_toolkit.forward.decode import decode
from msk_toolkit.forward.envelope import Document
from msk_toolkit.forward.exchange import Reply
from msk_toolkit.forward.halving import RecordGroup, divided, halves, set_aside_hint
from msk_toolkit.forward.outcome import Failure
from msk_toolkit.forward.refusal_limit import RefusalLimit
from msk_toolkit.forward.retry import pause, retry_failure, turn_failure
from msk_toolkit.path_causes import PathCause
from msk_toolkit.settings.targets import Target
from msk_toolkit.vantiq.responses import UNREADABLE_RESPONSE, Disposition, RecordResult, RequestResults

from tests.fakes.forwarder_harness import ForwarderHarness
from tests.fakes.kafka_events import event, record

RECORDS = decode(event([record(n) for n in range(8)])).partitions["orders-0"]
DOCUMENTS = [Document(content, b"{}") for content in RECORDS]
MANY = {Disposition.REFUSED, Disposition.THERE_ALREADY}


def reply(disposition: Disposition, status: int = 400, code: str = "", *, for_all: bool = True) -> Reply:
    """The same result for all of the records."""
    return Reply(RequestResults([RecordResult(disposition, status, code)] * len(DOCUMENTS), for_all), "no")


def test_a_request_may_start_while_there_is_time_for_it_and_its_wait() -> None:
    assert turn_failure(0.0, 0.1, is_outage=False) is None
    assert turn_failure(0.4, 0.5, is_outage=False) is None


@pytest.mark.parametrize(
    ("seconds", "remaining", "is_outage", "kind", "reason"),
    [
        (0.0, 5.0, True, "held", "another lane encountered an outage"),
        # An outage says more than that the time is over.
        (0.0, 0.0, True, "held", "another lane encountered an outage"),
        (0.0, 0.0, False, "late", "no time is left in this invocation"),
        (
            0.5,
            0.5,
            False,
            "late",
            "the rate limit or Retry-After leaves no time for another request in this invocation",
        ),
        (
            9.0,
            0.5,
            False,
            "late",
            "the rate limit or Retry-After leaves no time for another request in this invocation",
        ),
    ],
)
def test_a_request_that_may_not_start_says_why(
    seconds: float, remaining: float, is_outage: bool, kind: str, reason: str
) -> None:
    failure = turn_failure(seconds, remaining, is_outage=is_outage)
    assert failure is not None
    assert (failure.kind, failure.reason) == (kind, reason)


@pytest.mark.parametrize(("attempts", "limit"), [(1, 0.2), (2, 0.4), (5, 3.2), (6, 6.4), (7, 10.0), (1000, 10.0)])
def test_the_backoff_is_a_share_of_a_bound_that_doubles_up_to_ten_seconds(attempts: int, limit: float) -> None:
    assert pause(attempts, None, lambda: 1.0) == pytest.approx(limit)
    assert pause(attempts, None, lambda: 0.0) == 0.0
    assert pause(attempts, 30.0, lambda: 0.5) == pytest.approx(30 + limit / 2)


def test_a_request_is_sent_again_while_attempts_and_time_are_left() -> None:
    retriable = reply(Disposition.RETRIABLE, 503)
    assert retry_failure(retriable, 4, 5, seconds=0.9, remaining=1.0) is None
    last = retry_failure(retriable, 5, 5, seconds=0.1, remaining=1.0)
    assert last == Failure("retriable", "no (5 attempts)", PathCause.VANTIQ_UNAVAILABLE)
    late = retry_failure(retriable, 4, 5, seconds=1.0, remaining=1.0)
    assert late == Failure("retriable", "no (no time for another attempt)", PathCause.VANTIQ_UNAVAILABLE)


def test_a_network_path_that_fails_at_every_attempt_is_an_outage_of_all_lanes() -> None:
    broken = replace(reply(Disposition.RETRIABLE, 0), path_failed=True, error_cause=PathCause.VANTIQ_UNREACHABLE)
    failure = retry_failure(broken, 5, 5, seconds=0.1, remaining=1.0)
    assert failure == Failure("outage", "no (5 attempts)", PathCause.VANTIQ_UNREACHABLE)


@given(st.integers(1, 8))
def test_halves_hold_every_document_once_and_in_order(count: int) -> None:
    groups = halves(DOCUMENTS[:count])
    assert [document for group in groups for document in group.documents] == DOCUMENTS[:count]
    assert [len(group.documents) for group in groups] == ([1] if count == 1 else [count // 2, count - count // 2])
    assert all(group == RecordGroup(group.documents, bare=False, attempts=0) for group in groups)


@pytest.mark.parametrize("disposition", sorted(MANY))
def test_a_refusal_of_several_records_is_halved_at_once(disposition: Disposition) -> None:
    groups = divided(DOCUMENTS, reply(disposition), 1, 5)
    assert [len(group.documents) for group in groups] == [4, 4]


def test_a_single_record_or_a_result_per_record_is_never_divided() -> None:
    for disposition in Disposition:
        assert divided(DOCUMENTS[:1], reply(disposition), 5, 5) == []
        assert divided(DOCUMENTS, reply(disposition, for_all=False), 5, 5) == []


def test_a_failure_that_one_record_may_cause_is_divided_after_the_last_attempt_and_an_outage_at_once() -> None:
    assert divided(DOCUMENTS, reply(Disposition.RETRIABLE, 500), 4, 5) == []
    last = divided(DOCUMENTS, reply(Disposition.RETRIABLE, 500), 5, 5)
    assert [len(group.documents) for group in last] == [1, 3, 4]
    outage = divided(DOCUMENTS[:2], reply(Disposition.OUTAGE, 403), 1, 5)
    assert [len(group.documents) for group in outage] == [1, 1]


def test_a_failure_of_the_token_the_path_or_the_load_is_never_divided() -> None:
    for status in (0, 200, 399, 401, 404, 405, 407, 408, 410, 425, 429, 503):
        assert divided(DOCUMENTS, reply(Disposition.OUTAGE, status), 5, 5) == [], status
    # Vantiq's own code says what it is about.
    assert divided(DOCUMENTS, reply(Disposition.OUTAGE, 403, "io.vantiq.denied"), 5, 5) == []
    asked = replace(reply(Disposition.OUTAGE, 500), retry_after=1.0)
    assert divided(DOCUMENTS, asked, 5, 5) == []


@pytest.mark.parametrize(
    ("status", "code"), [(400, ""), (403, ""), (499, ""), (500, ""), (500, "io.vantiq.x"), (200, UNREADABLE_RESPONSE)]
)
def test_a_failure_that_may_be_about_one_record_is_isolated(status: int, code: str) -> None:
    assert len(divided(DOCUMENTS, reply(Disposition.OUTAGE, status, code), 1, 5)) == 3


def test_only_a_page_in_a_success_is_isolated_not_a_truncated_response() -> None:
    assert divided(DOCUMENTS, reply(Disposition.RETRIABLE, 200, UNREADABLE_RESPONSE), 5, 5) == []


def test_the_hint_names_a_record_only_where_it_alone_cannot_pass() -> None:
    blocked = reply(Disposition.OUTAGE, 403)
    assert "SET_ASIDE=orders/0/0 " in set_aside_hint(DOCUMENTS[:1], blocked, is_accepting=True)
    assert set_aside_hint(DOCUMENTS[:1], blocked, is_accepting=False) == ""
    assert set_aside_hint(DOCUMENTS[:2], blocked, is_accepting=True) == ""
    assert set_aside_hint(DOCUMENTS[:1], reply(Disposition.OUTAGE, 401), is_accepting=True) == ""
    undecodable = decode({**event([]), "records": {"orders-0": [{"topic": 1}]}}).partitions["orders-0"]
    assert set_aside_hint([Document(undecodable[0], b"")], blocked, is_accepting=True) == ""


def test_refusals_of_another_kind_are_counted_from_their_first_on() -> None:
    limit, target = RefusalLimit(1), Target("topic", "/orders")
    kinds = [RecordResult(Disposition.REFUSED, 400, code) for code in ("a", "b", "a")]
    assert [limit.refused(target, result) for result in kinds] == [False, False, False]
    assert limit.refused(target, kinds[-1])


def test_a_partition_without_a_decodable_record_has_the_target_of_the_topic_in_its_key() -> None:
    harness = ForwarderHarness(vantiq_target="", vantiq_routes='{"orders": "topic:/orders"}')
    outcome = harness.forwarder.forward({**event([]), "records": {"orders-0": [{"topic": 1}]}}, Deadline(30))
    assert (outcome.dead_lettered, outcome.failures) == (1, [])
