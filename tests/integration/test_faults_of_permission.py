"""Logins and operations that real brokers refuse."""

import subprocess

import boto3
import msgspec
import pytest
from kafka.admin import ACLOperation, ResourceType
from msk_toolkit.probe.producer import ProducerProbeResponse

from local.kafka import KafkaCluster
from tests.fakes.fault_listeners import redirect
from tests.fakes.fault_rules import SASL_AUTHENTICATE, Change, IamLogin
from tests.integration.kafka_access import denied, new_name, scram, tls, wait_until
from tests.integration.probe_faults import (
    consume,
    failures,
    faults_before,
    named,
    only_the_second_fails,
    produce,
    second,
    through_tls,
)

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("change", [{"password": "wrong"}, {"username": "nobody"}])
def test_credentials_that_the_brokers_refuse_fail_every_broker(
    kafka: KafkaCluster, topic: str, group: str, change: dict[str, str]
) -> None:
    access = scram(kafka, **change)
    for response in (produce(access, topic), consume(access, topic, group)):
        assert named(response) == ("down", None, "sasl", "authentication-failed"), response.table
        assert len(failures(response)) == 3


def test_a_broker_that_does_not_know_the_password_itself_fails_at_sasl(
    kafka: KafkaCluster, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = scram(kafka)
    with through_tls(kafka, second(access).port, Change(SASL_AUTHENTICATE, forged_proof)) as proxy:
        redirect(monkeypatch, {second(access).port: proxy.port})
        only_the_second_fails(produce(access, topic), access, "sasl", "server-not-authentic")


def test_a_broker_that_iam_denies_fails_alone(kafka: KafkaCluster, topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Real brokers behind the login of an IAM listener, which Apache Kafka itself does not have."""
    role = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "eu-west-1"}
    for name, value in role.items():
        monkeypatch.setenv(name, value)
    # A function has loaded boto3 long before it probes; here the stage of three brokers would wait for that.
    boto3.Session().get_credentials()
    access = msgspec.structs.replace(tls(kafka), auth_mode="iam")
    answers = iter([True, False, True])
    with faults_before(kafka, access.brokers, lambda: IamLogin(allows=next(answers)), monkeypatch):
        response = produce(access, topic)
    only_the_second_fails(response, access, "sasl", "iam-denied")
    assert "Access denied" in response.verdict.summary


def test_a_reader_over_its_quota_is_told_and_its_record_not_called_lost(kafka: KafkaCluster, topic: str) -> None:
    user, password = new_name("slow"), "slow-password"
    kafka.add_scram_user(user, password)
    access = scram(kafka, username=user, password=password)
    limit_reading(kafka, user, bytes_per_second=1)
    runs: list[ProducerProbeResponse] = []

    def slowed_down() -> bool:
        runs.append(produce(access, topic))
        return runs[-1].verdict.status != "healthy"

    # The brokers learn of the quota one by one, and let the first answer through.
    wait_until(slowed_down, "nobody was throttled")
    assert {*failures(runs[-1]).values()} == {("fetch", "throttled")}, runs[-1].table
    assert {report.read_back for report in runs[-1].brokers} <= {"ok", "unknown"}


def limit_reading(kafka: KafkaCluster, user: str, bytes_per_second: int) -> None:
    """Give a user a quota, with Kafka's own tool."""
    options = ["--bootstrap-server", kafka.bootstrap("PLAINTEXT"), "--entity-type", "users", "--entity-name", user]
    limit = ["--alter", "--add-config", f"consumer_byte_rate={bytes_per_second}"]
    command = [*kafka.console_tool("ConfigCommand"), *options, *limit]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def forged_proof(answer: bytes) -> bytes:
    """Turns the server's proof (v=...) around, in its length."""
    before, mark, proof = answer.partition(b"v=")
    return before + mark + (b"AAAA" + proof[4:] if mark else b"")


@pytest.mark.parametrize("operation", [ACLOperation.DESCRIBE, ACLOperation.WRITE, ACLOperation.READ])
def test_an_acl_that_denies_the_topic_fails_every_broker(
    kafka: KafkaCluster, topic: str, operation: ACLOperation
) -> None:
    access = scram(kafka)
    with denied(kafka, ResourceType.TOPIC, topic, operation):
        wait_until(lambda: len(failures(produce(access, topic))) == 3, "not denied", 10)
        response = produce(access, topic)
        assert named(response) == ("down", None, "acl", "topic-denied"), response.table
        assert operation.name.capitalize() in response.verdict.summary
    wait_until(lambda: not failures(produce(access, topic)), "still denied", 10)
