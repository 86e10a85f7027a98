"""Records whose key or value names a schema of a registry, decoded before they are sent. Loaded only for those."""

import time
from collections.abc import Iterable, Sequence
from functools import partial
from typing import NamedTuple

import msgspec
from msgspec import UNSET

from msk_toolkit.aws.clients import MakeClient
from msk_toolkit.backoff import Sleep
from msk_toolkit.deadline import Deadline
from msk_toolkit.forward.decode import SourceRecord
from msk_toolkit.forward.envelope import Document, MakeDocument, SchemaFault
from msk_toolkit.forward.event import DecodedRecord, EventRecord
from msk_toolkit.forward.outcome import Failure
from msk_toolkit.schemas.confluent import ConfluentRegistry, RegistrySecrets
from msk_toolkit.schemas.decoder import Decoded, SchemaDecoder
from msk_toolkit.schemas.errors import RegistryError, UnfitValueError
from msk_toolkit.schemas.glue import GlueRegistry
from msk_toolkit.schemas.wire import Framed, RecordPart, SchemaId, confluent_frame, glue_frame
from msk_toolkit.settings.forwarder import ForwarderSettings
from msk_toolkit.settings.schemas import is_glue, parse_registry

_NOT_ASKED = Failure("retriable", "its schema has not been asked for yet: the batch names many new ones")


class Stop(NamedTuple):
    """How many of a lane's records come before the first whose schema is missing, and why it is."""

    before: int
    failure: Failure


class RecordDecoding:
    """Decodes values, and keys where that is set, of the records that name a schema; the others stay as they are.

    Args:
        parts: what is decoded of a record.
        set_aside: topic, partition and offset of records that are not sent, and so need no schema.
    """

    def __init__(
        self, decoder: SchemaDecoder, parts: Sequence[RecordPart], set_aside: frozenset[tuple[str, int, int]]
    ) -> None:
        self._decoder = decoder
        self._parts = parts
        self._set_aside = set_aside
        self._missing: dict[SchemaId, RegistryError | None] = {}

    def prepare(self, lanes: Iterable[Sequence[SourceRecord]], deadline: Deadline) -> None:
        """Ask for every schema that the records name and that is not known yet; blocks."""
        schemas: dict[SchemaId, None] = {}
        for records in lanes:
            for record in records:
                schemas |= dict.fromkeys(self._schemas(record))
        self._missing = self._decoder.prepare(schemas, deadline)

    def stop(self, records: Sequence[SourceRecord]) -> Stop | None:
        """Where a lane must stop for want of a schema; None where it has them all."""
        if not self._missing:
            return None
        for before, record in enumerate(records):
            for schema in self._schemas(record):
                if schema in self._missing:
                    return Stop(before, _failure(record, schema, self._missing[schema]))
        return None

    def decoded(self, make: MakeDocument) -> MakeDocument:
        """Makes the documents of decoded records; one that can't be decoded is marked, not raised."""
        return partial(self._document, make)

    def _document(self, make: MakeDocument, record: SourceRecord) -> Document:
        try:
            content = self._content(record)
        except UnfitValueError as error:
            return Document(record, b"", str(error), schema_fault=SchemaFault(error.code, error.schema_id))
        if content is record.content:
            return make(record)
        # The letter of a record that is refused holds what the producer wrote.
        document = make(msgspec.structs.replace(record, content=content))
        return msgspec.structs.replace(document, record=record)

    def _content(self, record: SourceRecord) -> EventRecord | None:
        content = record.content
        if content is None:
            return None
        frames = self._frames(record, content)
        if not frames:
            return content
        fields = {name: getattr(content, name) for name in EventRecord.__struct_fields__}
        for part, framed in frames.items():
            decoded = self._decoder.decode(framed)
            fields |= {part: decoded.json, f"{part}_schema_metadata": _metadata(decoded)}
        return DecodedRecord(written=content, **fields)

    def _schemas(self, record: SourceRecord) -> list[SchemaId]:
        content = record.content
        if content is None or (content.topic, content.partition, content.offset) in self._set_aside:
            return []
        return [framed.schema for framed in self._frames(record, content).values()]

    def _frames(self, record: SourceRecord, content: EventRecord) -> dict[RecordPart, Framed]:
        frames: dict[RecordPart, Framed] = {}
        for part in self._parts:
            data = content.key if part == "key" else content.value
            metadata = content.key_schema_metadata if part == "key" else content.value_schema_metadata
            # With metadata the mapping has decoded it already.
            if isinstance(data, bytes) and metadata is UNSET:
                framed = self._decoder.framed(data, part, record.headers)
                if framed is not None:
                    frames[part] = framed
        return frames


def _metadata(decoded: Decoded) -> dict[str, str]:
    """As the mapping has it where it decodes itself."""
    return {"dataFormat": decoded.format, "schemaId": decoded.schema_id}


def _failure(record: SourceRecord, schema: SchemaId, error: RegistryError | None) -> Failure:
    if error is None:
        return _NOT_ASKED
    reason = f"record {record.place} offset {record.offset} needs schema {schema.text}: {error}"
    return Failure("outage", reason, error.cause)


def record_decoding(settings: ForwarderSettings, make_client: MakeClient, sleep: Sleep = time.sleep) -> RecordDecoding:
    """What decodes by the registry of ``SCHEMA_REGISTRY``.

    Args:
        make_client: makes a boto3 client from a service's name.
    """
    parts: Sequence[RecordPart] = ("key", "value") if settings.schema_parts == "key-and-value" else ("value",)
    if is_glue(settings.schema_registry):
        decoder = SchemaDecoder(GlueRegistry(make_client("glue")), lambda data, *_: glue_frame(data), sleep=sleep)
    else:
        arns = RegistrySecrets(settings.schema_registry_secret_arn, settings.schema_registry_ca_secret_arn)
        address = parse_registry(settings.schema_registry)
        registry = ConfluentRegistry(address, make_client("secretsmanager"), arns)
        decoder = SchemaDecoder(registry, confluent_frame, sleep=sleep)
    return RecordDecoding(decoder, parts, settings.records_to_set_aside)
