"""Topics: plan, apply, check and delete what is declared; invoked by hand, by a schedule and by CloudFormation."""

import os
from typing import Any

from msk_toolkit.aws.clients import client
from msk_toolkit.deadline import Deadline
from msk_toolkit.telemetry.logs import toolkit_logger
from msk_toolkit.telemetry.metrics import toolkit_metrics
from msk_toolkit.topics.events import TopicsServices, handle_event

logger = toolkit_logger("topics")
metrics = toolkit_metrics("topics")


def handler(event: Any, context: Any) -> dict[str, Any] | None:
    services = TopicsServices(os.environ, client, logger, metrics)
    return handle_event(event, services, lambda kept_seconds: Deadline.of_invocation(context, kept_seconds))
