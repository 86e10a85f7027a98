"""The local system's alarms: read from the template, fed from the logs, on a clock that runs faster."""

import itertools
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast, get_args

import msgspec
import pytest
from botocore.exceptions import EndpointConnectionError
from msk_toolkit.alarms.change import AlarmChange

from local.alarms.definitions import Definitions, definitions, definitions_file
from local.alarms.emulator import Line, Services, published_by_services
from local.alarms.evaluation import Change, Evaluator
from local.alarms.history import Clock, History
from local.alarms.notifications import Notification, Place, notification
from local.alarms.running import Alarms
from local.alarms.states import State
from local.aws.processed import Stack
from local.cost.emf import Measured, Metric
from local.system import System
from tests.fakes.aws_fake import FakeAws

FAULTS = Metric("MskVantiqToolkit", "Faults", (("service", "toolkit-probe"),))
ERRORS = Metric("AWS/Lambda", "Errors", (("FunctionName", "toolkit-forwarder"),))
AT = datetime(2026, 11, 28, 2, 57, 4, 490_000, UTC)
STAT = {
    "Namespace": "MskVantiqToolkit",
    "MetricName": "Faults",
    "Dimensions": [{"Name": "service", "Value": {"Fn::Sub": "${AWS::StackName}-probe"}}],
}
TRIGGER = {"Period": 300, "EvaluationPeriods": 2, "ComparisonOperator": "GreaterThanThreshold", "Threshold": 0}
TEMPLATE: dict[str, Any] = {
    "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
    "Resources": {
        "FaultsAlarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                **STAT,
                **TRIGGER,
                "Statistic": "Maximum",
                "TreatMissingData": "ignore",
                "AlarmActions": [{"Ref": "AlarmTopic"}],
            },
        },
        "SilentAlarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                **TRIGGER,
                "Metrics": [
                    {"Id": "runs", "ReturnData": False, "MetricStat": {"Stat": "Sum", "Period": 1800, "Metric": STAT}},
                    {"Id": "filled", "Expression": "FILL(runs, 0)"},
                ],
                "TreatMissingData": "breaching",
            },
        },
        "OtherAlarm": {"Type": "AWS::CloudWatch::Alarm", "Condition": "Never", "Properties": {"Never": "resolved"}},
        "ProbesAlarm": {
            "Type": "AWS::CloudWatch::CompositeAlarm",
            "Properties": {
                "AlarmName": {"Fn::Sub": "${AWS::StackName}-probes"},
                "AlarmRule": {"Fn::Sub": 'ALARM("${FaultsAlarm}") OR ALARM("${SilentAlarm}")'},
                "AlarmActions": [{"Ref": "AlarmTopic"}],
                "OKActions": [{"Ref": "AlarmTopic"}],
            },
        },
        "Ingress": {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": {}},
        "AlarmTopic": {"Type": "AWS::SNS::Topic"},
        "Fn::ForEach::Mappings": ["Topic", ["a"], {}],
    },
}
STACK = Stack(
    name="toolkit",
    stack_id="arn:aws:cloudformation:eu-central-1:000000000000:stack/toolkit/1",
    template={"Conditions": TEMPLATE["Conditions"], "Resources": {}},
    parameters={},
    outputs={},
    physical_ids={"AlarmTopic": "arn:topic", "FaultsAlarm": "toolkit-FaultsAlarm-1A2B"},
    types={},
)


@pytest.fixture
def read() -> Definitions:
    return definitions(TEMPLATE, STACK)


def test_the_templates_alarms_are_named_and_resolved_also_those_that_the_emulator_refuses(read: Definitions) -> None:
    assert set(read.alarms) == {"toolkit-FaultsAlarm-1A2B", "toolkit-SilentAlarm"}
    assert set(read.composites) == {"toolkit-probes"}
    rule = read.of("toolkit-probes")["AlarmRule"]
    assert rule == 'ALARM("toolkit-FaultsAlarm-1A2B") OR ALARM("toolkit-SilentAlarm")'
    assert read.actions("toolkit-probes", "OK") == ["arn:topic"]
    assert read.actions("toolkit-FaultsAlarm-1A2B", "OK") == []


def test_a_faster_clock_makes_periods_shorter(read: Definitions) -> None:
    clock = Clock(start=1_000_000.0, factor=5.0)
    history, evaluator = History(read, clock), Evaluator(read.alarms, read.composites)
    changes: list[Change] = []
    # A run that finds a fault in each minute, which is one of the alarm's periods.
    for minute in range(3):
        moment = clock.start + 60.0 * minute + 30
        history.add([Measured(FAULTS, (1.0,))], moment)
        changes += evaluator.evaluate(history.samples, clock.at(moment + 1))
    on = [change.name for change in changes if change.after == "ALARM"]
    assert on == ["toolkit-FaultsAlarm-1A2B", "toolkit-probes"]
    # Of metric math, the missing runs of 360 s are two periods.
    assert clock.at(clock.start + 360.0) == 1800.0


