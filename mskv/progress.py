"""Progress messages: on standard error, so that standard output holds only the result."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Progress(Protocol):
    """Reports progress."""

    def say(self, text: str) -> None:
        """The step that begins now; the one before has ended."""
        ...


class Silent:
    """Says nothing."""

    def say(self, text: str) -> None:
        """Nothing."""


class Lines:
    """A line for each step, where standard error is not a terminal."""

    def say(self, text: str) -> None:
        """Write it."""
        print(f"... {text}", file=sys.stderr, flush=True)


@contextmanager
def progress() -> Iterator[Progress]:
    """A spinner on a terminal, lines elsewhere."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.console import Console

    with Console(stderr=True).status("...") as status:

        class Spinner:
            def say(self, text: str) -> None:
                status.update(text)

        yield Spinner()
