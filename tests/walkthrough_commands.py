"""The commands of mskv that the walk-through shows."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
_SHELL = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"(?:^|\$\()(mskv [^|)\n]*)", re.MULTILINE)


def mskv_commands(page: str) -> list[str]:
    """Each command, without what reads its output."""
    blocks = _SHELL.findall((DOCS / page).read_text(encoding="utf-8"))
    return [command.strip() for block in blocks for command in _COMMAND.findall(block)]
