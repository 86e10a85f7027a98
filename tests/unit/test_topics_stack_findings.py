"""Parameters of a stack that can't work together: all of them, reported before a topic is changed."""

import json
from pathlib import Path
from typing import Any

import pytest
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.topics.custom_resource import answer_for
from msk_toolkit.topics.stack_findings import stack_findings

from tests.template.stack import ANSWERS, SECRET, Stack

REGION = "eu-central-1"


def given(**answers: str) -> dict[str, Any]:
    """The properties of AppliedTopics as CloudFormation sends them: everything in it is text."""
    properties = Stack(**answers).properties("AppliedTopics")
    return {name: each if isinstance(each, list) else str(each) for name, each in properties.items()}


def findings(**answers: str) -> list[str]:
    return stack_findings(given(**answers), REGION)


@pytest.mark.parametrize("mode", ["scram", "iam", "tls", "none"])
def test_the_defaults_have_nothing_against_them(mode: str) -> None:
    assert findings(AuthMode=mode) == []


@pytest.mark.parametrize(
    "answers",
    [
        {"BootstrapServers": "b-1.example.org:9096,b-2.example.org:9096"},
        {"BootstrapServers": "b-1.example.org:9098", "AuthMode": "iam"},
        {"BootstrapServers": "b-1.example.org:9001,b-2.example.org:9002", "BootstrapPorts": "9001-9002"},
        {"PollerMode": "on-demand", "MinimumPollers": "7"},
        {"PollerMode": "provisioned", "MinimumPollers": "3", "MaximumPollers": "3"},
        {"VantiqUrl": "https://vantiq.example.org:8443", "VantiqPort": "8443"},
        {"ClusterKind": "serverless", "AuthMode": "iam"},
        {"VantiqTarget": "type:Record", "ForwardTopics": "a,b"},
        {"VantiqRoutes": '{"orders": "upsert:Order"}', "AdvancedSettings": '{"MAX_IN_FLIGHT": 16}'},
    ],
)
def test_what_can_work_is_let_through(answers: dict[str, str]) -> None:
    assert findings(**answers) == []


