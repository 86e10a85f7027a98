"""Requests for the state of the path: from the command line, or from a custom widget of a dashboard."""

from typing import Any, Literal

import msgspec

from msk_toolkit.deadline import Deadline
from msk_toolkit.probe.matrix import Theme
from msk_toolkit.status.judge import path_status
from msk_toolkit.status.read import StatusSource, read_path
from msk_toolkit.status.render import render_path
from msk_toolkit.status.watch import Reporter, report

STATUS_DESCRIPTION = """\
## The state of the whole path
Each forwarded topic: its mapping, records in and out, how far it is behind, its dead letters, its last delivery; then
brokers, declared topics, targets and alarms; then what is wrong, worst first, with what to do. It reads logs, the
event source mappings, the bucket and the alarms, and changes nothing.
"""


class StatusContext(msgspec.Struct, frozen=True, rename="camel"):
    """The part of a dashboard's own description that is used."""

    theme: Theme = "light dark"


class StatusEvent(msgspec.Struct, frozen=True, rename="camel"):
    """A dashboard gets HTML; ``describe`` asks for the widget's documentation; anything else gets JSON.

    ``watch`` also publishes the metrics of the alarms on what fails silently; a schedule asks for it.
    """

    action: Literal["watch"] | None = None
    describe: bool = False
    widget_context: StatusContext | None = None


def answer_status(event: object, source: StatusSource, deadline: Deadline, reporter: Reporter | None = None) -> Any:
    """The state as JSON types, or as HTML for a dashboard, or the Markdown that describes the widget."""
    request = _request(event)
    if request.describe:
        return STATUS_DESCRIPTION
    facts = read_path(source, deadline)
    status = path_status(facts)
    if request.action == "watch" and reporter is not None:
        report(facts, status, reporter)
    if request.widget_context is not None:
        return render_path(status, request.widget_context.theme)
    return msgspec.to_builtins(status)


def _request(event: object) -> StatusEvent:
    try:
        return msgspec.convert(event, StatusEvent)
    except (msgspec.ValidationError, UnicodeEncodeError, RecursionError):
        # A dashboard may send what it did not send before; it still is a dashboard.
        is_widget = isinstance(event, dict) and "widgetContext" in event
        return StatusEvent(widget_context=StatusContext() if is_widget else None)
