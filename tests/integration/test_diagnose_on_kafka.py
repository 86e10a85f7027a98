"""A diagnosis of real brokers: every listener is reported, faults are named, and a hung listener delays no other."""

import json
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.diagnose.report import DiagnoseRequest, DiagnoseResponse, ListenerReport
from msk_toolkit.diagnose.run import run_diagnosis
from msk_toolkit.settings.diagnose import DiagnoseSettings
from msk_toolkit.topics.declared import DeclaredTopic

from local.kafka import BROKER_IDS, KafkaCluster
from tests.fakes.aws_fake import FakeAws
from tests.fakes.ec2_fake import FakeEc2
from tests.integration.kafka_access import (
    elect_preferred_leaders,
    new_name,
    plaintext,
    settled,
    views_of,
    wait_until,
)
from tests.integration.topics_runs import run

pytestmark = pytest.mark.integration

ARN = "arn:aws:kafka:ap-southeast-1:123456789012:cluster/demo/1"
SECRET = "arn:aws:secretsmanager:ap-southeast-1:123456789012:secret:AmazonMSK_local-AbCdEf"
# Short where something hangs for as long; else as the product has it: the first group of a cluster takes a moment.
HUNG_SECONDS = 2.0
STAGE_SECONDS = 5.0


@pytest.fixture(scope="module")
def topic(kafka: KafkaCluster) -> str:
    """A heartbeat topic of which each broker leads a partition."""
    name = new_name("heartbeat")
    wait_until(lambda: settled(kafka), "the cluster is not whole")
    run([DeclaredTopic(name, 3, 3)], plaintext(kafka), write=True, deadline=Deadline(20), stage_seconds=5)
    wait_until(lambda: settled(kafka, name), "the topic is not in sync")
    return name


def ask(
    kafka: KafkaCluster,
    topic: str,
    further: Mapping[str, str] = MappingProxyType({}),
    *,
    seconds: float = 60,
    stage_seconds: float = STAGE_SECONDS,
    password: str = "",
) -> DiagnoseResponse:
    """Diagnose the cluster, as AWS would describe it; ``further`` are keys of GetBootstrapBrokers."""
    login = {"username": kafka.settings.username, "password": password or kafka.settings.password}
    nodes = {"ClientSubnets": ["subnet-b"], "SecurityGroups": ["sg-b"], "InstanceType": "kafka.m7g.large"}
    cluster = {"ClusterName": "demo", "State": "ACTIVE", "ClusterArn": ARN}
    aws = FakeAws(
        describe_cluster_v2={
            "ClusterInfo": {**cluster, "Provisioned": {"BrokerNodeGroupInfo": nodes, "NumberOfBrokerNodes": 3}}
        },
        get_bootstrap_brokers={
            "BootstrapBrokerString": kafka.bootstrap("PLAINTEXT"),
            "BootstrapBrokerStringSaslScram": kafka.bootstrap("SASL_SSL"),
            **further,
        },
        list_scram_secrets={"SecretArnList": [SECRET]},
        describe_secret={"Name": "AmazonMSK_local", "ARN": SECRET, "KmsKeyId": "arn:aws:kms:x:1:key/1"},
        get_secret_value={"SecretString": json.dumps(login)},
    )
    ec2 = FakeEc2()
    settings = DiagnoseSettings(
        cluster_arn=ARN,
        scram_secret_arn=SECRET,
        trusted_ca=kafka.ca_file.read_text(),
        probe_topic=topic,
        stage_timeout_seconds=stage_seconds,
        consumer_group=new_name("diagnose"),
    )

    def client(service: str) -> Any:
        return ec2.client if service == "ec2" else aws

    return run_diagnosis(DiagnoseRequest(), settings, client, Deadline(seconds))


def of(response: DiagnoseResponse, name: str) -> ListenerReport:
    """The report of a listener."""
    return next(one for one in response.listeners if f"{one.network} {one.protocol}" == name)


