"""A whole invocation against a Vantiq without a socket, under a clock that only moves when a wait is requested."""

from typing import Any

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError, ConfigurationError, CredentialsError
from msk_toolkit.forward.batch_response import batch_response
from msk_toolkit.forward.delivery_line import remedy_of
from msk_toolkit.network.event_loop import Signal, sleep
from msk_toolkit.path_causes import PathCause
from msk_toolkit.vantiq.errors import VantiqUnansweredError

from tests.fakes.dead_letters_fake import FakeDeadLetters
from tests.fakes.forwarder_harness import ForwarderHarness, reasons
from tests.fakes.kafka_events import CLUSTER, event, record
from tests.fakes.vantiq_fake import answer as reply
from tests.fakes.vantiq_fake import at_offset, refusal

ROW = {"_id": "1"}


def unanswered(stage: Any, cause: str = "x") -> VantiqUnansweredError:
    return VantiqUnansweredError(stage, cause, "v:443", "what happened", maybe_taken=stage == "answer")


FIVE = [record(n) for n in range(5)]


def test_everything_is_delivered_in_order() -> None:
    harness = ForwarderHarness()
    outcome = harness.forward(*[record(n, partition=p) for n in range(10) for p in range(3)])
    assert [harness.vantiq.offsets(p) for p in range(3)] == [list(range(10))] * 3
    assert (outcome.received, outcome.delivered, outcome.to_report, outcome.failures) == (30, 30, [], [])
    assert outcome.lag_seconds == 60.0


def test_lanes_run_in_parallel() -> None:
    # Each of the four lanes waits for the others inside its first request.
    waiting: list[str] = []
    all_there = Signal()

    harness = ForwarderHarness(max_in_flight=4)
    send = harness.vantiq.send

    async def meeting(method: str, path: str, body: bytes, deadline: Deadline, meanwhile: object = None) -> Any:
        if b'"offset":0,' in body:
            waiting.append(path)
            if len(waiting) == 4:
                all_there.set()
            await sleep(10, all_there)
            assert all_there.is_set()
        return await send(method, path, body, deadline, meanwhile)

    harness.vantiq.send = meeting  # type: ignore[method-assign]
    outcome = harness.forward(*[record(n, partition=p) for p in range(4) for n in range(5)])
    assert outcome.delivered == 20
    assert [harness.vantiq.offsets(p) for p in range(4)] == [list(range(5))] * 4


def test_a_failure_that_passes_does_not_show() -> None:
    harness = ForwarderHarness(at_offset(2, refusal(503), unanswered("answer"), refusal(429)))
    outcome = harness.forward(*FIVE)
    assert harness.vantiq.offsets() == [0, 1, 2, 3, 4]
    assert outcome.failures == []
    assert outcome.lanes[0].retried == 3
    assert harness.clock.waits == pytest.approx([0.1, 0.2, 0.4])


def test_a_lane_stops_at_its_first_failure_and_the_others_go_on() -> None:
    harness = ForwarderHarness(at_offset(2, refusal(500)))
    outcome = harness.forward(*FIVE, *[record(n, partition=1) for n in range(5)])
    assert harness.vantiq.offsets(0) == [0, 1]
    assert harness.vantiq.offsets(1) == [0, 1, 2, 3, 4]
    assert outcome.to_report == [("orders-0", 2), ("orders-0", 3), ("orders-0", 4)]
    assert len(harness.vantiq.posts) == 2 + 5 + 5


def test_retry_after_is_honoured() -> None:
    harness = ForwarderHarness(
        at_offset(0, refusal(429, Retry_After="7"), refusal(503, Retry_After="Sat, 22 Nov 2025 08:27:50 GMT"))
    )
    assert harness.forward(*FIVE).failures == []
    assert harness.clock.waits == pytest.approx([7.1, 10.2])


def test_a_wait_beyond_the_time_left_is_not_begun() -> None:
    harness = ForwarderHarness(at_offset(0, refusal(429, Retry_After="3600")))
    outcome = harness.forward(*FIVE)
    assert harness.clock.waits == []
    assert reasons(outcome) == ["retriable"]
    assert len(outcome.to_report) == 5


def test_with_the_reserve_left_no_request_starts_and_the_rest_is_reported() -> None:
    harness = ForwarderHarness(reserve_seconds=25.0)
    harness.vantiq.faults.append(lambda path, documents: harness.clock.advance(20))
    outcome = harness.forward(*FIVE, seconds=60.0)
    assert harness.vantiq.offsets() == [0, 1]
    assert reasons(outcome) == ["late"]
    assert [offset for _, offset in outcome.to_report] == [2, 3, 4]


def test_a_reserve_as_long_as_the_timeout_is_a_mistake_in_the_settings() -> None:
    with pytest.raises(ConfigurationError, match="RESERVE_SECONDS"):
        ForwarderHarness().forward(*FIVE, seconds=3.0)


