"""Durations and sizes as a person writes them, and values that mean the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msk_toolkit.topics.units import UnitError, same, to_kafka, to_person

LONG = 2**63


@pytest.mark.parametrize(
    ("key", "person", "kafka"),
    [
        ("retention.ms", "7d", "604800000"),
        ("retention.ms", "2w", "1209600000"),
        ("retention.ms", "1d12h", "129600000"),
        ("retention.ms", "1d 12h", "129600000"),
        ("retention.ms", "90s", "90000"),
        ("retention.ms", "500ms", "500"),
        ("retention.ms", "unlimited", "-1"),
        ("retention.ms", "-1", "-1"),
        ("retention.ms", "604800000", "604800000"),
        ("segment.bytes", "512MiB", "536870912"),
        ("segment.bytes", "1GB", "1000000000"),
        ("retention.bytes", "unlimited", "-1"),
        ("max.message.bytes", "1048588", "1048588"),
    ],
)
def test_a_quantity_becomes_kafkas_number(key: str, person: str, kafka: str) -> None:
    assert to_kafka(key, person) == kafka


@pytest.mark.parametrize(("key", "value"), [("cleanup.policy", "7d"), ("min.cleanable.dirty.ratio", "0.5")])
def test_a_key_without_a_unit_keeps_its_value(key: str, value: str) -> None:
    assert to_kafka(key, value) == to_person(key, value) == value


def test_a_value_that_is_no_quantity_at_all_is_left_to_the_cluster() -> None:
    assert to_kafka("retention.ms", "banana") == "banana"


@pytest.mark.parametrize(
    ("key", "text"), [("retention.ms", "7 days"), ("retention.ms", "1.5h"), ("segment.bytes", "7d"), ("x.ms", "5MiB")]
)
def test_a_number_with_a_unit_that_the_key_does_not_have_is_refused(key: str, text: str) -> None:
    with pytest.raises(UnitError, match="units: "):
        to_kafka(key, text)


@pytest.mark.parametrize(
    ("key", "kafka", "person"),
    [
        ("retention.ms", "604800000", "7d"),
        ("retention.ms", "259200000", "3d"),
        ("retention.ms", "90061001", "1d1h1m1s1ms"),
        ("retention.ms", "-1", "unlimited"),
        ("retention.ms", "0", "0"),
        ("flush.ms", str(LONG - 1), str(LONG - 1)),
        ("segment.bytes", "1073741824", "1GiB"),
        ("max.message.bytes", "1048588", "1048588"),
    ],
)
def test_a_person_reads_the_number_as_a_quantity(key: str, kafka: str, person: str) -> None:
    assert to_person(key, kafka) == person


@given(st.sampled_from(["retention.ms", "segment.bytes", "flush.messages"]), st.integers(-2, LONG - 1))
def test_what_a_person_reads_leads_back_to_kafkas_number(key: str, number: int) -> None:
    assert to_kafka(key, to_person(key, str(number))) == str(number)


@given(st.sampled_from(["retention.ms", "segment.bytes", "cleanup.policy"]), st.text())
def test_any_text_is_read_or_refused_in_words(key: str, text: str) -> None:
    try:
        to_kafka(key, text)
    except UnitError as error:
        assert "units: " in str(error)  # noqa: PT017 - either way is right, anything else is not


@pytest.mark.parametrize(
    ("one", "other"),
    [("delete,compact", "compact, delete"), ("FALSE", "false"), ("0.5", "0.50"), ("1000", "1000.0"), ("", "")],
)
def test_values_that_mean_the_same_are_the_same(one: str, other: str) -> None:
    assert same(one, other)


@pytest.mark.parametrize(("one", "other"), [("delete", "compact"), ("true", "false"), ("1", "2"), ("", "0")])
def test_values_that_differ_are_not_the_same(one: str, other: str) -> None:
    assert not same(one, other)
