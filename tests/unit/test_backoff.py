"""Pauses between attempts."""

from msk_toolkit.backoff import Backoff
from msk_toolkit.deadline import Deadline

from tests.fakes.clock_fake import FakeClock


def test_pauses_grow_with_the_wait_and_end_with_the_deadline() -> None:
    clock = FakeClock()
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.advance(seconds + 0.03)

    backoff = Backoff(Deadline(10, clock), sleep)
    while backoff.pause():
        pass

    assert slept[0] == 0.01
    assert slept == sorted(slept)
    assert slept[-1] == 0.5
    assert 8.9 < sum(slept) + 0.03 * len(slept) <= 9.6


def test_pauses_stay_within_the_bounds_that_were_given() -> None:
    clock = FakeClock()
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.advance(seconds)

    backoff = Backoff(Deadline(20, clock), sleep, shortest_seconds=0.2, longest_seconds=2)
    while backoff.pause():
        pass

    assert slept[0] == 0.2
    assert slept[-1] == 2


def test_no_pause_is_made_where_no_time_for_an_attempt_is_left() -> None:
    clock = FakeClock()
    slept: list[float] = []

    assert not Backoff(
        Deadline(3, clock), slept.append, shortest_seconds=1, longest_seconds=1, attempt_seconds=2
    ).pause()
    assert Backoff(Deadline(3.1, clock), slept.append, shortest_seconds=1, longest_seconds=1, attempt_seconds=2).pause()
    assert slept == [1]


def test_a_peer_that_asks_for_a_longer_pause_gets_it() -> None:
    clock = FakeClock()
    slept: list[float] = []
    backoff = Backoff(Deadline(10, clock), slept.append, longest_seconds=0.5)

    assert backoff.pause(at_least_seconds=4)
    assert not backoff.pause(at_least_seconds=10)
    assert slept == [4]
