"""How many letters are in memory at once."""

import msgspec
import pytest
from msk_toolkit.aws.bucket import Entry
from msk_toolkit.redrive.listing import list_letters
from msk_toolkit.redrive.reading import read_letters
from msk_toolkit.redrive.request import RedriveRequest

from tests.fakes.kafka_events import record
from tests.fakes.redrive_harness import RedriveHarness
from tests.fakes.s3_fake import MOMENT

MEBIBYTE = 1024 * 1024


class BucketOfSizes:
    """A bucket whose listing claims these sizes for its letters, so that no test needs that much memory."""

    def __init__(self, *sizes: int) -> None:
        harness = RedriveHarness()
        self.sizes = dict(zip(harness.write(*[record(n) for n in range(len(sizes))]), sizes, strict=True))
        self.bodies = harness.s3.objects
        self.routes = harness.services.routes

    def entries(self, prefix: str, after: str = "") -> list[Entry]:
        return [Entry(name, size, MOMENT) for name, size in self.sizes.items() if name.startswith(prefix)]

    def read(self, name: str) -> bytes:
        return self.bodies[name]


def sizes_read_together(bucket: BucketOfSizes, *rate: float) -> list[list[int]]:
    chunks = read_letters(bucket, RedriveRequest(), bucket.routes, lambda: False, *rate)  # type: ignore[arg-type]
    return [[entry.size // MEBIBYTE for entry in chunk.entries] for chunk in chunks]


@pytest.mark.parametrize(
    ("sizes", "together"),
    [
        ([6, 6, 6, 6], [[6, 6], [6, 6]]),
        ([10, 6, 1], [[10, 6], [1]]),
        ([20, 1, 20], [[20], [1], [20]]),
        ([1, 15, 1, 15, 1], [[1, 15], [1, 15], [1]]),
    ],
)
def test_letters_read_together_never_hold_more_than_16_mb_so_the_function_stays_within_its_memory(
    sizes: list[int], together: list[list[int]]
) -> None:
    assert sizes_read_together(BucketOfSizes(*[size * MEBIBYTE for size in sizes])) == together


def test_letters_read_together_are_ten_seconds_worth_of_the_rate_and_at_least_one() -> None:
    bucket = BucketOfSizes(*[1] * 7)
    assert list(map(len, sizes_read_together(bucket, 0.3))) == [3, 3, 1]
    assert list(map(len, sizes_read_together(bucket, 0.1))) == [1] * 7


def test_no_more_than_500_letters_are_read_together_whatever_the_rate() -> None:
    bucket = BucketOfSizes(*[1] * 501)
    assert list(map(len, sizes_read_together(bucket))) == [500, 1]
    assert list(map(len, sizes_read_together(bucket, 1000))) == [500, 1]


def test_a_list_that_runs_out_of_time_says_where_to_continue_and_a_complete_one_does_not() -> None:
    bucket = BucketOfSizes(*[1] * 501)
    request = RedriveRequest(topic="orders")
    # The first 500 are read together; the time ends with the first of the next reading.
    reads = iter(range(10_000))
    cut_off = list_letters(bucket, request, bucket.routes, out_of_time=lambda: next(reads) >= 500)  # type: ignore[arg-type]
    assert sum(group.letters for group in cut_off.groups) == 500
    assert cut_off.next == msgspec.structs.replace(request, after=list(bucket.sizes)[499])
    complete = list_letters(bucket, request, bucket.routes, out_of_time=lambda: False)  # type: ignore[arg-type]
    assert (complete.stopped, complete.next) == ("", None)
