"""Client files and Vantiq's source; what Java makes of the escaping is proven by the integration tests."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msk_toolkit.connect.client_files import client_file_findings, client_files
from msk_toolkit.connect.escaping import jaas_file_can_carry, jaas_quoted, kcat_can_carry, kcat_value, property_value
from msk_toolkit.connect.login import Login
from msk_toolkit.connect.vantiq_source import (
    SourceOptions,
    secret_value,
    shown_value,
    source_configuration,
    source_findings,
)
from msk_toolkit.msk.secret import SecretFacts, check_secret

DATA = Path(__file__).parents[1] / "data"
TOPIC = ["AWSKafkaTutorialTopic"]


def seed(kind: str, cluster: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((DATA / f"{kind}.{cluster}.json").read_text())
    return document


def scram(password: str | None = "12345", username: str = "test", **more: Any) -> Login:
    brokers = seed("get-bootstrap-brokers", "testkafka-sasl")["BootstrapBrokerStringSaslScram"]
    return Login("scram", brokers, username, password, **more)


def test_the_walk_throughs_files_are_written() -> None:
    files = client_files(scram()).files
    assert files["users_jaas.conf"] == (
        "KafkaClient {\n"
        "   org.apache.kafka.common.security.scram.ScramLoginModule required\n"
        '   username="test"\n'
        '   password="12345";\n'
        "};\n"
    )
    assert files["client_sasl.properties"] == "security.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-512\n"
    assert "sasl.jaas.config=org.apache" in files["client.properties"]


def test_without_authentication_one_line_is_enough() -> None:
    written = client_files(Login("none", "b-1:9092,b-2:9092"))
    assert written.files["client.properties"] == "security.protocol=PLAINTEXT\n"
    assert sorted(written.files) == ["client.properties", "kcat.conf"]
    assert written.kafka_python == {"bootstrap_servers": ["b-1:9092", "b-2:9092"], "security_protocol": "PLAINTEXT"}


def test_the_password_is_left_out_unless_it_is_asked_for() -> None:
    assert "12345" not in str(client_files(scram(None)))
    assert client_files(scram(None)).kafka_python["sasl_plain_password"] == "<password>"
    assert str(client_files(scram())).count("12345") == 4
    assert "12345" not in repr(scram())


def test_a_private_authority_travels_within_the_files() -> None:
    files = client_files(scram(trusted_ca="-----BEGIN\nx\n-----END\n")).files
    line = "ssl.truststore.certificates=-----BEGIN\\nx\\n-----END\\n\n"
    assert line in files["client_sasl.properties"]
    assert files["ca.pem"].startswith("-----BEGIN")
    assert "ssl.ca.location=ca.pem\n" in files["kcat.conf"]
    assert "ssl" not in client_files(Login("none", "b:1", trusted_ca="x")).files["client.properties"]


@pytest.mark.parametrize(
    ("password", "text"),
    [
        (" x", "no client based on it (kcat, confluent-kafka) can log in"),
        ("x ", "use -X options"),
        ("x\ny", "use -X options"),
    ],
)
def test_blanks_at_a_passwords_ends_are_reported_as_librdkafka_reads_them(password: str, text: str) -> None:
    (finding,) = client_file_findings(scram(password))
    assert finding.subject == "kcat.conf"
    assert text in finding.text


def test_a_users_name_that_is_not_ascii_is_refused_with_the_reason() -> None:
    text = '{"username": "grün", "password": "p"}'
    credentials, findings = check_secret(SecretFacts(secret_id="AmazonMSK_a", text=text))
    assert credentials is None
    (finding,) = findings
    assert finding.severity == "error"
    assert "username has characters that are not ASCII" in finding.text
    assert "grün" not in str(finding)


def test_what_a_format_can_not_carry_is_reported() -> None:
    subjects = [finding.subject for finding in client_file_findings(scram(" ${x}", "a,b"))]
    assert subjects == ["users_jaas.conf", "kcat.conf", "kafka-python"]
    assert client_file_findings(scram()) == []
    assert jaas_file_can_carry("$} {} ${")


@pytest.mark.parametrize(
    ("text", "jaas", "properties"),
    [
        ('a"b\\c', r'"a\"b\\c"', 'a"b\\\\c'),
        (" =,:#!", '" =,:#!"', "\\ =,:#!"),
        ("ü€", '"ü€"', "\\u00FC\\u20AC"),
        ("𝄞", '"𝄞"', "\\uD834\\uDD1E"),
        ("\x01\n7", '"\\001\\n7"', "\\u0001\\n7"),
    ],
)
def test_escaping_gives_the_text_written_by_hand(text: str, jaas: str, properties: str) -> None:
    assert jaas_quoted(text) == jaas
    assert property_value(text) == properties


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_properties_reader_gets_every_text_back(text: str) -> None:
    written = property_value(text)
    assert written.isascii()
    assert "\n" not in written
    assert _java_properties_value(written) == text


@given(st.text(st.characters(exclude_categories=["Cs"])).filter(kcat_can_carry))
def test_kcats_reader_gets_every_text_back_that_it_can(text: str) -> None:
    written = kcat_value(text)
    assert re.sub(r"\\([:=])", r"\1", written) == text


@pytest.mark.parametrize("cluster", ["testkafka-sasl", "testkafka-noauth"])
def test_the_source_is_exactly_the_walk_throughs(cluster: str) -> None:
    documented = seed("vantiq-source", cluster)
    answer = seed("get-bootstrap-brokers", cluster)
    if cluster == "testkafka-sasl":
        login = Login("scram", answer["BootstrapBrokerStringSaslScram"], "test", "12345")
    else:
        # The walk-through names the same brokers in another order.
        documented["bootstrap.servers"] = ",".join(sorted(documented["bootstrap.servers"].split(",")))
        login = Login("none", ",".join(sorted(answer["BootstrapBrokerString"].split(","))))
    assert source_configuration(login, SourceOptions(topics=TOPIC, inline_password=True)) == documented


def test_by_default_the_password_is_a_reference() -> None:
    config = source_configuration(scram(), SourceOptions(topics=TOPIC))
    assert config["sasl.jaas.config"] == (
        "org.apache.kafka.common.security.scram.ScramLoginModule required "
        'username="test" password="@secrets(MskPassword)";'
    )
    assert "12345" not in str(config)
    whole = source_configuration(scram(), SourceOptions(secret_holds="login"))
    assert whole["sasl.jaas.config"] == "@secrets(MskPassword)"


@pytest.mark.parametrize("holds", ["password", "login"])
def test_the_filled_in_reference_is_what_the_configuration_would_hold(holds: Any) -> None:
    login = scram('q"\\;')
    options = SourceOptions(secret_holds=holds)
    filled = source_configuration(login, options)["sasl.jaas.config"].replace(
        "@secrets(MskPassword)", secret_value("test", 'q"\\;', holds)
    )
    assert filled == source_configuration(login, SourceOptions(inline_password=True))["sasl.jaas.config"]


def test_the_options_are_in_the_sources_configuration() -> None:
    options = SourceOptions(
        topics=["a", "b"],
        scheme="bare",
        content_type="application/json",
        group_id="g",
        properties={"consumer.max.poll.records": 50, "enable.auto.commit": True, "consumer.x": 0.5},
    )
    assert source_configuration(Login("tls", "b-1:9094, b-2:9094"), options) == {
        "bootstrap.servers": "b-1:9094,b-2:9094",
        "security.protocol": "SSL",
        "consumer.topics": ["a", "b"],
        "contentType": "application/json",
        "group.id": "g",
        "consumer.max.poll.records": "50",
        "enable.auto.commit": "true",
        "consumer.x": "0.5",
    }


def test_every_oddity_of_a_source_is_reported_at_once() -> None:
    odd = SourceOptions(properties={"sasl.mechanism": "PLAIN"}, inline_password=True)
    assert [finding.severity for finding in source_findings(scram(), odd)] == ["note", "error", "warning"]
    assert source_findings(scram(), SourceOptions(topics=TOPIC)) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sasl.jaas.config", 'M required username="@secrets(u)" password="HUNTER2";'),
        ("sasl.jaas.config", "M required username='u' password='my HUNTER2';"),
        ("sasl.jaas.config", 'M required oauth.client.secret="HUNTER2";'),
        ("consumer.sasl.jaas.config", 'M required username="u" password="HUNTER2";'),
        ("producer.sasl.jaas.config", 'M required username="u" password="HUNTER2";'),
        ("ssl.keystore.key", "-----BEGIN PRIVATE KEY-----HUNTER2"),
        ("ssl.truststore.certificates", "-----BEGIN PRIVATE KEY-----HUNTER2"),
        ("consumer.ssl.key.password", "HUNTER2"),
        ("basic.auth.user.info", "u:HUNTER2"),
        ("a.key.of.tomorrow", "HUNTER2"),
        ("consumer", {"group.id": "g", "sasl.jaas.config": "HUNTER2"}),
        ("bootstrap.servers", {"secret": "HUNTER2"}),
        ("bootstrap.servers", "sb://n.servicebus.windows.net/;SharedAccessKey=HUNTER2"),
        ("bootstrap.servers", "sb://u:HUNTER2@b-1:9096"),
        ("consumer.topics", ["t", {"secret": "HUNTER2"}]),
        ("consumer.topics", ["t", ["HUNTER2"]]),
        ("group.id", "HUNTER2\n"),
    ],
)
def test_what_may_be_a_secret_is_not_shown(name: str, value: Any) -> None:
    assert shown_value(name, value) == "<hidden>"


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("bootstrap.servers", "sb://b-1:9096,[::1]:9096", '"sb://b-1:9096,[::1]:9096"'),
        ("consumer.topics", ["a-b", "c_d.e"], '["a-b","c_d.e"]'),
        ("contentType", "application/json", '"application/json"'),
        ("producer.security.protocol", "SASL_SSL", '"SASL_SSL"'),
        ("consumer.group.id", "namespace:source", '"namespace:source"'),
        ("group.id", None, "nothing"),
        ("ssl.keystore.key", None, "nothing"),
    ],
)
def test_what_is_no_secret_is_shown(name: str, value: Any, shown: str) -> None:
    assert shown_value(name, value) == shown


def test_most_of_what_the_toolkit_writes_itself_is_shown() -> None:
    options = SourceOptions(topics=TOPIC, content_type="application/json", group_id="g")
    config = source_configuration(scram(trusted_ca="-----BEGIN CERTIFICATE-----"), options)
    hidden = [name for name, value in config.items() if shown_value(name, value) == "<hidden>"]
    assert hidden == ["sasl.jaas.config", "ssl.truststore.certificates"]


def _java_properties_value(written: str) -> str:
    """As java.util.Properties reads a value."""
    text = re.sub(r"\\u([0-9A-F]{4})|\\(.)", _unescaped, written.lstrip(" \t\f"))
    return text.encode("utf-16-be", "surrogatepass").decode("utf-16-be")


def _unescaped(match: re.Match[str]) -> str:
    if match[1]:
        return chr(int(match[1], 16))
    return {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}.get(match[2], match[2])


def test_older_tools_that_read_no_certificates_are_reported() -> None:
    private = Login("tls", "b:9094", trusted_ca="-----BEGIN CERTIFICATE-----\n")
    assert [str(finding)[:48] for finding in client_file_findings(private)] == [
        "note: client.properties: contains certificates o"
    ]
    assert client_file_findings(Login("tls", "b:9094")) == []
