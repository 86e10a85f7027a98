"""Probe matrix: the probes' last results as HTML, for a custom widget of a CloudWatch dashboard."""

import os
from typing import Any

from msk_toolkit.aws.preloaded import client
from msk_toolkit.deadline import Deadline
from msk_toolkit.probe.widget import render_widget
from msk_toolkit.settings.loading import load
from msk_toolkit.settings.probe_matrix import ProbeMatrixSettings
from msk_toolkit.telemetry.logs import toolkit_logger

# For its first line alone, which says what runs.
toolkit_logger("probe-matrix")

RESERVE_SECONDS = 2


def handler(event: Any, context: Any) -> str:
    deadline = Deadline.of_invocation(context, RESERVE_SECONDS)
    return render_widget(event, load(ProbeMatrixSettings, os.environ), client, deadline)
