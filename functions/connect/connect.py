"""Connect: describe the cluster, write client files and Vantiq's Kafka source, register it; invoked manually.

A schedule has it check the forwarder's targets.
"""

import os
from typing import Any

from msk_toolkit.aws.preloaded import client
from msk_toolkit.connect.events import ConnectServices, handle_connect_event
from msk_toolkit.deadline import Deadline
from msk_toolkit.telemetry.logs import toolkit_logger
from msk_toolkit.telemetry.metrics import toolkit_metrics

RESERVE_SECONDS = 3

logger = toolkit_logger("connect")
metrics = toolkit_metrics("connect")


def handler(event: Any, context: Any) -> dict[str, Any]:
    services = ConnectServices(os.environ, client, logger, metrics)
    return handle_connect_event(event, services, Deadline.of_invocation(context, RESERVE_SECONDS))
