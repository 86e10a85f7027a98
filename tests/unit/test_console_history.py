"""The last hour of a topic, from readings of the brokers' offsets."""

from local.console.history import History, Position, Reading, TopicPoint, point


def readings(*places: tuple[int, int] | None) -> list[Reading]:
    """Readings of one partition, ten seconds apart; None is one that failed."""
    made = []
    for number, place in enumerate(places):
        positions = None if place is None else {"orders": {0: Position(*place)}}
        made.append(Reading(100.0 + 10 * number, positions))
    return made


def test_rates_are_between_the_last_two_readings() -> None:
    assert point(readings((0, 0), (50, 20)), "orders") == TopicPoint(5.0, 2.0, 30, 0.0)


def test_a_single_reading_has_no_rates() -> None:
    assert point(readings((50, 50)), "orders") == TopicPoint(None, None, 0, 0.0)


def test_a_reading_that_failed_leaves_a_gap_and_no_rate_behind_it() -> None:
    assert point(readings((0, 0), None), "orders") == TopicPoint()
    assert point(readings((0, 0), None, (50, 50)), "orders") == TopicPoint(None, None, 0, 0.0)


def test_the_oldest_waiting_record_is_as_old_as_the_reading_that_first_had_it() -> None:
    assert point(readings((5, 5), (6, 5), (9, 5), (12, 5)), "orders").late_seconds == 20.0
    # The record of the second reading is done since.
    assert point(readings((5, 5), (6, 5), (9, 5), (12, 6)), "orders").late_seconds == 10.0


def test_a_gap_does_not_make_a_record_younger() -> None:
    assert point(readings((5, 5), (6, 5), None, (6, 5)), "orders").late_seconds == 20.0


def test_what_waits_since_before_the_first_reading_is_at_least_as_old_as_that() -> None:
    late = point(readings((6, 5), (6, 5), (6, 5)), "orders")
    assert (late.late_seconds, late.late_at_least) == (20.0, True)
    # Behind a restart of the console, what was written before it is gone by now.
    since = point(readings((6, 5), (7, 6), (7, 6)), "orders")
    assert (since.late_seconds, since.late_at_least) == (10.0, False)


def test_a_topic_that_was_created_again_has_no_negative_numbers() -> None:
    assert point(readings((1000, 900), (3, 1000)), "orders") == TopicPoint(0.0, 10.0, 0, 0.0)


def test_a_topic_that_is_not_there_is_not_determined() -> None:
    assert point(readings((1, 1)), "returns") == TopicPoint()


def test_the_memory_is_bounded() -> None:
    history = History(["orders"], kept=3)
    for reading in readings(*((number, number) for number in range(10))):
        history.add(reading)
    assert [point.at for point in history.after(0)] == [170.0, 180.0, 190.0]
    assert [point.at for point in history.after(180.0)] == [190.0]
