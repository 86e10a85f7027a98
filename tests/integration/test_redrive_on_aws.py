"""The redrive's own handler on an emulated S3, against the stand-in for Vantiq, and with records from real brokers."""

import io
import json
import os
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic
from msk_toolkit.forward.dead_letters import RecordRefusal, letter, letter_name
from msk_toolkit.forward.decode import decode

from local.aws import emulator
from local.aws.emulator import Brokers, Emulator
from local.event_source_mapping.destination import AwsDestination
from local.event_source_mapping.event import Partition, Record, Source
from local.event_source_mapping.mapping import Mapping, StartingPosition
from local.event_source_mapping.outcome import Batch, Condition, Dead
from local.kafka import KafkaCluster
from local.processes import Ledger
from local.vantiq import VantiqStandIn, running_standin
from tests.fakes.kafka_events import ARN, event, record
from tests.integration.handlers import Context, load_handler
from tests.integration.kafka_access import new_name, wait_until

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[2]
BUCKET = "dead-letters"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    run = tmp_path_factory.mktemp("aws")
    ledger = Ledger(run / "ledger.json")
    try:
        made = emulator.start(ledger, run, ROOT / ".local/cache", brokers=Brokers("p:1", "t:1", "s:1"))
        made.session().client("secretsmanager", endpoint_url=made.endpoint).create_secret(
            Name="vantiq-token", SecretString="stand-in-token"
        )
        yield made
    finally:
        ledger.stop_all()


@pytest.fixture(scope="module")
def s3(aws: Emulator) -> Any:
    client = aws.session().client("s3", endpoint_url=aws.endpoint)
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": emulator.REGION})
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return client


@pytest.fixture
def vantiq() -> Iterator[VantiqStandIn]:
    with running_standin() as standin:
        standin.define("topics", {"name": "/orders", "isReliable": True})
        yield standin


