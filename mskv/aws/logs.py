"""The lines of log groups, oldest first."""

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mskv.aws.calls import ask
from mskv.aws.clients import Client
from mskv.facts import Unavailable

# Warnings and errors, and invocations that Lambda ended: the functions log in JSON.
_LEVELS = ("WARN*", "ERROR", "CRITICAL", "FATAL")
_STATUSES = ("timeout", "error", "failure")
_CONDITIONS = [f'($.level = "{level}")' for level in _LEVELS]
_CONDITIONS += [f'($.record.status = "{status}")' for status in _STATUSES]
ATTENTION = f"{{ {' || '.join(_CONDITIONS)} }}"
_MISSING = "ResourceNotFoundException"


class LogLine(NamedTuple):
    """A line of a group: when it was written, in milliseconds since 1970, its unique id, its text."""

    milliseconds: int
    id: str
    group: str
    text: str


class LogsUnavailableError(Exception):
    """A log group could not be read."""

    def __init__(self, answer: Unavailable) -> None:
        super().__init__(f"{answer.call}: {answer.text}")


def lines_of(client: Client, starts: Mapping[str, int], pattern: str) -> Iterator[LogLine]:
    """The lines of several groups in the order of their times, read page by page.

    Args:
        starts: by group, the first time of interest, in milliseconds since 1970.
        pattern: a filter pattern of CloudWatch Logs; empty for all lines.

    Raises:
        LogsUnavailableError: a group was not read to its end.
    """
    groups = [_lines(client, group, start, pattern) for group, start in starts.items()]
    return heapq.merge(*groups, key=lambda line: line.milliseconds)


def _lines(client: Client, group: str, start: int, pattern: str) -> Iterator[LogLine]:
    request: dict[str, Any] = {"logGroupName": group, "startTime": start}
    if pattern:
        request["filterPattern"] = pattern
    # Where the service gives no ids, as the local system's emulator: which of its stream's lines of one instant it is.
    alike: Counter[tuple[str, int]] = Counter()
    while True:
        page = ask("logs:FilterLogEvents", lambda: client("logs").filter_log_events(**request))
        if isinstance(page, Unavailable):
            if page.text.startswith(_MISSING):
                return  # the function has not run yet
            raise LogsUnavailableError(page)
        for event in page.get("events", ()):
            instant = (event.get("logStreamName", ""), event["timestamp"])
            alike[instant] += 1
            line_id = event.get("eventId") or f"{group} {instant} {alike[instant]}"
            yield LogLine(event["timestamp"], line_id, group, event["message"])
        if not page.get("nextToken"):
            return
        request["nextToken"] = page["nextToken"]
