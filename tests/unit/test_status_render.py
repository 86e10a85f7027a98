"""The state of the path as HTML: right without colour, and safe whatever a peer says."""

from html.parser import HTMLParser

import msgspec
from msk_toolkit.status.facts import Fact
from msk_toolkit.status.judge import path_status
from msk_toolkit.status.render import render_path

from tests.fakes.path_facts import ORDERS, SENSORS, faulty_facts, healthy_facts, mapping, unknown_facts

SAFE_TAGS = {"style", "div", "table", "caption", "thead", "tbody", "tr", "th", "td", "b", "p", "span", "code", "a"}


class Reader(HTMLParser):
    """All tags, all attributes with their values, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: dict[str, set[str]] = {}
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, set()).add(value or "")

    def handle_data(self, data: str) -> None:
        self.text += f"{data} "


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    return reader


def test_a_healthy_path_says_so_and_has_nothing_to_do() -> None:
    text = read(render_path(path_status(healthy_facts()))).text
    assert "✓ HEALTHY: Records of 2 topics reach Vantiq." in text
    assert text.count("✓ in step") == 2
    assert "What to do" not in text


def test_every_problem_has_its_command_its_owner_and_its_link() -> None:
    status = path_status(faulty_facts())
    reader = read(render_path(status, "dark"))
    for problem in status.problems:
        for part in (problem.sentence, problem.command, problem.owner, problem.remedy):
            assert part in reader.text
    assert reader.attributes["href"] == {problem.runbook for problem in status.problems}
    assert "4,211 / 7 min" in reader.text
    assert "✗ NOT READ" in reader.text
    assert any("color-scheme: dark" in style for style in reader.attributes["style"])


def test_a_mapping_with_a_filter_says_so() -> None:
    facts = healthy_facts()
    filtered = {ORDERS: mapping(ORDERS, filters=1), SENSORS: mapping(SENSORS)}
    text = read(render_path(path_status(msgspec.structs.replace(facts, mappings=Fact(filtered))))).text
    assert text.count("Enabled, filtered") == 1


def test_what_is_not_known_is_a_question_mark_with_its_reason() -> None:
    reader = read(render_path(path_status(unknown_facts())))
    assert "? UNKNOWN" in reader.text
    assert "not known: cloudwatch:DescribeAlarms: access denied" in reader.text
    assert "the consumer probe has not reported this group" in reader.attributes["title"]


def test_no_text_of_a_peer_becomes_a_tag() -> None:
    hostile = '<script>alert(1)</script><img src=x onerror="x()">'
    mappings = {ORDERS: mapping(ORDERS, result=hostile), SENSORS: mapping(SENSORS)}
    facts = msgspec.structs.replace(faulty_facts(), mappings=Fact(mappings), letters=Fact(why=hostile))
    reader = read(render_path(path_status(facts)))
    assert reader.tags <= SAFE_TAGS
    assert reader.attributes.keys() <= {"class", "style", "scope", "title", "href"}
    assert "<script>alert(1)</script>" in reader.text
