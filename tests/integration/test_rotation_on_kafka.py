"""Rotations on real brokers, whose users are altered some time after a secret has changed, as MSK does it.

Both probes, the forwarder behind its mapping and a source in Vantiq (Kafka's Java client) go on meanwhile, and count.
"""

import json
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from msk_toolkit.connect.registrar import registrar
from msk_toolkit.connect.request import parse_connect_request
from msk_toolkit.connect.run import run_connect
from msk_toolkit.deadline import Deadline
from msk_toolkit.msk.credentials import parse_credentials
from msk_toolkit.rotation.events import RotationServices, handle_rotation_event
from msk_toolkit.rotation.steps import RotationUndoneError
from msk_toolkit.settings.connect import ConnectSettings
from msk_toolkit.settings.vantiq import VantiqSettings
from msk_toolkit.telemetry.metrics import toolkit_metrics
from msk_toolkit.vantiq.connection import VantiqEndpoint
from msk_toolkit.vantiq.events import arrivals_of

from local.kafka import KafkaCluster
from local.vantiq import VantiqStandIn, running_standin
from tests.fakes.aws_fake import REGION
from tests.fakes.msk_watcher import MskWatcher, watching
from tests.fakes.rotating_secrets import SecretStore
from tests.integration.java_trust import trusted_ca
from tests.integration.kafka_access import new_name, wait_until
from tests.integration.rotating_clients import ForwardedMapping, Logins, mapping_of, probing, running
from tests.integration.test_connect_source_on_kafka import send
from tests.integration.topics_fixture import created_topic
from tests.integration.vantiq_fixture import Line

pytestmark = pytest.mark.integration
ARN = f"arn:aws:kafka:{REGION}:123456789012:cluster/local/1"
LOGIN, ONE, TWO = (f"AmazonMSK_{name}" for name in ("login", "one", "two"))
ROTATIONS = 3


class World:
    """The secrets, MSK's watch over them, a Vantiq, and the rotation function."""

    def __init__(self, kafka: KafkaCluster, standin: VantiqStandIn, authority: str, *, alternating: bool) -> None:
        self.kafka, self.standin, self.authority = kafka, standin, authority
        self.store = SecretStore(
            describe_cluster_v2={"ClusterInfo": {"ClusterName": "local", "State": "ACTIVE"}},
            get_bootstrap_brokers={"BootstrapBrokerStringSaslScram": kafka.bootstrap("SASL_SSL")},
            list_scram_secrets={"SecretArnList": [LOGIN, ONE, TWO]},
        )
        first, second = ({"username": new_name("user"), "password": name} for name in ("first", "second"))
        self.store.create(LOGIN, json.dumps(first), rotates=True)
        self.store.create("token", standin.token)
        self.vantiq = VantiqSettings(vantiq_url=standin.url, vantiq_token_secret_arn="token")
        self.users = ""
        associated = [LOGIN]
        if alternating:
            associated = [self.store.create(ONE, json.dumps(first)), self.store.create(TWO, json.dumps(second))]
            self.users = ",".join(associated)
        self.watcher = MskWatcher(self.store, associated, kafka.add_scram_user, delay_seconds=1.0)
        self.settings = ConnectSettings(
            cluster_arn=ARN,
            scram_secret_arn=LOGIN,
            scram_users=self.users,
            trusted_ca=authority,
            vantiq_target="topic:/msk/{topic}",
        )

    def rotate(self, before_each_step: Callable[[], None] = lambda: None, step_seconds: float = 90) -> list[Any]:
        environ = {
            "BOOTSTRAP_SERVERS": self.kafka.bootstrap("SASL_SSL"),
            "SCRAM_SECRET_ARN": LOGIN,
            "SCRAM_USERS": self.users,
            "TRUSTED_CA": self.kafka.ca_file.read_text(),
            "VANTIQ_URL": self.standin.url,
            "VANTIQ_TOKEN_SECRET_ARN": "token",
        }
        logger = Logger(service=new_name("rotation"))
        services = RotationServices(environ, self.store.aws, logger, toolkit_metrics("scram-rotation"))

        def handler(event: Any) -> Any:
            before_each_step()
            return handle_rotation_event(event, services, Deadline(step_seconds))

        return self.store.rotate(LOGIN, handler)

    def register(self, topic: str) -> None:
        deadline = Deadline(60)
        request = parse_connect_request({"action": "register", "source": {"name": "Msk", "topics": [topic]}})
        response = run_connect(
            request,
            self.settings,
            self.store.aws,
            registrar(self.vantiq, self.store.aws, deadline, write=True),
            deadline,
        )
        assert response.registration is not None, response.findings
        assert response.registration.test is not None, response.findings
        assert response.registration.test.received, response.findings

    def received(self, topic: str, text: str) -> Any:
        """Write a record, and wait until the source in Vantiq has received it, with the pair that it has now."""
        endpoint = VantiqEndpoint(self.vantiq.vantiq_address)
        with arrivals_of("Msk", endpoint, self.standin.token, "", Deadline(60)) as arrivals:
            send(self.kafka, topic, [text])
            return arrivals.wait_for(text, 30)["value"]

    def client(self) -> dict[str, Any]:
        """kafka-python's settings with what the secret holds now."""
        pair = parse_credentials(self.store.current(LOGIN), LOGIN)
        return {
            "bootstrap_servers": self.kafka.bootstrap("SASL_SSL").split(","),
            "security_protocol": "SASL_SSL",
            "ssl_cafile": str(self.kafka.ca_file),
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": pair.username,
            "sasl_plain_password": pair.password,
        }

    def source(self) -> dict[str, Any]:
        row = self.standin.look_up("sources", "Msk")
        assert row is not None
        return row


