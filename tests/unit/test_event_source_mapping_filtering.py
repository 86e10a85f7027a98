"""Which records a mapping's filter lets through; an independent implementation agrees where it knows the operator."""

import json
from typing import Any

import pytest
from moto.events.models import EventPattern
from msk_toolkit.settings.record_filter import record_filter_problems

from local.event_source_mapping.filtering import FilterError, RecordFilters

ORDER = {"status": "paid", "total": 12, "items": ["a", "b"], "buyer": {"country": "DE"}, "note": None, "test": False}

# A pattern of the value, and whether ORDER matches it.
CASES: list[tuple[dict[str, Any], bool]] = [
    ({"status": ["paid"]}, True),
    ({"status": ["open", "paid"]}, True),
    ({"status": ["Paid"]}, False),
    ({"status": [{"equals-ignore-case": "PAID"}]}, True),
    ({"status": [{"prefix": "pa"}]}, True),
    ({"status": [{"suffix": "id"}]}, True),
    ({"status": [{"suffix": "pa"}]}, False),
    ({"status": [{"anything-but": ["open"]}]}, True),
    ({"status": [{"anything-but": ["paid", "open"]}]}, False),
    ({"status": ["paid"], "buyer": {"country": ["FR"]}}, False),
    ({"buyer": {"country": ["DE"]}}, True),
    ({"buyer": {"city": ["DE"]}}, False),
    ({"buyer": {"city": [{"exists": False}]}}, True),
    ({"buyer": {"country": [{"exists": True}]}}, True),
    ({"missing": [{"exists": True}]}, False),
    ({"note": [None]}, True),
    ({"missing": [None]}, False),
    ({"total": [12]}, True),
    ({"total": ["12"]}, False),
    ({"total": [{"numeric": [">", 10, "<=", 12]}]}, True),
    ({"total": [{"numeric": ["=", 13]}]}, False),
    ({"status": [{"numeric": [">", 0]}]}, False),
    ({"items": ["b"]}, True),
    ({"items": ["c"]}, False),
    ({"test": [False]}, True),
    ({"$or": [{"status": ["open"]}, {"total": [12]}]}, True),
    ({"$or": [{"status": ["open"]}, {"total": [13]}], "test": [False]}, False),
]


def let_through(pattern: Any, value: bytes | None) -> bool:
    return RecordFilters([json.dumps(pattern)]).let_through(value)


@pytest.mark.parametrize(("pattern", "expected"), CASES)
def test_a_pattern_selects_what_it_says_and_another_implementation_agrees(
    pattern: dict[str, Any], expected: bool
) -> None:
    whole = {"value": pattern}
    assert record_filter_problems(json.dumps(whole)) == []
    assert let_through(whole, json.dumps(ORDER).encode()) == expected
    assert EventPattern(None, whole).matches_event({"value": ORDER}) == expected  # type: ignore[typeddict-item]  # only the value is read


@pytest.mark.parametrize("written", ["300", "300.0", "3.0e2"])
def test_numbers_are_compared_as_they_are_written(written: str) -> None:
    assert let_through({"value": {"n": [300]}}, b'{"n": %b}' % written.encode()) == (written == "300")
    assert let_through({"value": {"n": [{"numeric": ["=", 300]}]}}, b'{"n": %b}' % written.encode())


@pytest.mark.parametrize("value", [b"paid", b"\xff\xfe", None, b"", b"{", b"42", json.dumps("paid").encode()], ids=repr)
def test_a_value_that_is_not_of_the_patterns_form_is_not_compared_and_passes(value: bytes | None) -> None:
    assert let_through({"value": {"status": ["open"]}}, value)


def test_a_text_is_compared_with_a_pattern_of_texts_and_json_is_not() -> None:
    pattern = {"value": [{"anything-but": ["error"]}]}
    assert [let_through(pattern, value) for value in (b"error", b"fine", b'{"error": 1}')] == [False, True, True]


def test_an_alternative_may_name_the_value_itself() -> None:
    pattern = {"$or": [{"value": {"a": [1]}}, {"value": {"b": [1]}}]}
    assert record_filter_problems(json.dumps(pattern)) == []
    values = (b'{"a": 1}', b'{"b": 1}', b'{"c": 1}')
    assert [let_through(pattern, value) for value in values] == [True, True, False]


def test_without_a_filter_everything_passes_and_with_several_one_is_enough() -> None:
    assert RecordFilters([]).let_through(b"{}")
    several = RecordFilters(['{"value": {"a": [1]}}', '{"value": {"b": [1]}}'])
    assert [several.let_through(value) for value in (b'{"b": 1}', b"{}")] == [True, False]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "must be a JSON object such as"),
        ("[]", "must be a JSON object such as"),
        ("{}", "must be a JSON object such as"),
        ('{"key": ["a"]}', 'names "key": only "value" of a Kafka record can be filtered by'),
        ('{"value": "paid"}', 'value: must be an object, or a list of conditions such as ["paid"]'),
        ('{"value": {}}', "value: must name a field"),
        ('{"value": {"a": {"b": 1}}}', "value.a.b: must be an object, or a list of conditions such as [1]"),
        ('{"value": {"a": []}}', "value.a: must be an object, or a list of conditions"),
        ('{"value": {"a": [["b"]]}}', "value.a: a condition is a value or an operator, not a list"),
        ('{"value": {"a": [{"wildcard": "x*"}]}}', 'value.a: "wildcard" is not an operator of Lambda'),
        ('{"value": {"a": [{"prefix": "x", "suffix": "y"}]}}', "value.a: an operator is an object with one name"),
        ('{"value": {"a": [{"prefix": 1}]}}', "value.a: prefix needs a text"),
        ('{"value": {"a": [{"exists": "yes"}]}}', "value.a: exists needs true or false"),
        ('{"value": {"a": [{"anything-but": [null]}]}}', "value.a: anything-but needs texts or numbers"),
        ('{"value": {"a": [{"numeric": [">"]}]}}', "value.a: numeric needs comparisons and numbers"),
        ('{"value": {"$or": [{"a": [1]}]}}', "value.$or: must be a list of two or more objects"),
        ('{"$or": [{"value": ["a"]}, {"value": {"b": [1]}}]}', "as a text in one alternative and as JSON in another"),
        ('{"value": {"a": ["%s"]}}' % ("x" * 4096), "Lambda accepts 4096"),
    ],
)
def test_a_wrong_pattern_is_named_with_its_place(text: str, problem: str) -> None:
    (found,) = record_filter_problems(text)
    assert problem in found


def test_every_problem_of_a_pattern_is_named_at_once() -> None:
    assert len(record_filter_problems('{"key": [1], "value": {"a": 1, "b": [{"prefix": 2}]}}')) == 3


@pytest.mark.parametrize("pattern", ["{", "[]", '{"key": ["a"]}'])
def test_the_local_mapping_takes_no_pattern_that_lambda_would_not(pattern: str) -> None:
    with pytest.raises(FilterError):
        RecordFilters([pattern])
