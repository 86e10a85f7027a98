"""Probes on a real cluster: healthy, and the faults that they are there to name."""

import json
import logging
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka.admin import ACLOperation, ResourceType
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import CredentialsError
from msk_toolkit.kafka.access import Access, parse_brokers
from msk_toolkit.probe import consumer, producer
from msk_toolkit.probe.consumer import ConsumerProbeResponse
from msk_toolkit.probe.producer import ProducerProbeResponse
from msk_toolkit.topics.declared import DeclaredTopic

from local.kafka import BROKER_IDS, CertificateAuthority, KafkaCluster
from tests.fakes.secrets_manager import secrets_manager
from tests.integration.handlers import Context, fits_its_schema, load_handler
from tests.integration.kafka_access import (
    STAGE_SECONDS,
    created,
    denied,
    elect_preferred_leaders,
    is_unknown,
    new_name,
    plaintext,
    scram,
    settled,
    tls,
    views_of,
    wait_until,
)
from tests.integration.topics_runs import run

pytestmark = pytest.mark.integration

Response = ProducerProbeResponse | ConsumerProbeResponse


@pytest.fixture(scope="module")
def topic(kafka: KafkaCluster) -> str:
    """A heartbeat topic of which each broker leads a partition."""
    name = new_name("heartbeat")
    wait_until(lambda: settled(kafka), "the cluster is not whole")
    declared = DeclaredTopic(name, 3, 3, {"min.insync.replicas": "2"})
    run([declared], plaintext(kafka), write=True, deadline=Deadline(20), stage_seconds=5)
    wait_until(lambda: settled(kafka, name), "the topic is not in sync")
    return name


@pytest.fixture
def group() -> str:
    return new_name("group")


def produce(access: Access, topic: str) -> ProducerProbeResponse:
    found = producer.probe(access, topic, deadline=Deadline(30), stage_seconds=STAGE_SECONDS)
    in_time(found)
    return found


def consume(access: Access, topic: str, group: str, max_records: int = 1000) -> ConsumerProbeResponse:
    found = consumer.probe(access, topic, group, max_records, deadline=Deadline(30), stage_seconds=STAGE_SECONDS)
    in_time(found)
    return found


def in_time(response: Response) -> None:
    """Every stage that was run in one piece kept its deadline."""
    for report in response.brokers:
        for stage in report.stages:
            if stage.status == "failed":
                assert stage.milliseconds <= stage.deadline_ms * 1.1 + 20, (report.address, stage)


def found(response: Response) -> tuple[str, str | None, str | None]:
    return response.verdict.status, response.verdict.stage, response.verdict.cause


@pytest.mark.parametrize("way", [scram, tls, plaintext])
def test_a_healthy_cluster_passes_every_stage_of_both_probes(
    kafka: KafkaCluster, topic: str, group: str, way: Any
) -> None:
    began = time.monotonic()
    written = produce(way(kafka), topic)
    read = consume(way(kafka), topic, group)
    assert time.monotonic() - began < 5
    for response in (written, read):
        assert response.verdict.status == "healthy", response.table
        assert [report.broker for report in response.brokers] == list(BROKER_IDS)
        assert {stage.status for report in response.brokers for stage in report.stages} == {"ok"}
    assert (written.brokers_led, written.broker_count) == (3, 3)
    assert read.records_read >= 3
    assert read.newest_age_ms is not None
    assert read.newest_age_ms < 10_000
    assert (read.lag, sum(read.committed.values())) == (0, read.records_read)


def test_a_consumer_goes_on_from_its_commit(kafka: KafkaCluster, topic: str, group: str) -> None:
    produce(scram(kafka), topic)
    first = consume(scram(kafka), topic, group, max_records=1)
    assert (first.records_read, first.lag >= 2) == (1, True)
    rest = consume(scram(kafka), topic, group)
    assert rest.records_read == first.lag
    nothing = consume(scram(kafka), topic, group)
    assert (nothing.records_read, nothing.newest_age_ms, nothing.lag) == (0, None, 0)
    assert nothing.committed == rest.committed
    produce(scram(kafka), topic)
    assert consume(scram(kafka), topic, group).records_read == 3


