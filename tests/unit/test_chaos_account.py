"""What the account of a chaos run finds: it must see each way to lose, alter and reorder a record."""

import itertools

from tests.chaos.account import Arrival, Place, Promise, Written, account
from tests.chaos.broker_acts import hash_of
from tests.chaos.records import BLOCK, CODECS, LARGEST_VALUE, block_of, record
from tests.chaos.schedule import KINDS, LINES, acts

TOPIC = "orders"
PLACES = {number: Place(TOPIC, 0, 0, number) for number in range(4)}
WRITTEN = Written(PLACES, {8}, {9})
BY_PARTITION = Promise(lambda _, place: place[:3], set())


def arrivals(*numbers: int) -> list[Arrival]:
    return [Arrival(number, TOPIC, 0, number, unharmed=True) for number in numbers]


def test_records_that_arrive_in_order_some_of_them_twice_are_clean() -> None:
    counted = account(WRITTEN, arrivals(0, 1, 0, 1, 2, 3), BY_PARTITION, {})
    assert counted.clean
    assert (counted.written, counted.acknowledged, counted.arrived, counted.duplicates) == (6, 4, 4, 2)


def test_a_record_that_never_arrives_is_lost() -> None:
    counted = account(WRITTEN, arrivals(0, 1, 3), BY_PARTITION, {})
    assert (counted.lost, counted.clean) == (1, False)
    assert "offset=2" in counted.examples["lost"][0]


def test_a_record_is_lost_although_its_topic_was_deleted_if_the_group_had_read_it() -> None:
    read = {(TOPIC, 0, 0): 3}
    counted = account(WRITTEN, arrivals(0, 1), BY_PARTITION, read)
    assert (counted.lost, counted.kafka_gave_up) == (1, 1)
    assert account(WRITTEN, arrivals(0, 1, 2), BY_PARTITION, read).clean


def test_first_arrivals_in_another_order_are_seen_and_a_later_duplicate_does_not_hide_them() -> None:
    counted = account(WRITTEN, arrivals(0, 2, 1, 2, 3), BY_PARTITION, {})
    assert counted.out_of_order == 1
    assert counted.examples["out of order"][0].startswith("1 at")


def test_records_that_vantiq_had_refused_may_come_later() -> None:
    assert account(WRITTEN, arrivals(0, 2, 3, 1), BY_PARTITION._replace(set_aside={1}), {}).clean


def test_the_order_is_that_of_a_lane_and_of_one_generation_of_a_topic() -> None:
    written = Written({0: Place(TOPIC, 0, 0, 7), 1: Place(TOPIC, 1, 0, 0), 2: Place(TOPIC, 0, 1, 3)}, (), ())
    came = [Arrival(0, TOPIC, 0, 7, True), Arrival(1, TOPIC, 0, 0, True), Arrival(2, TOPIC, 1, 3, True)]
    assert account(written, came, BY_PARTITION, {}).clean
    assert account(written, came, Promise(lambda *_: "all", ()), {}).out_of_order == 2


def test_what_is_not_as_it_was_written_or_not_where_it_was_acknowledged_is_altered() -> None:
    spoilt = Arrival(1, TOPIC, 0, 1, unharmed=False)
    elsewhere = Arrival(2, TOPIC, 0, 7, unharmed=True)
    counted = account(WRITTEN, [*arrivals(0), spoilt, elsewhere, *arrivals(3)], BY_PARTITION, {})
    assert (counted.altered, counted.lost) == (2, 0)


def test_a_record_of_nobody_is_foreign() -> None:
    strangers = [Arrival(None, TOPIC, 0, 4, unharmed=False), Arrival(77, TOPIC, 0, 5, unharmed=True)]
    assert account(WRITTEN, [*arrivals(0, 1, 2, 3), *strangers], BY_PARTITION, {}).foreign == 2


def test_records_without_acknowledgement_and_aborted_ones_may_arrive_or_not() -> None:
    assert account(WRITTEN, arrivals(0, 1, 2, 3), BY_PARTITION, {}).clean
    counted = account(WRITTEN, arrivals(0, 1, 2, 3, 8, 9), BY_PARTITION, {})
    assert counted.clean
    assert (counted.unacknowledged_arrived, counted.aborted_arrived) == (1, 1)


def test_a_seed_means_the_same_acts_each_time_and_another_seed_others() -> None:
    kinds = LINES[0]
    first = [*itertools.islice(acts(1, kinds), 20)]
    assert first == [*itertools.islice(acts(1, kinds), 20)]
    assert first != [*itertools.islice(acts(2, kinds), 20)]


def test_every_round_of_a_line_has_each_of_its_kinds() -> None:
    for line in LINES:
        assert {act.kind for act in itertools.islice(acts(5, line), len(line))} == set(line)
    assert len(set(KINDS)) == len(KINDS)


def test_the_records_of_a_run_have_every_form_and_every_codec_in_every_mode() -> None:
    records = [record(1, number) for number in range(20_000)]
    assert all(records[number] == record(1, number) for number in range(0, 20_000, 1000))
    values = {item.value for item in records}
    assert {None, b""} < values
    largest = max(len(value or b"") for value in values)
    assert LARGEST_VALUE - 200_000 <= largest <= LARGEST_VALUE
    assert any(item.key is None for item in records)
    assert any(item.refused for item in records)
    assert len({len(item.headers) for item in records}) == 2
    blocks = [block_of(1, number) for number in range(20_000 // BLOCK)]
    assert {*blocks} == {(codec, mode) for codec in CODECS for mode in ("plain", "committed", "aborted")}


def test_a_groups_coordinator_is_found_as_brokers_find_it() -> None:
    assert hash_of("hello") == 99162322
    assert hash_of("") == 0
