"""What no request may hold: text that is no Unicode, numbers that are none, too many levels; and nothing is quoted."""

from collections.abc import Callable
from typing import Any

import pytest
from msk_toolkit.connect.request import parse_connect_request
from msk_toolkit.diagnose.report import parse_diagnose_request
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.forward.decode import MalformedEventError, decode
from msk_toolkit.redrive.request import parse_redrive_request
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.settings.loading import load
from msk_toolkit.topics.request import parse_topics_request

from tests.fakes.kafka_events import event

HALF = "\ud800"
PARSERS: list[tuple[Callable[[Any], Any], str]] = [
    (parse_connect_request, "cluster"),
    (parse_topics_request, "after"),
    (parse_redrive_request, "name"),
    (parse_diagnose_request, "include"),
]


def problems(parse: Callable[[Any], Any], given: Any) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        parse(given)
    str(caught.value).encode()
    return caught.value.problems


@pytest.mark.parametrize(("parse", "field"), PARSERS)
def test_half_of_a_surrogate_pair_is_named_by_its_place_in_every_request(
    parse: Callable[[Any], Any], field: str
) -> None:
    found = problems(parse, {field: f"hunter2{HALF}", f"odd{HALF}": 1})
    assert f"{field} holds half of a surrogate pair, which is not text: correct it" in found
    assert "odd\\ud800: the name holds half of a surrogate pair, which is not text: correct it" in found
    assert "hunter2" not in " ".join(found)


@pytest.mark.parametrize("place", ["group_id", "content_type", "name", "secret", "scheme"])
def test_a_source_is_refused_before_anything_is_written_whichever_of_its_texts_is_none(place: str) -> None:
    found = problems(parse_connect_request, {"action": "register", "source": {place: HALF}})
    assert f"source.{place} holds half of a surrogate pair, which is not text: correct it" in found


def test_text_within_lists_and_objects_is_named_by_its_place() -> None:
    found = problems(parse_connect_request, {"source": {"topics": ["a", HALF], "properties": {"x": HALF}}})
    assert [problem.partition(" holds")[0] for problem in found] == ["source.properties.x", "source.topics[1]"]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_json_does_not_have_is_named(number: float) -> None:
    assert problems(parse_redrive_request, {"records_per_second": number})[0] == (
        "records_per_second is not a number that JSON has"
    )
    assert problems(parse_connect_request, {"source": {"properties": {"x": number}}}) == [
        "source.properties.x is not a number that JSON has"
    ]


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(("parse", "field"), PARSERS)
@pytest.mark.parametrize("levels", [101, 900])
def test_what_is_nested_too_deeply_is_named(parse: Callable[[Any], Any], field: str, levels: int) -> None:
    assert f"{field} is nested in more than 100 levels" in problems(parse, {field: nested(levels)})
    assert any("must be an object" in problem for problem in problems(parse, nested(levels)))


def test_up_to_a_hundred_levels_are_read() -> None:
    found = problems(parse_redrive_request, {"name": nested(99)})
    assert found == ["name: expected `str`, got `array`"]


def test_everything_is_said_at_once() -> None:
    found = problems(parse_redrive_request, {"name": HALF, "limit": -1, "unknown": 1})
    assert len(found) == 3


@pytest.mark.parametrize(
    ("parse", "given"),
    [
        (parse_connect_request, {"include": ["hunter2"]}),
        (parse_connect_request, {"network": "hunter2"}),
        (parse_connect_request, {"auth_mode": "hunter2"}),
        (parse_topics_request, {"action": "hunter2"}),
        (parse_topics_request, {"plan": {"steps": [{"action": "hunter2"}]}}),
    ],
)
def test_a_value_that_is_none_of_the_choices_is_not_quoted(parse: Callable[[Any], Any], given: Any) -> None:
    assert "hunter2" not in " ".join(problems(parse, given))


def test_a_choice_within_a_list_is_named_with_what_may_be_chosen() -> None:
    assert problems(parse_connect_request, {"include": ["hunter2"]}) == ["include: must be one of password - at `$[0]`"]


@pytest.mark.parametrize("source", ["hunter2", HALF, "hunter2 - at `$.a`"])
def test_an_event_source_that_is_none_is_not_quoted(source: str) -> None:
    with pytest.raises(MalformedEventError) as caught:
        decode(event([]) | {"eventSource": source})
    str(caught.value).encode()
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("variable", ["ORDERING", "VANTIQ_ROUTES", "VANTIQ_URL", "VANTIQ_TARGET", "ADVANCED_SETTINGS"])
def test_a_variable_that_is_not_utf_8_is_named(variable: str) -> None:
    environ = {"VANTIQ_URL": "https://v", "VANTIQ_TOKEN_SECRET_ARN": "s", "VANTIQ_TARGET": "topic:/a"}
    with pytest.raises(ConfigurationError) as caught:
        load(ForwarderSettings, environ | {variable: '{"a": "\udcff"}'})
    assert any(variable in problem for problem in caught.value.problems)
    str(caught.value).encode()
