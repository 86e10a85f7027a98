"""A diagnosis as a whole: which listeners, what it concludes, and its table; whatever AWS refuses."""

import json
import socket
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from jsonschema import Draft202012Validator
from msk_toolkit.causes import Cause
from msk_toolkit.deadline import Deadline
from msk_toolkit.diagnose.finding import Code, NetworkFinding
from msk_toolkit.diagnose.listener_checks import check_listener
from msk_toolkit.diagnose.listeners import ListenerAccess, Logins, broker_ports, listeners_to_check
from msk_toolkit.diagnose.network import BrokerPort, network_findings
from msk_toolkit.diagnose.report import (
    DiagnoseRequest,
    ListenerReport,
    ProbeResult,
    parse_diagnose_request,
)
from msk_toolkit.diagnose.run import function_needs, run_diagnosis
from msk_toolkit.diagnose.summary import summarize
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.msk.credentials import ScramCredentials
from msk_toolkit.msk.description import ClusterDescription
from msk_toolkit.msk.findings import Finding
from msk_toolkit.msk.listeners import Listener, listeners
from msk_toolkit.network.stages import StageResult
from msk_toolkit.probe.report import BrokerReport
from msk_toolkit.probe.verdict import judge_brokers
from msk_toolkit.stage import Stage

from tests.fakes.aws_fake import FakeAws, refused
from tests.fakes.diagnoses import ARN, ERROR, report, settings, timed_out
from tests.fakes.ec2_fake import FakeEc2, RefusedError
from tests.fakes.networks import BROKERS_SIDE, FUNCTION_SIDE, SCRAM, group, open_facts

ROOT = Path(__file__).parents[2]
CREDENTIALS = ScramCredentials("user", "hush")
ALL: dict[str, str] = {
    "BootstrapBrokerString": "b-1:9092,b-2:9092",
    "BootstrapBrokerStringTls": "b-1:9094",
    "BootstrapBrokerStringSaslScram": "b-1:9096,b-2:9096",
    "BootstrapBrokerStringSaslIam": "b-1:9098",
    "BootstrapBrokerStringPublicTls": "b-1-public:9194",
    "BootstrapBrokerStringPublicSaslScram": "b-1-public:9196",
    "BootstrapBrokerStringPublicSaslIam": "b-1-public:9198",
    "BootstrapBrokerStringVpcConnectivityTls": "b-1-multi:14002",
    "BootstrapBrokerStringVpcConnectivitySaslScram": "b-1-multi:14001",
    "BootstrapBrokerStringVpcConnectivitySaslIam": "b-1-multi:14003",
    "BootstrapBrokerStringIpv6": "b-1:20092",
    "BootstrapBrokerStringTlsIpv6": "b-1:20094",
    "BootstrapBrokerStringSaslScramIpv6": "b-1:20096",
    "BootstrapBrokerStringSaslIamIpv6": "b-1:20098",
}


def every(request: DiagnoseRequest, **values: Any) -> list[ListenerAccess]:
    return listeners_to_check(listeners(ALL), settings(**values), Logins(CREDENTIALS), request.all_networks)


def name_of(access: ListenerAccess) -> str:
    return f"{access.listener.network} {access.listener.protocol}"


def test_every_listener_is_looked_at_and_the_one_in_use_first() -> None:
    found = every(DiagnoseRequest())
    assert len(found) == 14
    assert [(name_of(one), one.in_use) for one in found[:2]] == [("vpc scram", True), ("vpc plaintext", False)]
    assert sum(one.in_use for one in found) == 1
    # The role may log in with IAM only where that is the login.
    assert {one.listener.protocol for one in found if one.access is None} == {"iam"}
    assert all(one.access for one in every(DiagnoseRequest(), auth_mode="iam"))


def test_the_listeners_inside_the_vpc_are_looked_at_whatever_is_asked_for() -> None:
    assert {one.listener.network for one in every(DiagnoseRequest(networks=()))} == {"vpc"}
    assert {one.listener.network for one in every(parse_diagnose_request({"networks": ["public"]}))} == {
        "vpc",
        "public",
    }
    with pytest.raises(ConfigurationError, match="must be one of public, multi-vpc, ipv6"):
        parse_diagnose_request({"networks": ["vpcs"]})


