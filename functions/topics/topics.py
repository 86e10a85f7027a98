"""Topics: create what is declared, report what exists; invoked by hand and by CloudFormation."""

import os
from typing import Any

import msgspec
from msk_toolkit.aws.clients import client
from msk_toolkit.aws.custom_resource import is_custom_resource, send_answer
from msk_toolkit.deadline import Deadline
from msk_toolkit.settings.loading import load
from msk_toolkit.settings.topics import TopicsSettings
from msk_toolkit.telemetry.logs import toolkit_logger
from msk_toolkit.telemetry.metrics import Metric, toolkit_metrics
from msk_toolkit.topics.custom_resource import answer_for
from msk_toolkit.topics.serve import TopicsRequest, TopicsResponse, parse_request, serve

logger = toolkit_logger("topics")
metrics = toolkit_metrics("topics")

# CloudFormation's answer takes up to 8 s a try.
RESERVE_SECONDS = 10


@metrics.log_metrics
def handler(event: Any, context: Any) -> dict[str, Any] | None:
    deadline = Deadline.of_invocation(context, RESERVE_SECONDS)

    def carry_out(request: TopicsRequest) -> TopicsResponse:
        response = serve(request, load(TopicsSettings, os.environ), client, deadline)
        logger.info("topics", extra={"action": response.action, "plan": msgspec.to_builtins(response.plan)})
        created = len(response.plan.to_create) if response.action == "apply" else 0
        metrics.add_metric(Metric.TOPICS_CREATED, Metric.TOPICS_CREATED.unit, created)
        metrics.add_metric(Metric.TOPICS_DIFFERENT, Metric.TOPICS_DIFFERENT.unit, response.plan.different)
        return response

    if is_custom_resource(event):
        status, reason, data = answer_for(event, carry_out)
        logger.info("custom resource", extra={"request": event["RequestType"], "status": status, "reason": reason})
        send_answer(event, status, reason, data)
        return None
    return msgspec.to_builtins(carry_out(parse_request(event)))  # type: ignore[no-any-return]  # a struct is a dict
