"""Declared topics: answers CloudFormation for the topics function and for connect, from outside the VPC."""

import os
from typing import Any

from msk_toolkit.aws.preloaded import client, invoking_client
from msk_toolkit.deadline import Deadline
from msk_toolkit.deployment.events import DeploymentServices, handle_deployment_event
from msk_toolkit.telemetry.logs import toolkit_logger
from msk_toolkit.telemetry.metrics import collected_metrics

END_SECONDS = 1

logger = toolkit_logger("declared_topics")
# TopicsNotRestoredAlarm watches the topics function's name, and what is published here is about its topics.
metrics = collected_metrics(os.environ.get("TOPICS_FUNCTION", "topics"))


def handler(event: Any, context: Any) -> dict[str, str] | None:
    services = DeploymentServices(os.environ, client, invoking_client, logger, metrics)
    return handle_deployment_event(event, services, Deadline.of_invocation(context, END_SECONDS))
