"""CloudWatch Logs: the lines of a log group that fit a pattern, and the newest of them."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from msk_toolkit.aws.call import ask_aws

# Lines come oldest first, so the newest is looked for in a window that ends now, and then in earlier and longer ones:
# a writer that still writes is found in the first, and one that fell silent costs a few calls more.
_FIRST_WINDOW_SECONDS = 1_800


class LogLine(NamedTuple):
    """A line, and when it was written, in seconds since 1970."""

    written_at: float
    text: str


def newest_line[Entry](
    logs: Any, group: str, pattern: str, read: Callable[[LogLine], Entry | None], *, now: float, back_seconds: float
) -> Entry | None:
    """The newest line that ``read`` can read, as it reads it; None where there is none so far back.

    Args:
        logs: boto3's ``logs`` client.
        pattern: a filter pattern of CloudWatch Logs; ``read`` answers None for lines that it should have kept out.

    Raises:
        NotFoundAtAwsError: no such log group.
        AwsError: denied, or no answer.
    """
    for start, end in windows(now, back_seconds):
        newest = _last_readable(lines_between(logs, group, pattern, start, end), read)
        if newest is not None:
            return newest
    return None


def _last_readable[Entry](lines: Iterable[LogLine], read: Callable[[LogLine], Entry | None]) -> Entry | None:
    last = None
    for line in lines:
        entry = read(line)
        if entry is not None:
            last = entry
    return last


def windows(now: float, back_seconds: float) -> Iterator[tuple[float, float]]:
    """Start and end of each window, the newest first, each as long as all before it together."""
    length, end = float(_FIRST_WINDOW_SECONDS), now
    while end > now - back_seconds:
        start = max(now - length, now - back_seconds)
        yield start, end
        length, end = 2 * length, start


def lines_between(logs: Any, group: str, pattern: str, start: float, end: float) -> Iterator[LogLine]:
    """The lines of a time that fit a pattern; times in seconds since 1970, errors as of :func:`newest_line`."""
    for page in _pages(logs, group, pattern, start, end):
        yield from page


class PageLimit:
    """How many more pages, and how much more text, may be read; AWS answers a page of at most 1 MB."""

    def __init__(self, pages: int, characters: int) -> None:
        self._pages = pages
        self._characters = characters

    def use(self, page: list[LogLine]) -> None:
        """Count a page that was read."""
        self._pages -= 1
        self._characters -= sum(len(line.text) for line in page)

    @property
    def used_up(self) -> bool:
        """Whether no further page may be read."""
        return self._pages <= 0 or self._characters <= 0


def lines_within(
    logs: Any, group: str, pattern: str, start: float, end: float, limit: PageLimit
) -> list[LogLine] | None:
    """All lines of a time that fit a pattern, None if they are more than the limit allows; otherwise the same."""
    lines: list[LogLine] = []
    pages = _pages(logs, group, pattern, start, end)
    while not limit.used_up:
        page = next(pages, None)
        if page is None:
            return lines
        limit.use(page)
        lines += page
    return None


def _pages(logs: Any, group: str, pattern: str, start: float, end: float) -> Iterator[list[LogLine]]:
    request: dict[str, Any] = {
        "logGroupName": group,
        "filterPattern": pattern,
        "startTime": int(start * 1000),
        "endTime": int(end * 1000),
    }
    while True:
        page = ask_aws(f"reading the log {group}", lambda: logs.filter_log_events(**request))
        yield [LogLine(event["timestamp"] / 1000, event["message"]) for event in page["events"]]
        if not page.get("nextToken"):
            return
        request["nextToken"] = page["nextToken"]
