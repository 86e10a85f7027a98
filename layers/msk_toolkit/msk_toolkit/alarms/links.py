"""Addresses in the AWS console: a log over a time, the alarm, in the stack's Region and partition."""

from urllib.parse import quote

# The domains of AWS's partitions; each Region has a host of its own below them.
_DOMAINS = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
# Lines of a function that ask for a person, as Powertools and Lambda write them.
PROBLEMS = "?WARNING ?ERROR ?CRITICAL ?FATAL"


def log_link(partition: str, region: str, group: str, *, start: float, end: float, pattern: str = PROBLEMS) -> str:
    """The lines of a log group that fit a pattern, in a time.

    Args:
        start, end: seconds since 1970.
        pattern: a filter pattern of CloudWatch Logs.
    """
    query = f"?filterPattern={quote(pattern, safe='')}&start={int(start * 1000)}&end={int(end * 1000)}"
    place = f"log-groups/log-group/{_in_fragment(group)}/log-events{_query_in_fragment(query)}"
    return f"{_cloudwatch(partition, region)}#logsV2:{place}"


def alarm_link(partition: str, region: str, alarm: str) -> str:
    """The page of an alarm: its graph and its history."""
    return f"{_cloudwatch(partition, region)}#alarmsV2:alarm/{quote(alarm, safe='')}"


def dashboard_link(partition: str, region: str, dashboard: str) -> str:
    """The page of a dashboard."""
    return f"{_cloudwatch(partition, region)}#dashboards/dashboard/{quote(dashboard, safe='')}"


def _cloudwatch(partition: str, region: str) -> str:
    domain = _DOMAINS.get(partition, _DOMAINS["aws"])
    return f"https://{region}.{domain}/cloudwatch/home?region={region}"


def _in_fragment(text: str) -> str:
    """How the console writes a value in the part after ``#``: encoded twice, with $ in place of %."""
    return quote(quote(text, safe=""), safe="").replace("%", "$")


def _query_in_fragment(query: str) -> str:
    """The query in the part after ``#``, whose values are encoded already."""
    return quote(query, safe="").replace("%", "$")
