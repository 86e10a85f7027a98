"""The stack's mappings, alarms, log groups and subscriptions, as the services describe them."""

import itertools
from typing import Any

from mskv.aws.calls import ask
from mskv.aws.clients import Client
from mskv.facts import Alarm, LogGroup, Mapping, Subscription, Unavailable

# DescribeAlarms takes as many names at a time.
_ALARMS_A_CALL = 100
_PENDING = "PendingConfirmation"


def read_mappings(client: Client, function: str) -> list[Mapping] | Unavailable:
    """Every event source mapping of a function."""

    def question() -> list[Mapping]:
        pages = client("lambda").get_paginator("list_event_source_mappings").paginate(FunctionName=function)
        summaries = itertools.chain.from_iterable(page["EventSourceMappings"] for page in pages)
        return [_mapping(summary) for summary in summaries]

    return ask("lambda:ListEventSourceMappings", question)


def _mapping(summary: dict[str, Any]) -> Mapping:
    pollers = summary.get("ProvisionedPollerConfig")
    minimum_pollers = None
    if pollers:
        minimum_pollers = int(pollers.get("MinimumPollers", 1))
    return Mapping(
        id=summary["UUID"],
        topics=tuple(summary.get("Topics") or ()),
        state=summary.get("State", ""),
        transition_reason=summary.get("StateTransitionReason", ""),
        last_result=summary.get("LastProcessingResult", ""),
        minimum_pollers=minimum_pollers,
        response_types=tuple(summary.get("FunctionResponseTypes") or ()),
        has_filters=bool((summary.get("FilterCriteria") or {}).get("Filters")),
        has_destination=bool((summary.get("DestinationConfig") or {}).get("OnFailure", {}).get("Destination")),
    )


def read_alarms(client: Client, names: list[str]) -> list[Alarm] | Unavailable:
    """The alarms of these names, simple and composite."""

    def question() -> list[Alarm]:
        alarms: list[Alarm] = []
        for first in range(0, len(names), _ALARMS_A_CALL):
            description = client("cloudwatch").describe_alarms(
                AlarmNames=names[first : first + _ALARMS_A_CALL],
                AlarmTypes=["MetricAlarm", "CompositeAlarm"],
                MaxRecords=_ALARMS_A_CALL,
            )
            alarms += map(_alarm, description.get("MetricAlarms", ()))
            alarms += map(_alarm, description.get("CompositeAlarms", ()))
        return alarms

    return ask("cloudwatch:DescribeAlarms", question)


def _alarm(description: dict[str, Any]) -> Alarm:
    since = ""
    if description.get("StateUpdatedTimestamp") is not None:
        since = description["StateUpdatedTimestamp"].isoformat(timespec="seconds")
    return Alarm(
        name=description["AlarmName"],
        state=description.get("StateValue", ""),
        description=description.get("AlarmDescription", ""),
        reason=description.get("StateReason", ""),
        since=since,
        actions_enabled=bool(description.get("ActionsEnabled", True)),
    )


def read_subscriptions(client: Client, topic: str) -> list[Subscription] | Unavailable:
    """The subscriptions of an SNS topic."""

    def question() -> list[Subscription]:
        pages = client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
        return [
            Subscription(
                protocol=summary.get("Protocol", ""),
                endpoint=summary.get("Endpoint", ""),
                confirmed=summary.get("SubscriptionArn") != _PENDING,
            )
            for summary in itertools.chain.from_iterable(page["Subscriptions"] for page in pages)
        ]

    return ask("sns:ListSubscriptionsByTopic", question)


def read_log_groups(client: Client, prefix: str) -> list[LogGroup] | Unavailable:
    """The log groups whose names begin so."""

    def question() -> list[LogGroup]:
        pages = client("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
        groups = itertools.chain.from_iterable(page["logGroups"] for page in pages)
        return [LogGroup(group["logGroupName"], group.get("retentionInDays")) for group in groups]

    return ask("logs:DescribeLogGroups", question)
