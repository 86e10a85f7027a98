"""Topics on a real cluster: created as declared, checked before anything is written, never changed."""

import contextlib
import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from kafka.admin import ACLOperation, ResourceType
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import BrokerError, ConfigurationError, CredentialsError
from msk_toolkit.kafka.access import Access, parse_brokers
from msk_toolkit.kafka.entry import NoBrokerError
from msk_toolkit.topics.apply import run
from msk_toolkit.topics.declaration import DeclaredTopic
from msk_toolkit.topics.plan import Plan

from local.kafka import KafkaCluster
from tests.fakes.http_fake import ScriptedServer, serve
from tests.fakes.secrets_manager import FakeSecretsManager, secrets_manager
from tests.integration.handlers import Context, fits_its_schema, load_handler
from tests.integration.kafka_access import created, denied, is_unknown, new_name, plaintext, scram, tls, wait_until

pytestmark = pytest.mark.integration


def apply(access: Access, *declared: DeclaredTopic, write: bool = True, seconds: float = 20) -> Plan:
    return run(declared, access, write=write, deadline=Deadline(seconds), stage_seconds=5)


def topic(name: str | None = None, partitions: int = 2, replication_factor: int = 3, **config: Any) -> DeclaredTopic:
    dotted = {key.replace("_", "."): value for key, value in config.items()}
    return DeclaredTopic(name or new_name("topic"), partitions, replication_factor, dotted)


@pytest.mark.parametrize("way", [scram, tls, plaintext])
def test_a_topic_is_created_as_declared_and_a_second_run_changes_nothing(kafka: KafkaCluster, way: Any) -> None:
    declared = topic(min_insync_replicas=2, retention_ms=14_400_000, cleanup_policy="compact", preallocate=False)
    assert apply(way(kafka), declared).to_create == {declared.name}
    found = created(kafka, declared.name)
    assert (len(found.partitions), found.replication_factor) == (2, 3)
    again = apply(way(kafka), declared)
    assert [step.action for step in again.steps] == ["unchanged"], again.steps


def test_a_plan_creates_nothing(kafka: KafkaCluster) -> None:
    declared = topic()
    assert apply(scram(kafka), declared, write=False).to_create == {declared.name}
    assert is_unknown(kafka, declared.name)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (topic("wrong-value", retention_ms="soon"), "INVALID_CONFIG"),
        (topic("wrong-key", no_such_key=1), "INVALID_CONFIG"),
        (topic("too-many-replicas", replication_factor=4), "INVALID_REPLICATION_FACTOR"),
    ],
)
def test_one_wrong_topic_of_three_keeps_all_from_being_created(
    kafka: KafkaCluster, wrong: DeclaredTopic, words: str
) -> None:
    good = [topic(), topic()]
    with pytest.raises(ConfigurationError, match=words) as caught:
        apply(scram(kafka), good[0], wrong, good[1])
    assert f"CreateTopics of {wrong.name}" in str(caught.value)
    assert "nothing was created" in str(caught.value)
    assert all(is_unknown(kafka, each.name) for each in (*good, wrong))


def test_all_topics_that_the_cluster_finds_wrong_are_named_at_once(kafka: KafkaCluster) -> None:
    with pytest.raises(ConfigurationError) as caught:
        apply(scram(kafka), topic("wrong-value", retention_ms="soon"), topic("wrong-factor", replication_factor=9))
    assert len(caught.value.problems) == 3


def test_a_topic_that_differs_is_reported_and_left_as_it_is(kafka: KafkaCluster) -> None:
    name = new_name("topic")
    apply(scram(kafka), topic(name, 1, 1, retention_ms=1000))
    new = topic()
    found = apply(scram(kafka), topic(name, 4, 3, retention_ms=2000, segment_ms=5000), new)
    assert [step.action for step in found.steps] == ["differs", "create"]
    assert found.steps[0].differences == [
        "partitions are 1, declared 4",
        "replication factor is 1, declared 3",
        "retention.ms is 1000, declared 2000",
        "segment.ms is not set, declared 5000",
    ]
    kept = created(kafka, name)
    assert (len(kept.partitions), kept.replication_factor) == (1, 1)
    again = apply(scram(kafka), topic(name, 1, 1, retention_ms=1000))
    assert again.steps[0].action == "unchanged"


def test_two_applies_at_once_both_succeed(kafka: KafkaCluster) -> None:
    declared = [topic() for _ in range(5)]
    barrier = threading.Barrier(2)
    outcomes: list[Plan | Exception] = []

    def one() -> None:
        barrier.wait(5)
        try:
            outcomes.append(apply(scram(kafka), *declared))
        except Exception as error:  # noqa: BLE001 - the test shows it
            outcomes.append(error)

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [type(outcome) for outcome in outcomes] == [Plan, Plan], outcomes
    assert [step.action for step in apply(scram(kafka), *declared).steps] == ["unchanged"] * 5


@pytest.fixture
def dead_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_a_dead_bootstrap_broker_is_passed_over(kafka: KafkaCluster, dead_port: int) -> None:
    dead = parse_brokers(f"localhost:{dead_port}")
    apply(scram(kafka, brokers=dead + scram(kafka).brokers), topic())


