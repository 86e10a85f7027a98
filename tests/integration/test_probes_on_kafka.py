"""Probes on a real cluster: healthy, and the faults that they are there to name."""

import json
import logging
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import CredentialsError
from msk_toolkit.kafka.access import Access, parse_brokers
from msk_toolkit.probe.consumer import ConsumerProbeResponse
from msk_toolkit.probe.heartbeat import Writer
from msk_toolkit.probe.options import ConsumerOptions, ProducerOptions
from msk_toolkit.probe.producer import ProducerProbeResponse
from msk_toolkit.probe.run import run_probe
from packaging.version import Version

from local.kafka import BROKER_IDS, CertificateAuthority, KafkaCluster
from tests.fakes.secrets_manager import secrets_manager
from tests.integration.handlers import Context, load_handler
from tests.integration.kafka_access import (
    STAGE_SECONDS,
    is_unknown,
    make_topic,
    plaintext,
    scram,
    tls,
)

pytestmark = pytest.mark.integration

Response = ProducerProbeResponse | ConsumerProbeResponse


_WRITER = Writer()


def produce(access: Access, topic: str, writer: Writer = _WRITER) -> ProducerProbeResponse:
    found = run_probe(
        access, ProducerOptions(topic=topic, deadline=Deadline(30), stage_seconds=STAGE_SECONDS, writer=writer)
    )
    in_time(found)
    return found


def consume(access: Access, topic: str, group: str, max_records: int = 1000) -> ConsumerProbeResponse:
    found = run_probe(
        access,
        ConsumerOptions(
            topic=topic, group=group, max_records=max_records, deadline=Deadline(30), stage_seconds=STAGE_SECONDS
        ),
    )
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
        assert {stage.status for report in response.brokers for stage in report.stages} <= {"ok", "skipped"}
    not_ok = {stage.stage for report in written.brokers for stage in report.stages if stage.status != "ok"}
    # Only from 2.3 on brokers tell what a user may do; the probe says so and goes on.
    assert not_ok == ({"acl"} if Version(kafka.settings.version) < Version("2.3") else set())
    assert {report.read_back for report in written.brokers} == {"ok"}
    assert "ok" in {stage.status for report in read.brokers for stage in report.stages if stage.stage == "commit"}
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


def test_two_runs_at_once_do_not_disturb_each_other(kafka: KafkaCluster, topic: str, group: str) -> None:
    access = scram(kafka)
    with ThreadPoolExecutor(4) as pool:
        # Two environments: one never runs two at once.
        written = [pool.submit(produce, access, topic, Writer()) for _ in range(2)]
        read = [pool.submit(consume, access, topic, group) for _ in range(2)]
        responses: list[Response] = [*(each.result() for each in written), *(each.result() for each in read)]
    for response in responses:
        assert response.verdict.status == "healthy", response.table


def test_a_heartbeat_that_is_missing_or_twice_is_counted_from_run_to_run(kafka: KafkaCluster, group: str) -> None:
    access, writer = scram(kafka), Writer()
    topic = make_topic(kafka, {0: [1, 2, 3], 1: [2, 3, 1], 2: [3, 1, 2]})

    def write() -> None:
        response = run_probe(
            access, ProducerOptions(topic=topic, deadline=Deadline(30), stage_seconds=STAGE_SECONDS, writer=writer)
        )
        assert response.verdict.status == "healthy", response.table

    def read() -> ConsumerProbeResponse:
        return consume(access, topic, group)

    def counted() -> tuple[int, int]:
        response = read()
        return response.gaps, response.duplicates

    write()
    write()
    assert counted() == (0, 0)
    write()
    assert counted() == (0, 0)
    # As if a record had been acknowledged in each partition and were not there.
    for partition in range(3):
        writer.acknowledged(topic, partition, 4)
    write()
    lossy = read()
    assert (lossy.gaps, lossy.duplicates) == (3, 0)
    assert [(each.partition, each.first, each.last) for each in lossy.missing] == [(0, 4, 4), (1, 4, 4), (2, 4, 4)]
    assert found(lossy) == ("degraded", "fetch", "heartbeat-missing")
    assert "acknowledged heartbeats are missing" in lossy.table
    assert read().verdict.status == "healthy"
    write()
    assert counted() == (0, 0)
    # As if the last write had failed, and so its number were sent again.
    again = Writer()
    again._name = writer._name
    response = run_probe(
        access, ProducerOptions(topic=topic, deadline=Deadline(30), stage_seconds=STAGE_SECONDS, writer=again)
    )
    assert response.verdict.status == "healthy"
    assert counted() == (0, 3)


def test_no_run_leaves_a_socket_behind(kafka: KafkaCluster, topic: str, group: str) -> None:
    access, process = scram(kafka), psutil.Process()

    def sockets() -> int:
        return len(process.net_connections())

    produce(access, topic)
    consume(access, topic, group)
    before = sockets()
    for _ in range(5):
        produce(access, topic)
        consume(access, topic, group)
        produce(scram(kafka, password="wrong"), topic)
    assert sockets() == before


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
            "DETAILED_METRICS": "true",
        }
        response = load_handler(name, monkeypatch, environ)({}, Context())
        assert response["verdict"]["status"] == "healthy", response["table"]
        assert json.loads(json.dumps(response)) == response
        vault.secrets = {SECRET: "hush"}
        with pytest.raises(CredentialsError, match="not a JSON object"):
            load_handler(name, monkeypatch, environ)({}, Context())
    printed = capsys.readouterr()
    assert metric in printed.out
    assert '"BrokersHealthy":[1.0]' in printed.out
    everything = printed.out + printed.err + caplog.text
    assert kafka.settings.password not in everything
    assert "hush" not in everything
