"""Records that Vantiq refuses for good: one object each, with everything needed to know why and to send it again."""

import hashlib
import threading
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import quote

import msgspec
from msgspec import UNSET, UnsetType

from msk_toolkit.aws.bucket import Bucket
from msk_toolkit.aws.call import call_within
from msk_toolkit.deadline import Deadline
from msk_toolkit.forward.decode import NO_OFFSET, Batch, SourceRecord
from msk_toolkit.forward.record_ids import DIGEST_LENGTH, content_digest, tolerant_json

# Every letter's name begins with it.
LETTERS = "dead-letters/"


class RecordRefusal(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """Why a record is dead-lettered.

    Args:
        reason: ``refused`` by Vantiq; ``unsendable``: it could not be decoded, or has no form that can be sent;
            ``schema``: it can't be decoded by its schema; ``mapping``: the event source mapping discarded it;
            ``operator``: SET_ASIDE names it.
        status: of Vantiq's response; 0 where nothing was sent.
        code: Vantiq's error code, or why the schema does not serve: ``schema-unknown``, ``schema-mismatch``,
            ``schema-unsupported``, ``schema-limit``.
        schema_id: of the schema that the record names; only with the reason ``schema``.
    """

    reason: str
    detail: str
    target: str
    attempts: int = 0
    status: int = 0
    code: str = ""
    request_id: str = ""
    schema_id: str | UnsetType = UNSET


class DeadLetter(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """A dead letter. Its ``event`` is a batch of this one record: to send it again, decode that.

    Args:
        written_at: milliseconds since 1970.
    """

    version: int = 1
    id: str
    refusal: RecordRefusal
    written_at: int
    event: dict[str, Any]


class DeadLetterStore(Protocol):
    """Keeps dead letters."""

    def write(self, name: str, body: bytes, deadline: Deadline) -> None:
        """Write one; the same name again replaces it.

        Raises:
            ToolkitError: it may not have been written.
        """
        ...


class BucketStore:
    """Dead letters in S3. The client is made when the first is written: most environments never need it."""

    def __init__(self, bucket: str, make_client: Callable[[], Any]) -> None:
        self._bucket = bucket
        self._make_client = make_client
        self._lock = threading.Lock()

    def write(self, name: str, body: bytes, deadline: Deadline) -> None:
        """Write one object; see :class:`DeadLetterStore`."""
        call_within(deadline, f"writing s3://{self._bucket}/{name}", lambda: self._put(name, body))

    def _put(self, name: str, body: bytes) -> None:
        with self._lock:  # boto3's default session must not make two clients at once
            client = self._make_client()
        Bucket(self._bucket, client).write(name, body)


def letter_name(record: SourceRecord, cluster: str) -> str:
    """The object's name, the same whenever the record is refused, so that a second write changes nothing."""
    content, digest = record.content, _digest(record)
    root, number = LETTERS + _quoted(cluster, safe="/"), f"{record.offset:020}-{digest[:DIGEST_LENGTH]}.json"
    if content is not None:
        return f"{root}/{content.topic}/{content.partition}/{number}"
    topic, _, partition = record.place.rpartition("-")
    if record.offset != NO_OFFSET and topic and partition.isdecimal():
        return f"{root}/{_quoted(topic)}/{partition}/{number}"
    return f"{root}/{_quoted(record.place)}/unplaced/{digest}.json"


def _digest(record: SourceRecord) -> str:
    """Distinguishes records of one place: a topic that was re-created counts from 0 again."""
    if record.content is None:
        return hashlib.sha256(tolerant_json(record.raw)).hexdigest()
    return content_digest(record.content)


def _quoted(text: str, safe: str = "") -> str:
    # Only a broken event has text that is not valid Unicode; its letter needs a name nevertheless.
    return quote(text, safe=safe, errors="surrogatepass")


def letter(record: SourceRecord, batch: Batch, refusal: RecordRefusal, now: float) -> bytes:
    """The object's body.

    Args:
        now: seconds since 1970.
    """
    event = {
        "eventSource": batch.source.event_source,
        "eventSourceArn": batch.source.event_source_arn,
        "bootstrapServers": batch.source.bootstrap_servers,
        # A replay must not depend on what the setting is then.
        "clusterName": batch.source.cluster_name,
        "records": {record.place: [record.raw]},
    }
    content = record.content
    identifier = f"{batch.cluster}/{record.place}/{record.offset}"
    if content is not None:
        identifier = batch.ids.of(content)
    return tolerant_json(
        DeadLetter(
            id=identifier,
            refusal=refusal,
            written_at=int(now * 1000),
            event={name: value for name, value in event.items() if value is not None},
        )
    )
