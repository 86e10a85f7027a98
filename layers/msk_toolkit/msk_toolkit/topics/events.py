"""One event of the topics function, of any kind that it serves.

1. CloudFormation's request, relayed by the function outside the VPC: the answer is the invocation's result.
2. CloudFormation's request itself: the answer is sent to CloudFormation, within the time that is kept for it.
3. A plan or a move of a consumer group's offsets.
4. Any other event: carried out, and its response shortened to what Lambda accepts.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.aws.custom_resource import (
    ANSWER_SECONDS,
    CustomResourceAnswer,
    check_answerable,
    is_custom_resource,
    send_answer,
)
from msk_toolkit.aws.rollback import is_rollback
from msk_toolkit.deadline import Deadline
from msk_toolkit.offsets.request import is_offsets_event, parse_offsets_request
from msk_toolkit.offsets.run import run_offsets
from msk_toolkit.offsets.starts import look_up_starts
from msk_toolkit.settings.loading import load
from msk_toolkit.settings.topics import TopicsSettings
from msk_toolkit.topics.answer_limit import within_limits
from msk_toolkit.topics.custom_resource import RollsBack, answer_for
from msk_toolkit.topics.custom_resource_result import CustomResourceResult
from msk_toolkit.topics.relay import is_relayed, relayed_result, relayed_rollback, seconds_given
from msk_toolkit.topics.request import TopicsRequest, TopicsResponse, parse_topics_request
from msk_toolkit.topics.run import declared_topics, run_topics
from msk_toolkit.topics.telemetry import log_table, report_answer, report_offsets, report_topics

# Before CloudFormation's answer it may have to be looked up whether the stack rolls back; after it the invocation ends.
END_SECONDS = 1
RESERVE_SECONDS = ANSWER_SECONDS + END_SECONDS
LOOK_UP_SECONDS = 5

# The invocation's deadline, with so many seconds kept for what comes after it.
TimeLeft = Callable[[float], Deadline]


class TopicsServices(NamedTuple):
    """What the topics function works with; ``logger`` and ``metrics`` are those of Powertools."""

    environ: Mapping[str, str]
    client: MakeClient
    logger: Any
    metrics: Any


def handle_event(event: Any, services: TopicsServices, time_left: TimeLeft) -> dict[str, Any] | None:
    """Serve an event; None where CloudFormation was answered.

    Raises:
        AwsError: CloudFormation could not be answered.
        ConfigurationError: the answer would not go to CloudFormation; nothing was done.
        ToolkitError: an event that is not CloudFormation's could not be served; nothing was changed.
    """
    if is_relayed(event):
        return relayed_result(_answered(event, services, time_left, lambda: relayed_rollback(event)))
    if is_custom_resource(event):
        check_answerable(event, services.environ)
        result = _answered(
            event, services, time_left, lambda: is_rollback(event, services.client, time_left(RESERVE_SECONDS))
        )
        answer = CustomResourceAnswer(result.status, result.reason, result.data)
        send_answer(event, answer, services.environ, time_left(END_SECONDS))
        return None
    if is_offsets_event(event):
        return _offsets(event, services, time_left(RESERVE_SECONDS))
    response = _carried_out(parse_topics_request(event), services, time_left(RESERVE_SECONDS))
    shortened = within_limits(response)
    if shortened is not response:
        log_table(response, services.logger)
    return msgspec.to_builtins(shortened)  # type: ignore[no-any-return]  # a struct is a dict


def _offsets(event: dict[str, Any], services: TopicsServices, deadline: Deadline) -> dict[str, Any]:
    request = parse_offsets_request(event)
    response = run_offsets(request, load(TopicsSettings, services.environ), services.client, deadline)
    report_offsets(response, services.logger)
    return msgspec.to_builtins(response)  # type: ignore[no-any-return]  # a struct is a dict


def _answered(
    event: dict[str, Any], services: TopicsServices, time_left: TimeLeft, rolls_back: RollsBack
) -> CustomResourceResult:
    given = max(0.0, seconds_given(event) - END_SECONDS)
    deadline = time_left(RESERVE_SECONDS + LOOK_UP_SECONDS).at_most(given)
    result = answer_for(
        event,
        lambda request: _carried_out(request, services, deadline),
        rolls_back,
        lambda: declared_topics(load(TopicsSettings, services.environ)),
    )
    if result.data["Status"] == "applied" and event["RequestType"] != "Delete":
        result = result._replace(starts=_starts(event, services, deadline))
    report_answer(event["RequestType"], result, services.logger, services.metrics)
    return result


def _starts(event: dict[str, Any], services: TopicsServices, deadline: Deadline) -> str:
    try:
        text, going_on = look_up_starts(event, load(TopicsSettings, services.environ), services.client, deadline)
    except Exception as error:
        # Without an answer the stack would hang for an hour.
        services.logger.exception("starting positions")
        return f"not looked up: unexpected {type(error).__name__}; see the function's log"
    log = services.logger.warning if going_on else services.logger.info
    log("starting positions", extra={"starts": text, "groups_with_offsets": going_on})
    return text


def _carried_out(request: TopicsRequest, services: TopicsServices, deadline: Deadline) -> TopicsResponse:
    settings = load(TopicsSettings, services.environ)
    response = run_topics(request, settings, services.client, deadline)
    report_topics(*(response, services.logger, services.metrics), detailed=settings.detailed_metrics, only=request.only)
    return response