def test_without_a_broker_that_can_be_used_each_is_named_in_time(kafka: KafkaCluster, dead_port: int) -> None:
    brokers = parse_brokers(f"localhost:{dead_port},{kafka.bootstrap('SASL_SSL')}")
    began = time.monotonic()
    with pytest.raises(NoBrokerError) as caught:
        apply(scram(kafka, brokers=brokers, password="wrong"), topic(), seconds=8)
    assert [each.stage for each in caught.value.failures] == ["tcp", "sasl", "sasl", "sasl"]
    assert time.monotonic() - began < 8


def test_a_topic_that_the_user_may_not_see_is_not_taken_for_missing(kafka: KafkaCluster) -> None:
    name = new_name("topic")
    apply(plaintext(kafka), topic(name))
    created(kafka, name)

    def is_refused() -> bool:
        with contextlib.suppress(BrokerError):
            apply(scram(kafka), topic(name), write=False)
            return False
        return True

    with denied(kafka, ResourceType.TOPIC, name, ACLOperation.DESCRIBE):
        wait_until(is_refused, "not denied", 10)
        with pytest.raises(BrokerError, match=f"Metadata of {name} answered TOPIC_AUTHORIZATION_FAILED"):
            apply(scram(kafka), topic(name))


SECRET = "AmazonMSK_local"


@pytest.fixture
def vault(kafka: KafkaCluster) -> Iterator[FakeSecretsManager]:
    secret = json.dumps({"username": kafka.settings.username, "password": kafka.settings.password})
    with secrets_manager(**{SECRET: secret}) as fake:
        yield fake


@pytest.fixture
def environ(kafka: KafkaCluster, vault: FakeSecretsManager, tmp_path: Path) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": vault.url,
        "BOOTSTRAP_SERVERS": kafka.bootstrap("SASL_SSL"),
        "SCRAM_SECRET_ARN": SECRET,
        # As a one-line environment file has it.
        "TRUSTED_CA": kafka.ca_file.read_text().replace("\n", "\\n"),
        "TOPICS_FILE": str(tmp_path / "topics.yaml"),
    }


def test_the_handler_applies_the_topics_of_its_file(
    environ: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    kafka: KafkaCluster,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("POWERTOOLS_LOG_LEVEL", "DEBUG")
    declared = topic(min_insync_replicas=2)
    Path(environ["TOPICS_FILE"]).write_text(json.dumps({"topics": [msgspec.to_builtins(declared)]}))
    handler = load_handler("topics", monkeypatch, environ)
    response = handler({"action": "apply"}, Context())
    fits_its_schema("topics", response)
    assert response["plan"]["steps"][0]["action"] == "create"
    assert response["table"].splitlines()[-1].startswith("1 created")
    assert created(kafka, declared.name)
    printed = capsys.readouterr()
    assert '"TopicsCreated":[1.0]' in printed.out
    assert kafka.settings.password not in printed.out + printed.err + caplog.text


def test_the_handler_answers_cloudformation(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, kafka: KafkaCluster
) -> None:
    declared = topic()
    properties = {"Topics": [{"name": declared.name, "partitions": "2", "replication_factor": "3"}]}
    handler = load_handler("topics", monkeypatch, environ)
    with ScriptedServer(serve(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) as server:
        event = {
            "RequestType": "Create",
            "ResponseURL": f"http://127.0.0.1:{server.port}/",
            "StackId": "arn:aws:cloudformation:eu-central-1:123456789012:stack/s/1",
            "RequestId": "r",
            "LogicalResourceId": "DeclaredTopics",
            "ResourceProperties": properties,
        }
        assert handler(event, Context()) is None
    answer = json.loads(server.requests[0].partition(b"\r\n\r\n")[2])
    assert (answer["Status"], answer["Data"]) == ("SUCCESS", {"Created": "1"})
    assert created(kafka, declared.name)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "not found"),
        ("hush", "not a JSON object"),
        ('{"username": "hush"}', "password missing"),
        ('{"username": "test", "password": ""}', "password missing"),
    ],
)
def test_a_secret_that_is_missing_or_malformed_is_one_clear_error(
    environ: dict[str, str],
    vault: FakeSecretsManager,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    text: str | None,
    words: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    vault.secrets = {} if text is None else {SECRET: text}
    Path(environ["TOPICS_FILE"]).write_text("topics: []")
    handler = load_handler("topics", monkeypatch, environ)
    with pytest.raises(CredentialsError, match=words) as caught:
        handler({"action": "plan"}, Context())
    assert SECRET in str(caught.value)
    assert "hush" not in str(caught.value) + caplog.text
    assert vault.asked == [SECRET]


def test_a_handler_without_its_settings_names_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    handler = load_handler("topics", monkeypatch, {"AUTH_MODE": "kerberos", "STAGE_TIMEOUT_SECONDS": "0"})
    with pytest.raises(ConfigurationError) as caught:
        handler({}, None)
    assert len(caught.value.problems) == 2
