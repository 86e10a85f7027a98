"""Asking the person at the terminal."""

import sys
from collections.abc import Sequence

import click


def approve(question: str) -> None:
    """Ask for a yes.

    Raises:
        UsageError: standard input is not a terminal.
        Abort: the answer was no.
    """
    _require_terminal()
    click.confirm(question, abort=True, err=True)


def confirm_names(names: Sequence[str], *, yes: bool) -> None:
    """Have each name typed again, unless ``yes``.

    Raises:
        UsageError: standard input is not a terminal.
        Abort: another name was typed.
    """
    if yes:
        return
    _require_terminal()
    for name in names:
        if click.prompt(f"Delete {name} with all of its records? Type its name", err=True) != name:
            raise click.Abort


def read_hidden(prompt: str, limit: int) -> str:
    """A secret from standard input, at most a few characters beyond the limit; a terminal does not show it."""
    if sys.stdin.isatty():
        return str(click.prompt(prompt, hide_input=True, err=True))
    return sys.stdin.read(limit + 2)


def confirm_skipping(records: int) -> None:
    """Have the number of records typed that are never forwarded.

    Raises:
        UsageError: standard input is not a terminal.
        Abort: something else was typed.
    """
    _require_terminal()
    question = f"{records} records are skipped and never forwarded. Type their number"
    if click.prompt(question, err=True).replace(",", "") != f"{records}":
        raise click.Abort


def require_approver() -> None:
    """Check that there is someone to ask, before anything is changed.

    Raises:
        UsageError: standard input is not a terminal.
    """
    _require_terminal()


def _require_terminal() -> None:
    if not sys.stdin.isatty():
        raise click.UsageError("standard input is not a terminal, so there is no one to ask: use --yes")
