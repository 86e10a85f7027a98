"""The topics function itself on a real cluster: its ways in, its settings, CloudFormation's requests."""

import json
import logging
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from kafka.admin import ACLOperation, ResourceType
from msk_toolkit.errors import ConfigurationError, CredentialsError
from msk_toolkit.kafka.access import parse_brokers
from msk_toolkit.kafka.bootstrap import NoBrokerError
from msk_toolkit.topics.declared import DeclaredTopic

from local.kafka import BROKER_IDS, KafkaCluster
from tests.fakes.http_fake import ScriptedServer, serve
from tests.fakes.secrets_manager import FakeSecretsManager, secrets_manager
from tests.integration.handlers import Context, fits_its_schema, load_handler
from tests.integration.kafka_access import denied, new_name, scram, settled_again, wait_until
from tests.integration.topics_runs import do, own_config, stands, topic

pytestmark = pytest.mark.integration


@pytest.fixture
def dead_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_a_dead_bootstrap_broker_is_passed_over(kafka: KafkaCluster, dead_port: int) -> None:
    dead = parse_brokers(f"localhost:{dead_port}")
    assert do(scram(kafka, brokers=dead + scram(kafka).brokers), topic()).status == "applied"


def test_without_a_broker_that_can_be_used_each_is_named_in_time(kafka: KafkaCluster, dead_port: int) -> None:
    brokers = parse_brokers(f"localhost:{dead_port},{kafka.bootstrap('SASL_SSL')}")
    began = time.monotonic()
    with pytest.raises(NoBrokerError) as caught:
        do(scram(kafka, brokers=brokers, password="wrong"), topic(), seconds=8)
    assert [each.stage for each in caught.value.failures] == ["tcp", "sasl", "sasl", "sasl"]
    assert time.monotonic() - began < 8


SECRET = "AmazonMSK_local"
APPLIED = {"Created": "0", "Changed": "0", "Status": "applied", "StartingPositions": "no new mapping"}


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
    declared = topic(min_insync_replicas="2")
    Path(environ["TOPICS_FILE"]).write_text(json.dumps({"topics": [msgspec.to_builtins(declared)]}))
    handler = load_handler("topics", monkeypatch, environ | {"DETAILED_METRICS": "true"})
    response = handler({"action": "apply"}, Context())
    assert response["plan"]["steps"][0]["action"] == "create"
    assert response["table"].splitlines()[-1].startswith("Plan: 1 create")
    assert (response["status"], response["changes"][0]["state"]) == ("applied", "done")
    assert stands(kafka, declared.name)
    printed = capsys.readouterr()
    assert '"TopicsCreated":[1.0]' in printed.out
    assert kafka.settings.password not in printed.out + printed.err + caplog.text


def test_a_scheduled_check_publishes_every_kind_of_drift_and_a_line_to_read(
    environ: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    kafka: KafkaCluster,
    caplog: pytest.LogCaptureFixture,
) -> None:
    grown, missing, copied, hidden = topic(segment_ms="3600000"), topic(), topic(), topic()
    do(scram(kafka), grown, copied, hidden)
    declared = [
        topic(grown.name, 1, retention_ms="1000"),
        missing,
        topic(copied.name, replication_factor=2),
        hidden,
    ]
    Path(environ["TOPICS_FILE"]).write_text(json.dumps({"topics": [msgspec.to_builtins(each) for each in declared]}))
    handler = load_handler("topics", monkeypatch, environ)
    with denied(kafka, ResourceType.TOPIC, hidden.name, ACLOperation.DESCRIBE):
        response = handler({"action": "check"}, Context())
    fits_its_schema("topics", response)
    assert response["drift"] == {
        "missing": 1,
        "partitions": 1,
        "configuration": 1,
        "undeclared configuration": 1,
        "replication factor": 1,
        "not readable": 1,
    }
    # On a busy machine kafka-python, with which the tests make topics, warns of its own slowness.
    own = [record for record in caplog.records if not record.name.startswith("kafka")]
    (warning,) = [record for record in own if record.levelname == "WARNING"]
    assert warning.getMessage() == (
        f"drift in 4 of 4 declared topics: {grown.name}: configuration, partitions, undeclared configuration; "
        f"{missing.name}: missing; {copied.name}: replication factor; {hidden.name}: not readable"
    )
    counts = dict(vars(warning)["counts"])
    # Other tests' topics are undeclared here.
    assert counts.pop("TopicsUndeclared") == response["plan"]["undeclared"]
    assert counts == {
        "TopicsCreated": 0,
        "TopicsDrifted": 4,
        "TopicsMissing": 1,
        "TopicsPartitionsDrifted": 1,
        "TopicsReplicationDrifted": 1,
        "TopicsConfigDrifted": 1,
        "TopicsUnreadable": 1,
        "TopicsConfigUndeclared": 1,
        "TopicsRetentionCut": 0,
    }


