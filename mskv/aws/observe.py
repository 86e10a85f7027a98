"""What the services say of the stack's mappings, alarms, logs and mails."""

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
        return [_mapping(one) for page in pages for one in page["EventSourceMappings"]]

    return ask("lambda:ListEventSourceMappings", question)


def _mapping(told: dict[str, Any]) -> Mapping:
    pollers = told.get("ProvisionedPollerConfig") or {}
    return Mapping(
        id=told["UUID"],
        topics=tuple(told.get("Topics") or ()),
        state=told.get("State", ""),
        transition_reason=told.get("StateTransitionReason", ""),
        last_result=told.get("LastProcessingResult", ""),
        minimum_pollers=int(pollers.get("MinimumPollers", 1)) if pollers else None,
        response_types=tuple(told.get("FunctionResponseTypes") or ()),
        has_destination=bool((told.get("DestinationConfig") or {}).get("OnFailure", {}).get("Destination")),
    )


def read_alarms(client: Client, names: list[str]) -> list[Alarm] | Unavailable:
    """The alarms of these names, simple and composite."""

    def question() -> list[Alarm]:
        alarms: list[Alarm] = []
        for first in range(0, len(names), _ALARMS_A_CALL):
            told = client("cloudwatch").describe_alarms(
                AlarmNames=names[first : first + _ALARMS_A_CALL],
                AlarmTypes=["MetricAlarm", "CompositeAlarm"],
                MaxRecords=_ALARMS_A_CALL,
            )
            alarms += [_alarm(one) for one in (*told.get("MetricAlarms", ()), *told.get("CompositeAlarms", ()))]
        return alarms

    return ask("cloudwatch:DescribeAlarms", question)


def _alarm(told: dict[str, Any]) -> Alarm:
    since = told.get("StateUpdatedTimestamp")
    return Alarm(
        name=told["AlarmName"],
        state=told.get("StateValue", ""),
        description=told.get("AlarmDescription", ""),
        reason=told.get("StateReason", ""),
        since=since.isoformat(timespec="seconds") if since is not None else "",
        actions_enabled=bool(told.get("ActionsEnabled", True)),
    )


def read_subscriptions(client: Client, topic: str) -> list[Subscription] | Unavailable:
    """Who hears what is published to an SNS topic."""

    def question() -> list[Subscription]:
        pages = client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
        return [
            Subscription(one.get("Protocol", ""), one.get("Endpoint", ""), one.get("SubscriptionArn") != _PENDING)
            for page in pages
            for one in page["Subscriptions"]
        ]

    return ask("sns:ListSubscriptionsByTopic", question)


def read_log_groups(client: Client, prefix: str) -> list[LogGroup] | Unavailable:
    """The log groups whose names begin so."""

    def question() -> list[LogGroup]:
        pages = client("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
        return [
            LogGroup(one["logGroupName"], one.get("retentionInDays")) for page in pages for one in page["logGroups"]
        ]

    return ask("logs:DescribeLogGroups", question)
