"""The dashboard: its matrix shows what the probes found, and to open it probes nothing."""

import copy
import json
import re
from typing import Any

import msgspec
import pytest
from msk_toolkit.probe.consumer import ConsumerProbeResponse
from msk_toolkit.probe.lag import GroupLag
from msk_toolkit.probe.producer import ProducerProbeResponse
from msk_toolkit.probe.telemetry import Publisher
from msk_toolkit.probe.verdict import judge_brokers
from msk_toolkit.probe.widget import WidgetEvent
from msk_toolkit.telemetry.logs import toolkit_logger
from msk_toolkit.telemetry.metrics import toolkit_metrics

from tests.fakes.probe_runs import healthy_broker
from tests.template.stack import Stack, raw_template


def widgets() -> list[dict[str, Any]]:
    """The dashboard's widgets, as they are written: names of resources instead of their values."""
    body = raw_template()["Resources"]["ProbesDashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    found: list[dict[str, Any]] = json.loads(body)["widgets"]
    return found


def test_the_dashboard_asks_the_matrix_and_no_probe() -> None:
    endpoints = [each["properties"]["endpoint"] for each in widgets() if each["type"] == "custom"]
    assert endpoints == ["${ProbeMatrixFunction.Arn}"] * 2


def test_its_lines_over_time_follow_the_time_that_is_shown() -> None:
    (history,) = [each["properties"] for each in widgets() if "params" in each["properties"]]
    assert msgspec.convert(history["params"], WidgetEvent).show == "history"
    assert history["updateOn"]["timeRange"]


def test_the_matrix_may_read_the_probes_logs_and_nothing_else() -> None:
    stack = Stack()
    (statement,) = stack.statements("ProbeMatrixFunction").values()
    assert statement["Action"] == "logs:FilterLogEvents"
    assert statement["Resource"] == ["arn-of-ProducerProbeLogs", "arn-of-ConsumerProbeLogs"]


def test_the_matrix_is_told_the_probes_log_groups() -> None:
    variables = Stack().variables("ProbeMatrixFunction")
    logs = {name: variables[f"{name}_PROBE_LOGS"] for name in ("PRODUCER", "CONSUMER")}
    assert logs == {"PRODUCER": "ProducerProbeLogs", "CONSUMER": "ConsumerProbeLogs"}


def transformed(function: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The resources that SAM makes of a function: what CloudFormation is given."""
    # Slow to load, and every worker of `make test` loads every file of tests.
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    template = Stack().template
    wanted = {function: copy.deepcopy(template["Resources"][function])}
    wanted[function]["Properties"] |= {"CodeUri": "s3://bucket/code", "Layers": [], "Events": {}}
    parts = {name: template[name] for name in ("Globals", "Conditions")} | {
        "Transform": "AWS::Serverless-2016-10-31",
        "Parameters": raw_template()["Parameters"],
        "Resources": wanted,
    }
    policies = {"AWSLambdaBasicExecutionRole": "basic", "AWSLambdaVPCAccessExecutionRole": "vpc"}
    made: dict[str, Any] = Translator(policies, Parser()).translate(parts, {"Architecture": "arm64"})["Resources"]
    return made


def test_the_matrix_stays_outside_of_the_vpc_and_has_no_permission_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    made = transformed("ProbeMatrixFunction", monkeypatch)
    assert "VpcConfig" not in made["ProbeMatrixFunction"]["Properties"]
    roles = [each["Properties"]["ManagedPolicyArns"] for each in made.values() if each["Type"] == "AWS::IAM::Role"]
    assert [policy for role in roles for policy in role if "VPC" in str(policy)] == []
    # The probes are inside, so the test looks in the right place.
    assert "VpcConfig" in transformed("ProducerProbeFunction", monkeypatch)["ProducerProbeFunction"]["Properties"]


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


def log_widgets() -> list[dict[str, Any]]:
    return [each["properties"] for each in widgets() if each["type"] == "log"]


def test_no_widget_needs_a_metric_and_none_shows_another_stacks_brokers() -> None:
    assert {each["type"] for each in widgets()} == {"custom", "log"}
    groups = {group for each in log_widgets() for group in re.findall(r"SOURCE '([^']+)'", each["query"])}
    assert groups == {"${ProducerProbeLogs}", "${ConsumerProbeLogs}"}


def fields_of(line: dict[str, Any], path: str = "") -> set[str]:
    """The fields that CloudWatch Logs Insights finds in a line, as it names them."""
    names = set()
    for name, value in line.items():
        names |= fields_of(value, f"{path}{name}.") if isinstance(value, dict) else {f"{path}{name}"}
    return names


def test_every_query_asks_for_fields_that_the_probes_write(caplog: pytest.LogCaptureFixture) -> None:
    metrics, logger = toolkit_metrics("producer-probe"), toolkit_logger("producer-probe")
    caplog.set_level("INFO")
    publisher = Publisher(metrics, logger, "producer-probe")
    broker = msgspec.structs.replace(healthy_broker(1), certificate_days=80.5)
    publisher.producer(ProducerProbeResponse(judge_brokers([broker]), [broker], 1, 1, ""), detailed=False)
    group = GroupLag("orders", 3, 1.5)
    publisher.consumer(
        ConsumerProbeResponse(judge_brokers([broker]), [broker], 0, None, {}, 0, 0, [], 0, [group], ""), detailed=False
    )
    written = {name for record in caplog.records for name in fields_of(vars(record))}
    messages = {record.getMessage() for record in caplog.records}
    for each in log_widgets():
        _, *commands = each["query"].split(" | ")
        asked = re.findall(r"(?:latest|max|min|avg|ispresent)\(([\w.]+)\)", each["query"])
        assert asked
        assert set(asked) <= written, each["title"]
        by = [command.rpartition(" by ")[2] for command in commands if command.startswith("stats")]
        names = {name for each in by for name in each.split(", ") if not name.startswith("bin(")}
        # Powertools puts the function's name into each line.
        assert names <= written | {"service"}
        assert set(re.findall(r"message = '([^']+)'", each["query"])) <= messages
