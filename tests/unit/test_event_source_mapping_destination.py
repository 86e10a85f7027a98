"""What an on-failure destination is given."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from botocore.exceptions import EndpointConnectionError

from local.event_source_mapping.destination import AwsDestination, DeliveryError
from local.event_source_mapping.event import Partition, Record, Source, event_of
from local.event_source_mapping.mapping import Mapping, StartingPosition
from local.event_source_mapping.outcome import Batch, Condition, Dead

NOW = datetime(2026, 11, 22, 17, 5, 13, tzinfo=UTC)
SOURCE = Source("arn:cluster", "b-1:9096")
DEAD = Dead(Batch((Record(Partition("orders", 0), 5, 0, b"\xff"),), attempts=2), Condition.RETRIES)


class Service:
    """Any service: it notes the one call it gets."""

    def __init__(self, fails: bool = False) -> None:
        self.fails = fails
        self.name = ""
        self.said: dict[str, Any] = {}

    def client(self, name: str, endpoint_url: str) -> "Service":
        self.name = name
        return self

    def get_queue_url(self, QueueName: str) -> dict[str, str]:  # noqa: N803
        return {"QueueUrl": f"http://queues/{QueueName}"}

    def put_object(self, **said: Any) -> None:
        if self.fails:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
        self.said = said

    publish = send_message = put_object


def destination(arn: str, service: Service) -> AwsDestination:
    mapping = Mapping(
        function_name="forwarder",
        event_source_arn="arn:cluster",
        topics=("orders",),
        consumer_group_id="group",
        starting_position=StartingPosition.LATEST,
        on_failure_arn=arn,
    )
    return AwsDestination(mapping, SOURCE, "mapping-id", service, "http://127.0.0.1:1")  # type: ignore[arg-type]


def test_a_bucket_gets_the_whole_event_as_text() -> None:
    service = Service()
    destination("arn:aws:s3:::dead-letters", service).deliver(DEAD, NOW)
    assert service.said["Bucket"] == "dead-letters"
    assert service.said["Key"].startswith("aws/lambda/mapping-id/orders-0/2026/11/22/2026-11-22T17.05.13-")
    record = json.loads(service.said["Body"])
    assert json.loads(record["payload"]) == event_of(SOURCE, DEAD.batch.records)
    assert record["KafkaBatchInfo"]["payloadSize"] == len(record["payload"])
    assert record["KafkaBatchInfo"]["recordInfo"]["orders-0"]["firstRecordOffset"] == "5"
    assert record["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["timestamp"] == "2026-11-22T17:05:13.000Z"


@pytest.mark.parametrize(
    ("arn", "field", "address"),
    [
        (
            "arn:aws:sns:eu-central-1:000000000000:dead",
            "Message",
            {"TopicArn": "arn:aws:sns:eu-central-1:000000000000:dead"},
        ),
        ("arn:aws:sqs:eu-central-1:000000000000:dead", "MessageBody", {"QueueUrl": "http://queues/dead"}),
    ],
)
def test_a_queue_and_a_topic_only_hear_which_records_it_was(arn: str, field: str, address: dict[str, str]) -> None:
    service = Service()
    destination(arn, service).deliver(DEAD, NOW)
    record = msgspec.json.decode(service.said.pop(field))
    assert service.said == address
    assert "payload" not in record
    assert record["KafkaBatchInfo"]["batchSize"] == 1


def test_says_so_when_the_destination_does_not_answer() -> None:
    with pytest.raises(DeliveryError, match="dead-letters"):
        destination("arn:aws:s3:::dead-letters", Service(fails=True)).deliver(DEAD, NOW)
