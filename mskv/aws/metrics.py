"""CloudWatch's custom metrics of a stack, and how many metrics its alarms evaluate."""

from mskv.aws.calls import ask
from mskv.aws.clients import Client
from mskv.facts import Unavailable

_NAMESPACE = "MskVantiqToolkit"
# DescribeAlarms takes as many names at a time.
_ALARMS_A_CALL = 100


def count_metrics(client: Client, services: set[str]) -> int | Unavailable:
    """The metrics of these functions that had a value in the last three hours."""

    def question() -> int:
        pages = client("cloudwatch").get_paginator("list_metrics").paginate(Namespace=_NAMESPACE, RecentlyActive="PT3H")
        count = 0
        for page in pages:
            for metric in page["Metrics"]:
                count += any(dimension["Value"] in services for dimension in metric["Dimensions"])
        return count

    return ask("cloudwatch:ListMetrics", question)


def count_alarm_metrics(client: Client, names: list[str]) -> int | Unavailable:
    """How many metrics these alarms evaluate: one, or those of a metric math expression."""

    def question() -> int:
        count = 0
        for first in range(0, len(names), _ALARMS_A_CALL):
            answer = client("cloudwatch").describe_alarms(
                AlarmNames=names[first : first + _ALARMS_A_CALL], AlarmTypes=["MetricAlarm"], MaxRecords=_ALARMS_A_CALL
            )
            for alarm in answer.get("MetricAlarms", ()):
                several = [query for query in alarm.get("Metrics", ()) if "MetricStat" in query]
                count += max(1, len(several))
        return count

    return ask("cloudwatch:DescribeAlarms", question)
