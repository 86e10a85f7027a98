"""Kafka outside MSK: SCRAM-SHA-256, mutual TLS and no login, for topics, both probes and a self-managed mapping."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import confluent_kafka
import msgspec
import pytest
from kafka.admin import KafkaAdminClient, ScramMechanism, UserScramCredentialUpsertion
from msk_toolkit.deadline import Deadline
from msk_toolkit.kafka.access import Access, BrokerAddress
from msk_toolkit.msk.access import cluster_access
from msk_toolkit.settings.cluster import ClusterSettings

from local.event_source_mapping.config import Config, bootstrap_servers, client_settings
from local.event_source_mapping.mapping import Mapping, mapping_of
from local.kafka import CertificateAuthority, KafkaCluster
from tests.fakes.fault_listeners import redirect
from tests.fakes.fault_proxy import FaultProxy
from tests.fakes.vantiq_fake import FakeVantiq
from tests.integration.kafka_access import new_name, plaintext, tls, wait_until
from tests.integration.mapping_runs import Function, play
from tests.integration.probe_faults import consume, named, produce, second, server_context
from tests.integration.topics_runs import do, stands
from tests.integration.topics_runs import topic as declared
from tests.template.stack import Stack

pytestmark = pytest.mark.integration

SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:kafka/toolkit-a1b2c3"


class Secrets:
    """Secrets Manager's client with one secret."""

    def __init__(self, text: str) -> None:
        self._text = text

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803 - boto3's own name
        assert SecretId == SECRET
        return {"SecretString": self._text}


def access_of(settings: ClusterSettings, secret: str) -> Access:
    """As the functions make it, with the secret in Secrets Manager."""
    return cluster_access(settings, lambda _: Secrets(secret), Deadline(5))


def scram_256(kafka: KafkaCluster) -> Access:
    user, password = new_name("user"), "p,a=ss \"word'"
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap("PLAINTEXT").split(","))
    try:
        change = UserScramCredentialUpsertion(user, ScramMechanism.SCRAM_SHA_256, password)
        assert not admin.alter_user_scram_credentials([change])[user]
    finally:
        admin.close()
    settings = ClusterSettings(
        bootstrap_servers=kafka.bootstrap("SCRAM_256"),
        auth_mode="scram256",
        scram_secret_arn=SECRET,
        trusted_ca=kafka.ca_file.read_text(),
    )
    access = access_of(settings, json.dumps({"username": user, "password": password}))
    topic = new_name("first")
    wait_until(lambda: produce(access, topic).verdict.stage != "sasl", "not every broker knows the user", 10)
    return access


def mutual_tls(kafka: KafkaCluster) -> Access:
    return with_certificate(kafka, kafka.client_certificate(new_name("client")))


def encrypted_key(kafka: KafkaCluster) -> Access:
    """With the key encrypted as OpenSSL does it."""
    certificate = kafka.client_certificate(new_name("client"))
    command = ["openssl", "pkcs8", "-topk8", "-passout", "pass:geheim"]
    done = subprocess.run(command, input=certificate["privateKey"], capture_output=True, text=True, check=True)
    return with_certificate(kafka, {**certificate, "privateKey": done.stdout, "privateKeyPassword": "geheim"})


def with_certificate(kafka: KafkaCluster, certificate: dict[str, str]) -> Access:
    settings = ClusterSettings(
        bootstrap_servers=kafka.bootstrap("MTLS"),
        auth_mode="mtls",
        client_certificate_secret_arn=SECRET,
        trusted_ca=kafka.ca_file.read_text(),
    )
    return access_of(settings, json.dumps(certificate))


@pytest.mark.parametrize("login", [scram_256, mutual_tls, encrypted_key])
def test_topics_are_made_and_both_probes_pass_every_stage(
    kafka: KafkaCluster, group: str, login: Callable[[KafkaCluster], Access]
) -> None:
    access = login(kafka)
    wanted = declared()
    assert do(access, wanted).status == "applied"
    assert stands(kafka, wanted.name)
    written, read = produce(access, wanted.name), consume(access, wanted.name, group)
    assert written.verdict.status == "healthy", written.table
    assert read.verdict.status == "healthy", read.table
    assert {report.certificate_days is not None for report in written.brokers} == {True}


def test_a_missing_and_a_foreign_client_certificate_are_told_apart(
    kafka: KafkaCluster, tmp_path: Path, group: str
) -> None:
    good = mutual_tls(kafka)
    without = msgspec.structs.replace(good, client_certificate=None, auth_mode="tls")
    chain, key = CertificateAuthority.create(tmp_path).issue("stranger", ["stranger"])
    foreign = with_certificate(kafka, {"certificate": chain.read_text(), "privateKey": key.read_text()})
    for access, cause in ((without, "client-certificate-wanted"), (foreign, "client-certificate-refused")):
        for response in (produce(access, new_name("any")), consume(access, new_name("any"), group)):
            assert named(response) == ("down", None, "tls", cause), response.table


