"""The fault matrix: each cause made real before one of three real brokers, and named for that broker alone."""

import ssl
import struct
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from kafka.admin import ACLOperation, ResourceType
from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.access import Access, BrokerAddress, parse_brokers
from msk_toolkit.topics.declared import DeclaredTopic

from local.kafka import CertificateAuthority, KafkaCluster
from tests.fakes.fault_proxy import (
    FETCH,
    METADATA,
    OFFSET_COMMIT,
    PRODUCE,
    SASL_AUTHENTICATE,
    SYNC_GROUP,
    Change,
    Cut,
    Delay,
    FaultProxy,
    Rule,
    Swallow,
    blackhole,
    closed_port,
    handshakes_only,
    redirect,
)
from tests.integration.kafka_access import denied, new_name, plaintext, scram, settled, tls, wait_until
from tests.integration.probe_faults import STAGE_SECONDS, Response, consume, failures, named, produce, report_of
from tests.integration.topics_runs import run

pytestmark = pytest.mark.integration


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


def second(access: Access) -> BrokerAddress:
    """The broker that gets the faults."""
    return access.brokers[1]


def only_the_second_fails(response: Response, access: Access, stage: str, cause: str) -> None:
    address = str(second(access))
    assert failures(response) == {address: (stage, cause)}, response.table
    assert named(response) == ("degraded", address, stage, cause)
    assert f"{address}) fails at {stage}: " in response.verdict.summary or response.verdict.broker is None
    assert response.verdict.runbook == f"docs/runbook.md#{cause}"


# ---------------------------------------------------------------- the way to the broker
type Hole = Callable[[], AbstractContextManager[int]]


@pytest.mark.parametrize(
    ("hole", "cause"),
    [(blackhole, "connect-timeout"), (closed_port, "connection-refused")],
    ids=["blackhole", "closed"],
)
def test_a_broker_that_takes_no_connection(
    kafka: KafkaCluster, topic: str, monkeypatch: pytest.MonkeyPatch, hole: Hole, cause: str
) -> None:
    access = scram(kafka)
    with hole() as port:
        redirect(monkeypatch, {second(access).port: port})
        only_the_second_fails(produce(access, topic), access, "tcp", cause)


@pytest.mark.parametrize(("hole", "cause"), [(blackhole, "connect-timeout"), (closed_port, "connection-refused")])
def test_an_advertised_listener_that_cannot_be_reached(
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
    assert report_of(response, bootstrap).known_from == "bootstrap"


def test_a_name_that_does_not_resolve(kafka: KafkaCluster, topic: str) -> None:
    access = scram(kafka)
    unknown = BrokerAddress("b-2.nowhere.invalid", 9096)
    response = produce(scram(kafka, brokers=(access.brokers[0], unknown)), topic)
    (cause,) = {cause for _, cause in failures(response).values()}
    assert failures(response).keys() == {str(unknown)}, response.table
    # Without any resolver the system can't tell the one from the other.
    assert cause in {"name-not-found", "resolver-timeout"}
    assert response.verdict.status == "degraded"


# ---------------------------------------------------------------- TLS
def server_context(authority: CertificateAuthority, name: str, sans: list[str], **dates: datetime) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue(name, sans, **dates))
    return context


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
def test_a_certificate_that_cannot_be_trusted(
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


def through_tls(kafka: KafkaCluster, port: int, rule: Rule | None = None, **dates: datetime) -> FaultProxy:
    """A proxy that ends TLS and speaks it to the broker as well."""
    server = server_context(kafka.authority, new_name("front"), ["localhost"], **dates)
    return FaultProxy(port, rule, server=server, client=ssl.create_default_context(cafile=kafka.ca_file))


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
    assert {one.certificate_days and one.certificate_days > 14 for one in response.brokers} == {True, False}


def test_a_listener_that_wants_a_client_certificate(
    kafka: KafkaCluster, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = tls(kafka)
    server = server_context(kafka.authority, new_name("mutual"), ["localhost"])
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_verify_locations(kafka.ca_file)
    with handshakes_only(server) as port:
        redirect(monkeypatch, {second(access).port: port})
        only_the_second_fails(produce(access, topic), access, "tls", "client-certificate-wanted")


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        ({"silent": True}, "tls-timeout"),
        ({"trickle": True}, "tls-timeout"),
        ({"cut_at_once": True}, "connection-closed"),
    ],
    ids=["silent", "trickling", "cut"],
)
def test_a_handshake_that_stalls_or_breaks(
    kafka: KafkaCluster, topic: str, monkeypatch: pytest.MonkeyPatch, options: dict[str, bool], cause: str
) -> None:
    access = scram(kafka)
    with FaultProxy(second(access).port, **options) as proxy:  # type: ignore[arg-type]
        redirect(monkeypatch, {second(access).port: proxy.port})
        only_the_second_fails(produce(access, topic), access, "tls", cause)


