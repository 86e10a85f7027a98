"""The ten everyday jobs of docs/cli.md: what is typed with mskv, and without it."""

import re
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parents[1] / "docs" / "cli.md"
_SECTION = re.compile(r"^## Ten everyday jobs.*?(?=^## )", re.MULTILINE | re.DOTALL)
# A pipe within a cell is escaped.
_CELLS = re.compile(r"(?<!\\)\|")
_CODE = re.compile(r"`([^`]+)`")


class Job(NamedTuple):
    """A row of the table; commands of one job are separated by a line break."""

    name: str
    command: str
    characters: int
    without: str
    characters_without: int


def rows() -> list[list[str]]:
    """The cells of each row below the table's head."""
    (section,) = _SECTION.findall(PAGE.read_text(encoding="utf-8"))
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in _CELLS.split(line)[1:-1]] for line in lines]


def jobs() -> list[Job]:
    """All of them."""
    return [
        Job(name, _typed(command), int(characters), _typed(without), int(characters_without.replace(",", "")))
        for name, command, characters, without, characters_without in rows()[:-1]
    ]


def totals() -> tuple[int, int]:
    """The last row's numbers."""
    _, _, characters, _, characters_without = [cell.strip("*").replace(",", "") for cell in rows()[-1]]
    return int(characters), int(characters_without)


def _typed(cell: str) -> str:
    return "\n".join(_CODE.findall(cell)).replace("\\|", "|")
