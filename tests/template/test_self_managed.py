"""Kafka outside MSK: mappings, permissions, rules and variables of a stack with brokers instead of an ARN."""

import json
from typing import Any

import pytest
from botocore.session import get_session

from tests.template.stack import ACCOUNT, ANSWERS, Stack, raw_template

SECRET = ACCOUNT.format("secretsmanager", "secret:kafka/toolkit-a1b2c3")
CERTIFICATE = ACCOUNT.format("secretsmanager", "secret:kafka/client-a1b2c3")
BROKERS = "k-1.example:9093,k-2.example:9093"
OUTSIDE = {
    "ClusterArn": "",
    "ClusterName": "plant-kafka",
    "BootstrapServers": BROKERS,
    "BootstrapPorts": "9093-9093",
    "ClusterSecurityGroupId": "",
    "ScramSecretArn": "",
    "ScramSecretKmsKeyArn": "",
}
SCRAM = {"AuthMode": "scram", "ScramSecretArn": SECRET}
SCRAM_256 = {"AuthMode": "scram256", "ScramSecretArn": SECRET}
MUTUAL_TLS = {"AuthMode": "mtls", "ClientCertificateSecretArn": CERTIFICATE}
PLAINTEXT = {"AuthMode": "none"}
LOGINS: dict[str, tuple[dict[str, str], list[dict[str, str]]]] = {
    "scram": (SCRAM, [{"Type": "SASL_SCRAM_512_AUTH", "URI": SECRET}]),
    "scram256": (SCRAM_256, [{"Type": "SASL_SCRAM_256_AUTH", "URI": SECRET}]),
    "mtls": (MUTUAL_TLS, [{"Type": "CLIENT_CERTIFICATE_TLS_AUTH", "URI": CERTIFICATE}]),
    "tls": ({"AuthMode": "tls"}, []),
    "none": (PLAINTEXT, []),
}
VPC = [
    {"Type": "VPC_SUBNET", "URI": "subnet:subnet-1"},
    {"Type": "VPC_SUBNET", "URI": "subnet:subnet-2"},
    # SAM's own expansion leaves resources in a text as they are written.
    {"Type": "VPC_SECURITY_GROUP", "URI": "security_group:${FunctionSecurityGroup}"},
]


def outside(login: dict[str, str], **answers: str) -> Stack:
    return Stack(**{**OUTSIDE, **login, **answers})


@pytest.mark.parametrize("login", LOGINS)
def test_every_mapping_names_brokers_group_login_and_network(login: str) -> None:
    given, access = LOGINS[login]
    stack = outside(given, HeartbeatTarget="topic:/heartbeat")
    groups = []
    for mapping in stack.mappings():
        assert "EventSourceArn" not in mapping
        assert "AmazonManagedKafkaEventSourceConfig" not in mapping
        assert mapping["SelfManagedEventSource"] == {"Endpoints": {"KafkaBootstrapServers": BROKERS.split(",")}}
        assert mapping["SourceAccessConfigurations"] == [*access, *VPC]
        groups.append(mapping["SelfManagedKafkaEventSourceConfig"])
    topics = ("orders", "sensor-readings", "msk-toolkit-heartbeat")
    assert groups == [{"ConsumerGroupId": f"shop-{topic}"} for topic in topics]


def test_lambda_knows_every_kind_of_access_that_the_template_names() -> None:
    shapes = get_session().get_service_model("lambda")
    known = shapes.shape_for("SourceAccessType").enum  # type: ignore[attr-defined]  # of a string
    mapping = Stack(**{**OUTSIDE, **MUTUAL_TLS, "TrustedCa": "PEM"}).mappings()[0]
    assert {access["Type"] for access in mapping["SourceAccessConfigurations"]} <= set(known)
    members = shapes.shape_for("CreateEventSourceMappingRequest").members  # type: ignore[attr-defined]  # of a structure
    assert {"SelfManagedEventSource", "SelfManagedKafkaEventSourceConfig"} <= set(members)


@pytest.mark.parametrize(("subnets", "used"), [("subnet-1", 1), ("subnet-1,subnet-2,subnet-3,subnet-4", 3)])
def test_the_pollers_are_in_the_first_three_subnets(subnets: str, used: int) -> None:
    access = outside(PLAINTEXT, SubnetIds=subnets).mappings()[0]["SourceAccessConfigurations"]
    assert [each["URI"] for each in access][:-1] == [f"subnet:subnet-{number}" for number in range(1, used + 1)]