def test_a_listener_for_sha_256_says_what_it_offers_instead(kafka: KafkaCluster) -> None:
    access = msgspec.structs.replace(scram_256(kafka), auth_mode="scram")
    response = produce(access, new_name("any"))
    assert named(response) == ("down", None, "sasl", "mechanism-not-offered"), response.table
    assert "it offers: SCRAM-SHA-256" in response.table


class Session:
    """What a poller asks AWS for: the secrets that its mapping names."""

    def __init__(self, **secrets: str) -> None:
        self._secrets = secrets

    def client(self, service: str, *, endpoint_url: str) -> "Session":
        assert (service, endpoint_url) == ("secretsmanager", "https://aws")
        return self

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803 - boto3's own name
        return {"SecretString": self._secrets[SecretId]}


def mapping_like_the_templates(kafka: KafkaCluster, mode: str, topic: str) -> Mapping:
    """What CloudFormation would make of the template for a cluster outside MSK, with secrets called by their roles."""
    listener: Any = {"scram": "SASL_SSL", "scram256": "SCRAM_256", "mtls": "MTLS", "none": "PLAINTEXT"}[mode]
    answers = {
        "ClusterArn": "",
        "ClusterName": "plant-kafka",
        "ClusterSecurityGroupId": "",
        "BootstrapServers": kafka.bootstrap(listener),
        "BootstrapPorts": "1-65535",
        "AuthMode": mode,
        "ScramSecretArn": "login" if "scram" in mode else "",
        "ScramSecretKmsKeyArn": "",
        "ClientCertificateSecretArn": "certificate" if mode == "mtls" else "",
        "TrustedCa": "" if mode == "none" else kafka.ca_file.read_text(),
        "ForwardTopics": topic,
        "PollerMode": "provisioned",
    }
    stack = Stack(**answers)
    assert stack.refusals() == []
    properties = stack.mappings()[0]
    properties["DestinationConfig"] = {"OnFailure": {"Destination": "arn:aws:s3:::letters"}}
    network = {"VPC_SECURITY_GROUP": "security_group:sg-1"}
    for access in properties["SourceAccessConfigurations"]:
        access["URI"] = network.get(access["Type"], access["URI"])
    return mapping_of(properties)


@pytest.mark.parametrize("mode", ["scram", "scram256", "mtls", "none"])
def test_the_templates_mapping_brings_every_record_in_order_under_the_clusters_name(
    kafka: KafkaCluster, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = declared(partitions=1)
    assert do(plaintext(kafka), wanted).status == "applied"
    user, password = kafka.settings.username, kafka.settings.password
    if mode == "scram256":
        access = scram_256(kafka)
        user, password = access.username, access.password
    session = Session(
        login=json.dumps({"username": user, "password": password}),
        certificate=json.dumps(kafka.client_certificate(new_name("client"))),
        BrokersCaSecret=json.dumps({"certificate": kafka.ca_file.read_text()}),
    )
    mapping = mapping_like_the_templates(kafka, mode, wanted.name)
    monkeypatch.setattr("local.event_source_mapping.config.boto3.Session", lambda **_: session)
    poller = Config(
        properties={}, mapping_id="m", endpoint_url="https://aws", session_token="t", region="r", stats_file="f"
    )
    client = client_settings(poller, mapping, bootstrap_servers(poller, mapping))
    producer = confluent_kafka.Producer({"bootstrap.servers": kafka.bootstrap("PLAINTEXT"), "acks": "all"})
    for number in range(50):
        producer.produce(wanted.name, b'{"n": %d}' % number, partition=0)
    assert producer.flush(20) == 0
    vantiq = FakeVantiq()
    play(kafka, mapping, Function.before(vantiq, "plant-kafka"), 50, client)
    assert vantiq.offsets() == list(range(50))
    assert [document["id"] for document in vantiq.taken] == [
        f"plant-kafka/{wanted.name}/0/{number}" for number in range(50)
    ]


def test_aliases_are_told_with_the_broker_that_they_lead_to(kafka: KafkaCluster, group: str) -> None:
    wanted = declared()
    assert do(plaintext(kafka), wanted).status == "applied"
    aliases = [BrokerAddress("127.0.0.1", address.port) for address in plaintext(kafka).brokers]
    access = msgspec.structs.replace(plaintext(kafka), brokers=tuple(aliases))
    for response in (produce(access, wanted.name), consume(access, wanted.name, group)):
        assert response.verdict.status == "healthy", response.table
        numbered = ", ".join(sorted(f"{address} (broker {number})" for number, address in enumerate(aliases, 1)))
        assert f"the bootstrap addresses {numbered} are other names of them" in response.verdict.summary


def test_a_name_that_is_not_in_the_certificate_is_told_with_those_that_are(
    kafka: KafkaCluster, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = tls(kafka)
    server = server_context(kafka.authority, new_name("alias"), ["b-2.real.example", "b-2.other.example"])
    with FaultProxy(second(access).port, server=server) as proxy:
        redirect(monkeypatch, {second(access).port: proxy.port})
        response = produce(access, topic)
    assert response.verdict.cause == "tls-name-mismatch"
    assert "the certificate is not for localhost; it is for b-2.real.example, b-2.other.example" in response.table
