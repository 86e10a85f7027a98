"""The generated client files as their readers take them: Java's parsers, Kafka's console tools, kafka-python."""

import json
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer
from msk_toolkit.connect.client_files import ClientFiles, client_files
from msk_toolkit.connect.escaping import jaas_file_can_carry
from msk_toolkit.connect.login import Login, SourceMode
from packaging.version import Version

from local.kafka import KafkaCluster
from tests.integration.java_trust import trusted_ca
from tests.integration.kafka_access import new_name
from tests.integration.topics_fixture import created_topic

pytestmark = pytest.mark.integration
# The walk-through's own, its slip of the keyboard included.
MESSAGES = ["test message 1", "test message 23", "test message 44", "test meesagege 23"]
NASTY = ' "quoted" \'too\' \\ =,:;#! \t$x {} grün Größe 日本語 𝄞 // /* */ \\u0041 \\" '
TOOL_SECONDS = 60


def login(kafka: KafkaCluster, mode: SourceMode, **changes: Any) -> Login:
    listener: Any = {"none": "PLAINTEXT", "tls": "SSL", "scram": "SASL_SSL"}[mode]
    values: dict[str, Any] = {"username": kafka.settings.username, "password": kafka.settings.password}
    trusted = {"trusted_ca": "" if mode == "none" else kafka.ca_file.read_text()}
    return Login(mode, kafka.bootstrap(listener), **{**values, **trusted, **changes})


def write(client: ClientFiles, folder: Path) -> Path:
    for name, text in client.files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def run_tool(kafka: KafkaCluster, tool: str, *options: str, said: str = "", jaas: Path | None = None) -> Sequence[str]:
    command = kafka.console_tool(tool)
    if jaas is not None:
        command = [command[0], f"-Djava.security.auth.login.config={jaas}", *command[1:]]
    done = subprocess.run(
        [*command, *options], input=said, capture_output=True, text=True, timeout=TOOL_SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def config_option(kafka: KafkaCluster, old: str) -> str:
    """Newer tools print a notice before the messages when they get the old name (KIP-1147)."""
    return old if Version(kafka.settings.version) < Version("4.2") else "--command-config"


def produce(kafka: KafkaCluster, brokers: str, config: Path, topic: str, jaas: Path | None = None) -> None:
    # The producer took the consumer's option with 2.5.
    brokers_are = "--broker-list" if Version(kafka.settings.version) < Version("2.5") else "--bootstrap-server"
    options = [brokers_are, brokers, config_option(kafka, "--producer.config"), str(config), "--topic", topic]
    run_tool(kafka, "ConsoleProducer", *options, said="".join(f"{line}\n" for line in MESSAGES), jaas=jaas)


def consume(kafka: KafkaCluster, brokers: str, config: Path, topic: str, jaas: Path | None = None) -> Sequence[str]:
    options = ["--bootstrap-server", brokers, config_option(kafka, "--consumer.config"), str(config), "--topic", topic]
    limits = ["--from-beginning", "--max-messages", str(len(MESSAGES)), "--timeout-ms", "30000"]
    return run_tool(kafka, "ConsoleConsumer", *options, *limits, jaas=jaas)


def test_the_walk_throughs_connection_test_passes_without_authentication(kafka: KafkaCluster, tmp_path: Path) -> None:
    client_login = login(kafka, "none")
    config = write(client_files(client_login), tmp_path) / "client.properties"
    with created_topic(kafka, new_name("AWSKafkaTutorialTopic")) as topic:
        produce(kafka, client_login.brokers, config, topic)
        assert consume(kafka, client_login.brokers, config, topic) == MESSAGES


def test_the_walk_throughs_connection_test_passes_with_scram_and_a_nasty_password(
    kafka: KafkaCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kafka.add_scram_user("nasty", NASTY)
    ca = trusted_ca(kafka, monkeypatch, tmp_path)
    client_login = login(kafka, "scram", username="nasty", password=NASTY, trusted_ca=ca)
    folder = write(client_files(client_login), tmp_path)
    with created_topic(kafka, new_name("AWSKafkaTutorialTopic")) as topic:
        # KAFKA_OPTS=-Djava.security.auth.login.config=users_jaas.conf, as the walk-through has it.
        jaas = folder / "users_jaas.conf"
        produce(kafka, client_login.brokers, folder / "client_sasl.properties", topic, jaas)
        # The file that is complete in itself.
        assert consume(kafka, client_login.brokers, folder / "client.properties", topic) == MESSAGES
        arguments = client_files(client_login).kafka_python | {"ssl_cafile": str(kafka.ca_file)}
        consumer = KafkaConsumer(topic, auto_offset_reset="earliest", consumer_timeout_ms=15_000, **arguments)
        try:
            values = [next(consumer).value.decode() for _ in MESSAGES]
        finally:
            consumer.close()
        assert values == MESSAGES


def test_java_reads_every_password_back(kafka: KafkaCluster) -> None:
    """Both forms of 400 passwords, made of what each format treats specially, through Java's and Kafka's parsers."""
    maker = random.Random(20261122)  # noqa: S311 - the same ones every time
    special = "\"'\\=,:;#!$ \t{}()/*%@&<>\u00fc\u00df\u20ac\u65e5\u672c\U0001d11e\u200b0178nrtu"
    passwords = ["".join(maker.choices(special, k=maker.randint(1, 24))) for _ in range(400)]
    passwords = [NASTY, "\x01\x07\x7f1", *passwords]
    files = [client_files(Login("scram", "b:1", "u", password)).files for password in passwords]
    cases = [
        {"properties": written["client.properties"], "jaas_file": written["users_jaas.conf"]}
        for written, password in zip(files, passwords, strict=True)
        if jaas_file_can_carry(password)
    ]
    carried = [password for password in passwords if jaas_file_can_carry(password)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.java_reads", *map(str, kafka.programs)],
        input=json.dumps(cases), capture_output=True, text=True, timeout=TOOL_SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout)
    assert [values["properties"] for values in read] == carried
    assert [values["jaas_file"] for values in read] == carried
    assert len(carried) > 350
