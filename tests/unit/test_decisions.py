"""The decision records: one page each, in one form, and all of them in the index; the glossary defines a term once."""

import re
from pathlib import Path

import pytest

from tests.wording_rules import ROOT

FOLDER = ROOT / "docs" / "decisions"
RECORDS = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
# A screen: whoever needs more has more than one decision.
MAX_LINES = 40


@pytest.mark.parametrize("record", RECORDS, ids=[record.name for record in RECORDS])
def test_a_decision_record_has_its_number_its_sections_and_one_page(record: Path) -> None:
    text = record.read_text(encoding="utf-8")
    assert text.startswith(f"# {record.name[:4]}. ")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert re.search(r"^Status: (accepted|superseded by \[\d{4}\]\(.*\))$", text, re.MULTILINE)
    assert len(text.splitlines()) <= MAX_LINES


def test_the_index_lists_every_record_by_its_title_in_order() -> None:
    titles = [re.match(r"# \d{4}\. (.*)", record.read_text(encoding="utf-8")) for record in RECORDS]
    rows = [
        f"| [{record.name[:4]}]({record.name}) | {title[1]} |"
        for record, title in zip(RECORDS, titles, strict=True)
        if title
    ]
    index = (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in index if line.startswith("| [")] == rows
    assert [int(record.name[:4]) for record in RECORDS] == list(range(1, len(RECORDS) + 1))


def test_the_glossary_defines_each_term_once_and_says_where_it_is() -> None:
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    rows = [line.strip("|").split(" | ") for line in page.splitlines() if line.startswith("| ") and "Term" not in line]
    terms = [cells[0].strip() for cells in rows]
    assert len(terms) == len(set(terms))
    assert all(len(cells) == 3 and "`" in cells[2] for cells in rows)
