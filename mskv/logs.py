"""What ``mskv logs`` reads, once or until Ctrl-C."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import click

from mskv import exits
from mskv.access import POLICY, open_access
from mskv.aws.clients import Client
from mskv.aws.logs import ATTENTION, LogLine, LogsUnavailableError, lines_of
from mskv.errors import NotReachedError
from mskv.facts import Stack
from mskv.log_lines import Entry, read_line
from mskv.log_text import Printer, utc
from mskv.options import Output
from mskv.output import printable
from mskv.place import Place
from mskv.progress import progress

# CloudWatch shows a line some seconds behind its time, and the lines of a group out of order: what is younger than this
# is read again, and what was shown is left out.
_LATE_MS = 120_000
# One request a group and poll: in some Regions an account may make 5 in a second.
_POLL_SECONDS = 5.0

# The lines from a time on, in milliseconds since 1970.
Read = Callable[[int], Iterator[LogLine]]
Show = Callable[[Iterable[LogLine]], None]


class Choice(NamedTuple):
    """What is shown.

    Args:
        names: functions without the stack's name; empty for all.
        since: the first time of interest.
        every_level: information as well.
        follow: until Ctrl-C.
    """

    names: Sequence[str]
    since: datetime
    every_level: bool
    follow: bool


def show_logs(place: Place, choice: Choice, output: Output) -> int:
    """Print the entries as they are read; a problem if one of them is a warning or an error.

    Raises:
        UsageError: the stack has no such function.
        NotReachedError: a log can't be read.
    """
    with progress() as reporter:
        access = open_access(place, reporter)
    groups = groups_named(access.stack, choice.names)
    printer = Printer(output)
    start = int(choice.since.timestamp() * 1000)
    try:
        _read_and_show(access.client, groups, choice, start, printer)
    except KeyboardInterrupt:
        if not choice.follow:
            raise
    except LogsUnavailableError as error:
        raise NotReachedError(str(error), POLICY) from error
    if not printer.count:
        kind = "line" if choice.every_level else "warning and no error"
        click.echo(f"no {kind} since {utc(start)}", err=True)
    return exits.PROBLEM if printer.problems else exits.OK


def groups_named(stack: Stack, names: Sequence[str]) -> dict[str, str]:
    """By log group, the function's name without the stack's; all functions where none is named.

    Raises:
        UsageError: the stack has no such function.
    """
    functions = stack.physical_ids("AWS::Lambda::Function").values()
    known = {name.removeprefix(f"{stack.name}-"): f"/aws/lambda/{name}" for name in functions}
    unknown = [name for name in names if name not in known]
    if unknown:
        functions_there = ", ".join(sorted(known))
        raise click.UsageError(f"the stack has no function {', '.join(unknown)}; it has: {functions_there}")
    return {known[name]: name for name in names or known}


def entries(lines: Iterable[LogLine], groups: dict[str, str], *, every_level: bool) -> Iterator[Entry]:
    """What the lines say; only warnings and errors unless ``every_level``."""
    for line in lines:
        entry = read_line(groups[line.group], line.milliseconds, line.text)
        if entry and (every_level or entry.level in {"WARNING", "ERROR"}):
            yield entry


def follow(read: Read, show: Show, start: int, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
    """Show what is written from ``start`` on, each line once, until the caller interrupts it.

    Args:
        clock: in seconds since 1970.

    Raises:
        LogsUnavailableError: the first read failed; later ones are repeated from where they began.
    """
    seen: dict[str, int] = {}
    began = _milliseconds(clock)
    show(_unseen(read(start), seen, remembered_from=began - _LATE_MS))
    start = max(start, began - _LATE_MS)
    while True:
        sleep(_POLL_SECONDS)
        began = _milliseconds(clock)
        try:
            show(_unseen(read(start), seen, remembered_from=start))
        except LogsUnavailableError as error:
            click.echo(printable(f"... trying again: {error}"), err=True)
            continue
        start = max(start, began - _LATE_MS)
        _forget_before(start, seen)


def _read_and_show(client: Client, groups: dict[str, str], choice: Choice, start: int, printer: Printer) -> None:
    pattern = "" if choice.every_level else ATTENTION

    def read(since: int) -> Iterator[LogLine]:
        return lines_of(client, dict.fromkeys(groups, since), pattern)

    def show(lines: Iterable[LogLine]) -> None:
        printer.print_all(entries(lines, groups, every_level=choice.every_level))

    if choice.follow:
        follow(read, show, start, time.time, time.sleep)
    else:
        show(read(start))


def _milliseconds(clock: Callable[[], float]) -> int:
    return int(clock() * 1000)


def _unseen(lines: Iterable[LogLine], seen: dict[str, int], remembered_from: int) -> Iterator[LogLine]:
    for line in lines:
        if line.id in seen:
            continue
        if line.milliseconds >= remembered_from:
            seen[line.id] = line.milliseconds
        yield line


def _forget_before(start: int, seen: dict[str, int]) -> None:
    for line_id in [line_id for line_id, written_at in seen.items() if written_at < start]:
        del seen[line_id]
