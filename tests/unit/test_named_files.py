"""The files, tests and make targets that the documents name exist."""

import re
from pathlib import Path

import pytest

from tests.wording_rules import LAYER, ROOT

# Paths are written from the repository's root, or from the layer's package, or beside the page itself.
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "tests").glob("*.md")])
# Of the past, or of the reader's own.
HISTORY = {"CHANGELOG.md"}
INLINE = re.compile(r"`([^`\n]+)`")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
PYTHON_FILE = re.compile(r"^[\w./-]+\.py$")
FOLDER = re.compile(r"^(?:layers|functions|local|mskv|tests|docs|events|samples|benchmarks|findings)/[\w./-]*$")
TEST = re.compile(r"^([\w./]+\.py)::(test_\w+)$")
MAKE = re.compile(r"^make ([a-z-]+)")


def named(page: Path) -> list[str]:
    return INLINE.findall(FENCED.sub("", page.read_text(encoding="utf-8")))


def is_there(path: str, page: Path) -> bool:
    return any((base / path).exists() for base in (ROOT, LAYER, LAYER.parent, page.parent, ROOT / "tests"))


def identify(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in HISTORY], ids=identify)
def test_a_file_that_a_page_names_exists(page: Path) -> None:
    paths = [code for code in named(page) if PYTHON_FILE.match(code) or FOLDER.match(code)]
    assert not [path for path in paths if not is_there(path, page)]


@pytest.mark.parametrize("page", PAGES, ids=identify)
def test_a_test_that_a_page_names_exists(page: Path) -> None:
    tests = [match.groups() for code in named(page) if (match := TEST.match(code))]
    assert not [
        f"{path}::{name}"
        for path, name in tests
        if not is_there(path, page) or f"def {name}(" not in (ROOT / path).read_text(encoding="utf-8")
    ]


@pytest.mark.parametrize("page", PAGES, ids=identify)
def test_a_make_target_that_a_page_names_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    commands = [*named(page), *re.findall(r"^\s*(make .*)$", page.read_text(encoding="utf-8"), re.MULTILINE)]
    assert {match[1] for command in commands if (match := MAKE.match(command))} <= targets


@pytest.mark.parametrize("page", PAGES, ids=identify)
def test_a_link_inside_the_repository_leads_to_a_page_and_a_heading(page: Path) -> None:
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    links = [
        link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link and not link.startswith("mailto")
    ]
    broken = []
    for link in links:
        path, _, heading = link.partition("#")
        target = page if not path else page.parent / path
        if not target.exists() or (heading and heading not in headings(target)):
            broken.append(link)
    assert not broken


def headings(page: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them."""
    lines = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}
