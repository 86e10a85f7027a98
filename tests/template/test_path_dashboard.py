"""The dashboard of the whole path: everything in it is of this stack, costs no metric, and asks for what is written."""

import json
import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from msk_toolkit.forward.telemetry import publish_delivery
from msk_toolkit.probe.consumer import ConsumerProbeResponse
from msk_toolkit.probe.lag import GroupLag
from msk_toolkit.probe.producer import ProducerProbeResponse
from msk_toolkit.probe.telemetry import Publisher
from msk_toolkit.probe.verdict import judge_brokers
from msk_toolkit.redrive.request import RedriveRequest, RedriveResponse
from msk_toolkit.redrive.telemetry import publish_redrive
from msk_toolkit.telemetry.logs import toolkit_logger
from msk_toolkit.telemetry.metrics import toolkit_metrics
from msk_toolkit.topics.plan import Plan
from msk_toolkit.topics.request import TopicsResponse
from msk_toolkit.topics.telemetry import report_topics

from tests.fakes.forwarder_harness import ForwarderHarness
from tests.fakes.kafka_events import record
from tests.fakes.probe_runs import healthy_broker
from tests.fakes.vantiq_fake import at_offset, refusal
from tests.template.dashboard import properties_of, widgets
from tests.template.functions_that_tell import SETTLED
from tests.template.stack import Stack

ALARM_TYPES = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
# CloudWatch's limits for a dashboard, and for the metrics of a graph.
_WIDGETS, _METRICS_OF_A_GRAPH = 500, 500
_WORDS = re.compile(r"(?<![\w.'@])[a-zA-Z_][\w.]*")
# What Logs Insights knows by itself.
_LANGUAGE = {
    *("filter", "ispresent", "stats", "fields", "sort", "limit", "by", "as", "asc", "desc"),
    *("max", "min", "sum", "avg", "count", "latest", "pct", "bin"),
}
BROKER = msgspec.structs.replace(healthy_broker(1), certificate_days=80.5)


def test_the_state_of_the_whole_path_comes_first_then_alarms_and_what_to_do() -> None:
    first, second, third = sorted(widgets(), key=lambda widget: (widget["y"], widget["x"]))[:3]
    assert (first["type"], first["properties"]["endpoint"]) == ("custom", "${StatusFunction.Arn}")
    assert (second["type"], third["type"]) == ("alarm", "text")


def test_no_two_widgets_cover_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for widget in widgets():
        columns = range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"]):
            cells = {(x, y) for x in columns}
            assert not taken & cells, widget["properties"]
            taken |= cells
        assert max(columns) < 24
    assert len(widgets()) <= _WIDGETS


def test_every_widget_shows_this_stack_alone() -> None:
    for properties in properties_of("log"):
        groups = re.findall(r"SOURCE '([^']+)'", properties["query"])
        assert groups
        assert all(re.fullmatch(r"\$\{\w+Logs\}", group) for group in groups), properties["title"]
        assert properties["region"] == "${AWS::Region}"
    for properties in properties_of("metric"):
        for metric in properties["metrics"]:
            assert metric[2:4] == ["FunctionName", "${ForwarderFunction}"]
    (alarms,) = properties_of("alarm")
    for alarm in alarms["alarms"]:
        assert re.fullmatch(r"\$\{\w+Alarm\.Arn\}|.+:alarm:\$\{AWS::StackName\}-\w+", alarm), alarm


def test_no_widget_needs_a_metric_that_is_billed() -> None:
    for properties in properties_of("metric"):
        assert len(properties["metrics"]) <= _METRICS_OF_A_GRAPH
        # Lambda's own.
        assert {metric[0] for metric in properties["metrics"]} == {"AWS/Lambda"}


def test_the_alarms_are_those_that_send_mails() -> None:
    (shown,) = properties_of("alarm")
    stack = Stack()
    alarms = {name: stack.properties(name) for kind in ALARM_TYPES for name in stack.names(kind)}
    mailing = {name: alarm for name, alarm in alarms.items() if alarm.get("AlarmActions")}
    named = {f"-{text.rpartition('}-')[2]}" for text in shown["alarms"] if ":alarm:" in text}
    assert named == {alarm["AlarmName"].removeprefix("shop") for alarm in mailing.values() if "AlarmName" in alarm}
    # The emulator has no alarm with metric math, so nothing may need its ARN; drift has a widget of its own.
    others = {name for name, alarm in mailing.items() if "AlarmName" not in alarm} - {"TopicsDriftedAlarm"}
    assert {text[2:-5] for text in shown["alarms"] if ":alarm:" not in text} == others


