"""Requests of a CloudWatch custom widget, and the responses."""

import time
from collections.abc import Callable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.deadline import Deadline
from msk_toolkit.probe.history import LONGEST_SECONDS, history
from msk_toolkit.probe.last_run import last_run
from msk_toolkit.probe.matrix import Theme, render_matrix
from msk_toolkit.settings.probe_matrix import ProbeMatrixSettings

DESCRIPTION = """\
## Brokers by stage
The last result of the producer probe and of the consumer probe: every broker, every stage, and for failures the cause
and what to do. With `{"show": "history"}`: each broker's failed stage and write time and each group's lag over the
dashboard's time range, a day at most. It reads the probes' logs and connects to no broker.
"""


# Up to the year 9999, which also keeps NaN and Infinity out.
_Moment = Annotated[float, Meta(ge=0, le=253_402_300_799_000)]


class TimeSpan(msgspec.Struct, frozen=True):
    """From when to when, in milliseconds since 1970."""

    start: _Moment
    end: _Moment


class TimeRange(TimeSpan, frozen=True):
    """The dashboard's time, and the part of it that the viewer has zoomed into."""

    zoom: TimeSpan | None = None


class WidgetContext(msgspec.Struct, frozen=True, rename="camel"):
    """The part of a dashboard's own description that is used."""

    theme: Theme = "light dark"
    time_range: TimeRange | None = None


class WidgetEvent(msgspec.Struct, frozen=True, rename="camel"):
    """``describe`` asks for the documentation (Markdown), everything else for HTML: the matrix, or the history."""

    describe: bool = False
    show: Literal["matrix", "history"] = "matrix"
    widget_context: WidgetContext = WidgetContext()


def render_widget(
    event: object,
    settings: ProbeMatrixSettings,
    client: MakeClient,
    deadline: Deadline,
    now: Callable[[], float] = time.time,
) -> str:
    """The HTML of both probes' last results, or of their history, or the Markdown that describes the widget."""
    try:
        request = msgspec.convert(event, WidgetEvent)
    except (msgspec.ValidationError, UnicodeEncodeError, RecursionError):
        request = WidgetEvent()  # every other event gets the matrix, too
    if request.describe:
        return DESCRIPTION
    logs, moment = client("logs"), now()
    if request.show == "history":
        start, end = _span(request.widget_context.time_range, moment)
        return history(logs, settings, start, end, theme=request.widget_context.theme, deadline=deadline)
    groups = {"Producer probe": settings.producer_probe_logs, "Consumer probe": settings.consumer_probe_logs}
    shown = [last_run(logs, probe, group, now=moment, deadline=deadline) for probe, group in groups.items()]
    return render_matrix(shown, stale_after_seconds=settings.stale_after_seconds, theme=request.widget_context.theme)


def _span(shown: TimeRange | None, now: float) -> tuple[float, float]:
    """The time to draw, in seconds; the last day where a dashboard names none."""
    if shown is None:
        return now - LONGEST_SECONDS, now
    span = shown.zoom or shown
    return span.start / 1000, span.end / 1000
