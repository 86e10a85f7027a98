"""Brokers and groups over time, from the probes' logs: drawn beside the matrix."""

from collections import defaultdict
from collections.abc import Iterable
from html import escape
from typing import Any

import msgspec

from msk_toolkit.aws.call import call_within
from msk_toolkit.aws.log_lines import LogLine, lines_between
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ToolkitError
from msk_toolkit.probe.chart import STYLE, Point, render_chart
from msk_toolkit.probe.results import BROKER_LINE, GROUP_LINE
from msk_toolkit.settings.probe_matrix import ProbeMatrixSettings
from msk_toolkit.stage import STAGE_NUMBERS, Stage

# A day of thirty brokers in two probes is some 17,000 lines of 350 bytes, which a widget has the time to read.
LONGEST_SECONDS = 86_400.0
_PATTERN = f'{{ ($.message = "{BROKER_LINE}") || ($.message = "{GROUP_LINE}") }}'


class ShortLine(msgspec.Struct, frozen=True):
    """The fields of a probe's line about one broker, or about one group."""

    message: str
    broker: str = ""
    failed_stage: int = 0
    milliseconds: dict[str, float] = {}
    group: str = ""
    seconds: float | None = None


def history(
    logs: Any, settings: ProbeMatrixSettings, start: float, end: float, *, theme: str, deadline: Deadline
) -> str:
    """Charts of each broker's failed stage and write time, and of each group's lag, as HTML.

    What prevents a log from being read is in the result and not an error.

    Args:
        logs: boto3's ``logs`` client.
        start: seconds since 1970; of a longer time than a day its last day is drawn.
    """
    start = max(start, end - LONGEST_SECONDS)
    notes: list[str] = []
    lines: list[LogLine] = []
    for group in (settings.producer_probe_logs, settings.consumer_probe_logs):
        try:
            lines += _lines_of(logs, group, start, end, deadline)
        except ToolkitError as error:
            notes.append(f"<p>? {escape(str(error))}</p>")
    return (
        f"<style>{STYLE}</style>"
        f'<div class="history cwdb-no-default-styles" style="color-scheme: {theme}">'
        f"{''.join(notes)}{''.join(_charts(lines, start, end))}</div>"
    )


def _lines_of(logs: Any, group: str, start: float, end: float, deadline: Deadline) -> list[LogLine]:
    return call_within(
        deadline, f"reading the log {group}", lambda: list(lines_between(logs, group, _PATTERN, start, end))
    )


class _Points:
    """The points of each chart, by broker or by group."""

    def __init__(self) -> None:
        self.stages: dict[str, list[Point]] = defaultdict(list)
        self.writes: dict[str, list[Point]] = defaultdict(list)
        self.lags: dict[str, list[Point]] = defaultdict(list)

    def add(self, entry: ShortLine, at: float) -> None:
        if entry.message == GROUP_LINE:
            self._add_group(entry, at)
        else:
            self._add_broker(entry, at)

    def _add_group(self, entry: ShortLine, at: float) -> None:
        if entry.seconds is not None:
            self.lags[entry.group].append(Point(at, entry.seconds))

    def _add_broker(self, entry: ShortLine, at: float) -> None:
        self.stages[entry.broker].append(Point(at, entry.failed_stage))
        if Stage.PRODUCE in entry.milliseconds:
            self.writes[entry.broker].append(Point(at, round(entry.milliseconds[Stage.PRODUCE], 1)))


def _charts(lines: Iterable[LogLine], start: float, end: float) -> list[str]:
    points = _Points()
    for line in lines:
        entry = _parsed(line)
        if entry is not None:
            points.add(entry, line.written_at)
    return [
        render_chart(f"First failed stage of each broker ({STAGE_NUMBERS})", "", points.stages, start, end),
        render_chart("Write with acks=all, each broker", " ms", points.writes, start, end),
        render_chart("Lag in seconds, each group", " s", points.lags, start, end),
    ]


def _parsed(line: LogLine) -> ShortLine | None:
    try:
        return msgspec.json.decode(line.text, type=ShortLine)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None