@pytest.mark.parametrize("line_end", ["\\n", "\n", "\r\n"])
def test_lambda_gets_a_private_ca_as_a_secret_in_json(line_end: str) -> None:
    pem = line_end.join(["-----BEGIN CERTIFICATE-----", "MIIB", "-----END CERTIFICATE-----", ""])
    stack = outside(SCRAM, TrustedCa=pem)
    secret = json.loads(stack.properties("BrokersCaSecret")["SecretString"])
    assert secret == {"certificate": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"}
    assert {"Type": "SERVER_ROOT_CA_CERTIFICATE", "URI": "BrokersCaSecret"} in stack.mappings()[0][
        "SourceAccessConfigurations"
    ]
    assert stack.statements("ForwarderFunction")["LetThePollersReadTheCa"]["Resource"] == "BrokersCaSecret"


def test_on_msk_there_is_no_such_secret_and_mappings_are_as_they_were() -> None:
    stack = Stack(TrustedCa="PEM")
    assert stack.names("AWS::SecretsManager::Secret") == []
    for mapping in stack.mappings():
        assert mapping["EventSourceArn"] == ANSWERS["ClusterArn"]
        assert not {"SelfManagedEventSource", "SelfManagedKafkaEventSourceConfig"} & mapping.keys()
        assert mapping["SourceAccessConfigurations"] == [
            {"Type": "SASL_SCRAM_512_AUTH", "URI": ANSWERS["ScramSecretArn"]}
        ]
    assert "SourceAccessConfigurations" not in Stack(AuthMode="tls", **NO_SECRET).mappings()[0]


NO_SECRET = {"ScramSecretArn": "", "ScramSecretKmsKeyArn": ""}


@pytest.mark.parametrize("login", LOGINS)
def test_no_role_asks_msk_and_each_reads_its_own_secret_alone(login: str) -> None:
    stack = outside(LOGINS[login][0])
    secrets = {"scram": SECRET, "scram256": SECRET, "mtls": CERTIFICATE}
    for name in stack.names("AWS::Serverless::Function"):
        statements = stack.statements(name)
        of_msk = {action for action in stack.actions(name) if action.startswith(("kafka:", "kafka-cluster:"))}
        # A cluster may be described by its name, also one that is not the stack's.
        assert of_msk <= {"kafka:ListClustersV2"}, name
        assert "" not in [statement["Resource"] for statement in statements.values()], name
    statement = "ReadTheClientCertificate" if login == "mtls" else "ReadTheScramCredentials"
    read = stack.statements("TopicsFunction").get(statement)
    assert (read and read["Resource"]) == secrets.get(login)


def test_the_pollers_have_network_interfaces_and_their_certificate_which_the_code_has_not() -> None:
    stack = outside(MUTUAL_TLS)
    statements = stack.statements("ForwarderFunction")
    assert "ec2:CreateNetworkInterface" in statements["LetThePollersHaveInterfaces"]["Action"]
    assert statements["LetThePollersReadTheirCertificate"]["Resource"] == CERTIFICATE
    policies: list[Any] = stack.properties("ForwarderFunction")["Policies"]
    assert not [policy for policy in policies if "AWSLambdaMSKExecutionRole" in str(policy)]
    denied = [each for policy in policies if isinstance(policy, dict) for each in policy["Statement"]]
    (own,) = [each for each in denied if each["Sid"] == "LeaveTheCertificateToThePollers"]
    assert (own["Effect"], own["Resource"]) == ("Deny", CERTIFICATE)


def test_a_customers_key_is_only_used_where_it_is_given() -> None:
    key = ACCOUNT.format("kms", "key/2")
    with_key = outside(MUTUAL_TLS, ClientCertificateKmsKeyArn=key).statements("ForwarderFunction")
    assert with_key["LetThePollersDecryptTheirCertificate"]["Resource"] == key
    assert "LetThePollersDecryptTheirSecret" not in outside(SCRAM).statements("ForwarderFunction")


def test_the_functions_reach_the_brokers_ports_and_no_group_is_needed() -> None:
    stack = outside(PLAINTEXT)
    assert stack.names("AWS::EC2::SecurityGroupIngress") == []
    ports = [(rule["FromPort"], rule.get("CidrIp")) for rule in egress(stack)]
    assert ports == [(443, "0.0.0.0/0"), ("9093", "0.0.0.0/0")]
    beside = outside(PLAINTEXT, ClusterSecurityGroupId="sg-brokers")
    assert beside.names("AWS::EC2::SecurityGroupIngress") == ["OwnPortsIngress"]


def egress(stack: Stack) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = stack.properties("FunctionSecurityGroup")["SecurityGroupEgress"]
    return rules


def test_only_the_functions_that_make_ids_know_the_clusters_name() -> None:
    stack = outside(PLAINTEXT)
    for name in stack.names("AWS::Serverless::Function"):
        expected = "plant-kafka" if name in {"ForwarderFunction", "RedriveFunction"} else None
        assert stack.variables(name).get("CLUSTER_NAME") == expected, name
    assert "CLUSTER_NAME" not in Stack().variables("ForwarderFunction")


@pytest.mark.parametrize(
    ("answers", "refusal"),
    [
        ({"BootstrapServers": ""}, "Set ClusterArn for a cluster on MSK, or BootstrapServers"),
        ({"ClusterName": ""}, "ClusterName is required"),
        ({"BootstrapPorts": ""}, "BootstrapPorts is required"),
        ({"AuthMode": "iam"}, "only MSK accepts a login with IAM"),
        ({"Listener": "public"}, "Listener is for MSK"),
        ({"OpenPollerRule": "yes"}, "OpenPollerRule is for MSK"),
        ({"ClusterKind": "express"}, "offerings of MSK"),
        ({"AuthMode": "mtls"}, "AuthMode mtls requires ClientCertificateSecretArn"),
        ({"AuthMode": "scram256"}, "AuthMode scram requires ScramSecretArn"),
        ({"ClientCertificateSecretArn": CERTIFICATE}, "only valid with AuthMode mtls"),
    ],
)
def test_what_can_not_be_outside_msk_is_refused(answers: dict[str, str], refusal: str) -> None:
    assert outside(PLAINTEXT).refusals() == []
    assert any(refusal in said for said in outside(PLAINTEXT, **answers).refusals())


@pytest.mark.parametrize(
    ("answers", "refusal"),
    [
        ({"ClusterName": "plant-kafka"}, "ClusterName is for Kafka outside MSK"),
        ({"AuthMode": "scram256"}, "MSK accepts SCRAM-SHA-512 only"),
        ({"ClusterSecurityGroupId": ""}, "ClusterSecurityGroupId is required"),
        ({"ScramSecretKmsKeyArn": ""}, "requires ScramSecretKmsKeyArn"),
        ({"Listener": "public", "AuthMode": "none", **NO_SECRET}, "no plaintext listener on the internet"),
        ({"Listener": "multi-vpc", "OpenPollerRule": "yes"}, "OpenPollerRule requires Listener private"),
    ],
)
def test_what_can_not_be_on_msk_is_refused(answers: dict[str, str], refusal: str) -> None:
    assert Stack().refusals() == []
    assert any(refusal in said for said in Stack(**answers).refusals())


@pytest.mark.parametrize(
    ("listener", "rules"),
    [
        ("private", [(9092, 9098, "sg-cluster")]),
        ("multi-vpc", [(14001, 14100, "sg-cluster")]),
        ("public", [(9194, 9198, "0.0.0.0/0")]),
    ],
)
def test_the_functions_are_let_out_to_the_chosen_listener(listener: str, rules: list[tuple[int, int, str]]) -> None:
    stack = Stack(Listener=listener)
    towards = [rule for rule in egress(stack) if rule["FromPort"] != 443]
    assert [
        (rule["FromPort"], rule["ToPort"], rule.get("DestinationSecurityGroupId") or rule["CidrIp"]) for rule in towards
    ] == rules
    assert stack.variables("TopicsFunction").get("LISTENER") == (None if listener == "private" else listener)


@pytest.mark.parametrize(("listener", "ports"), [("private", (9096, 9096)), ("multi-vpc", (14001, 14100))])
def test_the_group_lets_the_functions_in_to_the_chosen_listener(listener: str, ports: tuple[int, int]) -> None:
    rule = Stack(Listener=listener).properties("ClusterIngress")
    assert (rule["GroupId"], rule["FromPort"], rule["ToPort"]) == ("sg-cluster", *ports)
    # From the internet they have the address of a NAT gateway, which no stack knows.
    assert Stack(Listener="public", ClusterSecurityGroupId="").names("AWS::EC2::SecurityGroupIngress") == []


def test_mutual_tls_on_msk_gives_its_mappings_the_certificate() -> None:
    stack = Stack(**MUTUAL_TLS, **NO_SECRET)
    assert stack.refusals() == []
    assert stack.mappings()[0]["SourceAccessConfigurations"] == LOGINS["mtls"][1]
    assert stack.properties("ClusterIngress")["FromPort"] == 9094
    assert "LetThePollersLogInAndCommit" not in stack.statements("ForwarderFunction")


def test_every_auth_mode_has_its_ports_in_the_template() -> None:
    template = raw_template()
    modes = set(template["Parameters"]["AuthMode"]["AllowedValues"])
    assert all(set(ports) == modes for ports in template["Mappings"]["ListenerPorts"].values())


def test_no_parameter_shares_its_name_with_another_part_of_the_template() -> None:
    template = raw_template()
    for section in ("Mappings", "Conditions", "Resources", "Rules"):
        assert not template["Parameters"].keys() & template[section].keys(), section
