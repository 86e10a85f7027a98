"""How the brokers log, and what of it tells why one did not start."""

from itertools import dropwhile, islice
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
QUIET = ("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",)


def first_error(log: Path, start: int) -> str:
    """The first error in a log from byte `start` on, with the exception below it; "" when there is none.

    A broker that fails says why once, and then a hundred lines about its shutdown.
    """
    with log.open("rb") as file:
        file.seek(start)
        lines = (line.decode(errors="replace").rstrip() for line in file)
        from_error = dropwhile(lambda line: " [ERROR] " not in line, lines)
        return "\n".join(line for line in islice(from_error, 2) if not line.startswith("\tat "))
