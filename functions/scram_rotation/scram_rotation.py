"""SCRAM rotation: takes Secrets Manager's four steps to a new password, proven through each broker."""

import os
from typing import Any

from msk_toolkit.aws.preloaded import client
from msk_toolkit.deadline import Deadline
from msk_toolkit.rotation.events import RotationServices, handle_rotation_event
from msk_toolkit.telemetry.logs import toolkit_logger
from msk_toolkit.telemetry.metrics import toolkit_metrics

RESERVE_SECONDS = 5

logger = toolkit_logger("scram-rotation")
metrics = toolkit_metrics("scram-rotation")


def handler(event: Any, context: Any) -> dict[str, Any]:
    services = RotationServices(os.environ, client, logger, metrics)
    return handle_rotation_event(event, services, Deadline.of_invocation(context, RESERVE_SECONDS))