def answered(handler: Any, kind: str, declared: DeclaredTopic, context: Any = None, **more: Any) -> dict[str, Any]:
    """CloudFormation's request for one topic, with numbers as text, and the answer that it gets."""
    entry = {"name": declared.name, "partitions": str(declared.partitions), "replication_factor": "3"}
    properties = {"Topics": [entry | {"config": declared.config}], **more.pop("properties", {})}
    with ScriptedServer(serve(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) as server:
        event = {
            "RequestType": kind,
            "ResponseURL": f"http://127.0.0.1:{server.port}/",
            "StackId": "arn:aws:cloudformation:eu-central-1:123456789012:stack/s/1",
            "RequestId": "r",
            "LogicalResourceId": "DeclaredTopics",
            "ResourceProperties": properties,
            **more,
        }
        # The handler answers CloudFormation's own bucket, or the endpoint that stands for S3.
        with patch.dict(os.environ, {"AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{server.port}"}):
            assert handler(event, context or Context()) is None
    answer: dict[str, Any] = json.loads(server.requests[0].partition(b"\r\n\r\n")[2])
    return answer


def test_a_stacks_life_from_creation_over_a_failed_update_and_its_rollback_to_deletion(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, kafka: KafkaCluster
) -> None:
    name = new_name("topic")
    handler = load_handler("topics", monkeypatch, environ)
    ids = set()

    def ask(kind: str, partitions: int, before: int, version: int, retention: str = "1000") -> dict[str, Any]:
        answer = answered(
            handler,
            kind,
            DeclaredTopic(name, partitions, 3, {"retention.ms": retention}),
            properties={"CodeVersion": f"arn:f:{version}"},
            OldResourceProperties={"CodeVersion": f"arn:f:{before}"},
        )
        ids.add(answer["PhysicalResourceId"])
        return answer

    created = ask("Create", 2, 0, 1, "1000")
    assert (created["Status"], created["Data"]) == ("SUCCESS", {**APPLIED, "Created": "1"})
    grown = ask("Update", 4, 1, 2, "2000")
    assert (grown["Status"], grown["Data"]) == ("SUCCESS", {**APPLIED, "Changed": "1"})
    # Another resource fails: CloudFormation goes back to the properties, and the code, of before.
    rolled_back = ask("Update", 2, 2, 1, "1000")
    assert rolled_back["Status"] == "SUCCESS"
    assert f"{name}: keeps its partitions" in rolled_back["Reason"]
    found = stands(kafka, name)
    assert found
    assert (found.partitions, own_config(kafka, name)) == (4, {"retention.ms": "1000"})
    # A user who goes forward with fewer partitions is told, and nothing else is changed.
    shrunk = ask("Update", 1, 2, 3, "9000")
    assert shrunk["Status"] == "FAILED"
    assert shrunk["Reason"].startswith(f"Nothing was changed. {name}: partitions 4 -> 1: Kafka can't remove")
    assert own_config(kafka, name) == {"retention.ms": "1000"}
    assert ask("Delete", 4, 3, 3)["Status"] == "SUCCESS"
    assert stands(kafka, name)
    assert len(ids) == 1


def test_a_hanging_cluster_is_answered_in_time_and_leaves_no_stack_stuck(
    environ: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    kafka: KafkaCluster,
    capsys: pytest.CaptureFixture[str],
) -> None:
    handler = load_handler("topics", monkeypatch, environ)
    wanted = topic()
    going_back = {"properties": {"CodeVersion": "arn:f:1"}, "OldResourceProperties": {"CodeVersion": "arn:f:2"}}
    going_on = {"properties": {"CodeVersion": "arn:f:2"}, "OldResourceProperties": {"CodeVersion": "arn:f:1"}}
    for broker in BROKER_IDS:
        kafka.pause_broker(broker)
    try:
        began = time.monotonic()
        # What is left of 18 s for Kafka itself is 3 s.
        created = answered(handler, "Create", wanted, Context(18))
        updated = answered(handler, "Update", wanted, Context(18), **going_on)
        rolled_back = answered(handler, "Update", wanted, Context(18), **going_back)
        deleted = answered(handler, "Delete", wanted, Context(18))
        took = time.monotonic() - began
    finally:
        for broker in BROKER_IDS:
            kafka.resume_broker(broker)
        wait_until(lambda: settled_again(kafka), "the cluster does not settle", 60)
    assert took < 3 * 18
    assert [each["Status"] for each in (created, updated, rolled_back, deleted)] == [
        "FAILED",
        "FAILED",
        "SUCCESS",
        "SUCCESS",
    ]
    assert created["Reason"].startswith("Nothing was changed. no broker can be used: localhost:")
    assert rolled_back["Reason"].startswith("This is a rollback: the topics are left as they are")
    # Another resource may refer to them.
    assert deleted["Data"] == {**APPLIED, "StartingPositions": "not looked up"}
    assert rolled_back["Data"].pop("Status").startswith("not applied: This is a rollback")
    assert rolled_back["Data"] == {"Created": "0", "Changed": "0", "StartingPositions": "not looked up"}
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert [line["TopicsNotRestored"] for line in lines if "TopicsNotRestored" in line] == [[0.0], [0.0], [1.0], [0.0]]


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