@pytest.fixture
def redrive(aws: Emulator, vantiq: VantiqStandIn, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    handler = load_handler(
        "redrive",
        monkeypatch,
        {
            "AWS_ENDPOINT_URL": aws.endpoint,
            "AWS_SESSION_TOKEN": aws.session_token,
            "VANTIQ_URL": vantiq.url,
            "VANTIQ_TOKEN_SECRET_ARN": "vantiq-token",
            "VANTIQ_TARGET": "topic:/orders",
            "DEAD_LETTER_BUCKET": BUCKET,
            "CLUSTER_ARN": ARN,
            "FORWARD_TOPICS": "orders",
        },
    )
    return lambda **request: handler(request, Context(900))


def names(s3: Any, prefix: str = "") -> list[str]:
    return [one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", ())]


def test_letters_and_failure_objects_are_replayed_to_nothing(
    redrive: Callable[..., Any], s3: Any, aws: Emulator, vantiq: VantiqStandIn
) -> None:
    batch = decode(event([record(n, partition=p, topic="a.b-c") for n in range(30) for p in range(3)]))
    refused = RecordRefusal(reason="refused", detail="d", target="topic:/orders", status=400, code="io.vantiq.invalid")
    for one in (one for part in batch.partitions.values() for one in part):
        name = letter_name(one, batch.cluster)
        s3.put_object(Bucket=BUCKET, Key=name, Body=letter(one, batch, refused, 0.0))
    mapping = Mapping(
        function_name="forwarder",
        event_source_arn=ARN,
        topics=("orders",),
        consumer_group_id="group",
        starting_position=StartingPosition.LATEST,
        on_failure_arn=f"arn:aws:s3:::{BUCKET}",
    )
    given_up = Dead(Batch(tuple(Record(Partition("orders", 0), n, 0, b"\xff") for n in range(5))), Condition.AGE)
    AwsDestination(mapping, Source(ARN, "b:9096"), "m", aws.session(), aws.endpoint).deliver(
        given_up, datetime.now(UTC)
    )

    listed = redrive(action="list")
    assert [(g["topic"], g["partition"], g["letters"]) for g in listed["groups"]] == [
        ("a.b-c", p, 30) for p in range(3)
    ]
    assert listed["waiting"] == 1
    vantiq.fail("status", status=422, pointer="/offset", equals=17)
    done = redrive(action="replay", dry_run=False, records_per_second=0)
    assert done["done"] == {"delivered": 92, "refused": 3, "imported": 5, "adopted": 5, "gone": 0}
    assert len(names(s3, "dead-letters/")) == 3
    shown = redrive(action="inspect", name=names(s3, "dead-letters/")[0])
    assert shown["letter"]["refusal"]["status"] == 422
    vantiq.faults.clear()
    assert redrive(action="replay", dry_run=False)["done"]["delivered"] == 3
    assert (names(s3, "dead-letters/"), names(s3, "aws/")) == ([], [])
    assert len(names(s3, "replayed/")) == 95
    for partition in range(3):
        arrived = [v["offset"] for v in vantiq.journal.values() if (v["topic"], v["partition"]) == ("a.b-c", partition)]
        assert arrived == [n for n in range(30) if n != 17] + [17]


def test_a_function_whose_time_runs_out_goes_on_by_itself(s3: Any, aws: Emulator, vantiq: VantiqStandIn) -> None:
    """The emulator runs it in a process of its own, and again when the function itself asks for it."""
    batch = decode(event([record(n, topic="goes-on") for n in range(130)]))
    refused = RecordRefusal(reason="refused", detail="d", target="topic:/orders", status=400, code="c")
    for one in batch.partitions["goes-on-0"]:
        s3.put_object(Bucket=BUCKET, Key=letter_name(one, batch.cluster), Body=letter(one, batch, refused, 0.0))
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as packed:
        packed.write(ROOT / "functions" / "redrive" / "redrive.py", "redrive.py")
    functions = aws.session().client("lambda", endpoint_url=aws.endpoint)
    # Six of the twelve seconds are for sending: at 18 letters a second not enough for all.
    functions.create_function(
        FunctionName="redrive",
        Runtime="python3.13",
        Role="arn:aws:iam::123456789012:role/redrive",
        Handler="redrive.handler",
        Code={"ZipFile": code.getvalue()},
        Timeout=12,
        Environment={
            "Variables": {
                # In place of the layer.
                "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
                "AWS_ENDPOINT_URL": aws.endpoint,
                "AWS_SESSION_TOKEN": aws.session_token,
                "VANTIQ_URL": vantiq.url,
                "VANTIQ_TOKEN_SECRET_ARN": "vantiq-token",
                "VANTIQ_TARGET": "topic:/orders",
                "DEAD_LETTER_BUCKET": BUCKET,
                "HANDOVER_SECONDS": "6",
            }
        },
    )
    asked = {"action": "replay", "dry_run": False, "topic": "goes-on", "records_per_second": 18}
    answer = json.loads(functions.invoke(FunctionName="redrive", Payload=json.dumps(asked))["Payload"].read())
    assert (answer["continues"], answer["next"]["hop"]) == (True, 1)
    assert 0 < answer["done"]["delivered"] < 130
    prefix = letter_name(batch.partitions["goes-on-0"][0], batch.cluster).rpartition("/")[0]
    wait_until(lambda: not names(s3, prefix), "letters are left", 60)
    assert [one["offset"] for one in vantiq.journal.values()] == list(range(130))


def test_a_notice_brings_records_back_from_kafka_unharmed(
    redrive: Callable[..., Any], vantiq: VantiqStandIn, s3: Any, kafka: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = new_name("redrive")
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap("PLAINTEXT").split(","))
    try:
        admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=3)])
    finally:
        admin.close()
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap("PLAINTEXT").split(","), acks="all")
    try:
        for n in range(20):
            value = None if n == 4 else b"\xff%d" % n
            # In batches of their own, so that the range begins and ends within the log's batches or between them.
            producer.send(topic, value=value, key=b"k", headers=[("h", b"\xfe"), ("h", b"")], partition=0)
            if n % 3 == 0:
                producer.flush(timeout=20)
        producer.flush(timeout=20)
    finally:
        producer.close(timeout=5)
    monkeypatch.setenv("BOOTSTRAP_SERVERS", kafka.bootstrap("PLAINTEXT"))
    monkeypatch.setenv("AUTH_MODE", "none")
    monkeypatch.setenv("FORWARD_TOPICS", topic)
    offsets = {"firstRecordOffset": "2", "lastRecordOffset": "25"}
    said = {
        "requestContext": {"condition": "RetryAttemptsExhausted", "approximateInvokeCount": 11},
        "KafkaBatchInfo": {"eventSourceArn": ARN, "bootstrapServers": "b:1", "recordsInfo": {f"{topic}-0": offsets}},
    }
    done = redrive(Records=[{"eventSource": "aws:sqs", "body": json.dumps(said)}])
    assert done["done"] == {"delivered": 0, "refused": 0, "imported": 18, "adopted": 18, "gone": 6}
    redrive(action="replay", dry_run=False, topic=topic)
    arrived = [v for v in vantiq.journal.values() if v["topic"] == topic]
    assert [v["offset"] for v in arrived] == list(range(2, 20))
    assert [v["valueEncoding"] for v in arrived[:4]] == ["base64", "base64", "absent", "base64"]
    assert [h["value"] for h in arrived[0]["headers"]] == ["/g==", ""]
