"""One event of the redrive function: parsed, carried out, and reported as metrics and as a log line."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from aws_lambda_powertools import Logger, Metrics

from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.deadline import Deadline
from msk_toolkit.redrive.environment import redrive_services
from msk_toolkit.redrive.request import parse_redrive_request
from msk_toolkit.redrive.run import run_redrive
from msk_toolkit.redrive.telemetry import publish_redrive


class RedriveEnvironment(NamedTuple):
    """What an execution environment gives the redrive function."""

    environ: Mapping[str, str]
    client: MakeClient
    logger: Logger
    metrics: Metrics


def handle_redrive_event(event: Any, environment: RedriveEnvironment, deadline: Deadline) -> dict[str, Any]:
    """The response, as a Lambda function returns it.

    Raises:
        ConfigurationError: with every mistake of the event or the settings.
        ToolkitError: the bucket could not be read, or failure notifications not be imported.
    """
    request = parse_redrive_request(event)
    services = redrive_services(environment.environ, environment.client)
    response = run_redrive(request, services, deadline)
    publish_redrive(request, response, environment.logger, environment.metrics, given_up_topic=services.given_up_topic)
    return msgspec.to_builtins(response)  # type: ignore[no-any-return]  # a struct becomes a dict