def test_without_credentials_a_listener_has_no_access_and_a_password_is_never_printed() -> None:
    found = listeners_to_check(listeners(ALL), settings(), Logins(), ["vpc"])
    assert {one.listener.protocol for one in found if one.access is None} == {"scram", "iam"}
    assert "hush" not in repr(every(DiagnoseRequest()))


def test_given_brokers_take_the_place_of_msks_own() -> None:
    (used,) = [one for one in every(DiagnoseRequest(), bootstrap_servers="x:9096, y:9096") if one.in_use]
    assert (used.listener.brokers, name_of(used)) == ("x:9096,y:9096", "vpc scram")
    (used,) = [one for one in every(DiagnoseRequest(), bootstrap_servers="b-1-public:9196") if one.in_use]
    assert name_of(used) == "public scram"
    (alone,) = listeners_to_check((), settings(bootstrap_servers="x:9096"), Logins(CREDENTIALS), ["vpc"])
    assert (name_of(alone), alone.in_use) == ("vpc scram", True)


def test_ports_are_those_of_the_listeners_and_of_zookeeper() -> None:
    cluster = ClusterDescription(arn=ARN, name="demo", zookeeper="z-1:2181,z-2:2181", zookeeper_tls="z-1:2182")
    found = broker_ports(every(DiagnoseRequest(networks=())), cluster, "scram")
    assert [(one.port, one.in_use) for one in found if one.network == "vpc"] == [
        (9096, True),
        (9092, False),
        (9094, False),
        (9098, False),
    ]
    assert [one.port for one in found if one.network == "zookeeper"] == [2181, 2182]
    assert broker_ports([], None, "iam") == [BrokerPort(9098, "vpc", True)]


def test_nothing_but_refusals_is_still_an_answer() -> None:
    denied = refused("AccessDeniedException")
    calls = ("describe_cluster_v2", "describe_cluster", "get_bootstrap_brokers", "describe_secret", "get_secret_value")
    aws = FakeAws(**dict.fromkeys(calls, denied))
    ec2 = FakeEc2(DescribeSubnets=RefusedError("UnauthorizedOperation"))

    def client(service: str) -> Any:
        return ec2.client if service == "ec2" else aws

    values = {"subnet_ids": "subnet-f", "security_group_ids": "sg-f"}
    response = run_diagnosis(DiagnoseRequest(), settings(**values), client, Deadline(10))
    assert (response.status, response.listeners) == ("down", [])
    assert "the listener in use is not known" in response.summary
    assert any("kafka:DescribeClusterV2: access denied" in finding.text for finding in response.findings)
    assert {"not-read", "not-visible"} <= {finding.code for finding in response.network}
    assert all(one.severity != "error" for one in response.network)
    schema = json.loads((ROOT / "docs" / "schemas" / "diagnose.response.schema.json").read_text())
    Draft202012Validator(schema).validate(json.loads(msgspec.json.encode(response)))


def test_an_answer_of_aws_proves_that_the_functions_network_resolves_names() -> None:
    nodes = {"ClientSubnets": ["subnet-b"], "SecurityGroups": ["sg-b"], "InstanceType": "kafka.m7g.large"}
    provisioned = {"BrokerNodeGroupInfo": nodes, "NumberOfBrokerNodes": 3}
    described = {"ClusterName": "demo", "State": "ACTIVE", "ClusterArn": ARN, "Provisioned": provisioned}
    aws = FakeAws(describe_cluster_v2={"ClusterInfo": described})
    blocks = {"subnet-f": "10.0.1.0/24", "subnet-b": "10.0.2.0/24"}
    ec2 = FakeEc2(
        DescribeSubnets=[{"SubnetId": name, "VpcId": "vpc-1", "CidrBlock": block} for name, block in blocks.items()],
        DescribeVpcAttribute=[{"VpcId": "vpc-1", "EnableDnsSupport": {"Value": False}}],
    )
    values = {"subnet_ids": "subnet-f", "security_group_ids": "sg-f", "poller_mode": "provisioned"}
    response = run_diagnosis(
        DiagnoseRequest(), settings(**values), lambda name: ec2.client if name == "ec2" else aws, Deadline(10)
    )
    found = [one for one in (*response.network, *response.mapping) if one.code == "dns-off"]
    assert [(one.source, one.severity) for one in found] == [
        ("the function", "note"),
        ("the mapping's pollers", "note"),
    ]


