"""The generated kcat.conf in the hands of kcat itself, and of librdkafka, on which kcat stands."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from msk_toolkit.connect.client_files import client_files
from msk_toolkit.connect.escaping import kcat_can_carry, librdkafka_can_carry
from msk_toolkit.connect.login import SourceMode

from local.kafka import BROKER_IDS, KafkaCluster
from tests.integration.kafka_access import new_name
from tests.integration.test_connect_files_on_kafka import MESSAGES, NASTY, login, write
from tests.integration.topics_fixture import created_topic

KCAT = shutil.which("kcat")
pytestmark = pytest.mark.integration
needs_kcat = pytest.mark.skipif(KCAT is None, reason="kcat is not installed (apt-get install kcat)")
SECONDS = 30
USERNAME, PASSWORD = "te=st,1", NASTY.strip()


def kcat(folder: Path, *options: str, said: str = "") -> Sequence[str]:
    done = subprocess.run(
        [KCAT or "", "-F", "kcat.conf", *options],
        cwd=folder,  # where ca.pem lies
        input=said,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


@needs_kcat
@pytest.mark.parametrize("mode", ["none", "tls"])
def test_four_messages_go_there_and_back(kafka: KafkaCluster, mode: SourceMode, tmp_path: Path) -> None:
    folder = write(client_files(login(kafka, mode)), tmp_path)
    with created_topic(kafka, new_name("kcat")) as topic:
        kcat(folder, "-P", "-t", topic, said="".join(f"{line}\n" for line in MESSAGES))
        assert kcat(folder, "-C", "-t", topic, "-o", "beginning", "-e", "-q") == MESSAGES


@needs_kcat
def test_kcat_reads_every_value_as_it_was_meant(kafka: KafkaCluster, tmp_path: Path) -> None:
    assert kcat_can_carry(PASSWORD)
    client_login = login(kafka, "scram", username=USERNAME, password=PASSWORD)
    lines = kcat(write(client_files(client_login), tmp_path), "-X", "dump", "-L")
    read = dict(line.split(" = ", 1) for line in lines if " = " in line)
    assert (read["sasl.username"], read["sasl.password"], read["metadata.broker.list"]) == (
        client_login.username,
        PASSWORD,
        client_login.brokers,
    )


def test_its_library_logs_in_with_the_same_properties(kafka: KafkaCluster, tmp_path: Path) -> None:
    # Not with kcat: the one of Debian 12 has a library of 2022, whose SCRAM login Kafka 4 refuses.
    kafka.add_scram_user(USERNAME, PASSWORD)
    folder = write(client_files(login(kafka, "scram", username=USERNAME, password=PASSWORD)), tmp_path)
    lines = [line.split("=", 1) for line in (folder / "kcat.conf").read_text(encoding="utf-8").splitlines()]
    properties = {name: re.sub(r"\\([:=])", r"\1", value) for name, value in lines}
    cluster = AdminClient({**properties, "ssl.ca.location": str(folder / "ca.pem")}).list_topics(timeout=SECONDS)
    assert sorted(cluster.brokers) == list(BROKER_IDS)


@pytest.mark.parametrize(("password", "lets_in"), [("ends with a blank ", True), (" begins with one", False)])
def test_its_library_takes_blanks_off_the_beginning_of_a_password_alone(
    kafka: KafkaCluster, password: str, lets_in: bool
) -> None:
    user = new_name("blank")
    kafka.add_scram_user(user, password)
    assert librdkafka_can_carry(password) == lets_in
    properties: dict[str, Any] = {
        "bootstrap.servers": kafka.bootstrap("SASL_SSL"),
        "security.protocol": "SASL_SSL",
        "sasl.mechanisms": "SCRAM-SHA-512",
        "sasl.username": user,
        "sasl.password": password,
        "ssl.ca.location": str(kafka.ca_file),
    }
    errors: list[KafkaError] = []
    client = AdminClient(properties | {"error_cb": errors.append})
    if lets_in:
        assert client.list_topics(timeout=SECONDS).brokers
        return
    with pytest.raises(KafkaException):
        client.list_topics(timeout=5)
    client.poll(0)
    assert KafkaError._AUTHENTICATION in {error.code() for error in errors}
