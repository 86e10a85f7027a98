"""Texts that a user meets are plain technical English, and names of values say what the value is."""

from pathlib import Path

import pytest

from tests.wording_rules import Text, offences, outside_texts, packages, prose, python_texts, value_names

PACKAGES = packages()
OUTSIDE = {text.place: text for text in outside_texts()}


@pytest.mark.parametrize("place", sorted(OUTSIDE))
def test_a_document_uses_no_banned_phrase(place: str) -> None:
    assert not offences([OUTSIDE[place]])


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_has_no_banned_phrase_in_its_strings(package: str) -> None:
    assert not [line for path in PACKAGES[package] for line in offences(python_texts(path))]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_names_its_values_by_nouns(package: str) -> None:
    assert not [line for path in PACKAGES[package] for line in value_names(path)]


@pytest.mark.parametrize(
    "text",
    [
        "Topics stand otherwise than declared",
        "Whose: network.",
        "the stack was told success",
        "a partial answer",
        "an alias is no broker",
        "the forwarder comes again; else it stops",
        "Most records in one request",
    ],
)
def test_a_banned_phrase_is_recognised(text: str) -> None:
    assert offences([Text("x", text)])


@pytest.mark.parametrize(
    "text",
    ["the local stand-in", "{topic} stands for the name", "there is no topic", "it is no longer there", "or else"],
)
def test_ordinary_english_is_not_banned(text: str) -> None:
    assert not offences([Text("x", text)])


def test_inline_code_in_a_page_is_not_read_but_what_commands_print_is() -> None:
    page = "Look at `told`.\n\n```sh\n# the comment\nit prints\n```\n[x](ways-out.md)\n"
    assert prose(page) == "Look at CODE. # the comment it prints [x]"


def test_strings_of_every_form_are_read(tmp_path: Path) -> None:
    module = tmp_path / "sample.py"
    module.write_text('"""One docstring."""\nX = f"a {1} b"\nY = "c" "d"\n', encoding="utf-8")
    assert {text.text for text in python_texts(module)} == {"One docstring.", "cd", "a {} b"}


def test_a_value_name_is_recognised_wherever_it_is_bound(tmp_path: Path) -> None:
    module = tmp_path / "sample.py"
    module.write_text("def f(way):\n    if found := g():\n        return [one for one in found]\n", encoding="utf-8")
    assert [line.rpartition(" ")[2] for line in value_names(module)] == ["found", "one", "way"]
