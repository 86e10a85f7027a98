"""Topics: plan, apply, check and delete what is declared; invoked by hand, by a schedule and by CloudFormation."""

import functools
import os
from typing import Any

import msgspec
from msk_toolkit.aws.clients import client
from msk_toolkit.aws.custom_resource import ANSWER_SECONDS, is_custom_resource, send_answer
from msk_toolkit.aws.rollback import is_rollback
from msk_toolkit.deadline import Deadline
from msk_toolkit.settings.loading import load
from msk_toolkit.settings.topics import TopicsSettings
from msk_toolkit.telemetry.logs import toolkit_logger
from msk_toolkit.telemetry.metrics import toolkit_metrics
from msk_toolkit.topics.answer_limit import within_limits
from msk_toolkit.topics.custom_resource import CustomResourceResult, RollsBack, answer_for
from msk_toolkit.topics.relay import is_relayed, relayed_result, relayed_rollback, seconds_given
from msk_toolkit.topics.request import TopicsRequest, TopicsResponse, parse_topics_request
from msk_toolkit.topics.run import declared_topics, run_topics
from msk_toolkit.topics.telemetry import log_table, report_answer, report_topics

logger = toolkit_logger("topics")
metrics = toolkit_metrics("topics")

# Before CloudFormation's answer may come the question whether the stack rolls back; after it the invocation ends.
END_SECONDS = 1
RESERVE_SECONDS = ANSWER_SECONDS + END_SECONDS
QUESTION_SECONDS = 5


def handler(event: Any, context: Any) -> dict[str, Any] | None:
    if is_relayed(event):
        # Whoever relays it knows of a rollback; the time is theirs.
        return relayed_result(answer_stack(event, context, lambda: relayed_rollback(event)))
    if is_custom_resource(event):

        @functools.cache
        def rolls_back() -> bool | None:
            return is_rollback(event, client, Deadline.of_invocation(context, RESERVE_SECONDS))

        answer = answer_stack(event, context, rolls_back)
        send_answer(event, answer.status, answer.reason, answer.data, Deadline.of_invocation(context, END_SECONDS))
        return None
    response = carry_out(parse_topics_request(event), Deadline.of_invocation(context, RESERVE_SECONDS))
    shortened = within_limits(response)
    if shortened.left_out:
        log_table(response, logger)
    return msgspec.to_builtins(shortened)  # type: ignore[no-any-return]  # a struct is a dict


def answer_stack(event: dict[str, Any], context: Any, rolls_back: RollsBack) -> CustomResourceResult:
    left = max(0.0, seconds_given(event) - END_SECONDS)
    deadline = Deadline.of_invocation(context, RESERVE_SECONDS + QUESTION_SECONDS).at_most(left)
    answer = answer_for(
        event,
        lambda request: carry_out(request, deadline),
        rolls_back,
        lambda: declared_topics(load(TopicsSettings, os.environ)),
    )
    report_answer(event["RequestType"], answer, logger, metrics)
    return answer


def carry_out(request: TopicsRequest, deadline: Deadline) -> TopicsResponse:
    settings = load(TopicsSettings, os.environ)
    response = run_topics(request, settings, client, deadline)
    report_topics(response, logger, metrics, detailed=settings.detailed_metrics)
    return response
