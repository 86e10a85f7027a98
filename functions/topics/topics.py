"""Topics: plan, apply, check and delete what is declared; invoked by hand, by a schedule and by CloudFormation."""

import functools
import os
from typing import Any

import msgspec
from msk_toolkit.aws.clients import client
from msk_toolkit.aws.custom_resource import ANSWER_SECONDS, find_way_back, is_custom_resource, send_answer
from msk_toolkit.aws.rollback import is_rollback
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import AwsError
from msk_toolkit.settings.loading import load
from msk_toolkit.settings.topics import TopicsSettings
from msk_toolkit.telemetry.logs import toolkit_logger
from msk_toolkit.telemetry.metrics import toolkit_metrics
from msk_toolkit.topics.custom_resource import answer_for
from msk_toolkit.topics.limits import within_limits
from msk_toolkit.topics.request import TopicsRequest, TopicsResponse, parse_request
from msk_toolkit.topics.serve import declared_topics, serve
from msk_toolkit.topics.telemetry import log_table, report, report_answer

logger = toolkit_logger("topics")
metrics = toolkit_metrics("topics")

# Before CloudFormation's answer may come the question whether the stack rolls back; after it the invocation ends.
END_SECONDS = 1
RESERVE_SECONDS = ANSWER_SECONDS + END_SECONDS
QUESTION_SECONDS = 5


def handler(event: Any, context: Any) -> dict[str, Any] | None:
    from_stack = is_custom_resource(event)
    deadline = Deadline.of_invocation(context, RESERVE_SECONDS + (QUESTION_SECONDS if from_stack else 0))

    def carry_out(request: TopicsRequest) -> TopicsResponse:
        settings = load(TopicsSettings, os.environ)
        response = serve(request, settings, client, deadline)
        report(response, logger, metrics, detailed=settings.detailed_metrics)
        return response

    @functools.cache
    def rolls_back() -> bool | None:
        return is_rollback(event, client, Deadline.of_invocation(context, RESERVE_SECONDS))

    if from_stack:
        tell_if_nobody_can_be_answered(event, Deadline.of_invocation(context, END_SECONDS))
        answer = answer_for(event, carry_out, rolls_back, lambda: declared_topics(load(TopicsSettings, os.environ)))
        report_answer(event["RequestType"], answer, logger, metrics)
        until = Deadline.of_invocation(context, END_SECONDS)
        send_answer(event, answer.status, answer.reason, answer.data, until)
        return None
    response = carry_out(parse_request(event))
    shortened = within_limits(response)
    if shortened.left_out:
        log_table(response, logger)
    return msgspec.to_builtins(shortened)  # type: ignore[no-any-return]  # a struct is a dict


def tell_if_nobody_can_be_answered(event: dict[str, Any], deadline: Deadline) -> None:
    try:
        find_way_back(event, deadline)
    except AwsError as error:
        # Raised as well: Lambda tries twice more, a minute apart, and a way that is being made may be there by then.
        logger.error("custom resource", extra={"request": event["RequestType"], "reason": str(error)})  # noqa: TRY400
        raise
