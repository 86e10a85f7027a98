"""Lanes, groups, waits and reports: the pure decisions."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msk_toolkit.forward.batch_response import DeliveryIncompleteError, batch_response, to_report, unfinished
from msk_toolkit.forward.decode import NO_OFFSET, Batch, SourceRecord, decode
from msk_toolkit.forward.delivered_cache import DeliveredCache
from msk_toolkit.forward.envelope import Document
from msk_toolkit.forward.exchange import retry_after
from msk_toolkit.forward.lanes import Lane, split, split_into_requests
from msk_toolkit.forward.outcome import BatchOutcome, Failure, LaneOutcome
from msk_toolkit.forward.record_ids import RecordIds
from msk_toolkit.forward.retry import pause
from msk_toolkit.settings.forwarder import Ordering

from tests.fakes.kafka_events import event, record

KEYS = [b"a", b"b", b"c", b"d", None]


def partitions(count: int = 1, length: int = 20) -> dict[str, list[SourceRecord]]:
    raws = [record(n, partition=p, key=KEYS[n % 5]) for p in range(count) for n in range(length)]
    return decode(event(raws)).partitions


def offsets(lane: Lane) -> list[int]:
    return [one.offset for one in lane.records]


@pytest.mark.parametrize("ordering", ["partition", "key", "none"])
def test_every_record_is_in_one_lane_and_lanes_are_in_order(ordering: Ordering) -> None:
    lanes = split(partitions(3), ordering, 8)
    assert sorted((lane.place, offset) for lane in lanes for offset in offsets(lane)) == sorted(
        (f"orders-{p}", n) for p in range(3) for n in range(20)
    )
    assert all(offsets(lane) == sorted(offsets(lane)) for lane in lanes)
    assert all({one.place for one in lane.records} == {lane.place} for lane in lanes)


def test_by_partition_there_is_a_lane_for_each() -> None:
    assert len(split(partitions(12), "partition", 8)) == 12


def test_by_key_a_key_has_one_lane_and_records_without_a_key_are_spread() -> None:
    lanes = split(partitions(1, 100), "key", 8)
    for key in KEYS[:4]:
        assert sum(any(one.content and one.content.key == key for one in lane.records) for lane in lanes) == 1
    without = [
        lane for lane in lanes if any(one.content and not isinstance(one.content.key, bytes) for one in lane.records)
    ]
    assert len(without) > 1


def test_without_order_lanes_are_equally_long() -> None:
    assert [len(lane.records) for lane in split(partitions(1, 16), "none", 8)] == [2] * 8


def test_an_empty_partition_has_no_lane() -> None:
    assert split({"orders-0": []}, "partition", 8) == []


def sized(sizes: dict[int, int | str]) -> Any:
    def make(one: SourceRecord) -> Document:
        size = sizes.get(one.offset, 10)
        return Document(one, b"", size) if isinstance(size, str) else Document(one, b"x" * size)

    return make


def grouped(sizes: dict[int, int | str], most: int = 4, most_bytes: int = 100) -> list[list[int]]:
    found = split_into_requests(partitions(1, 8)["orders-0"], sized(sizes), most, most_bytes)
    return [[one.record.offset for one in group] for group in found]


def test_groups_are_bounded_by_count() -> None:
    assert grouped({}) == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_groups_are_bounded_by_bytes_and_a_larger_record_travels_alone() -> None:
    assert grouped({1: 95, 5: 5000}) == [[0], [1], [2, 3, 4], [5], [6, 7]]


def test_a_group_may_be_exactly_as_large_as_the_bound() -> None:
    # Ten bytes and a comma each.
    assert grouped({}, most_bytes=33) == [[0, 1, 2], [3, 4, 5], [6, 7]]
    assert grouped({}, most_bytes=32) == [[0, 1], [2, 3], [4, 5], [6, 7]]


def test_a_record_that_cannot_travel_stands_alone() -> None:
    assert grouped({0: "bad", 5: "bad", 6: "bad"}) == [[0], [1, 2, 3, 4], [5], [6], [7]]


def test_documents_are_made_as_they_are_needed() -> None:
    made: list[int] = []

    def make(one: SourceRecord) -> Document:
        made.append(one.offset)
        return Document(one, b"x")

    next(split_into_requests(partitions(1, 8)["orders-0"], make, 2, 100))
    assert made == [0, 1, 2]


def test_the_wait_doubles_up_to_a_bound_and_comes_on_top_of_what_is_asked() -> None:
    waits = [pause(attempt, None, lambda: 1.0) for attempt in (1, 2, 3, 4, 10, 10_000)]
    assert waits == [0.2, 0.4, 0.8, 1.6, 10.0, 10.0]
    assert pause(3, None, lambda: 0.0) == 0.0
    assert pause(1, 30.0, lambda: 0.5) == pytest.approx(30.1)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [(None, None), ("", None), ("7", 7.0), (" 7 ", 7.0), ("0", 0.0), ("soon", None), ("-3", None), ("1.5", None),
     ("Wed, 21 Oct 2015 07:28:00 GMT", 30.0), ("Wed, 21 Oct 2015 07:00:00 GMT", 0.0), ("²", None),
     ("9" * 400, 999999999.0), ("Wed, 21 Oct 99999999999999999999 07:28:00 GMT", None),
     ("Wed, 99 Oct 2015 07:28:00 GMT", None), ("Wednesday, 21-Oct-15 07:28:00 GMT", 30.0)],
)  # fmt: skip
def test_retry_after_comes_in_two_forms(text: str | None, seconds: float | None) -> None:
    assert retry_after(text, 1445412450.0) == seconds


def outcome(stops: dict[int, int | None], length: int = 4, *, ordering: Ordering = "partition") -> BatchOutcome:
    batch = decode(event([record(n, partition=p) for p in stops for n in range(length)]))
    lanes = [
        LaneOutcome(
            lane, length if stop is None else stop, 0, None if stop is None else Failure("retriable", "why"), 0, []
        )
        for lane, stop in zip(split(batch.partitions, ordering, 8), stops.values(), strict=True)
    ]
    lowest = unfinished(lanes)
    return BatchOutcome(batch.size, 0, lanes, lowest, to_report(batch, lowest), None)


def test_all_done_is_an_empty_report_in_both_modes() -> None:
    done = outcome({0: None, 1: None})
    assert batch_response(done, "provisioned") == batch_response(done, "on-demand") == {"batchItemFailures": []}


def test_provisioned_mode_is_told_the_failed_record_and_every_later_one_of_its_partition() -> None:
    assert batch_response(outcome({0: 2, 1: None, 2: 0}), "provisioned") == {
        "batchItemFailures": [
            {"itemIdentifier": {"partition": "orders-0", "offset": 2}},
            {"itemIdentifier": {"partition": "orders-0", "offset": 3}},
            *({"itemIdentifier": {"partition": "orders-2", "offset": n}} for n in range(4)),
        ]
    }


def test_on_demand_mode_is_told_by_an_error() -> None:
    with pytest.raises(DeliveryIncompleteError, match=r"2 of 8 records are not done.*the warning before"):
        batch_response(outcome({0: 2, 1: None}), "on-demand")


def test_a_record_without_an_offset_cannot_be_named_so_it_is_told_by_an_error() -> None:
    done = outcome({0: 0})
    with pytest.raises(DeliveryIncompleteError):
        batch_response(done._replace(unfinished={"orders-0": NO_OFFSET}), "provisioned")


@given(st.lists(st.integers(0, 30), unique=True, min_size=1).map(sorted), st.data())
def test_by_key_the_report_covers_every_lane_of_the_partition(present: list[int], data: st.DataObject) -> None:
    batch = decode(event([record(n, key=data.draw(st.sampled_from([b"a", b"b", b"c", None]))) for n in present]))
    lanes = []
    for lane in split(batch.partitions, "key", 4):
        stop = data.draw(st.integers(0, len(lane.records)))
        failure = Failure("retriable", "") if stop < len(lane.records) else None
        lanes.append(LaneOutcome(lane, stop, 0, failure, 0, []))
    reported = {offset for _, offset in to_report(batch, unfinished(lanes))}
    left = {one.offset for lane in lanes for one in lane.lane.records[lane.settled :]}
    assert left <= reported
    assert not reported or reported == {n for n in present if n >= min(left)}


def test_the_same_batch_again_is_recognised_and_a_part_of_it_too() -> None:
    memory, batch = DeliveredCache(), decode(event([record(n) for n in range(4)]))
    memory.remember(batch, [("orders-0", 0), ("orders-0", 1)])
    assert memory.done(decode(event([record(n) for n in range(4)]))) == {("orders-0", 0), ("orders-0", 1)}
    assert ("orders-0", 1) in memory.done(decode(event([record(1), record(2)])))


def test_a_different_batch_is_none_and_changes_nothing() -> None:
    memory, batch = DeliveredCache(), decode(event([record(0), record(1)]))
    memory.remember(batch, [("orders-0", 0)])
    assert memory.done(decode(event([record(0), record(1), record(2)]))) == frozenset()
    assert memory.done(decode(event([]))) == frozenset()
    memory.forget(decode(event([])))
    assert memory.done(batch) == {("orders-0", 0)}
    memory.forget(batch)
    assert memory.done(batch) == frozenset()


def test_batches_that_come_in_turn_are_each_remembered_and_the_oldest_is_forgotten() -> None:
    memory = DeliveredCache()
    batches = [decode(event([record(n, partition=p) for n in range(3)])) for p in range(20)]
    for number, batch in enumerate(batches):
        memory.remember(batch, [(f"orders-{number}", 1)])
    known = [memory.done(batch) for batch in batches]
    assert known[:4] == [frozenset()] * 4
    assert known[4:] == [{(f"orders-{number}", 1)} for number in range(4, 20)]
    # What is learnt of a batch replaces what was known of it.
    memory.remember(batches[7], [("orders-7", 1), ("orders-7", 2)])
    assert memory.done(batches[7]) == {("orders-7", 1), ("orders-7", 2)}
    assert memory.done(batches[8]) == {("orders-8", 1)}


def test_the_same_offsets_of_a_topic_recreated_are_other_records() -> None:
    memory = DeliveredCache()
    memory.remember(decode(event([record(0, b"old")])), [("orders-0", 0)])
    assert memory.done(decode(event([record(0, b"new")]))) == frozenset()
    undecodable = [decode(event([record(0) | {"value": value}])) for value in ("not base64", 7, {"deep": [1]})]
    memory.remember(undecodable[0], [("orders-0", 0)])
    known = [memory.done(batch) for batch in undecodable]
    assert known == [{("orders-0", 0)}, frozenset(), frozenset()]


def test_records_without_an_offset_are_never_known() -> None:
    memory, batch = DeliveredCache(), decode({**event([]), "records": {"orders-0": [None, None]}})
    memory.remember(batch, [("orders-0", NO_OFFSET)])
    assert memory.done(batch) == frozenset()


def test_a_batch_with_several_records_without_an_offset_is_recognised() -> None:
    memory, batch = DeliveredCache(), decode({**event([]), "records": {"orders-0": [None, {}, record(7), record(8)]}})
    memory.remember(batch, [("orders-0", NO_OFFSET), ("orders-0", 7)])
    assert memory.done(batch) == {("orders-0", 7)}
    memory.forget(batch)
    assert memory.done(batch) == frozenset()


def test_a_warm_environment_remembers_sixty_thousand_records_and_then_forgets_the_oldest_batch() -> None:
    def batch(place: str, count: int) -> Batch:
        source = decode(event([])).source
        records = [SourceRecord(place, n, None, None, "fault") for n in range(count)]
        return Batch(RecordIds("c"), source, {place: records})

    memory, batches = DeliveredCache(), [batch("a-0", 30_000), batch("b-0", 30_000)]
    for entry in batches:
        memory.remember(entry, [(place, 1) for place in entry.partitions])
    assert [memory.done(entry) for entry in batches] == [{("a-0", 1)}, {("b-0", 1)}]
    memory.remember(batch("c-0", 1), [])
    assert [memory.done(entry) for entry in batches] == [frozenset(), {("b-0", 1)}]