@pytest.mark.parametrize(
    "response",
    [
        refusal(401),
        refusal(403),
        refusal(404),
        reply(302, Location="/login"),
        refusal(400, "io.vantiq.resource.not.found"),
        unanswered("dns"),
        unanswered("tls"),
        CredentialsError("no token"),
        AwsError("no answer"),
    ],
)
def test_an_outage_stops_every_lane_at_once_and_sets_nothing_aside(response: Any) -> None:
    harness = ForwarderHarness(lambda path, documents: response)
    outcome = harness.forward(*[record(n, partition=p) for p in range(5) for n in range(5)])
    assert len(harness.vantiq.posts) == 1
    assert reasons(outcome) == ["outage", *["held"] * 4]
    assert len(outcome.to_report) == 25
    assert harness.letters.letters == {}
    assert harness.clock.waits == []


def test_an_unreachable_host_is_tried_by_one_lane_and_not_by_the_next() -> None:
    harness = ForwarderHarness(lambda path, documents: unanswered("tcp", "connection-refused"), max_attempts=3)
    outcome = harness.forward(*FIVE, *[record(n, partition=1) for n in range(5)])
    assert len(harness.vantiq.posts) == 3
    # What is out of order as a whole is an outage, and alarmed as one.
    assert sorted(reasons(outcome)) == ["held", "outage"]


def test_a_refused_record_is_set_aside_and_the_lane_goes_on() -> None:
    harness = ForwarderHarness(at_offset(2, refusal(400, X_Request_Id="r-1")))
    outcome = harness.forward(*FIVE)
    assert harness.vantiq.offsets() == [0, 1, 3, 4]
    assert (outcome.delivered, outcome.dead_lettered, outcome.to_report) == (4, 1, [])
    ((name, kept),) = harness.letters.letters.items()
    assert name.startswith(f"dead-letters/{CLUSTER}/orders/0/00000000000000000002-")
    assert kept["id"] == f"{CLUSTER}/orders/0/2"
    assert kept["refusal"] == {
        "reason": "refused",
        "detail": "secret words",
        "target": "topic:/orders",
        "attempts": 1,
        "status": 400,
        "code": "io.vantiq.some.validation",
        "requestId": "r-1",
    }
    assert kept["event"] == event([record(2)])


def test_a_letter_that_cannot_be_written_leaves_the_record_to_do() -> None:
    harness = ForwarderHarness(at_offset(2, refusal(422)), letters=FakeDeadLetters(failing=True))
    outcome = harness.forward(*FIVE)
    assert harness.vantiq.offsets() == [0, 1]
    assert (outcome.dead_lettered, reasons(outcome)) == (0, ["retriable"])
    assert [offset for _, offset in outcome.to_report] == [2, 3, 4]


def test_without_a_bucket_a_refused_record_blocks_its_lane_and_says_what_to_do() -> None:
    harness = ForwarderHarness(at_offset(2, refusal(400)), bucket=False, poller_mode="on-demand")
    outcome = harness.forward(*FIVE)
    assert reasons(outcome) == ["blocked"]
    assert "OnRefusal=dead-letter" in remedy_of(outcome.failures[0])
    with pytest.raises(Exception, match=PathCause.VANTIQ_REFUSES_RECORDS) as caught:
        batch_response(outcome, "on-demand")
    assert "secret words" not in str(caught.value) + outcome.failures[0].reason


def test_a_record_that_cannot_be_decoded_is_set_aside_as_it_is() -> None:
    harness = ForwarderHarness()
    broken = record(1) | {"value": "no base64"}
    outcome = harness.forward(record(0), broken, record(2))
    assert harness.vantiq.offsets() == [0, 2]
    assert outcome.dead_lettered == 1
    (kept,) = harness.letters.letters.values()
    assert kept["event"]["records"] == {"orders-0": [broken]}
    assert kept["refusal"]["reason"] == "unsendable"


def array(**settings: Any) -> dict[str, Any]:
    return {"vantiq_target": "upsert:Order"} | settings


def test_arrays_go_where_they_are_taken() -> None:
    harness = ForwarderHarness(**array(max_batch_records=2))
    harness.forward(*FIVE)
    assert harness.vantiq.posts == [("/api/v1/resources/custom/Order?upsert=true", n) for n in (2, 2, 1)]


@pytest.mark.parametrize("status", [400, 413])
def test_a_refused_array_is_halved_until_the_bad_record_alone_is_left(status: int) -> None:
    harness = ForwarderHarness(at_offset(5, refusal(status)), at_offset(11, refusal(status)), **array())
    outcome = harness.forward(*[record(n) for n in range(16)])
    assert harness.vantiq.offsets() == [n for n in range(16) if n not in (5, 11)]
    assert (outcome.delivered, outcome.dead_lettered) == (14, 2)
    assert len(harness.vantiq.posts) < 20


