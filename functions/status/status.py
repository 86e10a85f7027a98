"""Status: the state of the whole path from Kafka to Vantiq, as JSON or as HTML for a dashboard."""

import os
from typing import Any

from msk_toolkit.aws.preloaded import client
from msk_toolkit.deadline import Deadline
from msk_toolkit.settings.loading import load
from msk_toolkit.settings.status import StatusSettings
from msk_toolkit.status.event import answer_status
from msk_toolkit.status.read import source_of
from msk_toolkit.telemetry.logs import toolkit_logger

# For its first line alone, which says what runs.
toolkit_logger("status")

RESERVE_SECONDS = 2


def handler(event: Any, context: Any) -> Any:
    source = source_of(load(StatusSettings, os.environ), client, os.environ)
    return answer_status(event, source, Deadline.of_invocation(context, RESERVE_SECONDS))
