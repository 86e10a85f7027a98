"""The shapes that go in and out: the event source mapping's event, the function's response, what Vantiq receives."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

# Only the published schema says it here: as ``pattern`` the check would cost half of the whole decoding, a record at a
# time, where decode.py makes it once a name.
TOPIC_PATTERN = "[a-zA-Z0-9._-]{1,249}"
HeaderByte = Annotated[int, Meta(ge=-128, le=255, description="Java's signed byte; unsigned is taken as well.")]


class EventRecord(msgspec.Struct, kw_only=True, frozen=True, gc=False, rename="camel"):
    """One record as the mapping hands it over; key and value are base64, and null or absent in a tombstone."""

    topic: Annotated[str, Meta(extra_json_schema={"pattern": f"^{TOPIC_PATTERN}$"})]
    partition: Annotated[int, Meta(ge=0, le=2**31 - 1)]
    offset: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    # In milliseconds; what Kafka has 64 bits for.
    timestamp: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    timestamp_type: str | None = None
    key: bytes | UnsetType | None = UNSET
    value: bytes | UnsetType | None = UNSET
    headers: list[dict[str, list[HeaderByte] | None]] | None = None
    key_schema_metadata: Any = UNSET
    value_schema_metadata: Any = UNSET


class UncheckedRecord(EventRecord, kw_only=True, frozen=True, gc=False, rename="camel"):
    """The same with its headers as they are in the event: as typed lists they would cost more than all the rest."""

    headers: Any = None


class DecodedRecord(EventRecord, kw_only=True, frozen=True, gc=False, rename="camel"):
    """The same decoded by its schemas; ids are those of what the producer wrote."""

    written: EventRecord


class KafkaEvent[R](msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """A batch of records by partition, such as ``orders-0``."""

    event_source: Literal["aws:kafka", "SelfManagedKafka"]
    records: dict[str, list[R]]
    event_source_arn: str | None = None
    bootstrap_servers: str | None = None
    cluster_name: Annotated[
        str | None,
        Meta(description="Only in dead letters: CLUSTER_NAME when the record of a cluster outside MSK was read."),
    ] = None


class ItemIdentifier(msgspec.Struct, frozen=True):
    """A record's place: the event's key of the partition, and the offset."""

    partition: str
    offset: int


class BatchItemFailure(msgspec.Struct, frozen=True, rename="camel"):
    """A record that is not done."""

    item_identifier: ItemIdentifier


class PartialBatchResponse(msgspec.Struct, frozen=True, rename="camel"):
    """The records that the mapping must redeliver, none if all are done."""

    batch_item_failures: list[BatchItemFailure]


class Header(msgspec.Struct, kw_only=True, frozen=True):
    """A record's header; names may repeat, and their order is the record's."""

    name: str
    encoding: Literal["text", "base64", "null"]
    value: str | None


class Envelope(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """What Vantiq receives for a record.

    An encoding says how to read its neighbour: ``json`` (a JSON value, byte for byte as the producer wrote it),
    ``text`` (a string), ``base64`` (bytes that are not UTF-8, as a string), ``null`` or ``absent`` (null in both
    cases: the record holds none). A type of Vantiq with a property ``valueText`` gets a value that is not a JSON object
    there, as text, and null as ``value``.
    """

    id: str
    cluster: str
    topic: str
    partition: int
    offset: int
    timestamp: int | None
    timestamp_type: str | None
    key_encoding: Literal["text", "base64", "null", "absent"]
    key: str | None
    headers: list[Header]
    value_encoding: Literal["json", "text", "base64", "null", "absent"]
    value: Any
    value_text: str | UnsetType = UNSET
    key_schema_metadata: Any = UNSET
    value_schema_metadata: Any = UNSET
