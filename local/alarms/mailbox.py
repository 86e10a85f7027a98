"""The mails of the alarms' topic: a queue that is subscribed to it, and a file for each mail."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import msgspec

QUEUE = "alarm-mails"


class _Envelope(msgspec.Struct, rename="pascal"):
    """What SNS puts into the queue."""

    message: str
    subject: str | None = None


class Mailbox:
    """The mails of a topic, in a folder. Every method raises ``ClientError`` or ``BotoCoreError``."""

    def __init__(self, session: boto3.Session, endpoint: str, folder: Path) -> None:
        self._sqs = session.client("sqs", endpoint_url=endpoint)
        self._sns = session.client("sns", endpoint_url=endpoint)
        self._folder = folder
        self._queue = ""
        self._count = 0

    def subscribe(self, topic: str) -> None:
        """Collect what is published on a topic from now on."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._count = len(list(self._folder.glob("*.txt")))
        self._queue = self._sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"]
        self._sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=attributes["QueueArn"])

    def collect(self) -> list[Path]:
        """Write what has arrived; returns the new files."""
        files: list[Path] = []
        messages = self._receive()
        while messages:
            for message in messages:
                files.append(self._write(message["Body"]))
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
            messages = self._receive()
        return files

    def _receive(self) -> list[dict[str, Any]]:
        response = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10)
        return [dict(message) for message in response.get("Messages", [])]

    def _write(self, body: str) -> Path:
        envelope = msgspec.json.decode(body, type=_Envelope)
        self._count += 1
        # Sorted by name they are in the order of their arrival.
        file = self._folder / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{self._count:04}.txt"
        file.write_text(f"Subject: {envelope.subject or ''}\n\n{envelope.message}\n", encoding="utf-8")
        return file
