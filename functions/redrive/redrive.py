"""Dead letters: list them, inspect one, import what mappings discarded, replay them."""

import os
from typing import Any

from msk_toolkit.aws.preloaded import client
from msk_toolkit.deadline import Deadline
from msk_toolkit.redrive.events import RedriveEnvironment, handle_redrive_event
from msk_toolkit.telemetry.logs import toolkit_logger
from msk_toolkit.telemetry.metrics import toolkit_metrics

logger = toolkit_logger("redrive")
metrics = toolkit_metrics("redrive")


def handler(event: Any, context: Any) -> dict[str, Any]:
    environment = RedriveEnvironment(os.environ, client, logger, metrics)
    return handle_redrive_event(event, environment, Deadline.of_invocation(context, 0))
