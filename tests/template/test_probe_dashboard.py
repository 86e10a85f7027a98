"""The dashboard: its matrix shows what the probes found, and to open it probes nothing."""

import copy
from typing import Any

import msgspec
import pytest
from msk_toolkit.probe.widget import WidgetEvent

from tests.template.dashboard import widgets
from tests.template.stack import Stack, raw_template


def test_the_dashboard_asks_the_matrix_and_no_probe() -> None:
    endpoints = [widget["properties"]["endpoint"] for widget in widgets() if widget["type"] == "custom"]
    assert endpoints == ["${StatusFunction.Arn}", *["${ProbeMatrixFunction.Arn}"] * 2]


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
