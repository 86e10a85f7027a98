"""Declarations that are longer, deeper or odder than any that is meant: one clear error each, in bounded time."""

import math
from pathlib import Path
from typing import Any

import pytest
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.topics import declaration, document
from msk_toolkit.topics.declaration import parse_declaration, read_declaration
from msk_toolkit.topics.units import UnitError, same, to_kafka, to_limit, to_number, to_person, to_whole

LONG = "9" * 5000


def said(path: Path, text: str) -> list[str]:
    file = path / "topics.yaml"
    file.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        read_declaration(file)
    str(caught.value).encode()
    return caught.value.problems


def said_of(given: Any) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        parse_declaration(given, "event")
    str(caught.value).encode()
    return caught.value.problems


def declared(**fields: Any) -> dict[str, Any]:
    return {"topics": [{"name": "a", "partitions": 1, "replication_factor": 1} | fields]}


def test_a_file_of_just_the_accepted_length_is_read_and_one_byte_more_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "topics: []\n"
    monkeypatch.setattr(declaration, "MOST_FILE_BYTES", len(text))
    (tmp_path / "topics.yaml").write_text(text)
    assert read_declaration(tmp_path / "topics.yaml") == []
    assert said(tmp_path, text + "#") == ["is longer than 11 bytes: declare fewer topics, or use defaults"]


def with_aliases(count: int) -> str:
    """A configuration of two values that so many topics share."""
    topics = "".join(f"  - {{name: t{n}, config: *common}}\n" for n in range(count))
    first = "  - {name: first, config: &common {retention.ms: 1d, segment.ms: 1h}}\n"
    return f"defaults: {{partitions: 1, replication_factor: 1}}\ntopics:\n{first}{topics}"


def test_aliases_repeat_so_many_values_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "MOST_REPEATED", 12)
    (tmp_path / "topics.yaml").write_text(with_aliases(4))
    topics = read_declaration(tmp_path / "topics.yaml")
    assert topics[-1].config == {"retention.ms": "86400000", "segment.ms": "3600000"}
    problems = said(tmp_path, with_aliases(8))
    assert sum("aliases (*name) repeat more than 12 values" in problem for problem in problems) == 1


def test_aliases_of_aliases_end_at_the_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "MOST_REPEATED", 100)
    lines = ["a0: &a0 [x, x, x]"]
    lines += [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, 8)]
    problems = said(tmp_path, "\n".join([*lines, "topics: []", ""]))
    assert sum("aliases" in problem for problem in problems) == 1


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a: ", "}")])
def test_a_file_that_is_nested_too_deeply_is_refused_before_it_becomes_a_tree(
    tmp_path: Path, opening: str, closing: str
) -> None:
    (problem,) = said(tmp_path, f"topics: {opening * 40}{closing * 40}\n")
    assert problem.startswith("line 1, column ")
    assert problem.endswith(": is nested too deeply")


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize("levels", [25, 900])
def test_a_request_that_is_nested_too_deeply_is_refused(levels: int) -> None:
    assert any(problem.endswith("is nested too deeply") for problem in said_of(declared(config={"k": nested(levels)})))


@pytest.mark.parametrize(
    "given",
    [
        declared(name="a\ud800"),
        declared(description="\ud800"),
        declared(config={"\ud800": 1}),
        declared(config={"retention.ms": "\ud800"}),
        declared(partitions="\ud800"),
        {"defaults": {"config": {"k": "\ud800"}}} | declared(),
        {"\ud800": 1} | declared(),
    ],
    ids=range(7),
)
def test_half_of_a_surrogate_pair_is_named_wherever_it_stands(given: Any) -> None:
    assert any("half of a surrogate pair" in problem for problem in said_of(given))


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_a_number_that_json_does_not_have_is_named(number: float) -> None:
    assert "$.topics[0].config.k: is not a number that JSON has" in said_of(declared(config={"k": number}))


@pytest.mark.parametrize("text", [f"{LONG}d", f"1d{LONG}h", "1" * 20 + "ms"])
def test_a_quantity_of_more_digits_than_kafka_has_is_refused(text: str) -> None:
    with pytest.raises(UnitError, match="more than 19 digits"):
        to_kafka("retention.ms", text)
    assert said_of(declared(config={"retention.ms": text}))


@pytest.mark.parametrize("text", [LONG, f"-{LONG}", "²", "٣", "1_0", "9" * 20])
def test_a_text_that_is_no_number_of_kafka_is_none(text: str) -> None:
    assert to_whole(text) is None
    assert math.isnan(to_number(text))
    assert math.isnan(to_limit(text))
    assert to_person("retention.ms", text) == text
    assert same(text, text)


@pytest.mark.parametrize("number", ["NaN", "sNaN", "-sNaN", "Infinity", "1e999999999"])
def test_numbers_that_can_not_be_compared_are_compared_as_text(number: str) -> None:
    assert same(number, f" {number} ")
    assert not same(number, "1")


@pytest.mark.parametrize("number", [LONG, "0x" + "f" * 4000, "1" * 25])
def test_a_number_of_thousands_of_digits_in_a_file_is_named_or_left_to_the_cluster(tmp_path: Path, number: str) -> None:
    fields = f"name: a, partitions: {number}, replication_factor: 1, config: {{k: {number}}}"
    file = f"topics:\n  - {{{fields}}}\n"
    assert any("partitions" in problem or "plain value" in problem for problem in said(tmp_path, file))