def test_what_is_read_late_keeps_its_time_on_a_clock_that_was_moved_on() -> None:
    clock = Clock(start=1000.0, factor=1.0)
    clock.skip(300.0, 1010.0)
    assert [clock.at(moment) for moment in (1005.0, 1010.0, 1020.0)] == [5.0, 310.0, 320.0]


def test_only_what_an_alarm_watches_is_kept_and_no_longer_than_it_looks_back(read: Definitions) -> None:
    history = History(read, Clock(start=0.0, factor=1.0))
    history.add([Measured(FAULTS, (1.0, 2.0)), Measured(ERRORS, (1.0,))], 100.0)
    history.add([Measured(FAULTS, (3.0,))], 50.0)
    assert {metric: [sample.value for sample in samples] for metric, samples in history.samples.items()} == {
        FAULTS: [3.0, 1.0, 2.0]
    }
    history.forget(100.0 + 5 * 1800.0)
    assert [sample.value for sample in history.samples[FAULTS]] == [1.0, 2.0]


def test_a_change_is_published_in_cloudwatchs_form(read: Definitions) -> None:
    name = "toolkit-FaultsAlarm-1A2B"
    place = Place("eu-central-1", "000000000000")
    published = notification(Change(name, "OK", "ALARM", "a reason"), read.of(name), place, AT)
    assert published.subject == f'ALARM: "{name}" in eu-central-1'
    body = msgspec.json.decode(published.message)
    assert (body["NewStateValue"], body["OldStateValue"], body["NewStateReason"]) == ("ALARM", "OK", "a reason")
    assert body["StateChangeTime"] == "2026-11-28T02:57:04.490+0000"
    assert datetime.fromisoformat(body["StateChangeTime"]) == AT
    assert (body["Trigger"]["MetricName"], body["Trigger"]["Period"]) == ("Faults", 300)


def test_a_composites_change_names_the_alarms_behind_it(read: Definitions) -> None:
    change = Change("toolkit-probes", "OK", "ALARM", "", ("toolkit-FaultsAlarm-1A2B",))
    published = notification(change, read.of(change.name), Place("eu-central-1", "1"), AT)
    body = msgspec.json.decode(published.message)
    assert body["TriggeringChildren"] == [{"Arn": "arn:aws:cloudwatch:eu-central-1:1:alarm:toolkit-FaultsAlarm-1A2B"}]
    assert "Trigger" not in body


def test_each_line_of_a_log_is_read_once_also_two_that_are_alike() -> None:
    events = [{"timestamp": 20_000, "message": "a"}, {"timestamp": 20_000, "message": "a"}]

    def filter_log_events(**_: Any) -> dict[str, Any]:
        return {"events": events}

    services = Services(_Session(FakeAws(filter_log_events=filter_log_events)), "http://emulator")  # type: ignore[arg-type]
    assert list(services.new_lines("group", 15.0)) == [Line(20.0, "a")] * 2
    events.append({"timestamp": 19_000, "message": "late"})
    assert list(services.new_lines("group", 21.0)) == [Line(19.0, "late")]
    assert list(services.new_lines("group", 21.0)) == []


def test_a_mail_that_could_not_be_published_is_published_by_a_later_evaluation(
    read: Definitions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = _Publishing()
    monkeypatch.setattr("local.alarms.running.Services", lambda *_: services)
    monkeypatch.setattr("local.alarms.running.Mailbox", lambda *_: None)
    file = definitions_file(tmp_path)
    file.parent.mkdir()
    file.write_bytes(msgspec.json.encode(read))
    emulator = SimpleNamespace(session=lambda: None, endpoint="")
    alarms = Alarms(cast("System", SimpleNamespace(run=tmp_path, emulator=emulator, stack=STACK)), Clock(0.0, 1.0))
    with pytest.raises(EndpointConnectionError):
        alarms.evaluate()
    assert services.published == []
    services.answers = True
    assert alarms.evaluate() == []
    assert services.published == ['ALARM: "toolkit-probes" in eu-central-1']
    alarms.evaluate()
    assert len(services.published) == 1


def test_what_lambda_counts_itself_is_not_sought_in_the_logs() -> None:
    assert published_by_services([FAULTS, ERRORS]) == [ERRORS]


class _Publishing:
    """Services with empty logs, which at first refuse to publish."""

    def __init__(self) -> None:
        self.answers = False
        self.published: list[str] = []

    def enter(self, change: Change) -> None:
        del change

    def publish(self, topic: str, notification: Notification) -> None:
        del topic
        if not self.answers:
            raise EndpointConnectionError(endpoint_url="http://emulator")
        self.published.append(notification.subject)


class _Session:
    def __init__(self, aws: FakeAws) -> None:
        self._aws = aws

    def client(self, service: str, **_: Any) -> Any:
        return self._aws(service)


@pytest.mark.parametrize(("before", "after"), list(itertools.permutations(get_args(State), 2)))
def test_what_the_stack_makes_no_mail_of_is_no_news(before: State, after: State) -> None:
    change = AlarmChange(name="a", state=after, before=before, at=0.0)
    is_news = Change("a", before, after, "").is_news
    assert is_news or not (change.is_on or change.is_over)
    # All alarms do so at the start.
    assert not Change("a", "INSUFFICIENT_DATA", "OK", "").is_news