def test_a_user_with_a_comma_and_an_equals_sign_can_log_in(kafka: KafkaCluster, topic: str) -> None:
    kafka.add_scram_user("a,b=c", 'odd, "password"=ü')
    assert produce(scram(kafka, username="a,b=c", password='odd, "password"=ü'), topic).verdict.status == "healthy"


def test_a_wrong_password_and_an_unknown_user_are_refused_at_sasl(kafka: KafkaCluster, topic: str, group: str) -> None:
    for change in ({"password": "wrong"}, {"username": "nobody"}):
        response = produce(scram(kafka, **change), topic)
        assert found(response) == ("down", "sasl", "authentication-failed"), response.table
        assert response.verdict.summary.startswith("all 3 brokers fail at sasl: the broker refused the login")
    assert found(consume(scram(kafka, password="wrong"), topic, group)) == ("down", "sasl", "authentication-failed")


def test_an_untrusted_authority_is_told_at_tls(kafka: KafkaCluster, topic: str, tmp_path: Path) -> None:
    other = CertificateAuthority.create(tmp_path).ca_file.read_text()
    for ca in (other, ""):
        response = produce(scram(kafka, trusted_ca=ca), topic)
        assert found(response) == ("down", "tls", "tls-untrusted-issuer"), response.table


@pytest.mark.parametrize(
    ("listener", "mode", "stage", "cause"),
    [
        ("PLAINTEXT", "scram", "tls", "connection-closed"),
        ("SSL", "scram", "sasl", "mechanism-not-offered"),
        ("SSL", "none", "metadata", "protocol-error"),
        ("SASL_SSL", "tls", "metadata", "connection-closed"),
        ("SASL_SSL", "none", "metadata", "protocol-error"),
    ],
)
def test_a_port_of_another_kind_is_told_by_what_it_does(
    kafka: KafkaCluster, topic: str, listener: Any, mode: str, stage: str, cause: str
) -> None:
    access = scram(kafka, brokers=parse_brokers(kafka.bootstrap(listener)), auth_mode=mode)
    response = produce(access, topic)
    assert found(response) == ("down", stage, cause), response.table


def test_a_missing_topic_is_told_with_its_remedy(kafka: KafkaCluster, group: str) -> None:
    for response in (produce(scram(kafka), "never-made"), consume(scram(kafka), "never-made", group)):
        assert found(response) == ("down", "metadata", "topic-unknown")
        assert response.verdict.remedy == "Run the topics function with action apply."
    assert is_unknown(kafka, "never-made")


def test_when_no_broker_can_be_reached_all_of_them_are_down(kafka: KafkaCluster, topic: str, group: str) -> None:
    with socket.socket() as one, socket.socket() as two:
        for taken in (one, two):
            taken.bind(("127.0.0.1", 0))
        brokers = parse_brokers(f"localhost:{one.getsockname()[1]},localhost:{two.getsockname()[1]}")
        began = time.monotonic()
        access = scram(kafka, brokers=brokers)
        for response in (produce(access, topic), consume(access, topic, group)):
            assert found(response) == ("down", "tcp", "connection-refused")
            assert response.verdict.summary.startswith("all 2 brokers fail at tcp")
        assert time.monotonic() - began < 1


@pytest.mark.parametrize("operation", [ACLOperation.DESCRIBE, ACLOperation.WRITE, ACLOperation.READ])
def test_an_acl_on_the_topic_is_told_at_acl(kafka: KafkaCluster, topic: str, operation: ACLOperation) -> None:
    with denied(kafka, ResourceType.TOPIC, topic, operation):
        wait_until(lambda: found(produce(scram(kafka), topic)) == ("down", "acl", "topic-denied"), "not denied", 10)
        response = produce(scram(kafka), topic)
        assert found(response) == ("down", "acl", "topic-denied"), response.table
        assert operation.name.capitalize() in response.verdict.summary
    wait_until(lambda: produce(scram(kafka), topic).verdict.status == "healthy", "still denied", 10)