def delivered(standin: VantiqStandIn, topic: str, text: str) -> bool:
    """Whether the forwarder has sent this record of the topic and every one before it, each once and in order."""
    sent = [value for value in standin.journal.values() if value.get("topic") == topic and "offset" in value]
    return bool(sent) and sent[-1]["value"] == text and [each["offset"] for each in sent] == list(range(len(sent)))


@pytest.fixture
def standin(kafka: KafkaCluster) -> Iterator[VantiqStandIn]:
    with running_standin(kafka=kafka.programs) as standin:
        yield standin


@pytest.fixture
def authority(kafka: KafkaCluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    return trusted_ca(kafka, monkeypatch, tmp_path)


def test_three_rotations_of_two_users_refuse_no_login(
    kafka: KafkaCluster, topic: str, standin: VantiqStandIn, authority: str
) -> None:
    world, logins = World(kafka, standin, authority, alternating=True), Logins()
    with created_topic(kafka, new_name("orders")) as orders, watching(world.watcher):
        world.register(orders)
        standin.define("topics", {"name": "/orders"})
        line = Line(standin)
        mapping = ForwardedMapping(mapping_of(orders, new_name("group")), world.client, line, logins)
        group = new_name("probe")

        def probe(stop: threading.Event) -> None:
            while not stop.is_set():
                probing(world.settings, world.store, topic, group, logins)

        users = []
        with running(mapping.run, probe):
            for number in range(ROTATIONS):
                answers = world.rotate(mapping.reconnect)
                assert (len(answers[2]["brokers"]), answers[3]["sources"], answers[3]["problems"]) == (3, ["Msk"], [])
                users.append(parse_credentials(world.store.current(LOGIN), LOGIN).username)
                # The source has been running since the rotation before.
                assert (world.source()["active"], world.source()["isUnavailable"]) == (True, False)
                send(kafka, orders, [f"after rotation {number}"])
            assert world.received(orders, "at last") == "at last"
            wait_until(partial(delivered, standin, orders, "at last"), "the forwarder has not delivered")
    assert logins.refused == []
    assert users[0] == users[2] != users[1]
    assert min(logins.count.values()) >= ROTATIONS, logins.count
    # Each password has reached the brokers later than its secret.
    assert world.watcher.applied == 2 + ROTATIONS


def test_one_users_rotation_has_a_window_that_is_measured(
    kafka: KafkaCluster, topic: str, standin: VantiqStandIn, authority: str
) -> None:
    """The same clients notice it, so they would notice one above."""
    world, logins = World(kafka, standin, authority, alternating=False), Logins()
    group = new_name("probe")

    def probe(stop: threading.Event) -> None:
        while not stop.is_set():
            probing(world.settings, world.store, topic, group, logins)

    with watching(world.watcher), running(probe):
        answers = world.rotate()
    assert answers[3]["seconds"] >= 0.5
    assert any("sasl" in problem for problem in logins.refused)
    # And behind it all is well.
    probing(world.settings, world.store, topic, group, after := Logins())
    assert after.refused == []


@pytest.mark.parametrize("alternating", [False, True], ids=["one user", "two users"])
def test_a_password_that_msk_does_not_apply_is_undone_and_the_former_one_is_in_use(
    kafka: KafkaCluster, topic: str, standin: VantiqStandIn, authority: str, *, alternating: bool
) -> None:
    world, logins = World(kafka, standin, authority, alternating=alternating), Logins()
    world.watcher.apply()
    former = world.store.current(LOGIN)
    # A minute of a step is for going back.
    with pytest.raises(RotationUndoneError, match=r"not accepted by each broker in time.*localhost:\d+ fails at sasl"):
        world.rotate(step_seconds=62)
    assert world.store.current(LOGIN) == former
    probing(world.settings, world.store, topic, new_name("probe"), logins)
    assert logins.refused == []
