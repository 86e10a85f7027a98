"""Dead letters: list them, inspect one, send them again."""

import os
from typing import Any

import msgspec
from msk_toolkit.aws.clients import client
from msk_toolkit.deadline import Deadline
from msk_toolkit.redrive.environment import redrive_services
from msk_toolkit.redrive.request import parse_redrive_request
from msk_toolkit.redrive.run import run_redrive
from msk_toolkit.redrive.telemetry import publish_redrive
from msk_toolkit.telemetry.logs import toolkit_logger
from msk_toolkit.telemetry.metrics import toolkit_metrics

logger = toolkit_logger("redrive")
metrics = toolkit_metrics("redrive")


def handler(event: Any, context: Any) -> dict[str, Any]:
    deadline = Deadline.of_invocation(context, 0)
    request = parse_redrive_request(event)
    response = run_redrive(request, redrive_services(os.environ, client), deadline)
    publish_redrive(request, response, logger, metrics)
    return msgspec.to_builtins(response)  # type: ignore[no-any-return]  # a struct becomes a dict
