"""Declared topics: answers CloudFormation for the topics function, from outside of the VPC."""

import functools
import os
from typing import Any

from msk_toolkit.aws.clients import client, invoking_client
from msk_toolkit.aws.custom_resource import ANSWER_SECONDS, is_custom_resource, send_answer
from msk_toolkit.aws.invocation import invoke_for_result
from msk_toolkit.aws.rollback import is_rollback
from msk_toolkit.connect.deployment_check import CHECK, RESOURCE_TYPE, targets_status
from msk_toolkit.deadline import Deadline
from msk_toolkit.settings.declared_topics import DeclaredTopicsSettings
from msk_toolkit.settings.loading import load
from msk_toolkit.telemetry.logs import toolkit_logger
from msk_toolkit.telemetry.metrics import collected_metrics
from msk_toolkit.topics.relay import RelayPayload, relay
from msk_toolkit.topics.telemetry import report_answer

logger = toolkit_logger("declared_topics")
# TopicsNotRestoredAlarm watches the topics function's name, and what is published here is about its topics.
metrics = collected_metrics(os.environ.get("TOPICS_FUNCTION", "topics"))

END_SECONDS = 1
RESERVE_SECONDS = ANSWER_SECONDS + END_SECONDS


def handler(event: Any, context: Any) -> dict[str, str] | None:
    if not is_custom_resource(event):
        # Whoever looks whether it starts.
        return {"topicsFunction": load(DeclaredTopicsSettings, os.environ).topics_function}
    deadline = Deadline.of_invocation(context, RESERVE_SECONDS)
    if event.get("ResourceType") == RESOURCE_TYPE:
        tell_targets(event, deadline, Deadline.of_invocation(context, END_SECONDS))
        return None

    @functools.cache
    def rolls_back() -> bool | None:
        return is_rollback(event, client, deadline)

    def ask(payload: RelayPayload) -> bytes:
        function = load(DeclaredTopicsSettings, os.environ).topics_function
        return invoke_for_result(invoking_client(), function, payload, deadline)

    answer = relay(event, ask, rolls_back)
    report_answer(event["RequestType"], answer, logger, metrics)
    until = Deadline.of_invocation(context, END_SECONDS)
    send_answer(event, answer.status, answer.reason, answer.data, until)
    return None


def tell_targets(event: dict[str, Any], deadline: Deadline, until: Deadline) -> None:
    def ask() -> bytes:
        function = load(DeclaredTopicsSettings, os.environ).connect_function
        return invoke_for_result(invoking_client(), function, lambda _: CHECK, deadline)

    status = "deleted" if event["RequestType"] == "Delete" else targets_status(ask)
    logger.info("targets", extra={"request": event["RequestType"], "status": status})
    send_answer(event, "SUCCESS", "Targets never fail a deployment.", {"Status": status}, until)