def test_a_finding_has_from_and_to_in_the_answer() -> None:
    finding = NetworkFinding(severity="note", code="dns-off", source="a", target="b", text="t", remedy="r")
    assert json.loads(msgspec.json.encode(finding)) == {
        "severity": "note",
        "code": "dns-off",
        "ports": [],
        "from": "a",
        "to": "b",
        "text": "t",
        "remedy": "r",
    }


@pytest.mark.parametrize(
    ("reports", "findings", "status", "words"),
    [
        (
            [report("healthy")],
            [],
            "healthy",
            "the listener in use (vpc scram) works: said; no errors in the AWS configuration",
        ),
        ([report("healthy")], [ERROR], "degraded", "secret s: is wrong; the listener in use (vpc scram) works"),
        (
            [report("healthy")],
            [ERROR, ERROR],
            "degraded",
            "secret s: is wrong; 1 more error in the AWS configuration; the listener in use (vpc scram) works",
        ),
        ([report("degraded")], [], "degraded", "the listener in use (vpc scram): said"),
        ([report("down")], [ERROR, ERROR], "down", "2 errors in the AWS configuration"),
        ([report("reached")], [], "down", "the listener in use (vpc scram): said"),
        ([report("healthy", in_use=False)], [], "down", "the listener in use is not known"),
        ([report("healthy"), report("down", in_use=False)], [], "healthy", "works"),
    ],
)
def test_the_listener_in_use_decides_and_errors_degrade(
    reports: list[ListenerReport], findings: list[Finding], status: str, words: str
) -> None:
    found, summary = summarize(reports, findings, [], [])
    assert (found, words in summary) == (status, True), summary


def test_brokers_that_time_out_are_explained_by_the_rule_that_is_missing() -> None:
    brokers = [timed_out(1), timed_out(2)]
    failed = judge_brokers(brokers)
    down = msgspec.structs.replace(report("down", summary=failed.summary), written=ProbeResult(failed, brokers))
    shut = open_facts(groups={**(open_facts().groups or {}), "sg-b": group("sg-b")})
    network = network_findings(shut, FUNCTION_SIDE, BROKERS_SIDE, [SCRAM], ())
    assert summarize([down], [], network, []) == (
        "down",
        "the listener in use (vpc scram): all 2 brokers fail at tcp: no answer to the connection attempt; "
        "security group sg-b of the brokers has no inbound rule for 9096 from sg-f: "
        "add one (ingress, tcp 9096, from sg-f)",
    )
    # A login that is refused has nothing to do with it.
    refused_login = msgspec.structs.replace(failed, stage="sasl")
    stages = [StageResult(Stage.SASL, "failed", cause=Cause.AUTHENTICATION_FAILED, detail="no", remedy="r")]
    other = ProbeResult(refused_login, [BrokerReport(1, "b-1:9096", stages)])
    _, summary = summarize([msgspec.structs.replace(down, written=other)], [], network, [])
    assert "security group" not in summary


def test_a_login_that_is_refused_is_explained_by_the_secret() -> None:
    stages = [StageResult(Stage.SASL, "failed", cause=Cause.AUTHENTICATION_FAILED, detail="no", remedy="r")]
    brokers = [BrokerReport(number, f"b-{number}:9096", stages) for number in (1, 2)]
    judged = judge_brokers(brokers)
    down = msgspec.structs.replace(report("down", summary=judged.summary), written=ProbeResult(judged, brokers))
    cluster = Finding("error", "cluster", "is patched")
    assert summarize([down], [cluster, ERROR], [], []) == (
        "down",
        "the listener in use (vpc scram): all 2 brokers fail at sasl: no; secret s: is wrong; 1 more error in the AWS "
        "configuration",
    )


