"""Producer probe: write a record through each broker and read it back; respond with a verdict.

On request, write a marked record into a forwarded topic instead.
"""

import os
from typing import Any

from msk_toolkit.aws.clients import client
from msk_toolkit.deadline import Deadline
from msk_toolkit.probe.invocation import Services, handle_producer
from msk_toolkit.probe.telemetry import Publisher
from msk_toolkit.telemetry.logs import toolkit_logger
from msk_toolkit.telemetry.metrics import toolkit_metrics

SERVICE = "producer-probe"
RESERVE_SECONDS = 3
publisher = Publisher(toolkit_metrics(SERVICE), toolkit_logger(SERVICE), SERVICE)


def handler(event: Any, context: Any) -> dict[str, Any]:
    deadline = Deadline.of_invocation(context, RESERVE_SECONDS)
    return handle_producer(event, os.environ, Services(client, deadline, publisher))
