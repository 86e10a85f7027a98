"""Faults on the way to one of three real brokers: name, connection, TLS, and a listener of another kind."""

import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec
import pytest
from msk_toolkit.kafka.access import BrokerAddress, parse_brokers
from msk_toolkit.probe.producer import ProducerProbeResponse

from local.kafka import CertificateAuthority, KafkaCluster
from tests.fakes.fault_listeners import (
    blackhole,
    closed_port,
    handshakes_only,
    redirect,
    resets_whoever_asks,
    silent_resolver,
    take_route_away,
)
from tests.fakes.fault_proxy import FaultProxy
from tests.integration.kafka_access import new_name, scram, tls
from tests.integration.probe_faults import (
    STAGE_SECONDS,
    failures,
    named,
    only_the_second_fails,
    produce,
    report_of,
    second,
    server_context,
    through_tls,
)

pytestmark = pytest.mark.integration


type Hole = Callable[[], AbstractContextManager[int]]


@pytest.mark.parametrize(
    ("hole", "cause"),
    [(blackhole, "connect-timeout"), (closed_port, "connection-refused")],
    ids=["blackhole", "closed"],
)
def test_a_broker_that_takes_no_connection_fails_at_tcp(
    kafka: KafkaCluster, topic: str, monkeypatch: pytest.MonkeyPatch, hole: Hole, cause: str
) -> None:
    access = scram(kafka)
    with hole() as port:
        redirect(monkeypatch, {second(access).port: port})
        only_the_second_fails(produce(access, topic), access, "tcp", cause)


@pytest.mark.parametrize(("hole", "cause"), [(blackhole, "connect-timeout"), (closed_port, "connection-refused")])
def test_an_advertised_listener_that_cannot_be_reached_is_named(
    kafka: KafkaCluster, topic: str, monkeypatch: pytest.MonkeyPatch, hole: Hole, cause: str
) -> None:
    """The bootstrap address answers and names another one, which does not."""
    access = scram(kafka)
    advertised = second(access)
    with FaultProxy(advertised.port) as alias, hole() as port:
        redirect(monkeypatch, {advertised.port: port})
        bootstrap = BrokerAddress("localhost", alias.port)
        access = scram(kafka, brokers=(access.brokers[0], bootstrap))
        response = produce(access, topic)
    assert failures(response) == {str(advertised): ("tcp", cause)}, response.table
    assert named(response) == ("degraded", str(advertised), "tcp", cause)
    assert response.verdict.broker == 2
    assert report_of(response, advertised).known_from == "metadata"
    assert report_of(response, bootstrap).is_alias


