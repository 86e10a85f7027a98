"""On-failure destinations: where the records go that are not tried again."""

import uuid
from datetime import UTC, datetime
from typing import Any, Protocol

import boto3
import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from local.event_source_mapping.event import Source, batch_info, event_of
from local.event_source_mapping.mapping import Mapping
from local.event_source_mapping.outcome import Dead


class DeliveryError(Exception):
    """The destination did not accept the records: they have to be tried again."""


class Destination(Protocol):
    """Takes the records that the function could not process."""

    def deliver(self, dead: Dead, now: datetime) -> None:
        """Keep the records.

        Raises:
            DeliveryError: they are not kept.
        """


class AwsDestination:
    """A bucket, queue or topic, by its ARN.

    A bucket gets the whole event, a queue and a topic only say which records are missing.
    """

    def __init__(
        self, mapping: Mapping, source: Source, mapping_id: str, session: boto3.Session, endpoint: str
    ) -> None:
        self._mapping, self._source, self._mapping_id = mapping, source, mapping_id
        self._arn = mapping.on_failure_arn or ""
        service = self._arn.split(":")[2]
        if service not in ("s3", "sqs", "sns"):
            raise ValueError(f"{self._arn}: an on-failure destination is a bucket, a queue or a topic")
        self._service = service
        self._client: Any = session.client(service, endpoint_url=endpoint)  # type: ignore[call-overload]

    def deliver(self, dead: Dead, now: datetime) -> None:
        try:
            self._deliver(dead, now)
        except (BotoCoreError, ClientError) as error:
            raise DeliveryError(f"{self._arn}: {error}") from error

    def _deliver(self, dead: Dead, now: datetime) -> None:
        record = failure_record(self._mapping, self._source, dead, now)
        name = self._arn.rsplit(":", 1)[1]
        if self._service == "s3":
            key = object_key(self._mapping_id, dead, now)
            self._client.put_object(Bucket=name, Key=key, Body=msgspec.json.encode(record))
            return
        del record["payload"]
        text = msgspec.json.encode(record).decode()
        if self._service == "sns":
            self._client.publish(TopicArn=self._arn, Message=text)
        else:
            url = self._client.get_queue_url(QueueName=name)["QueueUrl"]
            self._client.send_message(QueueUrl=url, MessageBody=text)


def failure_record(mapping: Mapping, source: Source, dead: Dead, now: datetime) -> dict[str, Any]:
    """The documented invocation record, with the whole event as text under ``payload``."""
    payload = msgspec.json.encode(event_of(source, dead.batch.records)).decode()
    return {
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "functionArn": mapping.function_name,
            "condition": dead.condition.value,
            "approximateInvokeCount": dead.batch.attempts + 1,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "KafkaBatchInfo": batch_info(source, dead.batch.records, len(payload.encode())),
        "payload": payload,
    }


def object_key(mapping_id: str, dead: Dead, now: datetime) -> str:
    """A key in the documented form: mapping, partition, date, moment and a random part."""
    moment = now.astimezone(UTC)
    partition = dead.batch.records[0].partition
    return f"aws/lambda/{mapping_id}/{partition}/{moment:%Y/%m/%d/%Y-%m-%dT%H.%M.%S}-{uuid.uuid4()}"