def test_an_acl_on_the_group_is_told_at_commit(kafka: KafkaCluster, topic: str, group: str) -> None:
    with denied(kafka, ResourceType.GROUP, group, ACLOperation.READ):
        wait_until(lambda: found(consume(scram(kafka), topic, group))[2] == "group-denied", "not denied", 10)


@pytest.fixture
def whole_again(kafka: KafkaCluster, topic: str) -> Iterator[None]:
    """After the test the cluster is as it was: three brokers, in sync, each leading its partition."""
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
def test_a_stopped_broker_is_named_and_topics_still_work(kafka: KafkaCluster, topic: str, group: str) -> None:
    kafka.stop_broker(2)
    written = produce(scram(kafka), topic)
    read = consume(scram(kafka), topic, group)
    for response in (written, read):
        assert response.verdict.broker == 2 or response.verdict.address == str(scram(kafka).brokers[1]), response.table
        assert found(response) == ("degraded", "tcp", "connection-refused"), response.table
    others = [report for report in written.brokers if report.address != written.verdict.address]
    assert [report.failure for report in others] == [None, None], written.table
    declared = DeclaredTopic(new_name("topic"), 1, 2)
    run([declared], scram(kafka), write=True, deadline=Deadline(20), stage_seconds=STAGE_SECONDS)
    assert created(kafka, declared.name)


@pytest.mark.usefixtures("whole_again")
def test_a_paused_broker_is_named_alone_and_in_time(kafka: KafkaCluster, topic: str, group: str) -> None:
    warm = consume(scram(kafka), topic, group)
    assert warm.verdict.status == "healthy"
    kafka.pause_broker(3)
    try:
        for probe in (lambda: produce(scram(kafka), topic), lambda: consume(scram(kafka), topic, group)):
            began = time.monotonic()
            response: Response = probe()
            took = time.monotonic() - began
            assert found(response) == ("degraded", "tls", "tls-timeout"), response.table
            assert response.verdict.address == str(scram(kafka).brokers[2])
            assert took < 2 * STAGE_SECONDS * 1.1 + 0.5, response.table
        run([], plaintext(kafka), write=False, deadline=Deadline(20), stage_seconds=STAGE_SECONDS)
    finally:
        kafka.resume_broker(3)


SECRET = "AmazonMSK_local"


@pytest.mark.parametrize(
    ("name", "metric"), [("producer_probe", '"BrokersLed":[3.0]'), ("consumer_probe", '"HeartbeatLag":[0.0]')]
)
def test_the_handlers_answer_and_publish_without_a_secret_in_any_log(
    kafka: KafkaCluster,
    topic: str,
    group: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    name: str,
    metric: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("POWERTOOLS_LOG_LEVEL", "DEBUG")
    secret = {"username": kafka.settings.username, "password": kafka.settings.password}
    with secrets_manager(**{SECRET: json.dumps(secret)}) as vault:
        environ = {
            "AWS_ENDPOINT_URL": vault.url,
            "BOOTSTRAP_SERVERS": kafka.bootstrap("SASL_SSL"),
            "SCRAM_SECRET_ARN": SECRET,
            "TRUSTED_CA": kafka.ca_file.read_text(),
            "PROBE_TOPIC": topic,
            "CONSUMER_GROUP": group,
        }
        response = load_handler(name, monkeypatch, environ)({}, Context())
        assert response["verdict"]["status"] == "healthy", response["table"]
        fits_its_schema(name, json.loads(json.dumps(response)))
        vault.secrets = {SECRET: "hush"}
        with pytest.raises(CredentialsError, match="not a JSON object"):
            load_handler(name, monkeypatch, environ)({}, Context())
    printed = capsys.readouterr()
    assert metric in printed.out
    assert '"BrokersHealthy":[1.0]' in printed.out
    everything = printed.out + printed.err + caplog.text
    assert kafka.settings.password not in everything
    assert "hush" not in everything