@pytest.mark.parametrize(("brokers", "severity"), [("", "error"), ("b:9096", "note")])
def test_probes_and_topics_ask_msk_only_where_no_brokers_are_given(brokers: str, severity: str) -> None:
    # connect and diagnose ask it in any case.
    needs = {need.service: need.severity for need in function_needs(settings(bootstrap_servers=brokers))}
    assert needs["kafka"] == severity


def test_a_listener_that_nobody_resolves_is_not_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object, **__: object) -> Any:
        raise OSError("no resolver in unit tests")

    monkeypatch.setattr("msk_toolkit.network.connect.socket.getaddrinfo", nobody)
    iam = ListenerAccess(Listener("vpc", "iam", [9098], "b-1.demo:9098"), False, None)
    found = check_listener(iam, settings(), Deadline(5), None, [])
    assert (found.status, found.connects, found.offers) == ("not reached", False, [])
    assert found.summary == "broker 1 (b-1.demo:9098) fails at dns: b-1.demo has no address"


def test_a_certificate_that_is_none_fails_the_encrypted_listeners_alone() -> None:
    tls = next(one for one in every(DiagnoseRequest(), trusted_ca="no certificate") if name_of(one) == "vpc scram")
    found = check_listener(tls, settings(trusted_ca="no certificate"), Deadline(5), None, [])
    assert (found.status, "TRUSTED_CA: contains no certificate" in found.summary) == ("down", True)


def test_every_kind_of_finding_is_in_the_documentation() -> None:
    page = (ROOT / "docs" / "diagnose.md").read_text(encoding="utf-8")
    assert [code for code in get_args(Code) if f"`{code}`" not in page] == []


def unresolved(*_: object, **__: object) -> Any:
    raise socket.gaierror(socket.EAI_NONAME, "not known")


def test_outside_msk_nothing_is_asked_of_msk_and_the_answer_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", unresolved)
    secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:kafka/toolkit-AbCdEf"
    client = FakeAws(
        get_secret_value={"SecretString": '{"username": "user", "password": "hush"}'},
        describe_secret={"Name": "kafka/toolkit", "ARN": secret},
    )
    outside = settings(
        cluster_arn="",
        bootstrap_servers="127.0.0.1:1",
        auth_mode="scram256",
        scram_secret_arn=secret,
        stage_timeout_seconds=0.5,
        subnet_ids="subnet-f",
        security_group_ids="sg-f",
    )
    ec2 = FakeEc2(DescribeSubnets=[{"SubnetId": "subnet-f", "VpcId": "vpc-1", "CidrBlock": "10.0.1.0/24"}])
    response = run_diagnosis(
        DiagnoseRequest(), outside, lambda name: ec2.client if name == "ec2" else client, Deadline(20)
    )
    (listener,) = response.listeners
    assert (listener.in_use, listener.status, response.cluster) == (True, "down", None)
    texts = [f"{finding.severity}: {finding.subject}: {finding.text}" for finding in response.findings]
    assert any(text.startswith("note: cluster: CLUSTER_ARN is not set, as for Kafka outside") for text in texts)
    # The pollers are where the functions are.
    assert any("subnet-f" in finding.text and "pollers" in finding.text for finding in response.mapping)
    # Neither name nor key nor association is wrong there.
    assert not [text for text in texts if secret in text]
    assert set(client.asked) <= {"get_secret_value", "describe_secret", "list_event_source_mappings"}


def test_the_listener_of_the_parameter_is_the_one_in_use() -> None:
    for listener, name in (("public", "public scram"), ("multi-vpc", "multi-vpc scram")):
        (used,) = [one for one in every(DiagnoseRequest(networks=()), listener=listener) if one.in_use]
        assert name_of(used) == name
