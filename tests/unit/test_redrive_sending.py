"""Letters of one chunk sent again: the order in which they are moved, and the failures that mean lack of time only."""

from types import SimpleNamespace
from typing import cast

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.forward.outcome import BatchOutcome
from msk_toolkit.redrive.reading import read_letters
from msk_toolkit.redrive.request import RedriveRequest
from msk_toolkit.redrive.sending import Sender

from tests.fakes.kafka_events import record
from tests.fakes.redrive_harness import RedriveHarness


@pytest.mark.parametrize(
    ("kinds", "out_of_time", "continues"),
    [
        ({"late"}, False, True),
        ({"late", "held"}, False, False),
        ({"late", "held"}, True, True),
        ({"retriable"}, False, False),
        ({"retriable"}, True, True),
        ({"late", "retriable", "held"}, True, True),
        ({"outage"}, True, False),
        ({"late", "blocked"}, True, False),
    ],
)
def test_a_replay_continues_by_itself_only_where_nothing_but_the_time_stopped_it(
    kinds: set[str], out_of_time: bool, continues: bool
) -> None:
    harness = RedriveHarness()
    make = harness.make(100.0, 30.0)
    sender = Sender(harness.services.bucket, make, Deadline(60, harness.clock), lambda: out_of_time)
    outcome = SimpleNamespace(failures=[SimpleNamespace(kind=kind) for kind in sorted(kinds)])
    assert sender._only_late(cast(BatchOutcome, outcome)) is continues


def test_letters_are_moved_in_offset_order_so_that_what_the_time_leaves_out_follows_what_was_moved() -> None:
    harness = RedriveHarness()
    names = harness.write(*(record(offset) for offset in range(40)))
    bucket, services = harness.services.bucket, harness.services
    sender = Sender(bucket, harness.make(0.0, 30.0), Deadline(60, harness.clock), lambda: False)
    (chunk,) = read_letters(bucket, RedriveRequest(), services.routes, lambda: False)
    assert sender.send(chunk.letters).moved == names
