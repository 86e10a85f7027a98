"""How a serialized key or value names its schema: the wire forms of Confluent's and AWS Glue's serializers.

Sources: Confluent's "Formats, Serializers, and Deserializers" with the code of confluent-kafka-python 2.16, and AWS's
aws-glue-schema-registry (``AWSSchemaRegistryConstants``).
"""

import uuid
import zlib
from collections.abc import Iterable
from typing import Literal, NamedTuple

from msk_toolkit.schemas.errors import UnfitValueError

RecordPart = Literal["key", "value"]
# Sent by serializers that put the id beside the payload (confluent-kafka 2.11 and later, as an option).
HEADERS: dict[RecordPart, str] = {"key": "__key_schema_id", "value": "__value_schema_id"}

_CONFLUENT_ID = 0
_CONFLUENT_GUID = 1
_ID_END = 5
_GUID_END = 17
_GLUE_VERSION = 3
_GLUE_PLAIN, _GLUE_ZLIB = 0, 5
_GLUE_END = 18
# Lambda hands over less than 6 MB: what unpacks to more than this was made to do so.
_MOST_UNPACKED_BYTES = 16 * 1024 * 1024


class SchemaId(NamedTuple):
    """A schema's id: Confluent's number or GUID, or the UUID of a schema version of Glue."""

    kind: Literal["id", "guid", "version"]
    text: str


class Framed(NamedTuple):
    """A serialized key or value taken apart.

    Args:
        payload: what the schema describes; packed where ``is_packed``.
        indexes: Protobuf's message indexes where a header holds them; None where they begin the payload.
    """

    schema: SchemaId
    payload: bytes
    indexes: bytes | None = None
    is_packed: bool = False

    def unpacked(self) -> bytes:
        """The payload as it was before it was packed.

        Raises:
            UnfitValueError: it is not packed properly, or is too long.
        """
        if not self.is_packed:
            return self.payload
        unpacking = zlib.decompressobj()
        try:
            payload = unpacking.decompress(self.payload, _MOST_UNPACKED_BYTES)
        except zlib.error:
            raise UnfitValueError("schema-mismatch", "it can't be decompressed", self.schema.text) from None
        if unpacking.unconsumed_tail:
            detail = f"it decompresses to more than {_MOST_UNPACKED_BYTES} bytes"
            raise UnfitValueError("schema-limit", detail, self.schema.text)
        if not unpacking.eof or unpacking.unused_data:
            raise UnfitValueError("schema-mismatch", "it can't be decompressed", self.schema.text)
        return payload


def confluent_frame(data: bytes, part: RecordPart, headers: Iterable[tuple[str, bytes | None]]) -> Framed | None:
    """A key or value in one of Confluent's wire forms; None where it is in none of them.

    Args:
        headers: of the record; the last of a name counts, as for Kafka's own ``lastHeader``.
    """
    framed = None
    for name, octets in headers:
        if name == HEADERS[part] and octets:
            framed = _beside(data, octets)
    if framed is not None:
        return framed
    if len(data) >= _ID_END and data[0] == _CONFLUENT_ID:
        return Framed(_number(data), data[_ID_END:])
    return None


def glue_frame(data: bytes) -> Framed | None:
    """A key or value in Glue's wire form; None where it is not."""
    if len(data) < _GLUE_END or data[0] != _GLUE_VERSION or data[1] not in {_GLUE_PLAIN, _GLUE_ZLIB}:
        return None
    schema = SchemaId("version", str(uuid.UUID(bytes=data[2:_GLUE_END])))
    return Framed(schema, data[_GLUE_END:], is_packed=data[1] == _GLUE_ZLIB)


def _beside(data: bytes, header: bytes) -> Framed | None:
    if len(header) >= _GUID_END and header[0] == _CONFLUENT_GUID:
        schema = SchemaId("guid", str(uuid.UUID(bytes=header[1:_GUID_END])))
        return Framed(schema, data, header[_GUID_END:])
    if len(header) >= _ID_END and header[0] == _CONFLUENT_ID:
        return Framed(_number(header), data, header[_ID_END:])
    return None


def _number(data: bytes) -> SchemaId:
    return SchemaId("id", str(int.from_bytes(data[1:_ID_END])))