# ---------------------------------------------------------------- listeners of another kind
@pytest.mark.parametrize(
    ("listener", "mode", "stage", "cause", "words"),
    [
        ("PLAINTEXT", "scram", "tls", "tls-not-spoken", "the listener speaks Kafka without TLS"),
        ("PLAINTEXT", "tls", "tls", "tls-not-spoken", "the listener speaks Kafka without TLS"),
        ("SSL", "none", "metadata", "tls-expected", "the listener speaks TLS"),
        ("SASL_SSL", "none", "metadata", "tls-expected", "the listener speaks TLS"),
        ("SSL", "scram", "sasl", "mechanism-not-offered", "the listener takes no login"),
        ("SASL_SSL", "tls", "sasl", "login-wanted", "it offers: SCRAM-SHA-512"),
        ("SASL_SSL", "iam", "sasl", "mechanism-not-offered", "it offers: SCRAM-SHA-512"),
    ],
)
def test_a_port_of_another_kind(
    kafka: KafkaCluster, topic: str, listener: str, mode: str, stage: str, cause: str, words: str
) -> None:
    brokers = parse_brokers(kafka.bootstrap(listener))  # type: ignore[arg-type]
    response = produce(scram(kafka, brokers=brokers, auth_mode=mode), topic)
    assert failures(response) == dict.fromkeys(map(str, brokers), (stage, cause)), response.table
    assert named(response) == ("down", None, stage, cause)
    assert words in response.verdict.summary


# ---------------------------------------------------------------- a broker that stops in the middle
@pytest.mark.parametrize(
    ("rule", "stage", "cause"),
    [
        (Swallow(SASL_AUTHENTICATE), "sasl", "request-timeout"),
        (Cut(SASL_AUTHENTICATE), "sasl", "connection-closed"),
        (Swallow(METADATA), "metadata", "request-timeout"),
        (Delay(METADATA, 9), "metadata", "request-timeout"),
        (Cut(METADATA), "metadata", "connection-closed"),
        (Cut(PRODUCE), "produce", "connection-closed"),
        (Swallow(FETCH), "fetch", "request-timeout"),
        (Cut(FETCH), "fetch", "connection-closed"),
        (Change(METADATA, lambda _: b"\xff" * 9), "metadata", "protocol-error"),
    ],
)
def test_a_broker_that_stops_in_the_middle(
    kafka: KafkaCluster, topic: str, monkeypatch: pytest.MonkeyPatch, rule: Rule, stage: str, cause: str
) -> None:
    access = scram(kafka)
    with through_tls(kafka, second(access).port, rule) as proxy:
        redirect(monkeypatch, {second(access).port: proxy.port})
        only_the_second_fails(produce(access, topic), access, stage, cause)


