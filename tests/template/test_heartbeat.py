"""The heartbeat through the whole path: nothing of it by default, and all of it with one answer."""

import re
from typing import Any

import pytest
from msk_toolkit.telemetry.metrics import Metric

from tests.template.stack import Stack, raw_template

PARTS = ("HeartbeatMapping", "HeartbeatLateAlarm", "HeartbeatMissingAlarm", "HeartbeatAlarm")
TARGET = "topic:/msk/heartbeat"


@pytest.fixture(scope="module")
def on() -> Stack:
    return Stack(HeartbeatTarget=TARGET, HeartbeatLateMilliseconds="5000")


def mapping(stack: Stack, topic: str) -> dict[str, Any]:
    (found,) = [each for each in stack.mappings() if each["Topics"] == [topic]]
    return found


def test_by_default_no_record_of_ours_goes_to_vantiq() -> None:
    stack = Stack()
    assert [each["Topics"] for each in stack.mappings()] == [["orders"], ["sensor-readings"]]
    for function in ("ForwarderFunction", "RedriveFunction"):
        variables = stack.variables(function)
        assert (variables["HEARTBEAT_TOPIC"], variables["HEARTBEAT_TARGET"]) == ("", "")
    resources = raw_template()["Resources"]
    assert {resources[name]["Condition"] for name in PARTS} == {"ForwardsHeartbeats"}
    assert not [name for name in stack.names("AWS::CloudWatch::Alarm") if name.startswith("Heartbeat")]


def test_with_a_target_the_probes_topic_is_forwarded_there(on: Stack) -> None:
    assert mapping(on, "msk-toolkit-heartbeat")["FunctionName"] == "ForwarderFunction"
    for function in ("ForwarderFunction", "RedriveFunction"):
        variables = on.variables(function)
        assert (variables["HEARTBEAT_TOPIC"], variables["HEARTBEAT_TARGET"]) == ("msk-toolkit-heartbeat", TARGET)


@pytest.mark.parametrize("poller_mode", ["on-demand", "provisioned"])
@pytest.mark.parametrize("auth_mode", ["scram", "tls"])
def test_its_mapping_is_as_every_other_but_for_its_start_and_its_pollers(poller_mode: str, auth_mode: str) -> None:
    secret = {} if auth_mode == "scram" else {"ScramSecretArn": "", "ScramSecretKmsKeyArn": ""}
    stack = Stack(HeartbeatTarget=TARGET, PollerMode=poller_mode, AuthMode=auth_mode, **secret)
    own = {"Topics", "StartingPosition", "ProvisionedPollerConfig", "AmazonManagedKafkaEventSourceConfig"}
    ours, theirs = mapping(stack, "msk-toolkit-heartbeat"), mapping(stack, "orders")
    assert ours.keys() == theirs.keys()
    assert {name: ours[name] for name in ours.keys() - own} == {name: theirs[name] for name in theirs.keys() - own}
    # What lies there from before would be late.
    assert ours["StartingPosition"] == "LATEST"
    groups = [each["AmazonManagedKafkaEventSourceConfig"]["ConsumerGroupId"] for each in stack.mappings()]
    assert len(set(groups)) == 3
    # With IAM the forwarder's role may read in groups whose names begin so.
    assert all(group.startswith("shop-") for group in groups)


def test_late_and_missing_heartbeats_are_alarms_on_the_forwarders_metric(on: Stack) -> None:
    late, missing = (on.properties(name) for name in ("HeartbeatLateAlarm", "HeartbeatMissingAlarm"))
    stat = missing["Metrics"][0]["MetricStat"]
    for each in (late, stat["Metric"]):
        assert each["MetricName"] == Metric.HEARTBEAT_LATENCY
        assert each["Dimensions"] == [{"Name": "service", "Value": "shop-forwarder"}]
    assert not [each for each in (late, missing) if "AlarmActions" in each]
    assert (late["Statistic"], late["Threshold"], late["TreatMissingData"]) == ("Maximum", "5000", "ignore")
    assert (stat["Stat"], missing["Threshold"], missing["TreatMissingData"]) == ("SampleCount", 1, "breaching")


def test_a_fault_that_another_alarm_tells_is_told_once() -> None:
    composite = raw_template()["Resources"]["HeartbeatAlarm"]["Properties"]
    rule = composite["AlarmRule"]["Fn::Sub"]
    silenced = set(re.findall(r'NOT ALARM\("\$\{(\w+)\}"\)', rule))
    # What keeps a heartbeat from being written or delivered, and nothing that leaves its way open.
    of_the_writer = {"ProducerFaultsAlarm", "ProducerSilentAlarm"}
    of_the_forwarder = {"ForwarderAlarm", "ForwardingStoppedAlarm"}
    assert silenced == of_the_writer | of_the_forwarder
    # Each of them is mailed, with or without heartbeats.
    resources = raw_template()["Resources"]
    assert all(
        f"${{{name}}}" in resources["ProbesAlarm"]["Properties"]["AlarmRule"]["Fn::Sub"] for name in of_the_writer
    )
    assert all(resources[name]["Properties"]["AlarmActions"] for name in of_the_forwarder)
    assert not [name for name in {"ProbesAlarm", *of_the_forwarder} if "Condition" in resources[name]]
    assert set(re.findall(r'(?<!NOT )ALARM\("\$\{(\w+)\}"\)', rule)) == {"HeartbeatLateAlarm", "HeartbeatMissingAlarm"}