@pytest.mark.parametrize("target", ["", "topic:/heart"])
def test_the_heartbeats_alarm_is_shown_where_there_is_one(target: str) -> None:
    body = Stack(HeartbeatTarget=target).properties("ProbesDashboard")["DashboardBody"]
    (alarms,) = [widget["properties"]["alarms"] for widget in json.loads(body)["widgets"] if widget["type"] == "alarm"]
    assert any(alarm.endswith(":shop-heartbeat") for alarm in alarms) is bool(target)


def test_the_text_links_to_the_runbook_and_to_the_logs_of_this_stack() -> None:
    (text,) = properties_of("text")
    links = dict(re.findall(r"\[([\w-]+)\]\(([^)]+)\)", text["markdown"]))
    assert links.pop("runbook") == "${Runbook}"
    for name, address in links.items():
        assert address.endswith(f"#logsV2:log-groups/log-group/$252Faws$252Flambda$252F${{AWS::StackName}}-{name}")
    assert "mskv status --stack ${AWS::StackName} --region ${AWS::Region}" in text["markdown"]


def _probes(name: str, logger: Any, metrics: Any) -> None:
    publisher = Publisher(metrics, logger, name)
    verdict = judge_brokers([BROKER])
    publisher.producer(ProducerProbeResponse(verdict, [BROKER], 1, 1, ""), detailed=False)
    response = ConsumerProbeResponse(verdict, [BROKER], 0, None, {}, 0, 0, [], 0, [GroupLag("orders", 3, 1.5)], "")
    publisher.consumer(response, detailed=False)


def _forwarder(name: str, logger: Any, metrics: Any) -> None:
    harness = ForwarderHarness(at_offset(1, refusal(503)), max_attempts=1)
    publish_delivery(harness.forward(record(0), record(1)), logger, metrics)


def _topics(name: str, logger: Any, metrics: Any) -> None:
    report_topics(TopicsResponse("check", "checked", "table", Plan([SETTLED], 0)), logger, metrics, detailed=False)


def _redrive(name: str, logger: Any, metrics: Any) -> None:
    publish_redrive(RedriveRequest(action="replay"), RedriveResponse(action="replay", dry_run=True), logger, metrics)


WRITERS: dict[str, Callable[[str, Any, Any], None]] = {
    "ProducerProbeLogs": _probes,
    "ConsumerProbeLogs": _probes,
    "ForwarderLogs": _forwarder,
    "TopicsLogs": _topics,
    "RedriveLogs": _redrive,
}


def fields_of(line: dict[str, Any], path: str = "") -> set[str]:
    """The fields that CloudWatch Logs Insights finds in a line, as it names them."""
    names = set()
    for name, value in line.items():
        names |= fields_of(value, f"{path}{name}.") if isinstance(value, dict) else {f"{path}{name}"}
    return names


def asked_for(query: str) -> set[str]:
    """The fields that a query names, without those that it makes itself."""
    commands = [command for command in query.split(" | ") if not command.startswith("SOURCE")]
    text = re.sub(r"'[^']*'", "", " | ".join(commands))
    made = set(re.findall(r" as (\w+)", text))
    units = set(re.findall(r"bin\((\w+)\)", text))
    return set(_WORDS.findall(text)) - _LANGUAGE - made - units


@pytest.mark.parametrize("query", [properties["query"] for properties in properties_of("log")])
def test_every_query_asks_for_fields_that_the_functions_write(query: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    for group in re.findall(r"SOURCE '\$\{(\w+)\}'", query):
        WRITERS[group]("test", toolkit_logger("test"), toolkit_metrics("test"))
    written = {name for line in caplog.records for name in fields_of(vars(line))}
    # Powertools puts the function's name into each line.
    assert asked_for(query) <= written | {"service"}
    messages = {line.getMessage() for line in caplog.records}
    assert set(re.findall(r"message = '([^']+)'", query)) <= messages


def test_a_field_that_no_function_writes_would_be_noticed() -> None:
    assert asked_for("SOURCE '${X}' | filter ispresent(a.b) | stats max(c / 10) as d by e, bin(5m) | sort d") == {
        *("a.b", "c", "e"),
    }
