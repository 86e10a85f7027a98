"""The READMEs: English and Japanese say the same, and what claims to be complete or calculated is."""

import re
from collections import Counter

import pytest

from tests.template.stack import raw_template
from tests.unit.test_documents import DOCS, ROOT

READMES = ("README.md", "README.ja.md")
PARAMETERS = ("docs/parameters.md", "docs/parameters.ja.md")
PAIRS = (READMES, PARAMETERS)
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r" *#.*$", re.MULTILINE)


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def links_of(page: str) -> list[str]:
    return re.findall(r"\]\(([^)]+)\)", text_of(page))


def rows(page: str) -> list[list[str]]:
    """The cells of every row of every table."""
    lines = [line for line in text_of(page).splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def parameters(page: str) -> list[list[str]]:
    """The parameters of each row that describes some."""
    firsts = [re.findall(r"`(\w+)`", cells[0]) for cells in rows(page) if re.match(r"`[A-Z]\w+`", cells[0])]
    return [names for names in firsts if names]


@pytest.mark.parametrize("page", PARAMETERS)
def test_every_parameter_of_the_template_is_described_once(page: str) -> None:
    assert sorted(name for names in parameters(page) for name in names) == sorted(raw_template()["Parameters"])


def test_both_describe_the_parameters_in_the_same_rows() -> None:
    assert parameters(PARAMETERS[0]) == parameters(PARAMETERS[1])


@pytest.mark.parametrize("pair", PAIRS)
def test_both_have_the_same_sections_tables_and_pictures(pair: tuple[str, str]) -> None:
    first, second = (re.findall(r"^(#+|\||!)", _FENCED.sub("", text_of(page)), re.MULTILINE) for page in pair)
    assert first == second


def test_both_lead_to_the_same_pages() -> None:
    # Where a page is there in Japanese, the Japanese one leads to that.
    first, second = (
        Counter(link.replace(".ja.md", ".md").replace("/ja_jp/", "/") for link in links_of(page)) for page in READMES
    )
    assert first == second


@pytest.mark.parametrize("pair", PAIRS)
def test_both_name_the_same_code(pair: tuple[str, str]) -> None:
    first, second = (Counter(re.findall(r"`([^`\n]+)`", _FENCED.sub("", text_of(page)))) for page in pair)
    assert first == second


def test_both_show_the_same_commands_and_answers() -> None:
    first, second = (
        [_COMMENT.sub("", block) for block in _FENCED.findall(text_of(page)) if not block.startswith("```mermaid")]
        for page in READMES
    )
    assert first == second


@pytest.mark.parametrize("page", [page for pair in PAIRS for page in pair])
def test_a_link_leads_to_a_page_that_is_there(page: str) -> None:
    links = [link.partition("#")[0] for link in links_of(page) if "://" not in link]
    assert links
    assert not [link for link in links if not ((ROOT / page).parent / link).exists()]


def test_readme_leads_to_every_document() -> None:
    documents = {f"docs/{path.name}" for path in DOCS.glob("*.md") if not path.name.endswith(".ja.md")}
    assert documents <= set(links_of("README.md"))


@pytest.mark.parametrize("page", READMES)
def test_what_a_million_records_cost_is_what_the_forwarders_page_calculates(page: str) -> None:
    calculated = re.findall(r"\*\*(\d\.\d+)\*\*", (DOCS / "forwarder.md").read_text(encoding="utf-8"))
    assert len(calculated) == 2
    # A request of one record is what the default target gets.
    assert [cells[-1] for cells in rows(page) if "0.0000133" in cells[-2]][1:] == calculated[::-1]
