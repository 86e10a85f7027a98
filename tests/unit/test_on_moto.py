"""diagnose and connect against moto's EC2, MSK, Secrets Manager, Lambda and IAM: a second emulator, of other people's.

What moto lacks, and why this is no deployed stack, stands in tests/fakes/moto_aws.py.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from msk_toolkit.aws.mappings import mapping_states
from msk_toolkit.connect.request import parse_connect_request as parse_connect
from msk_toolkit.connect.run import run_connect
from msk_toolkit.deadline import Deadline
from msk_toolkit.diagnose.report import DiagnoseRequest, DiagnoseResponse
from msk_toolkit.diagnose.run import run_diagnosis
from msk_toolkit.settings.connect import ConnectSettings
from msk_toolkit.settings.diagnose import DiagnoseSettings

from tests.fakes.moto_aws import (
    ANYWHERE,
    BROKERS,
    Aws,
    Network,
    let_in,
    let_out,
    make_cluster,
    make_endpoints,
    make_function,
    make_network,
    make_secret,
)

# Skipped where the dependencies are older than the lock file; CI takes no skip.
mock_aws = pytest.importorskip("moto").mock_aws
KEY = "arn:aws:kms:eu-central-1:123456789012:key/1"
NO_BROKERS: Any = DiagnoseRequest(networks=())


@pytest.fixture(scope="module")
def clients() -> Aws:
    return Aws()


@pytest.fixture
def aws(clients: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """An account in which nothing is yet."""

    def nobody(*_: object, **__: object) -> Any:
        raise OSError("no resolver in unit tests")

    clients.answer(get_bootstrap_brokers=BROKERS)
    with mock_aws(config={"lambda": {"use_docker": False}}):
        monkeypatch.setattr("msk_toolkit.network.connect.socket.getaddrinfo", nobody)
        yield clients


def run(aws: Aws, network: Network, **values: Any) -> DiagnoseResponse:
    values = {
        "subnet_ids": network.function_subnet,
        "security_group_ids": network.function_group,
        "forwarder_function": "shop-forwarder",
        "forwarder_role_arn": make_function(aws, "shop-forwarder"),
        **values,
    }
    return run_diagnosis(NO_BROKERS, DiagnoseSettings(**values), aws, Deadline(30))


def pollers_lack(response: DiagnoseResponse) -> list[tuple[str, tuple[int, ...], str]]:
    """What keeps the pollers from their work, but that moto's Lambda holds no mapping of a cluster."""
    errors = [
        finding for finding in response.mapping if finding.severity == "error" and finding.code != "mapping-failing"
    ]
    return [(finding.code, finding.ports, finding.target) for finding in errors if finding.code != "mapping-failing"]


def test_a_vpc_without_routes_reports_what_is_missing_and_nothing_else(aws: Aws) -> None:
    network = make_network(aws)
    secret = make_secret(aws)
    cluster = make_cluster(aws, network, Sasl={"Scram": {"Enabled": True}})
    response = run(aws, network, cluster_arn=cluster, scram_secret_arn=secret)
    assert pollers_lack(response) == [
        ("egress-closed", (9096,), "the brokers"),
        ("ingress-closed", (9096,), "the brokers"),
        ("service-unreachable", (443,), "lambda, sts and secretsmanager"),
    ]
    # The functions reach the brokers' port; S3 they don't, and the two services that answered are proven.
    assert [(finding.code, finding.target) for finding in response.network if finding.severity == "error"] == [
        ("service-unreachable", "s3")
    ]
    said = [finding.text for finding in response.findings if finding.severity == "error"]
    assert any("default key" in text for text in said)
    assert any("UnprocessedScramSecrets" in text for text in said)


def test_each_rule_or_endpoint_that_is_created_takes_its_finding_away(aws: Aws) -> None:
    network = make_network(aws)
    secret = make_secret(aws, KmsKeyId=KEY)
    aws.answers["list_scram_secrets"] = {"SecretArnList": [secret]}
    cluster = make_cluster(aws, network, Sasl={"Scram": {"Enabled": True}})
    make_endpoints(aws, network, "lambda", "sts", "secretsmanager", "s3")
    let_out(aws, network.cluster_group, ANYWHERE, 443)
    let_out(aws, network.cluster_group, network.cluster_group, 9096)
    let_in(aws, network.cluster_group, network.cluster_group, 9096)
    response = run(aws, network, cluster_arn=cluster, scram_secret_arn=secret)
    assert pollers_lack(response) == []
    assert [finding.text for finding in response.network if finding.severity == "error"] == []
    assert not [finding for finding in response.findings if finding.subject.startswith("secret")]