@pytest.mark.parametrize(
    ("answers", "start"),
    [
        (
            {"BootstrapServers": "b-1.example.org:9094"},
            "BootstrapServers: the stack's security groups have no outbound rule for",
        ),
        ({"ScramUserSecretArns": f"{SECRET},{SECRET}x"}, "ScramSecretArn is one of ScramUserSecretArns"),
        ({"ScramUserSecretArns": f"{SECRET}x,{SECRET}x"}, "ScramUserSecretArns names one secret twice"),
        (
            {"ScramUserSecretArns": f"{SECRET}x,{SECRET.replace(REGION, 'eu-west-1')}"},
            "ScramUserSecretArns names a secret of another Region than the stack's, eu-central-1",
        ),
        ({"BootstrapPorts": "9003-9001"}, "BootstrapPorts 9003-9001: give the first and the last port"),
        ({"BootstrapPorts": "0-99999"}, "BootstrapPorts 0-99999"),
        (
            {"RecordFilter": '{"key": ["a"]}'},
            'RecordFilter names "key": only "value" of a Kafka record can be filtered by',
        ),
        (
            {"Tombstones": "delete", "VantiqTarget": "topic:/a"},
            "Tombstones=delete needs type: or upsert: targets; topic:/a has no rows",
        ),
        ({"PollerMode": "provisioned", "MinimumPollers": "4"}, "MinimumPollers 4 is above MaximumPollers 3"),
        (
            {"PollerMode": "provisioned", "MaximumPollers": "1000", "HeartbeatTarget": "topic:/msk/heartbeat"},
            "ForwardTopics and MaximumPollers: up to 2001 pollers in all, and Lambda allows at most 2000 in one stack",
        ),
        (
            {"PollerMode": "provisioned", "ForwardTopics": ",".join(f"t{number}" for number in range(101))},
            "ForwardTopics and MaximumPollers: 101 mappings, and Lambda allows at most 100 in one stack",
        ),
        ({"VantiqUrl": "https://vantiq.example.org:8443"}, "VantiqUrl means port 8443 and VantiqPort is 443: set"),
        ({"VantiqPort": "8443"}, "VantiqUrl means port 443 and VantiqPort is 8443: set VantiqPort to 443"),
        (
            {"VantiqUrl": "http://vantiq.example.org:80", "VantiqPort": "80"},
            "VantiqUrl must begin with https: the token",
        ),
        ({"ClusterKind": "serverless"}, "ClusterKind serverless: MSK Serverless accepts only AuthMode iam, not scram"),
        ({"ForwardTopics": "orders,no space"}, "ForwardTopics: 'no space' may hold only"),
        (
            {"ForwardTopics": "orders,msk-toolkit-heartbeat", "HeartbeatTarget": "topic:/msk/heartbeat"},
            "ForwardTopics names msk-toolkit-heartbeat, which HeartbeatTarget forwards already",
        ),
        (
            {"ConsumerGroupPrefix": "p" * 100, "ForwardTopics": f"orders,{'t' * 101}"},
            f"ConsumerGroupPrefix and {'t' * 101} make a consumer group of 201 characters",
        ),
        ({"VantiqTarget": "type:1"}, "VantiqTarget must look like type:my.pkg.Type"),
        ({"HeartbeatTarget": "topic:no"}, "HeartbeatTarget must look like topic:/my/topic"),
        ({"VantiqRoutes": '{"orders": "tpic:/a"}'}, "VantiqRoutes orders: must begin with one of topic:"),
        ({"VantiqRoutes": '{"orders": 1}'}, "VantiqRoutes must be a JSON object such as"),
        (
            {"VantiqTarget": "type:{topic}", "ForwardTopics": "1st"},
            "ForwardTopics, VantiqTarget and VantiqRoutes: Kafka topic 1st",
        ),
        (
            {"AdvancedSettings": '{"LANE": 4}'},
            "AdvancedSettings: LANE is not known; known are FAILURE_TOPICS (redrive)",
        ),
        ({"AdvancedSettings": '{"MAX_IN_FLIGHT": 65}'}, "AdvancedSettings: MAX_IN_FLIGHT: expected `int` <= 64"),
        (
            {"AdvancedSettings": '{"PAYLOAD": "value"}'},
            "AdvancedSettings: PAYLOAD has a parameter of its own: set Payload",
        ),
        ({"AdvancedSettings": '{"HANDOVER_SECONDS": 1}'}, "AdvancedSettings: HANDOVER_SECONDS: expected `float` > 5.0"),
        (
            {"ClusterArn": ANSWERS["ClusterArn"].replace(REGION, "us-east-1")},
            "ClusterArn is in us-east-1 and the stack in eu-central-1: deploy the stack there",
        ),
    ],
)
def test_what_cannot_work_is_reported_with_what_to_do(answers: dict[str, str], start: str) -> None:
    (finding,) = findings(**answers)
    assert finding.startswith(start)


def test_all_that_is_wrong_comes_at_once_and_nothing_is_asked_of_the_cluster() -> None:
    properties = given(
        BootstrapServers="b:9001", PollerMode="provisioned", MinimumPollers="9", VantiqUrl="https://v.example.org:1"
    )
    event = {"RequestType": "Create", "StackId": f"arn:aws:cloudformation:{REGION}:1:stack/s/1"}

    def never(request: Any) -> Any:
        raise AssertionError

    def bad_file() -> None:
        raise ConfigurationError("topics.yaml", ["line 3: partitions is missing"])

    found = answer_for(event | {"ResourceProperties": properties}, never, lambda: False, bad_file)
    assert found.status == "FAILED"
    for part in ("port 9001", "MinimumPollers 9", "VantiqUrl means port 1", "line 3: partitions is missing"):
        assert part in found.reason
    assert found.reason.startswith("Nothing was changed. ")


def test_brokers_on_ports_that_the_stacks_own_group_does_not_let_out_are_refused_or_opened() -> None:
    case = json.loads((Path(__file__).parents[1] / "data" / "bootstrap-port-of-its-own.json").read_text())
    (finding,) = findings(**case["parameters"])
    assert "9001, 9002" in finding
    assert "BootstrapPorts, such as 9001-9002" in finding
    opened = Stack(**case["parameters"], BootstrapPorts="9001-9002")
    rules = opened.properties("FunctionSecurityGroup")["SecurityGroupEgress"]
    assert [(str(rule["FromPort"]), str(rule["ToPort"])) for rule in rules][-1] == ("9001", "9002")
    assert findings(**case["parameters"], BootstrapPorts="9001-9002") == []