def test_a_slow_broker_is_no_fault_and_delays_no_other(
    kafka: KafkaCluster, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = scram(kafka)
    with through_tls(kafka, second(access).port, Delay(METADATA, STAGE_SECONDS / 2)) as proxy:
        redirect(monkeypatch, {second(access).port: proxy.port})
        response = produce(access, topic)
    assert response.verdict.status == "healthy", response.table
    slow, *others = sorted((sum(each.milliseconds for each in one.stages) for one in response.brokers), reverse=True)
    assert slow > STAGE_SECONDS * 500
    assert max(others) < STAGE_SECONDS * 500


@pytest.mark.parametrize(("api_key", "cause"), [(OFFSET_COMMIT, "request-timeout"), (SYNC_GROUP, "request-timeout")])
def test_a_coordinator_that_stops_in_the_middle_is_named_and_no_other(
    kafka: KafkaCluster, topic: str, group: str, monkeypatch: pytest.MonkeyPatch, api_key: int, cause: str
) -> None:
    access = scram(kafka)
    warm = consume(access, topic, group)
    assert warm.verdict.status == "healthy", warm.table
    produce(access, topic)
    proxies = [through_tls(kafka, address.port, Swallow(api_key)) for address in access.brokers]
    with proxies[0], proxies[1], proxies[2]:
        redirect(monkeypatch, {a.port: proxy.port for a, proxy in zip(access.brokers, proxies, strict=True)})
        response = consume(access, topic, group)
    ((address, failure),) = failures(response).items()
    assert failure == ("commit", cause), response.table
    assert named(response) == ("degraded", address, "commit", cause)


# ---------------------------------------------------------------- what became of the record
def forged(offset: int) -> Callable[[bytes], bytes]:
    """Makes a Produce answer (version 8) say that the record stands at `offset`."""

    def change(answer: bytes) -> bytes:
        # Topics, the topic's name, partitions, the partition's number, the error code, then the offset.
        at = 4 + 2 + struct.unpack(">h", answer[4:6])[0] + 4 + 4 + 2
        return answer[:at] + struct.pack(">q", offset) + answer[at + 8 :]

    return change


@pytest.mark.parametrize(
    ("rule", "outcome", "stage", "cause", "fetch"),
    [
        (Swallow(PRODUCE, response=True), "ambiguous-delivered", "produce", "acknowledgement-late", "warn"),
        (Swallow(PRODUCE), "failed", "produce", "acknowledgement-late", "failed"),
        (Change(PRODUCE, forged(10**6)), "lost", "fetch", "record-lost", "failed"),
        (Change(PRODUCE, forged(0)), "lost", "fetch", "record-altered", "failed"),
    ],
    ids=["answer swallowed", "request swallowed", "acknowledged and not stored", "another in its place"],
)
def test_what_became_of_the_record(
    kafka: KafkaCluster,
    topic: str,
    monkeypatch: pytest.MonkeyPatch,
    rule: Rule,
    outcome: str,
    stage: str,
    cause: str,
    fetch: str,
) -> None:
    access = scram(kafka)
    assert not failures(produce(access, topic))  # so that another record stands at offset 0
    with through_tls(kafka, second(access).port, rule) as proxy:
        redirect(monkeypatch, {second(access).port: proxy.port})
        response = produce(access, topic)
    only_the_second_fails(response, access, stage, cause)
    assert {one.broker: one.read_back for one in response.brokers} == {1: "ok", 2: outcome, 3: "ok"}
    (read,) = [each for each in report_of(response, second(access)).stages if each.stage == "fetch"]
    assert read.status == fetch


# ---------------------------------------------------------------- permissions and topics
@pytest.mark.parametrize("operation", [ACLOperation.DESCRIBE, ACLOperation.WRITE, ACLOperation.READ])
def test_what_an_acl_denies_on_the_topic(kafka: KafkaCluster, topic: str, operation: ACLOperation) -> None:
    access = scram(kafka)
    with denied(kafka, ResourceType.TOPIC, topic, operation):
        wait_until(lambda: len(failures(produce(access, topic))) == 3, "not denied", 10)
        response = produce(access, topic)
        assert named(response) == ("down", None, "acl", "topic-denied"), response.table
        assert operation.name.capitalize() in response.verdict.summary
    wait_until(lambda: not failures(produce(access, topic)), "still denied", 10)


@pytest.mark.parametrize("operation", [ACLOperation.DESCRIBE, ACLOperation.READ])
def test_what_an_acl_denies_on_the_group(kafka: KafkaCluster, topic: str, group: str, operation: ACLOperation) -> None:
    access = scram(kafka)
    with denied(kafka, ResourceType.GROUP, group, operation):
        wait_until(lambda: bool(failures(consume(access, topic, group))), "not denied", 10)
        response = consume(access, topic, group)
        assert named(response)[0::2] == ("degraded", "commit"), response.table
        assert response.verdict.cause == "group-denied"


def test_a_record_that_is_too_large(kafka: KafkaCluster) -> None:
    name = new_name("small")
    declared = DeclaredTopic(name, 3, 3, {"max.message.bytes": "90"})
    run([declared], plaintext(kafka), write=True, deadline=Deadline(20), stage_seconds=5)
    wait_until(lambda: settled(kafka, name), "the topic is not in sync")
    response = produce(scram(kafka), name)
    assert named(response) == ("down", None, "produce", "record-too-large"), response.table


# ---------------------------------------------------------------- what the metadata tells
def test_a_broker_of_another_cluster(kafka: KafkaCluster, topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    access, own = scram(kafka), kafka.settings.cluster_id.encode()
    stranger = Change(METADATA, lambda answer: answer.replace(own, own[::-1]))
    with through_tls(kafka, second(access).port, stranger) as proxy:
        redirect(monkeypatch, {second(access).port: proxy.port})
        only_the_second_fails(produce(access, topic), access, "metadata", "wrong-cluster")


def test_a_broker_that_knows_no_controller(kafka: KafkaCluster, topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    access, own = scram(kafka), kafka.settings.cluster_id.encode()

    def without_controller(answer: bytes) -> bytes:
        at = answer.index(own) + len(own)
        return answer[:at] + struct.pack(">i", -1) + answer[at + 4 :]

    with through_tls(kafka, second(access).port, Change(METADATA, without_controller)) as proxy:
        redirect(monkeypatch, {second(access).port: proxy.port})
        only_the_second_fails(produce(access, topic), access, "metadata", "no-controller")


def test_a_topic_that_is_missing(kafka: KafkaCluster, group: str) -> None:
    access = scram(kafka)
    for response in (produce(access, "never-made"), consume(access, "never-made", group)):
        assert named(response) == ("down", None, "metadata", "topic-unknown")
        assert len(failures(response)) == 3


# ---------------------------------------------------------------- credentials
@pytest.mark.parametrize("change", [{"password": "wrong"}, {"username": "nobody"}])
def test_credentials_that_the_brokers_refuse(
    kafka: KafkaCluster, topic: str, group: str, change: dict[str, str]
) -> None:
    access = scram(kafka, **change)
    for response in (produce(access, topic), consume(access, topic, group)):
        assert named(response) == ("down", None, "sasl", "authentication-failed"), response.table
        assert len(failures(response)) == 3


def test_a_broker_that_does_not_know_the_password_itself(
    kafka: KafkaCluster, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = scram(kafka)
    with through_tls(kafka, second(access).port, Change(SASL_AUTHENTICATE, forged_proof)) as proxy:
        redirect(monkeypatch, {second(access).port: proxy.port})
        only_the_second_fails(produce(access, topic), access, "sasl", "server-not-authentic")


def forged_proof(answer: bytes) -> bytes:
    """Turns the server's proof (v=...) around, in its length."""
    before, mark, proof = answer.partition(b"v=")
    return before + mark + (b"AAAA" + proof[4:] if mark else b"")
