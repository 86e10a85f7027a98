"""Topics: plan, apply, check and delete what is declared; invoked by hand, by a schedule and by CloudFormation."""

import os
from typing import Any

import msgspec
from msk_toolkit.aws.clients import client
from msk_toolkit.aws.custom_resource import is_custom_resource, send_answer
from msk_toolkit.aws.rollback import is_rollback
from msk_toolkit.deadline import Deadline
from msk_toolkit.settings.loading import load
from msk_toolkit.settings.topics import TopicsSettings
from msk_toolkit.telemetry.logs import toolkit_logger
from msk_toolkit.telemetry.metrics import toolkit_metrics
from msk_toolkit.topics.custom_resource import answer_for
from msk_toolkit.topics.request import TopicsRequest, TopicsResponse, parse_request
from msk_toolkit.topics.serve import serve
from msk_toolkit.topics.telemetry import report

logger = toolkit_logger("topics")
metrics = toolkit_metrics("topics")

# CloudFormation's answer takes up to 8 s a try.
RESERVE_SECONDS = 10


def handler(event: Any, context: Any) -> dict[str, Any] | None:
    deadline = Deadline.of_invocation(context, RESERVE_SECONDS)

    def carry_out(request: TopicsRequest) -> TopicsResponse:
        response = serve(request, load(TopicsSettings, os.environ), client, deadline)
        report(response, logger, metrics)
        metrics.flush_metrics()
        return response

    if is_custom_resource(event):
        status, reason, data = answer_for(event, carry_out, lambda: is_rollback(event, client, deadline))
        logger.info("custom resource", extra={"request": event["RequestType"], "status": status, "reason": reason})
        send_answer(event, status, reason, data)
        return None
    return msgspec.to_builtins(carry_out(parse_request(event)))  # type: ignore[no-any-return]  # a struct is a dict
