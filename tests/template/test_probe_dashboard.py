"""The dashboard: its matrix shows what the probes found, and to open it probes nothing."""

import json
import re
from typing import Any

from msk_toolkit.telemetry.metrics import Metric

from tests.template.stack import Stack, raw_template


def widgets() -> list[dict[str, Any]]:
    """The dashboard's widgets, as they are written: names of resources instead of their values."""
    body = raw_template()["Resources"]["ProbesDashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    found: list[dict[str, Any]] = json.loads(body)["widgets"]
    return found


def test_the_dashboard_asks_the_matrix_and_no_probe() -> None:
    endpoints = [each["properties"]["endpoint"] for each in widgets() if each["type"] == "custom"]
    assert endpoints == ["${ProbeMatrixFunction.Arn}"]


def test_the_matrix_may_read_the_probes_logs_and_nothing_else() -> None:
    stack = Stack()
    (statement,) = stack.statements("ProbeMatrixFunction").values()
    assert statement["Action"] == "logs:FilterLogEvents"
    assert statement["Resource"] == ["arn-of-ProducerProbeLogs", "arn-of-ConsumerProbeLogs"]


def test_the_matrix_is_told_the_probes_log_groups_and_stays_outside_of_the_vpc() -> None:
    stack = Stack()
    variables = stack.variables("ProbeMatrixFunction")
    logs = {name: variables[f"{name}_PROBE_LOGS"] for name in ("PRODUCER", "CONSUMER")}
    assert logs == {"PRODUCER": "ProducerProbeLogs", "CONSUMER": "ConsumerProbeLogs"}
    # SAM takes a function's own NoValue before the globals' subnets.
    own = raw_template()["Resources"]["ProbeMatrixFunction"]["Properties"]["VpcConfig"]
    assert own == {"Ref": "AWS::NoValue"}


def test_no_two_widgets_cover_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for each in widgets():
        cells = {
            (x, y)
            for x in range(each["x"], each["x"] + each["width"])
            for y in range(each["y"], each["y"] + each["height"])
        }
        assert not taken & cells, each["properties"]["title"]
        assert all(x < 24 for x, _ in cells)
        taken |= cells


def test_every_graph_shows_a_metric_of_the_catalogue() -> None:
    text = json.dumps([each["properties"]["metrics"] for each in widgets() if each["type"] == "metric"])
    named = set(re.findall(r'MetricName=\\+"(\w+)', text)) | set(re.findall(r'"MskVantiqToolkit", "(\w+)"', text))
    assert named
    assert named <= {str(metric) for metric in Metric}
