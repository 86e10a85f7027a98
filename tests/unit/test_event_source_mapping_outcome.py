"""What an invocation's end means for the records of its batch."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.event_source_mapping.event import Partition, Record
from local.event_source_mapping.mapping import FOREVER, Mapping, StartingPosition
from local.event_source_mapping.outcome import (
    Answered,
    Batch,
    Condition,
    Dead,
    Failed,
    Outcome,
    PartialReading,
    judge,
    without_expired,
)

ON_DEMAND = Mapping(
    function_name="forwarder",
    event_source_arn="arn:cluster",
    topics=("orders",),
    consumer_group_id="group",
    starting_position=StartingPosition.TRIM_HORIZON,
    report_batch_item_failures=True,
)
PROVISIONED = msgspec.structs.replace(ON_DEMAND, provisioned=True)
LISTED_ONLY, FROM_FIRST = PartialReading.LISTED_ONLY, PartialReading.FROM_FIRST


def batch(count: int = 6, partitions: int = 2, attempts: int = 0) -> Batch:
    records = [
        Record(Partition("orders", number), offset, 1_000_000, b"")
        for number in range(partitions)
        for offset in range(100, 100 + count)
    ]
    return Batch(tuple(records), attempts)


def listing(*failures: tuple[int, int]) -> Answered:
    items = [{"itemIdentifier": {"partition": f"orders-{number}", "offset": offset}} for number, offset in failures]
    return Answered({"batchItemFailures": items})


def places(records: tuple[Record, ...]) -> list[tuple[int, int]]:
    return [(record.partition.number, record.offset) for record in records]


@pytest.mark.parametrize("response", [None, {}, "", {"batchItemFailures": []}, {"batchItemFailures": None}])
@pytest.mark.parametrize("mapping", [ON_DEMAND, PROVISIONED])
def test_an_empty_answer_is_success(mapping: Mapping, response: Any) -> None:
    assert judge(mapping, FROM_FIRST, batch(), Answered(response)) == Outcome(done=batch().records)


def test_on_demand_takes_a_partial_answer_for_success() -> None:
    assert judge(ON_DEMAND, FROM_FIRST, batch(), listing((0, 100))).done == batch().records


def test_on_demand_a_raising_function_gets_the_whole_batch_again_for_ever() -> None:
    tried = batch(attempts=1_000_000)
    again = Batch(tried.records, 1_000_001)
    assert judge(ON_DEMAND, FROM_FIRST, tried, Failed("boom")) == Outcome(again=(again,))


def test_listed_only_sends_just_the_listed_records_again() -> None:
    outcome = judge(PROVISIONED, LISTED_ONLY, batch(), listing((0, 104), (1, 100)))
    assert [places(again.records) for again in outcome.again] == [[(0, 104), (1, 100)]]
    assert len(outcome.done) == 10


def test_from_first_sends_every_later_record_of_the_partition_again() -> None:
    outcome = judge(PROVISIONED, FROM_FIRST, batch(), listing((0, 105), (0, 104)))
    assert [places(again.records) for again in outcome.again] == [[(0, 104), (0, 105)]]
    assert len(outcome.done) == 10


@pytest.mark.parametrize(
    "response",
    [
        {"batchItemFailures": [{"itemIdentifier": {"partition": "orders-0", "offset": 99}}]},
        {"batchItemFailures": [{"itemIdentifier": {"partition": "orders-9", "offset": 100}}]},
        {"batchItemFailures": [{"itemIdentifier": "orders-0-100"}]},
        {"batchItemFailures": [{"itemIdentifier": {"partition": "orders-0", "offset": "100"}}]},
        {"batchItemFailures": [{}]},
        {"batchItemFailures": "all"},
        "failed",
        [1],
    ],
)
def test_an_answer_that_cannot_be_followed_brings_the_whole_batch_again(response: Any) -> None:
    outcome = judge(PROVISIONED, LISTED_ONLY, batch(), Answered(response))
    assert outcome == Outcome(again=(Batch(batch().records, 1),))


def test_without_the_response_type_any_answer_is_success() -> None:
    silent = msgspec.structs.replace(PROVISIONED, report_batch_item_failures=False)
    assert judge(silent, FROM_FIRST, batch(), listing((0, 100))).done == batch().records


def test_the_last_retry_is_followed_by_the_destination() -> None:
    limited = msgspec.structs.replace(PROVISIONED, maximum_retry_attempts=2)
    assert judge(limited, FROM_FIRST, batch(attempts=1), Failed("boom")).again == (batch(attempts=2),)
    outcome = judge(limited, FROM_FIRST, batch(attempts=2), Failed("boom"))
    assert outcome == Outcome(dead=(Dead(batch(attempts=2), Condition.RETRIES),))


def test_only_the_failing_records_go_to_the_destination() -> None:
    limited = msgspec.structs.replace(PROVISIONED, maximum_retry_attempts=0)
    outcome = judge(limited, LISTED_ONLY, batch(), listing((1, 103)))
    assert [places(dead.batch.records) for dead in outcome.dead] == [[(1, 103)]]
    assert len(outcome.done) == 11


def test_bisecting_halves_the_batch_and_does_not_count_as_an_attempt() -> None:
    bisecting = msgspec.structs.replace(PROVISIONED, bisect_batch_on_function_error=True, maximum_retry_attempts=1)
    outcome = judge(bisecting, FROM_FIRST, batch(3, 1), Failed("boom"))
    assert [places(half.records) for half in outcome.again] == [[(0, 100)], [(0, 101), (0, 102)]]
    assert {half.attempts for half in outcome.again} == {0}
    assert judge(bisecting, FROM_FIRST, batch(1, 1), Failed("boom")).again == (batch(1, 1, attempts=1),)


def test_records_over_their_age_are_set_aside_before_they_are_sent() -> None:
    aged = msgspec.structs.replace(PROVISIONED, maximum_record_age_seconds=60)
    young, old = Record(Partition("orders", 0), 2, 1_000_000, b""), Record(Partition("orders", 0), 1, 999_999, b"")
    outcome = without_expired(aged, Batch((old, young), 3), now_ms=1_060_000)
    assert outcome == Outcome(again=(Batch((young,), 3),), dead=(Dead(Batch((old,), 3), Condition.AGE),))


def test_without_a_limit_nothing_is_too_old() -> None:
    assert without_expired(PROVISIONED, batch(), now_ms=2**60) == Outcome(again=(batch(),))


mappings = st.builds(
    lambda provisioned, bisect, retries, report: msgspec.structs.replace(
        ON_DEMAND,
        provisioned=provisioned,
        bisect_batch_on_function_error=bisect,
        maximum_retry_attempts=retries,
        report_batch_item_failures=report,
    ),
    st.booleans(),
    st.booleans(),
    st.sampled_from([FOREVER, 0, 1, 5]),
    st.booleans(),
)
answers = st.one_of(
    st.just(Failed("boom")),
    st.lists(st.tuples(st.integers(0, 2), st.integers(99, 106))).map(lambda places: listing(*places)),
    st.sampled_from([Answered(None), Answered("x"), Answered({"batchItemFailures": [1]})]),
)


@given(mappings, st.sampled_from(PartialReading), st.integers(1, 6), st.integers(0, 6), answers)
def test_every_record_has_exactly_one_fate_and_keeps_its_place(
    mapping: Mapping, reading: PartialReading, count: int, attempts: int, end: Answered | Failed
) -> None:
    before = batch(count, attempts=attempts)
    outcome = judge(mapping, reading, before, end)
    fates = [*outcome.done]
    for part in (*outcome.again, *(dead.batch for dead in outcome.dead)):
        fates += part.records
    assert sorted(places(tuple(fates))) == places(before.records)
    again = [place for part in outcome.again for place in places(part.records)]
    assert again == sorted(again)