def test_an_outage_of_the_target_halves_nothing() -> None:
    harness = ForwarderHarness(at_offset(5, refusal(400, "io.vantiq.resource.not.found")), **array())
    harness.forward(*[record(n) for n in range(16)])
    assert len(harness.vantiq.posts) == 1


def test_a_200_with_a_refused_element_sets_that_one_aside() -> None:
    error = {"code": "io.vantiq.invalid", "message": "m", "params": []}
    harness = ForwarderHarness(lambda path, documents: reply(200, [ROW, error, ROW, ROW, ROW]), **array())
    outcome = harness.forward(*FIVE)
    assert (outcome.delivered, outcome.dead_lettered) == (4, 1)
    assert [name.rpartition("-")[0][-2:] for name in harness.letters.letters] == ["01"]
    assert len(harness.vantiq.posts) == 1


def test_a_200_with_a_passing_failure_inside_is_sent_again_from_there() -> None:
    quota = {"code": "io.vantiq.resource.quota.credit.exhausted", "message": "m", "params": []}
    harness = ForwarderHarness(at_offset(0, reply(200, [ROW, ROW, quota, ROW, ROW]), reply(500)), **array())
    outcome = harness.forward(*FIVE)
    assert harness.vantiq.posts == [("/api/v1/resources/custom/Order?upsert=true", n) for n in (5, 3)]
    assert harness.vantiq.offsets() == [2, 3, 4]
    assert (outcome.delivered, outcome.to_report) == (5, [])


def test_the_retry_of_the_same_batch_sends_nothing_twice() -> None:
    harness = ForwarderHarness(at_offset(2, refusal(500), refusal(500)), max_attempts=2, poller_mode="on-demand")
    batch = [*FIVE, *[record(n, partition=1) for n in range(5)]]
    assert len(harness.forward(*batch).to_report) == 3
    outcome = harness.forward(*batch)
    assert (outcome.known, outcome.delivered, outcome.to_report) == (7, 3, [])
    assert [harness.vantiq.offsets(p) for p in range(2)] == [[0, 1, 2, 3, 4]] * 2


def test_what_was_done_is_remembered_over_several_retries() -> None:
    harness = ForwarderHarness(at_offset(3, *[refusal(500)] * 2), at_offset(1, *[refusal(500)] * 2), max_attempts=1)
    for _ in range(5):
        outcome = harness.forward(*FIVE)
    assert outcome.to_report == []
    assert harness.vantiq.offsets() == [0, 1, 2, 3, 4]


def test_after_a_complete_batch_the_same_records_are_sent_again() -> None:
    harness = ForwarderHarness()
    harness.forward(*FIVE)
    harness.forward(*FIVE)
    assert harness.vantiq.offsets() == [0, 1, 2, 3, 4] * 2


def test_by_key_another_key_goes_on_and_the_report_covers_the_partition() -> None:
    keyed = [record(n, key=b"a" if n % 2 else b"b") for n in range(10)]
    harness = ForwarderHarness(at_offset(3, refusal(500)), ordering="key", max_in_flight=8)
    outcome = harness.forward(*keyed)
    assert sorted(harness.vantiq.offsets()) == [0, 1, 2, 4, 6, 8]
    assert [offset for _, offset in outcome.to_report] == [3, 4, 5, 6, 7, 8, 9]
    harness.vantiq.faults.clear()
    # In provisioned mode what was reported comes again, and only what is left of it is sent.
    again = harness.forward(*keyed[3:])
    assert (again.known, again.delivered) == (3, 4)
    assert sorted(harness.vantiq.offsets()) == list(range(10))


def test_each_kafka_topic_goes_its_way() -> None:
    harness = ForwarderHarness(vantiq_routes='{"a*": "topic:/first", "b": "type:B"}')
    harness.forward(record(1, topic="a-1"), record(2, topic="b"), record(3, topic="c"))
    assert [path for path, _ in harness.vantiq.posts] == [
        "/api/v1/resources/topics//first",
        "/api/v1/resources/custom/B",
        "/api/v1/resources/topics//orders",
    ]


def test_topics_without_a_valid_target_are_all_named_before_anything_is_sent() -> None:
    harness = ForwarderHarness(vantiq_target="type:{topic}")
    with pytest.raises(ConfigurationError) as caught:
        harness.forward(record(1, topic="good"), record(1, topic="a-b"), record(1, topic="c-d"))
    assert len(caught.value.problems) == 2
    assert harness.vantiq.posts == []


def test_an_empty_event_is_done() -> None:
    assert batch_response(ForwarderHarness().forward(), "on-demand") == {"batchItemFailures": []}
