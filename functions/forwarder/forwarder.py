"""Kafka records, as the event source mapping delivers them, to Vantiq."""

import os
from typing import Any

from msk_toolkit.aws.clients import client
from msk_toolkit.deadline import Deadline
from msk_toolkit.forward.batch_response import DeliveryIncompleteError, batch_response
from msk_toolkit.forward.forwarder import warm_forwarder
from msk_toolkit.forward.mapping_check import CheckedResponse, MappingCheck
from msk_toolkit.forward.telemetry import publish_as_set, waiting_reporter
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.settings.loading import load
from msk_toolkit.telemetry.logs import toolkit_logger
from msk_toolkit.telemetry.metrics import toolkit_metrics

logger = toolkit_logger("forwarder")
metrics = toolkit_metrics("forwarder")
mapping = MappingCheck(client, logger)


def handler(event: dict[str, Any], context: Any) -> object:
    """Deliver a batch; the response lists what must be redelivered, or an error redelivers all of it."""
    deadline = Deadline.of_invocation(context, 0)
    settings = load(ForwarderSettings, os.environ)
    outcome = warm_forwarder(settings, client).forward(event, deadline, waiting_reporter(logger, settings))
    publish_as_set(outcome, logger, metrics, settings)
    function = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
    response = CheckedResponse(function, event.get("eventSourceArn"), bool(outcome.to_report))
    mode = mapping.agreed_mode(settings.poller_mode, response, deadline)
    try:
        return batch_response(outcome, mode)
    except DeliveryIncompleteError as error:
        # Lambda logs the traceback with it: the warning has said everything.
        raise error.with_traceback(None) from None
