"""An event of the function that answers CloudFormation for the topics function and for connect.

1. CloudFormation's request for the declared topics: the topics function is invoked with it.
2. CloudFormation's request for the check of the forwarder's targets: connect is invoked; no outcome fails a deployment.
3. Either answer is sent to CloudFormation, within the time that is kept for it.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.aws.custom_resource import (
    ANSWER_SECONDS,
    CustomResourceAnswer,
    check_answerable,
    is_custom_resource,
    send_answer,
)
from msk_toolkit.aws.invocation import invoke_for_result
from msk_toolkit.aws.rollback import is_rollback
from msk_toolkit.deadline import Deadline
from msk_toolkit.deployment.targets import CHECK, RESOURCE_TYPE, targets_status
from msk_toolkit.settings.declared_topics import DeclaredTopicsSettings
from msk_toolkit.settings.loading import load
from msk_toolkit.topics.relay import RelayPayload, relay
from msk_toolkit.topics.telemetry import report_answer


class DeploymentServices(NamedTuple):
    """What the function works with; ``logger`` and ``metrics`` are those of Powertools.

    Args:
        client: makes a boto3 client from a service's name.
        invoking_client: makes a client of Lambda that waits for the end of what it invokes.
    """

    environ: Mapping[str, str]
    client: MakeClient
    invoking_client: Callable[[], Any]
    logger: Any
    metrics: Any

    @property
    def settings(self) -> DeclaredTopicsSettings:
        """Read where they are needed: without them CloudFormation is still answered."""
        return load(DeclaredTopicsSettings, self.environ)


def handle_deployment_event(event: Any, services: DeploymentServices, deadline: Deadline) -> dict[str, str] | None:
    """Serve an event; None where CloudFormation was answered.

    Args:
        deadline: when the invocation must have ended.

    Raises:
        AwsError: CloudFormation could not be answered.
        ConfigurationError: with every mistake in the environment, although CloudFormation's requests are answered
            nevertheless; or the answer would not go to CloudFormation, and nothing was done.
    """
    if not is_custom_resource(event):
        # An invocation that only checks whether the function starts.
        return {"topicsFunction": services.settings.topics_function}
    check_answerable(event, services.environ)
    before_the_answer = deadline.at_most(deadline.remaining() - ANSWER_SECONDS)
    if event.get("ResourceType") == RESOURCE_TYPE:
        answer = _answer_for_targets(event, services, before_the_answer)
    else:
        answer = _answer_for_topics(event, services, before_the_answer)
    send_answer(event, answer, services.environ, deadline)
    return None


def _answer_for_topics(event: dict[str, Any], services: DeploymentServices, deadline: Deadline) -> CustomResourceAnswer:
    def ask(payload: RelayPayload) -> bytes:
        return invoke_for_result(services.invoking_client(), services.settings.topics_function, payload, deadline)

    result = relay(event, ask, lambda: is_rollback(event, services.client, deadline))
    report_answer(event["RequestType"], result, services.logger, services.metrics)
    return CustomResourceAnswer(result.status, result.reason, result.data)


def _answer_for_targets(
    event: dict[str, Any], services: DeploymentServices, deadline: Deadline
) -> CustomResourceAnswer:
    def ask() -> bytes:
        return invoke_for_result(
            services.invoking_client(), services.settings.connect_function, lambda _: CHECK, deadline
        )

    status, bug = "deleted", None
    if event["RequestType"] != "Delete":
        status, bug = _status(ask)
    log = services.logger.info
    if bug is not None:
        log = services.logger.error
    log("targets", extra={"request": event["RequestType"], "status": status}, exc_info=bug)
    return CustomResourceAnswer("SUCCESS", "Targets never fail a deployment.", {"Status": status})


def _status(ask: Callable[[], bytes]) -> tuple[str, Exception | None]:
    """The targets' status, and an exception that was not expected."""
    try:
        return targets_status(ask), None
    except Exception as error:  # noqa: BLE001 - without an answer the stack would hang for an hour
        return f"not checked: unexpected {type(error).__name__}; see the function's log", error
