"""docs/metrics.md has every metric of the catalogue, with the alarms on it."""

import re

import pytest
from msk_toolkit.telemetry.metrics import Metric, Published

from docs.metrics_page import metrics_page
from tests.template.stack import Stack

PAGE = metrics_page("")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| `")]


def row_of(metric: Metric) -> str:
    (row,) = [line for line in ROWS if f"`{metric}`" in line.split(" | ")[0]]
    return row


@pytest.mark.parametrize("metric", Metric)
def test_every_metric_has_a_row_with_its_unit_and_when_it_is_published(metric: Metric) -> None:
    _, unit, published, _, meaning = row_of(metric).strip("| ").split(" | ", 4)
    assert unit == metric.unit.value
    assert published.startswith("with") is (metric.published is Published.DETAILED)
    assert len(meaning) > 20


def test_the_alarms_on_a_metric_are_those_of_the_template() -> None:
    stack = Stack(HeartbeatTarget="topic:/heart")
    by_name: dict[str, Metric] = {metric.value: metric for metric in Metric}
    for alarm in stack.names("AWS::CloudWatch::Alarm"):
        for metric in re.findall(r"'MetricName': '(\w+)'", str(stack.properties(alarm))):
            if metric in by_name:
                assert f"`{alarm}`" in row_of(by_name[metric])
