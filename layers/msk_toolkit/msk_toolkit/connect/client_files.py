"""The files that clients read: Java's tools, kcat, kafka-python."""

from collections.abc import Iterator
from typing import Any

import msgspec

from msk_toolkit.connect.escaping import (
    jaas_file_can_carry,
    jaas_quoted,
    kcat_can_carry,
    kcat_value,
    librdkafka_can_carry,
    property_value,
)
from msk_toolkit.connect.login import Login, jaas_login
from msk_toolkit.msk.findings import Finding


class ClientFiles(msgspec.Struct, frozen=True):
    """File names with their text, and the keyword arguments of kafka-python's clients."""

    files: dict[str, str]
    kafka_python: dict[str, Any]


def client_files(login: Login) -> ClientFiles:
    """Everything that a client of this auth mode reads.

    ``client.properties`` is complete in itself. With SCRAM, ``client_sasl.properties`` and ``users_jaas.conf`` are the
    pair of the walk-through: the first names the mechanism, the second, through KAFKA_OPTS, the user.
    """
    common = {"security.protocol": login.protocol, **_trust(login)}
    files = {"kcat.conf": _kcat(login)}
    if login.mechanism:
        sasl = {**common, "sasl.mechanism": login.mechanism}
        files["client_sasl.properties"] = _properties(sasl)
        files["client.properties"] = _properties({**sasl, "sasl.jaas.config": login.jaas})
        files["users_jaas.conf"] = _jaas_file(login)
    else:
        files["client.properties"] = _properties(common)
    if login.trusted_ca:
        files["ca.pem"] = login.trusted_ca
    return ClientFiles(dict(sorted(files.items())), _kafka_python(login))


def client_file_findings(login: Login) -> list[Finding]:
    """What a format can't hold, or a client does wrong."""
    findings = []
    if login.trusts_private_ca:
        text = "contains certificates of a private authority, which Kafka's tools read from version 2.7 on"
        findings.append(Finding("note", "client.properties", text))
    if login.mechanism:
        findings += _scram_findings(login)
    return findings


def _scram_findings(login: Login) -> Iterator[Finding]:
    texts = [login.username, login.shown_password]
    if not all(map(jaas_file_can_carry, texts)):
        text = "Java replaces ${...} in this file, and user or password contains it: use client.properties instead"
        yield Finding("warning", "users_jaas.conf", text)
    if not all(map(librdkafka_can_carry, texts)):
        text = (
            "user or password begins with white space, which librdkafka strips from every value, also from those of "
            "-X and its API: no client based on it (kcat, confluent-kafka) can log in; choose another password"
        )
        yield Finding("warning", "kcat.conf", text)
    elif not all(map(kcat_can_carry, texts)):
        text = "user or password ends with white space, has line breaks, or is too long for this format: use -X options"
        yield Finding("warning", "kcat.conf", text)
    if not {",", "="}.isdisjoint(login.username):
        text = "kafka-python 3.0 does not escape , and = in the user name, so its login is refused"
        yield Finding("warning", "kafka-python", text)


def _trust(login: Login) -> dict[str, str]:
    if not login.trusts_private_ca:
        return {}
    # PEM text in the file itself (Kafka 2.7 and later): nothing else has to lie anywhere.
    return {"ssl.truststore.type": "PEM", "ssl.truststore.certificates": login.trusted_ca}


def _properties(values: dict[str, str]) -> str:
    return "".join(f"{name}={property_value(value)}\n" for name, value in values.items())


def _jaas_file(login: Login) -> str:
    entry = jaas_login(login.username, jaas_quoted(login.shown_password), "\n   ")
    return "KafkaClient {\n   " + entry + "\n};\n"


def _kcat(login: Login) -> str:
    values = {"bootstrap.servers": login.brokers, "security.protocol": login.protocol}
    if login.mechanism:
        values |= {
            "sasl.mechanisms": login.mechanism,
            "sasl.username": login.username,
            "sasl.password": login.shown_password,
        }
    if login.trusts_private_ca:
        values["ssl.ca.location"] = "ca.pem"
    return "".join(f"{name}={kcat_value(value)}\n" for name, value in values.items())


def _kafka_python(login: Login) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "bootstrap_servers": login.brokers.split(","),
        "security_protocol": login.protocol,
    }
    if login.mechanism:
        arguments |= {
            "sasl_mechanism": login.mechanism,
            "sasl_plain_username": login.username,
            "sasl_plain_password": login.shown_password,
        }
    if login.trusts_private_ca:
        arguments["ssl_cafile"] = "ca.pem"
    return arguments
