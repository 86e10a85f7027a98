"""When a batch closes."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from local.event_source_mapping.batching import Limits, Waiting
from local.event_source_mapping.event import Partition, Record, Source, event_of

ORDERS = Partition("orders", 0)


def numbered(count: int, first: int = 0, size: int = 1) -> list[Record]:
    return [Record(ORDERS, offset, 0, b"x" * size) for offset in range(first, first + count)]


def test_closes_when_it_is_full_and_leaves_the_rest() -> None:
    waiting = Waiting(Limits(batch_size=3, window_seconds=10))
    waiting.add(numbered(4), now=0)
    assert [record.offset for record in waiting.take(now=0)] == [0, 1, 2]
    assert len(waiting) == 1


def test_stays_open_for_its_window() -> None:
    waiting = Waiting(Limits(batch_size=3, window_seconds=10))
    waiting.add(numbered(1), now=100)
    waiting.add(numbered(1, first=1), now=105)
    assert waiting.take(now=109.9) == ()
    assert waiting.remaining_seconds(now=109) == 1
    assert len(waiting.take(now=110)) == 2


def test_a_window_of_nothing_closes_at_once() -> None:
    waiting = Waiting(Limits(batch_size=3, window_seconds=0))
    waiting.add(numbered(1), now=0)
    assert len(waiting.take(now=0)) == 1


def test_closes_before_the_payload_is_too_large() -> None:
    waiting = Waiting(Limits(batch_size=100, window_seconds=10, payload_bytes=20_000))
    waiting.add(numbered(10, size=3000), now=0)
    batch = waiting.take(now=0)
    assert 1 < len(batch) < 10
    assert len(msgspec.json.encode(event_of(Source("arn", "b-1:9096"), batch))) <= 20_000


def test_a_record_that_is_too_large_by_itself_is_a_batch_of_its_own() -> None:
    waiting = Waiting(Limits(batch_size=100, window_seconds=0, payload_bytes=20_000))
    waiting.add([*numbered(1, size=30_000), *numbered(1, first=1)], now=0)
    assert [record.offset for record in waiting.take(now=0)] == [0]
    assert [record.offset for record in waiting.take(now=0)] == [1]


def test_forgets_partitions_that_were_taken_away() -> None:
    waiting = Waiting(Limits(batch_size=2, window_seconds=5))
    other = Record(Partition("orders", 1), 0, 0, b"")
    waiting.add([*numbered(2), other], now=0)
    waiting.drop(lambda partition: partition == ORDERS)
    assert not waiting.is_full()
    assert waiting.take(now=5) == (other,)


@given(st.lists(st.integers(0, 5000), max_size=60), st.integers(1, 10), st.integers(6_000, 30_000))
def test_every_record_comes_out_once_in_order_and_within_the_limits(
    sizes: list[int], batch_size: int, payload_bytes: int
) -> None:
    waiting = Waiting(Limits(batch_size, 0, payload_bytes))
    given_records = [Record(ORDERS, offset, 0, b"x" * size) for offset, size in enumerate(sizes)]
    waiting.add(given_records, now=0)
    taken: list[Record] = []
    while batch := waiting.take(now=1):
        assert len(batch) <= batch_size
        event = msgspec.json.encode(event_of(Source("arn", "b-1:9096"), batch))
        assert len(event) <= payload_bytes or len(batch) == 1
        taken += batch
    assert taken == given_records
