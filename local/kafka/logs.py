"""How the brokers log, and why a broker did not start, from its log."""

import re
from collections.abc import Sequence
from pathlib import Path

# For slf4j-simple: a line is "2026-11-22 17:15:34.050 [WARN] class - text".
LOGGING = (
    "-Dorg.slf4j.simpleLogger.logFile=System.out",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS",
    "-Dorg.slf4j.simpleLogger.levelInBrackets=true",
    "-Dorg.slf4j.simpleLogger.showThreadName=false",
    # The state of every partition at every change: nobody reads it, and it is most of the volume.
    "-Dorg.slf4j.simpleLogger.log.state.change.logger=warn",
)
_LOGGED = re.compile(r"\d{4}-\d\d-\d\d ")
QUIET = ("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",)


def first_error(log: Path, start: int) -> str:
    """The first error with an exception in a log from byte ``start`` on, else the first error; "" when there is none.

    A broker that fails says why once, with the exception, and then a hundred lines about its shutdown. What it logs
    as an error under load, without an exception, is not why it ended.
    """
    with log.open("rb") as file:
        file.seek(start)
        lines = [line.decode(errors="replace").rstrip() for line in file]
    errors = [number for number, line in enumerate(lines) if " [ERROR] " in line]
    if not errors:
        return ""
    with_exception = (number for number in errors if _is_continued(lines, number))
    first = next(with_exception, errors[0])
    return "\n".join(line for line in lines[first : first + 2] if not line.startswith("\tat "))


def _is_continued(lines: Sequence[str], number: int) -> bool:
    """Whether the line has a second one, which the exception begins."""
    following = lines[number + 1 : number + 2]
    return bool(following) and not _LOGGED.match(following[0])