def test_an_address_without_a_route_is_unreachable(
    kafka: KafkaCluster, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = scram(kafka)
    take_route_away(monkeypatch, second(access).port)
    only_the_second_fails(produce(access, topic), access, "tcp", "unreachable")


def test_a_resolver_that_never_answers_fails_its_broker_in_time(
    kafka: KafkaCluster, topic: str, tmp_path: Path
) -> None:
    """In a process that has its own resolv.conf: the resolver is the system's, and asks where that says."""
    mount_namespace = ["unshare", "--mount", "--propagation", "private"]
    if shutil.which("unshare") is None or subprocess.run([*mount_namespace, "true"], check=False).returncode:
        pytest.skip("no mount namespace: only root on Linux may give a process a resolver of its own")
    access = scram(kafka)
    unknown = BrokerAddress("b-2.swallowed.example", 9096)
    access = scram(kafka, brokers=(access.brokers[0], unknown))
    settings = tmp_path / "resolv.conf"
    with silent_resolver() as server:
        settings.write_text(f"nameserver {server}\n")
        swapped = [*mount_namespace, "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', str(settings)]
        done = subprocess.run(
            [*swapped, sys.executable, "-m", "tests.integration.probe_process"],
            input=msgspec.json.encode((access, topic)),
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            timeout=30,
            check=True,
        )
    response = msgspec.json.decode(done.stdout, type=ProducerProbeResponse)
    assert failures(response) == {str(unknown): ("dns", "resolver-timeout")}, response.table
    assert named(response) == ("degraded", str(unknown), "dns", "resolver-timeout")
    (dns, *_) = report_of(response, unknown).stages
    assert STAGE_SECONDS * 1000 <= dns.milliseconds <= dns.deadline_ms * 1.1 + 30


def test_a_name_that_does_not_resolve_fails_its_broker_alone(kafka: KafkaCluster, topic: str) -> None:
    access = scram(kafka)
    unknown = BrokerAddress("b-2.nowhere.invalid", 9096)
    response = produce(scram(kafka, brokers=(access.brokers[0], unknown)), topic)
    (cause,) = {cause for _, cause in failures(response).values()}
    assert failures(response).keys() == {str(unknown)}, response.table
    # Without any resolver the system can't tell the one from the other.
    assert cause in {"name-not-found", "resolver-timeout"}
    assert response.verdict.status == "degraded"


NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("cause", "sans", "dates"),
    [
        ("tls-expired", ["localhost"], {"not_before": NOW - timedelta(9), "not_after": NOW - timedelta(1)}),
        ("tls-not-yet-valid", ["localhost"], {"not_before": NOW + timedelta(1)}),
        ("tls-name-mismatch", ["b-9.elsewhere"], {}),
        ("tls-untrusted-issuer", ["localhost"], {}),
    ],
)
def test_a_certificate_that_cannot_be_trusted_fails_its_broker_alone(
    kafka: KafkaCluster,
    topic: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    cause: str,
    sans: list[str],
    dates: dict[str, datetime],
) -> None:
    access = scram(kafka)
    authority = CertificateAuthority.create(tmp_path) if cause == "tls-untrusted-issuer" else kafka.authority
    with FaultProxy(second(access).port, server=server_context(authority, new_name(cause), sans, **dates)) as proxy:
        redirect(monkeypatch, {second(access).port: proxy.port})
        only_the_second_fails(produce(access, topic), access, "tls", cause)


def test_a_certificate_near_its_end_is_a_warning_with_its_days(
    kafka: KafkaCluster, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = scram(kafka)
    with through_tls(kafka, second(access).port, not_after=NOW + timedelta(3, minutes=30)) as proxy:
        redirect(monkeypatch, {second(access).port: proxy.port})
        response = produce(access, topic)
    assert response.verdict.status == "healthy", response.table
    address = second(access)
    assert response.verdict.warnings == [f"broker 2 ({address}) warns at tls: the certificate expires in 3 days"]
    assert report_of(response, address).certificate_days == 3.0
    (cause,) = {each.cause for each in report_of(response, address).stages if each.status == "warn"}
    assert cause == "tls-expires-soon"
    assert {one.certificate_days and one.certificate_days > 14 for one in response.brokers} == {True, False}


def test_a_listener_that_demands_a_client_certificate_fails_at_tls(
    kafka: KafkaCluster, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = tls(kafka)
    server = server_context(kafka.authority, new_name("mutual"), ["localhost"])
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_verify_locations(kafka.ca_file)
    with handshakes_only(server) as port:
        redirect(monkeypatch, {second(access).port: port})
        only_the_second_fails(produce(access, topic), access, "tls", "client-certificate-wanted")


def test_a_listener_that_demands_a_client_certificate_and_resets_the_connection_is_recognised(
    kafka: KafkaCluster, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reset overtakes the alert wherever the client has asked something already."""
    access = scram(kafka)
    server = server_context(kafka.authority, new_name("mutual"), ["localhost"])
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_verify_locations(kafka.ca_file)
    with resets_whoever_asks(server) as port:
        redirect(monkeypatch, {second(access).port: port})
        only_the_second_fails(produce(access, topic), access, "tls", "client-certificate-wanted")


def test_a_broker_without_a_common_cipher_fails_at_tls(
    kafka: KafkaCluster, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = scram(kafka)
    server = server_context(kafka.authority, new_name("cipher"), ["localhost"])
    server.maximum_version = ssl.TLSVersion.TLSv1_2
    server.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")  # its key is none of RSA's
    with handshakes_only(server) as port:
        redirect(monkeypatch, {second(access).port: port})
        only_the_second_fails(produce(access, topic), access, "tls", "tls-no-common-cipher")


@pytest.mark.parametrize(
    ("broken", "cause"), [("silent", "tls-timeout"), ("trickle", "tls-timeout"), ("cut", "connection-closed")]
)
def test_a_handshake_that_stalls_or_breaks_fails_at_tls(
    kafka: KafkaCluster,
    topic: str,
    monkeypatch: pytest.MonkeyPatch,
    broken: Literal["silent", "trickle", "cut"],
    cause: str,
) -> None:
    access = scram(kafka)
    with FaultProxy(second(access).port, broken=broken) as proxy:
        redirect(monkeypatch, {second(access).port: proxy.port})
        only_the_second_fails(produce(access, topic), access, "tls", cause)


@pytest.mark.parametrize(
    ("listener", "mode", "stage", "cause", "words"),
    [
        ("PLAINTEXT", "scram", "tls", "tls-not-spoken", "the listener does not use TLS"),
        ("PLAINTEXT", "tls", "tls", "tls-not-spoken", "the listener does not use TLS"),
        ("SSL", "none", "metadata", "tls-expected", "the listener expects TLS"),
        ("SASL_SSL", "none", "metadata", "tls-expected", "the listener expects TLS"),
        ("SSL", "scram", "sasl", "mechanism-not-offered", "the listener does not accept SASL"),
        ("SASL_SSL", "tls", "sasl", "login-wanted", "it offers: SCRAM-SHA-512"),
        ("SASL_SSL", "iam", "sasl", "mechanism-not-offered", "it offers: SCRAM-SHA-512"),
    ],
)
def test_a_port_of_another_kind_is_recognised(
    kafka: KafkaCluster, topic: str, listener: str, mode: str, stage: str, cause: str, words: str
) -> None:
    brokers = parse_brokers(kafka.bootstrap(listener))  # type: ignore[arg-type]
    response = produce(scram(kafka, brokers=brokers, auth_mode=mode), topic)
    assert failures(response) == dict.fromkeys(map(str, brokers), (stage, cause)), response.table
    assert named(response) == ("down", None, stage, cause)
    assert words in response.verdict.summary
