"""Entries of the functions' logs in the four forms of output."""

import json
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from mskv.log_lines import Entry
from mskv.options import Output
from mskv.output import escaped, printable, yaml_text

_COLOURS = {"DEBUG": "dim", "INFO": "", "WARNING": "yellow", "ERROR": "bold red"}


class Printer:
    """Prints entries as they come; counts them, and warnings and errors among them."""

    def __init__(self, output: Output) -> None:
        self.count = 0
        self.problems = 0
        self._print = _PRINTERS[output]()

    def print_all(self, entries: Iterable[Entry]) -> None:
        """Print them."""
        for entry in entries:
            self.count += 1
            self.problems += entry.level in {"WARNING", "ERROR"}
            self._print(entry)


def line_text(entry: Entry, *, wide: bool = False) -> str:
    """Time, function, level, message, reason, remedy; if wide, the line's other fields and the invocation's id."""
    text = f"{utc(entry.milliseconds)} {entry.function:14} {entry.level:7} {entry.message}"
    if entry.reason and entry.reason != entry.message:
        text += f": {entry.reason}"
    if entry.remedy:
        text += f" -> {entry.remedy}"
    if wide and entry.fields:
        text += f" ({', '.join(f'{name} {value}' for name, value in entry.fields.items())})"
    if wide and entry.request:
        text += f" [{entry.request}]"
    return printable(text)


def as_data(entry: Entry) -> dict[str, Any]:
    """Every field, also the empty ones."""
    return {
        "time": utc(entry.milliseconds),
        "function": entry.function,
        "level": entry.level,
        "message": entry.message,
        "reason": entry.reason,
        "remedy": entry.remedy,
        "request": entry.request,
        "fields": entry.fields,
    }


def utc(milliseconds: int) -> str:
    """A time in ISO 8601, to the millisecond."""
    instant = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text_printer(*, wide: bool = False) -> Callable[[Entry], None]:
    from rich.console import Console
    from rich.text import Text

    # Rich leaves colours out by itself where NO_COLOR is set, or no terminal is there.
    console = Console(file=sys.stdout, highlight=False)

    def show(entry: Entry) -> None:
        text = Text(line_text(entry, wide=wide), style=_COLOURS[entry.level])
        console.print(text, soft_wrap=True)
        sys.stdout.flush()

    return show


def _wide_printer() -> Callable[[Entry], None]:
    return _text_printer(wide=True)


def _json_printer() -> Callable[[Entry], None]:
    return lambda entry: print(escaped(json.dumps(as_data(entry), ensure_ascii=False)), flush=True)


def _yaml_printer() -> Callable[[Entry], None]:
    return lambda entry: print(f"---\n{yaml_text(as_data(entry))}", flush=True)


_PRINTERS: dict[Output, Callable[[], Callable[[Entry], None]]] = {
    "table": _text_printer,
    "wide": _wide_printer,
    "json": _json_printer,
    "yaml": _yaml_printer,
}