def test_provisioned_pollers_are_reported_to_lack_s3_alone(aws: Aws) -> None:
    network = make_network(aws)
    cluster = make_cluster(aws, network, Sasl={"Scram": {"Enabled": True}})
    let_out(aws, network.cluster_group, network.cluster_group, 9096)
    let_in(aws, network.cluster_group, network.cluster_group, 9096)
    values = {"cluster_arn": cluster, "scram_secret_arn": make_secret(aws), "poller_mode": "provisioned"}
    assert pollers_lack(run(aws, network, **values)) == [("service-unreachable", (443,), "s3")]


def test_on_a_cluster_with_iam_the_pollers_port_is_iams_whatever_the_mode(aws: Aws) -> None:
    both = {
        "BootstrapBrokerStringTls": "b-1.demo.invalid:9094",
        "BootstrapBrokerStringSaslIam": "b-1.demo.invalid:9098",
    }
    aws.answer(get_bootstrap_brokers=both)
    network = make_network(aws)
    cluster = make_cluster(aws, network, Sasl={"Iam": {"Enabled": True}}, Unauthenticated={"Enabled": True})
    response = run(aws, network, cluster_arn=cluster, auth_mode="tls", poller_mode="provisioned")
    assert [port for code, port, _ in pollers_lack(response) if code == "ingress-closed"] == [(9098,)]
    assert any(finding.code == "poller-listener" for finding in response.mapping)


def test_connect_describes_the_cluster_that_was_made(aws: Aws) -> None:
    nodes = {"NodeInfoList": [{"BrokerNodeInfo": {"BrokerNodeType": "STANDARD"}}]}
    aws.answers["list_nodes"] = nodes
    network = make_network(aws)
    cluster = make_cluster(aws, network, Sasl={"Scram": {"Enabled": True}})
    secret = make_secret(aws, KmsKeyId=KEY)
    aws.answers["list_scram_secrets"] = {"SecretArnList": [secret]}
    settings = ConnectSettings(cluster_arn=cluster, scram_secret_arn=secret)
    response = run_connect(parse_connect({"cluster": cluster}), settings, aws, None, Deadline(30))
    assert response.cluster is not None
    assert (response.cluster.name, response.cluster.kafka_version, response.cluster.brokers) == ("demo", "3.9.x", 2)
    assert (response.cluster.subnets, response.cluster.security_groups) == (
        [network.cluster_subnet],
        [network.cluster_group],
    )
    assert response.cluster.broker_node_types == ["STANDARD"]
    assert response.cluster.customer_action == "NONE"
    assert {mode.mode: mode.state for mode in response.auth_modes}["scram"] == "on"
    # A new cluster of moto's stays in creation, and nothing else is wrong with this finding.
    assert [finding.text[:17] for finding in response.findings if finding.severity != "note"] == ["is still CREATING"]
    assert "hush" not in str(response)


def test_mappings_are_read_as_lambda_describes_them(aws: Aws) -> None:
    # moto takes no Kafka cluster as a source; a queue's mapping has the same shape.
    make_function(aws, "shop-forwarder")
    queue = aws("sqs").create_queue(QueueName="orders")["QueueUrl"]
    source = aws("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    made = aws("lambda").create_event_source_mapping(
        EventSourceArn=source,
        FunctionName="shop-forwarder",
        DestinationConfig={"OnFailure": {"Destination": "arn:aws:s3:::letters"}},
        ProvisionedPollerConfig={"MinimumPollers": 2, "MaximumPollers": 4},
    )
    (state,) = mapping_states(aws("lambda"), "shop-forwarder", source)
    assert (state.id, state.state, state.provisioned) == (made["UUID"], "Enabled", True)
    assert (state.minimum_pollers, state.maximum_pollers, state.destination) == (2, 4, "arn:aws:s3:::letters")
