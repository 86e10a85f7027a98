"""Connect: describe the cluster, write client files and Vantiq's Kafka source, register it; invoked manually.

A schedule has it check the forwarder's targets.
"""

import os
from typing import Any

from msk_toolkit.aws.clients import client
from msk_toolkit.connect.environment import ConnectServices, answer_connect
from msk_toolkit.deadline import Deadline
from msk_toolkit.telemetry.logs import toolkit_logger
from msk_toolkit.telemetry.metrics import toolkit_metrics

RESERVE_SECONDS = 3

services = ConnectServices(client, toolkit_logger("connect"), toolkit_metrics("connect"))


def handler(event: Any, context: Any) -> dict[str, Any]:
    return answer_connect(event, os.environ, services, Deadline.of_invocation(context, RESERVE_SECONDS))
