"""What a CloudWatch custom widget asks its function, and the answers."""

import time
from collections.abc import Callable
from typing import Any

import msgspec

from msk_toolkit.deadline import Deadline
from msk_toolkit.probe.last_run import last_run
from msk_toolkit.probe.matrix import Theme, matrix
from msk_toolkit.settings.probe_matrix import ProbeMatrixSettings

DESCRIPTION = """\
## Brokers by stage
The last result of the producer probe and of the consumer probe: every broker, every stage, and for what fails the cause
and what to do. It reads the probes' logs and speaks to no broker. It takes no parameters.
"""


class WidgetContext(msgspec.Struct, frozen=True):
    """The one thing that matters of what a dashboard says about itself."""

    theme: Theme = "light dark"


class WidgetEvent(msgspec.Struct, frozen=True, rename="camel"):
    """``describe`` asks for the documentation (Markdown), everything else for the matrix (HTML)."""

    describe: bool = False
    widget_context: WidgetContext = WidgetContext()


def widget(
    event: object,
    settings: ProbeMatrixSettings,
    client: Callable[[str], Any],
    deadline: Deadline,
    now: Callable[[], float] = time.time,
) -> str:
    """The HTML of both probes' last results, or the Markdown that describes it."""
    try:
        asked = msgspec.convert(event, WidgetEvent)
    except msgspec.ValidationError:
        asked = WidgetEvent()  # whoever asks otherwise gets the matrix, too
    if asked.describe:
        return DESCRIPTION
    logs, moment = client("logs"), now()
    groups = {"Producer probe": settings.producer_probe_logs, "Consumer probe": settings.consumer_probe_logs}
    shown = [last_run(logs, probe, group, now=moment, deadline=deadline) for probe, group in groups.items()]
    return matrix(shown, stale_after_seconds=settings.stale_after_seconds, theme=asked.widget_context.theme)
