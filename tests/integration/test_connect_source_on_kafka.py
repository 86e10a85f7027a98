"""Vantiq's own Kafka source: registered in the stand-in, run there by the Java client, for both of the walk-through's
clusters. ``Test Publish`` and ``Test Subscribe`` are the walk-through's."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
from kafka import KafkaProducer
from msk_toolkit.connect.registrar import registrar
from msk_toolkit.connect.request import ConnectResponse, parse_connect_request
from msk_toolkit.connect.run import run_connect
from msk_toolkit.deadline import Deadline
from msk_toolkit.msk.findings import Finding
from msk_toolkit.settings.connect import ConnectSettings
from msk_toolkit.settings.vantiq import VantiqSettings
from msk_toolkit.vantiq.connection import VantiqEndpoint
from msk_toolkit.vantiq.events import arrivals_of

from local.kafka import KafkaCluster
from local.vantiq import VantiqStandIn, running_standin
from tests.fakes.aws_fake import REGION, FakeAws
from tests.integration.java_trust import trusted_ca
from tests.integration.kafka_access import new_name
from tests.integration.test_connect_files_on_kafka import MESSAGES, NASTY
from tests.integration.topics_fixture import created_topic

pytestmark = pytest.mark.integration
SECRET = f"arn:aws:secretsmanager:{REGION}:1:secret:AmazonMSK_test-AbCdEf"
ARN = f"arn:aws:kafka:{REGION}:1:cluster/local/1"
SECONDS = 90


class Scene:
    """A cluster as MSK would describe it, and a Vantiq in which sources run."""

    def __init__(
        self, kafka: KafkaCluster, standin: VantiqStandIn, trusted_ca: str, username: str, password: str
    ) -> None:
        self.kafka = kafka
        self.trusted_ca = trusted_ca
        self.standin = standin
        secret = json.dumps({"username": username, "password": password})
        self.aws = FakeAws(
            describe_cluster_v2={"ClusterInfo": {"ClusterName": "local", "State": "ACTIVE"}},
            get_bootstrap_brokers={
                "BootstrapBrokerString": kafka.bootstrap("PLAINTEXT"),
                "BootstrapBrokerStringSaslScram": kafka.bootstrap("SASL_SSL"),
            },
            list_scram_secrets={"SecretArnList": [SECRET]},
            describe_secret={"Name": "AmazonMSK_test", "ARN": SECRET, "KmsKeyId": "key"},
            get_secret_value=lambda SecretId: {  # noqa: N803
                "SecretString": standin.token if SecretId == "vantiq" else secret
            },
        )
        self.vantiq = VantiqSettings(vantiq_url=standin.url, vantiq_token_secret_arn="vantiq")

    def connect(self, mode: str, topic: str, action: str = "register", **source: Any) -> ConnectResponse:
        settings = ConnectSettings(
            cluster_arn=ARN,
            auth_mode=mode,  # type: ignore[arg-type]
            scram_secret_arn=SECRET,
            trusted_ca="" if mode == "none" else self.trusted_ca,
            vantiq_target="topic:/msk/{topic}",
        )
        event = {"action": action, "source": {"name": "Msk", "topics": [topic], **source}}
        deadline = Deadline(SECONDS)
        in_vantiq = registrar(self.vantiq, self.aws, deadline, write=action == "register")
        return run_connect(parse_connect_request(event), settings, self.aws, in_vantiq, deadline)


class MakeScene(Protocol):
    def __call__(self, username: str = "", password: str = "") -> AbstractContextManager[Scene]: ...


@pytest.fixture
def scene(kafka: KafkaCluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> MakeScene:
    trusted = trusted_ca(kafka, monkeypatch, tmp_path)

    @contextmanager
    def made(username: str = "", password: str = "") -> Iterator[Scene]:
        user = (username or kafka.settings.username, password or kafka.settings.password)
        with running_standin(kafka=kafka.programs) as standin:
            yield Scene(kafka, standin, trusted, *user)

    return made


def of_severity(findings: list[Finding], severity: str) -> list[str]:
    return [str(finding) for finding in findings if finding.severity == severity]


def send(kafka: KafkaCluster, topic: str, messages: list[str]) -> None:
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap("PLAINTEXT").split(","))
    try:
        for message in messages:
            producer.send(topic, message.encode()).get(timeout=15)
    finally:
        producer.close()


@pytest.mark.parametrize("mode", ["none", "scram"])
def test_publish_and_subscribe_through_the_registered_source(kafka: KafkaCluster, scene: MakeScene, mode: str) -> None:
    with created_topic(kafka, new_name("source")) as topic, scene() as there:
        response = there.connect(mode, topic)
        assert of_severity(response.findings, "error") == []
        assert response.registration is not None
        test, state = response.registration.test, response.registration.state
        assert test is not None
        assert (test.published, test.received, test.event["topic"]) == (True, True, topic)
        assert state is not None
        assert (state.active, state.unavailable, state.type) == (True, False, "KAFKA")
        # Test Subscribe: what others write arrives as events, in order.
        deadline = Deadline(30)
        with arrivals_of(
            "Msk", VantiqEndpoint(there.vantiq.vantiq_address), there.standin.token, "", deadline
        ) as arrivals:
            send(kafka, topic, MESSAGES)
            assert [arrivals.wait_for(text, 30)["value"] for text in MESSAGES] == MESSAGES
        # Nothing is left to do.
        again = there.connect(mode, topic, "plan")
        assert again.registration is not None
        assert all(line.startswith("=") for line in again.registration.changes)


@pytest.mark.parametrize("holds", ["password", "login"])
def test_a_nasty_password_reaches_kafka_through_vantiqs_secret(
    kafka: KafkaCluster, scene: MakeScene, holds: str
) -> None:
    kafka.add_scram_user("nasty", NASTY)
    with created_topic(kafka, new_name("source")) as topic, scene("nasty", NASTY) as there:
        response = there.connect("scram", topic, secret_holds=holds)
        assert response.registration is not None
        assert response.registration.test is not None
        assert response.registration.test.received, response.findings
        assert NASTY not in str(there.standin.look_up("sources", "Msk"))


def test_a_wrong_password_makes_the_source_unavailable_and_says_so(kafka: KafkaCluster, scene: MakeScene) -> None:
    with created_topic(kafka, new_name("source")) as topic, scene(password="wrong") as there:
        response = there.connect("scram", topic)
        assert response.registration is not None
        assert response.registration.state is not None
        assert response.registration.state.unavailable is True
        assert of_severity(response.findings, "error")
        row = there.standin.look_up("sources", "Msk")
        assert row is not None
        assert "SaslAuthenticationException" in row["unavailableReason"]