def test_every_listener_is_probed_as_far_as_its_credentials_lead(kafka: KafkaCluster, topic: str) -> None:
    further = {
        "BootstrapBrokerStringTls": kafka.bootstrap("SSL"),
        # A login that nobody has: the listener itself says what it takes.
        "BootstrapBrokerStringSaslIam": kafka.bootstrap("SASL_SSL"),
    }
    response = ask(kafka, topic, further)
    assert [(f"{one.network} {one.protocol}", one.status, one.in_use) for one in response.listeners] == [
        ("vpc scram", "healthy", True),
        ("vpc plaintext", "healthy", False),
        ("vpc tls", "healthy", False),
        ("vpc iam", "reached", False),
    ], response.table
    for one in response.listeners[:3]:
        assert one.written is not None
        assert one.read is not None
        assert {report.read_back for report in one.written.brokers} == {"ok"}
        assert [report.broker for report in one.read.brokers] == list(BROKER_IDS)
    iam = response.listeners[3]
    assert iam.offers == ["SCRAM-SHA-512"]
    assert iam.reached is not None
    assert {(stage.stage, stage.status) for report in iam.reached for stage in report.stages} == {
        (stage, "ok") for stage in ("dns", "tcp", "tls", "sasl")
    }
    assert all(report.certificate_days is None for report in iam.reached)
    assert kafka.settings.password not in str(response)


@pytest.fixture
def whole_again(kafka: KafkaCluster, topic: str) -> Iterator[None]:
    """Afterwards every broker runs, is in sync and leads its partition."""
    yield
    for broker in BROKER_IDS:
        if broker not in kafka.running_brokers():
            kafka.start_broker(broker)
    wait_until(lambda: settled(kafka, topic), "the cluster is not whole again", 60)
    elect_preferred_leaders(kafka)

    def led_by_all() -> bool:
        views = views_of(kafka, topic)
        return all(view and {part.leader for part in view.partitions} == set(BROKER_IDS) for view in views)

    wait_until(led_by_all, "leadership does not come back")


@pytest.mark.usefixtures("whole_again")
def test_a_stopped_broker_is_named_on_each_listener(kafka: KafkaCluster, topic: str) -> None:
    kafka.stop_broker(2)
    response = ask(kafka, topic)
    assert response.status == "degraded", response.table
    for name, listener in (("vpc scram", "SASL_SSL"), ("vpc plaintext", "PLAINTEXT")):
        one = of(response, name)
        assert (one.status, one.connects) == ("degraded", False)
        for result in one.results:
            assert (result.verdict.broker, result.verdict.stage, result.verdict.cause) == (
                2,
                "tcp",
                "connection-refused",
            )
            assert result.verdict.address == f"localhost:{kafka.settings.ports[listener][2]}"


def test_a_wrong_password_fails_its_own_listener_alone_with_what_aws_knows(kafka: KafkaCluster, topic: str) -> None:
    response = ask(kafka, topic, password="wrong")
    scram, plain = of(response, "vpc scram"), of(response, "vpc plaintext")
    assert (response.status, scram.status, plain.status) == ("down", "down", "healthy"), response.table
    assert scram.written is not None
    assert (scram.written.verdict.stage, scram.written.verdict.cause) == ("sasl", "authentication-failed")
    assert scram.written.verdict.cluster_state == "ACTIVE"
    assert scram.connects
    assert "STAGES of vpc scram, written through" in response.table


@contextmanager
def hung() -> Iterator[str]:
    """A listener that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        yield f"localhost:{listening.getsockname()[1]}"


def test_a_listener_that_hangs_delays_no_other_and_ends_in_time(kafka: KafkaCluster, topic: str) -> None:
    with hung() as address:
        began = time.monotonic()
        response = ask(
            kafka,
            topic,
            {
                "BootstrapBrokerStringPublicTls": address,
                "BootstrapBrokerStringPublicSaslIam": address,
                "BootstrapBrokerStringVpcConnectivitySaslScram": address,
            },
            stage_seconds=HUNG_SECONDS,
        )
        took = time.monotonic() - began
    assert of(response, "vpc scram").status == "healthy", response.table
    assert of(response, "public tls").status == "down"
    assert of(response, "multi-vpc scram").status == "down"
    assert of(response, "public iam").status == "not reached"
    for name in ("public tls", "public iam", "multi-vpc scram"):
        causes = {report.failure.cause for report in of(response, name).broker_reports if report.failure}
        assert causes == {"tls-timeout"}
    # Both probes of a listener in turn, each stopped by one stage's deadline.
    assert took < 2 * HUNG_SECONDS * 1.1 + 6
    # They are not in use, so they make nothing worse.
    assert response.listeners[0].in_use


def test_a_short_time_is_kept_whatever_hangs(kafka: KafkaCluster, topic: str) -> None:
    with hung() as address:
        began = time.monotonic()
        response = ask(kafka, topic, {"BootstrapBrokerStringPublicTls": address}, seconds=1.5)
        assert time.monotonic() - began < 1.5 + 2
    assert of(response, "public tls").status == "down"
