"""Results as text, JSON or YAML on standard output, once or again and again."""

import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from mskv.options import Output
from mskv.progress import Progress, progress

_CLEAR = "\x1b[H\x1b[2J"


class Result(NamedTuple):
    """What a command found.

    Args:
        data: for JSON and YAML.
        text: for a person.
        exit_status: of :mod:`mskv.exits`.
        wide: for a person who wants everything; the same as ``text`` if empty.
    """

    data: Any
    text: str
    exit_status: int
    wide: str = ""


def run(command: Callable[[Progress], Result], output: Output, watch: float | None = None) -> int:
    """Run a command and print its result, with ``watch`` every so many seconds until Ctrl-C; the exit status.

    Raises:
        KeyboardInterrupt: Ctrl-C before the first result.
    """
    if watch is None:
        return print_result(_result(command), output)
    status = None
    try:
        while True:
            result = _result(command)
            if sys.stdout.isatty():
                sys.stdout.write(_CLEAR)
            status = print_result(result, output)
            time.sleep(watch)
    except KeyboardInterrupt:
        # Most of the time is that of the command itself.
        if status is None:
            raise
        return status


def print_result(result: Result, output: Output) -> int:
    """Print a result; returns its exit status."""
    print(rendered(result, output), flush=True)
    return result.exit_status


def print_before_approval(text: str, output: Output) -> None:
    """Print what is to be approved: on standard error where standard output is for a program."""
    file = sys.stderr if output in {"json", "yaml"} else sys.stdout
    print(printable(text), file=file, flush=True)


def _result(command: Callable[[Progress], Result]) -> Result:
    with progress() as reporter:
        return command(reporter)


def rendered(result: Result, output: Output) -> str:
    """The result in one of the four forms."""
    match output:
        case "json":
            return escaped(json.dumps(result.data, indent=2, ensure_ascii=False))
        case "yaml":
            return yaml_text(result.data)
        case "wide":
            return printable(result.wide or result.text)
        case "table":
            return printable(result.text)


def yaml_text(data: Any) -> str:
    """Data as YAML, in its own order, without a last line break."""
    import yaml

    text: str = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
    return text.rstrip("\n")


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows as columns, each as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def escaped(text: str) -> str:
    """JSON whose control characters beyond ASCII, and halves of surrogate pairs, are escaped as well."""
    return "".join(
        character if character.isprintable() or character == "\n" else json.dumps(character)[1:-1] for character in text
    )


def printable(text: str) -> str:
    """Text without control characters, which a record or a peer's message could use to drive the terminal."""
    return "".join(character if character.isprintable() or character in "\n\t" else "�" for character in text)
