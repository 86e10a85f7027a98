"""What register leaves alone: what it has not made, what would give the password away, topics that Kafka has not."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any, cast

import pytest
from msk_toolkit.connect.kafka_topics import topic_findings
from msk_toolkit.connect.login import Login
from msk_toolkit.connect.register import DesiredRegistration, register
from msk_toolkit.connect.registrar import registrar
from msk_toolkit.connect.registration import plan_source, plan_target
from msk_toolkit.connect.request import ConnectResponse, parse_connect_request
from msk_toolkit.connect.run import run_connect
from msk_toolkit.connect.source_owner import MADE_HERE
from msk_toolkit.connect.vantiq_source import SourceOptions, property_faults
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import ConfigurationError
from msk_toolkit.msk.findings import Finding
from msk_toolkit.settings.connect import ConnectSettings
from msk_toolkit.settings.loading import load
from msk_toolkit.settings.targets import parse_target

from tests.fakes.kafka_topics_fake import TopicsBroker
from tests.unit.test_connect_register import CONFIG, vantiq
from tests.unit.test_connect_run import ENVIRON, aws

pytestmark = pytest.mark.enable_socket
SCRAM = Login("scram", "b-1.shop.example:9096", "u", "p4ssword")


def test_a_secret_that_was_not_made_here_is_renewed_only_by_its_name() -> None:
    with vantiq() as there:
        there.standin.define("secrets", {"name": "MskPassword", "secret": "somebody's", "description": "for the shop"})
        lines = there.lines(renew_secret=True)
        assert lines[0].startswith("! secrets MskPassword: was not created by the toolkit")
        assert '"replace": ["MskPassword"]' in lines[0]
        assert there.row("secrets", "MskPassword")["secret"] == "somebody's"
        there.lines(renew_secret=True, replace=["MskPassword"])
        row = there.row("secrets", "MskPassword")
        assert (row["secret"], row["description"]) == ("p4ssword", MADE_HERE)


def test_a_secret_that_was_made_here_is_renewed_when_asked_to() -> None:
    with vantiq() as there:
        there.run()
        assert there.row("secrets", "MskPassword")["description"] == MADE_HERE
        assert there.lines(renew_secret=True)[0].startswith("~ secrets MskPassword")


def test_a_source_of_another_cluster_is_overwritten_only_by_its_name() -> None:
    theirs = {"bootstrap.servers": "sb://b-1.theirs.example:9096", "consumer.topics": ["x"]}
    with vantiq() as there:
        there.standin.define("sources", {"name": "Msk", "type": "KAFKA", "config": theirs})
        lines = there.lines()
        assert lines[1].startswith("! sources Msk: is a source of another cluster")
        assert there.row("sources", "Msk")["config"] == theirs
        there.lines(replace=["Msk"])
        assert there.row("sources", "Msk")["config"] == CONFIG


@pytest.mark.parametrize(
    ("theirs", "ours", "step"),
    [
        ("sb://b-1.shop.example:9096", "b-2.shop.example:9096", "update"),
        ("b-1-public.shop.example:9196", "b-1.shop.example:9096", "update"),
        ("b-1.shop.example:9096", "b-1.other.example:9096", "refuse"),
        ("10.0.0.1:9092,10.0.0.2:9092", "10.0.0.2:9092", "update"),
        ("10.0.0.1:9092", "10.0.1.1:9092", "refuse"),
        ("", "b-1.shop.example:9096", "refuse"),
        (7, "b-1.shop.example:9096", "refuse"),
    ],
)
def test_the_brokers_decide_which_cluster_a_source_belongs_to(theirs: Any, ours: str, step: str) -> None:
    login = 'x required password="@secrets(Own)";'
    there = {"type": "KAFKA", "config": {"bootstrap.servers": theirs, "sasl.jaas.config": login}}
    assert plan_source(there, "Msk", {"bootstrap.servers": ours}, own_secret="Own").step == step


@pytest.mark.parametrize(
    ("login", "own_secret"),
    [
        ('x required password="@secrets(Theirs)";', "Own"),
        ('x required password="@secrets(Own)";', None),
        ("x required password='theirs';", "Own"),
        (None, "Own"),
        (7, "Own"),
    ],
)
def test_a_source_of_this_cluster_that_the_toolkit_did_not_create_is_overwritten_only_by_its_name(
    login: Any, own_secret: str | None
) -> None:
    there = {"type": "KAFKA", "config": {"bootstrap.servers": "b-1.shop.example:9096", "sasl.jaas.config": login}}
    ours = {"bootstrap.servers": "b-1.shop.example:9096", "consumer.topics": ["t"]}
    refused = plan_source(there, "Msk", ours, own_secret=own_secret)
    assert (refused.step, "was not recognizably created by the toolkit" in refused.detail) == ("refuse", True)
    assert plan_source(there, "Msk", ours, replace=["Msk"], own_secret=own_secret).step == "update"


def test_a_source_that_somebody_else_made_for_this_cluster_stays_as_it_is() -> None:
    theirs = {**CONFIG, "sasl.jaas.config": 'x required username="v" password="@secrets(Theirs)";'}
    with vantiq() as there:
        there.standin.define("sources", {"name": "Msk", "type": "KAFKA", "config": theirs})
        lines = there.lines()
        assert lines[1].startswith("! sources Msk: was not recognizably created by the toolkit")
        assert there.row("sources", "Msk")["config"] == theirs


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("security.protocol", "SASL_PLAINTEXT"),
        ("consumer.security.protocol", "PLAINTEXT"),
        ("bootstrap.servers", "elsewhere.example:9096"),
        ("producer.bootstrap.servers", "elsewhere.example:9096"),
        ("sasl.mechanism", "PLAIN"),
        ("consumer.sasl.jaas.config", "x"),
        ("sasl.client.callback.handler.class", "x.Handler"),
        ("ssl.endpoint.identification.algorithm", ""),
        ("ssl.engine.factory.class", "x.TrustsAll"),
    ],
)
def test_properties_that_would_give_the_password_away_are_refused_and_nothing_is_registered(
    name: str, value: str
) -> None:
    response, asked = registered({"source": {"topics": ["t"], "properties": {name: value}}})
    assert response.registration is None
    assert asked == []
    (fault, stopped) = [finding for finding in response.findings if finding.severity == "error"]
    assert name in fault.text
    assert stopped.subject == "register"


@pytest.mark.parametrize(
    ("mode", "properties"),
    [
        ("scram", {"ssl.endpoint.identification.algorithm": "HTTPS", "client.id": "x"}),
        ("none", {"sasl.mechanism": "x"}),
    ],
)
def test_properties_that_give_nothing_away_are_taken(mode: Any, properties: dict[str, Any]) -> None:
    assert property_faults(Login(mode, "b:1"), SourceOptions(properties=properties)) == []


def registered(event: dict[str, Any], **answers: Any) -> tuple[ConnectResponse, list[DesiredRegistration]]:
    """The answer to register, and what Vantiq was asked for."""
    asked: list[DesiredRegistration] = []
    request = parse_connect_request({"action": "register"} | event)

    def registrar(desired: DesiredRegistration, findings: Any) -> None:
        asked.append(desired)

    settings = load(ConnectSettings, ENVIRON)
    return run_connect(request, settings, aws(), registrar, Deadline(20), **answers), asked


def test_a_misspelt_topic_is_one_clear_line_and_vantiq_is_not_asked() -> None:
    broker = TopicsBroker({"orders": {}})
    with broker.serving() as port:
        response, asked = registered(
            {"source": {"topics": ["orders", "nope"]}},
            ask_kafka=lambda login, topics, deadline: topic_findings(
                Login("none", f"127.0.0.1:{port}"), topics, deadline
            ),
        )
    assert asked == []
    assert [str(finding) for finding in response.findings if finding.subject.startswith("topic")] == [
        "error: topic nope: Kafka has no such topic: correct the name, or create the topic first"
    ]


def test_kafka_is_asked_with_the_sources_own_login() -> None:
    logins: list[Login] = []

    def ask_kafka(login: Login, topics: Sequence[str], deadline: Deadline) -> list[Finding]:
        logins.append(login)
        return []

    registered({"source": {"topics": ["t"]}}, ask_kafka=ask_kafka)
    assert [(login.mode, login.username, login.password) for login in logins] == [("scram", "test", "p4ssword")]


def test_a_cluster_that_cannot_be_asked_stops_nothing() -> None:
    with TopicsBroker({}).serving() as port:
        pass
    (finding,) = topic_findings(Login("none", f"127.0.0.1:{port}"), ["t"], Deadline(5))
    assert (finding.severity, finding.subject) == ("warning", "Kafka")


@pytest.mark.parametrize("name", ["Msk\n", "Msk source", "1Msk", ""])
def test_a_source_has_a_name_of_vantiqs(name: str) -> None:
    with pytest.raises(ConfigurationError):
        parse_connect_request({"source": {"name": name}})
    with pytest.raises(ConfigurationError):
        parse_connect_request({"source": {"secret": name}} if name != "1Msk" else {"source": {"secret": "1\n"}})


def test_a_type_that_an_earlier_version_made_gets_what_it_lacks_and_one_of_the_users_stays() -> None:
    target = parse_target("upsert:Record")
    properties = dict(plan_target(None, target).instance["properties"])
    earlier = {key: spec for key, spec in properties.items() if "SchemaMetadata" not in key and key != "valueText"}
    change = plan_target({"naturalKey": ["id"], "properties": earlier}, target)
    assert (change.step, change.instance["properties"]) == ("update", properties)
    own = plan_target({"naturalKey": ["id"], "properties": earlier | {"mine": {"type": "String"}}}, target)
    assert own.step == "none"
    assert "unless it gets valueText (String)" in own.detail
    assert plan_target({"naturalKey": ["id"], "properties": properties}, target).detail == "up to date"


@pytest.mark.parametrize(
    ("config", "value"),
    [
        ({"contentType": "application/json"}, {}),
        ({"contentType": "text/plain", "producer.contentType": "application/json"}, {}),
        ({"value.serializer": "io.vertx.kafka.client.serialization.JsonObjectSerializer"}, {}),
        ({"contentType": "application/json", "value.serializer": "x.StringSerializer"}, ""),
        ({}, ""),
    ],
)
def test_the_test_message_is_an_object_where_the_source_publishes_json(config: dict[str, str], value: Any) -> None:
    sent: list[Any] = []

    class Echo:
        def wait_for(self, text: str, seconds: float) -> Any:
            return sent[-1]

    class Publishing:
        def find(self, kind: str, name: str) -> dict[str, Any]:
            return {"type": "KAFKA", "active": True, "config": config}

        def within(self, seconds: float) -> "Publishing":
            return self

        def publish_through(self, source: str, topic: str, message: dict[str, Any]) -> None:
            sent.append(message["value"])

    desired = DesiredRegistration(source="Msk", config=config, test_topic="t")
    registration = register(cast(Any, Publishing()), lambda source: nullcontext(Echo()), desired, [], write=True)
    assert registration.test is not None
    assert registration.test.received
    assert type(sent[0]) is type(value)


def test_the_forwarders_targets_alone_are_registered_without_a_source() -> None:
    environ = ENVIRON | {"FORWARD_TOPICS": "orders,sensor-readings", "HEARTBEAT_TARGET": "topic:/msk/heartbeat"}
    request = parse_connect_request({"action": "register", "targets_only": True})
    with vantiq() as there:
        in_vantiq = registrar(there.settings, lambda _: there, Deadline(20), write=True)
        registration = run_connect(request, load(ConnectSettings, environ), aws(), in_vantiq, Deadline(20)).registration
        assert registration is not None
        assert (registration.applied, registration.state) == (True, None)
        assert registration.changes == [
            "+ topics /msk/orders: reliable, with autoUnwind",
            "+ topics /msk/sensorZ2Dreadings: reliable, with autoUnwind, for Kafka's sensor-readings",
            "+ topics /msk/heartbeat: reliable, with autoUnwind",
        ]
        assert there.row("topics", "/msk/sensorZ2Dreadings")["isReliable"] is True
        assert there.row("sources", "MskSource") is None


@pytest.mark.parametrize("config", ["bootstrap.servers=b-1:9096", ["a"], 7, True])
def test_a_source_whose_config_is_no_object_is_replaced_by_its_name_alone(config: Any) -> None:
    there = {"type": "KAFKA", "config": config}
    refused = plan_source(there, "Msk", {"bootstrap.servers": "b-1.shop.example:9096"})
    assert (refused.step, "config is not an object" in refused.detail) == ("refuse", True)
    replaced = plan_source(there, "Msk", {"bootstrap.servers": "b-1.shop.example:9096"}, replace=["Msk"])
    assert (replaced.step, replaced.instance["config"]) == ("update", {"bootstrap.servers": "b-1.shop.example:9096"})
