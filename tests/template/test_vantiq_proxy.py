"""A proxy on the path to Vantiq: its variables, its secret, its port, and nothing of it where there is none."""

from typing import Any

import pytest
from msk_toolkit.topics.stack_findings import stack_findings

from tests.template.stack import Stack

USERS = ("ForwarderFunction", "RedriveFunction", "ConnectFunction", "ScramRotationFunction")
ROTATION = {"ScramRotationDays": "30"}
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:proxy-AbCdEf"
PROXY = {"VantiqProxy": "http://proxy.example.com:3128", "VantiqProxySecretArn": SECRET, "NoProxy": "10.0.0.0/8"}
READS = "ReadTheProxyCredentials"


def outbound(**answers: str) -> list[int]:
    """The ports of the functions' outbound rules to anywhere."""
    rules = Stack(**answers).properties("FunctionSecurityGroup")["SecurityGroupEgress"]
    return [int(rule["FromPort"]) for rule in rules if "CidrIp" in rule]


def findings(**answers: str) -> list[str]:
    properties: dict[str, Any] = Stack(**answers).properties("AppliedTopics")
    given = {name: each if isinstance(each, list) else str(each) for name, each in properties.items()}
    return stack_findings(given, "eu-central-1")


def test_whoever_speaks_to_vantiq_and_nobody_else_is_given_the_proxy() -> None:
    stack = Stack(**PROXY, **ROTATION)
    wanted = {
        "VANTIQ_PROXY": PROXY["VantiqProxy"],
        "VANTIQ_PROXY_SECRET_ARN": SECRET,
        "VANTIQ_NO_PROXY": PROXY["NoProxy"],
    }
    for function in stack.names("AWS::Serverless::Function"):
        given = {name: value for name, value in stack.variables(function).items() if "PROXY" in name}
        assert given == (wanted if function in USERS else {}), function
        statement = stack.statements(function).get(READS)
        assert (statement is not None) is (function in USERS), function
        if statement is not None:
            assert (statement["Action"], statement["Resource"]) == ("secretsmanager:GetSecretValue", SECRET)


def test_without_a_proxy_a_stack_has_nothing_of_one() -> None:
    stack = Stack(**ROTATION)
    for function in USERS:
        assert not [name for name in stack.variables(function) if "PROXY" in name]
        assert READS not in stack.statements(function)
    assert outbound() == [443]


@pytest.mark.parametrize(
    ("proxy", "vantiq", "ports"),
    [("http://proxy:3128", "443", [443, 3128]), ("http://proxy:443", "443", [443]),
     ("http://proxy:8443", "8443", [443, 8443]), ("http://proxy:443", "8443", [443, 8443]),
     ("http://proxy:3128", "8443", [443, 8443, 3128])],
)  # fmt: skip
def test_the_proxys_port_is_opened_and_no_port_twice(proxy: str, vantiq: str, ports: list[int]) -> None:
    assert outbound(VantiqProxy=proxy, VantiqPort=vantiq) == ports


def test_a_schema_registry_on_the_proxys_port_opens_it_once() -> None:
    assert outbound(VantiqProxy="http://proxy:8081", SchemaRegistryPort="8081") == [443, 8081]


def test_credentials_and_exceptions_without_a_proxy_are_refused() -> None:
    assert Stack(**PROXY).refusals() == []
    without = Stack(**{**PROXY, "VantiqProxy": ""}).refusals()
    assert without == [
        "VantiqProxySecretArn is only valid with VantiqProxy.",
        "NoProxy is only valid with VantiqProxy.",
    ]


def test_what_rules_can_not_express_is_refused_before_a_topic_is_changed() -> None:
    assert findings(**PROXY) == []
    local = {"VantiqUrl": "http://10.0.0.1:80", "VantiqPort": "80"}
    assert findings(**PROXY, **local) == []
    told = findings(
        VantiqProxy="http://proxy:99999",
        VantiqProxySecretArn=SECRET.replace("eu-central-1", "us-east-1"),
        NoProxy="10.0.0.0/8,a b",
    )
    assert [text.split(" ")[0] for text in told] == ["VantiqProxySecretArn", "VantiqProxy", "NoProxy"]
    (needs,) = findings(VantiqProxy="http://proxy:3128", **local)
    assert needs.startswith("VantiqProxy needs an https VantiqUrl")
