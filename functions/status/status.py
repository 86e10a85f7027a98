"""Status: the state of the whole path from Kafka to Vantiq, as JSON or as HTML for a dashboard.

A schedule has it publish what fails silently, for alarms.
"""

import os
from typing import Any

from msk_toolkit.aws.preloaded import client
from msk_toolkit.deadline import Deadline
from msk_toolkit.settings.loading import load
from msk_toolkit.settings.status import StatusSettings
from msk_toolkit.status.event import answer_status
from msk_toolkit.status.read import source_of
from msk_toolkit.status.watch import Reporter
from msk_toolkit.telemetry.logs import toolkit_logger
from msk_toolkit.telemetry.metrics import toolkit_metrics

RESERVE_SECONDS = 2

logger = toolkit_logger("status")
metrics = toolkit_metrics("status")


def handler(event: Any, context: Any) -> Any:
    settings = load(StatusSettings, os.environ)
    reporter = Reporter(logger, metrics, settings.function("forwarder"))
    source = source_of(settings, client, os.environ)
    return answer_status(event, source, Deadline.of_invocation(context, RESERVE_SECONDS), reporter)
