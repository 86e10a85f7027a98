"""Survivors that are accepted, each with its reason: equivalent, or of speed alone."""

from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).with_name("accepted.txt")


class Accepted(NamedTuple):
    """A change that no test need notice; its line may move, its function and text may not."""

    module: str
    function: str
    change: str
    reason: str


def read_accepted(text: str) -> list[Accepted]:
    """One a line: ``module function: change  # reason``; lines that begin with # are comments.

    Raises:
        ValueError: a line has another form.
    """
    entries = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        place, _, rest = line.partition(": ")
        change, _, reason = rest.rpartition("  # ")
        module, _, function = place.partition(" ")
        if not (module and change and reason):
            raise ValueError(f"accepted.txt: not of the form 'module function: change  # reason': {line}")
        entries.append(Accepted(module, function, change, reason))
    return entries
