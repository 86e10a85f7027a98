"""The alarms of the probes: one for each class of fault, a dead man's switch, and one mail for all of them."""

import re
from typing import get_args

from msk_toolkit.causes import FaultClass
from msk_toolkit.telemetry.metrics import Metric

from tests.template.stack import Stack, raw_template

ALARM = "AWS::CloudWatch::Alarm"
PROBES = ("Producer", "Consumer")


def test_every_class_of_fault_of_each_probe_has_its_alarm() -> None:
    stack = Stack()
    for probe in PROBES:
        for each in get_args(FaultClass):
            properties = stack.properties(f"{probe}{each.capitalize()}Alarm")
            assert properties["MetricName"] == ("RecordsLost" if each == "loss" else f"{each.capitalize()}Faults")
            assert properties["Dimensions"] == [{"Name": "service", "Value": f"shop-{probe.lower()}-probe"}]


def test_every_alarm_watches_a_metric_of_the_catalogue() -> None:
    stack = Stack()
    watched = [stack.properties(name) for name in stack.names(ALARM)]
    ours = {each["MetricName"] for each in watched if each["Namespace"] == "MskVantiqToolkit"}
    assert ours <= {str(metric) for metric in Metric}
    assert len(ours) >= 8


def test_a_silent_probe_is_an_alarm_and_silence_sets_off_no_other() -> None:
    stack = Stack()
    silent = {f"{probe}SilentAlarm" for probe in PROBES}
    of_probes = [name for name in stack.names(ALARM) if name.startswith(("Producer", "Consumer", "Certificate"))]
    assert {name for name in of_probes if stack.properties(name)["TreatMissingData"] == "breaching"} == silent


def test_one_fault_is_one_mail_whichever_alarms_it_sets_off() -> None:
    stack = Stack()
    of_probes = {name for name in stack.names(ALARM) if name.startswith(("Producer", "Consumer", "Certificate"))}
    assert not [name for name in of_probes if "AlarmActions" in stack.properties(name)]
    # As it is written: SAM's local view of a loop's template drops the Sub around names of resources.
    composite = raw_template()["Resources"]["ProbesAlarm"]["Properties"]
    assert set(re.findall(r'ALARM\("\$\{(\w+)\}"\)', composite["AlarmRule"]["Fn::Sub"])) == of_probes
    assert composite["AlarmActions"] == [{"Ref": "AlarmTopic"}]


def test_a_probe_may_ask_why_and_the_consumer_probe_knows_the_forwarders_groups() -> None:
    stack = Stack()
    for probe in PROBES:
        actions = stack.actions(f"{probe}ProbeFunction")
        assert {"kafka:DescribeClusterV2", "kafka:ListScramSecrets", "secretsmanager:DescribeSecret"} <= actions
    assert "secretsmanager:DescribeSecret" not in Stack(AuthMode="iam", ScramSecretArn="").actions(
        "ProducerProbeFunction"
    )
    variables = stack.properties("ConsumerProbeFunction")["Environment"]["Variables"]
    groups = {each["AmazonManagedKafkaEventSourceConfig"]["ConsumerGroupId"] for each in stack.mappings()}
    prefix = variables["FORWARD_GROUP_PREFIX"]
    assert {f"{prefix}{topic}" for topic in variables["FORWARD_TOPICS"].split(",")} == groups
