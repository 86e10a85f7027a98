"""A schema -> what decodes its values. Each format's library is imported with its first schema."""

from typing import Protocol

from msk_toolkit.errors import ConfigurationError
from msk_toolkit.schemas.schema import Schema


class ValueReader(Protocol):
    """Decodes values of one schema."""

    def decode(self, payload: bytes, indexes: bytes | None = None) -> bytes:
        """A value as JSON.

        Raises:
            UnfitValueError: the payload does not fit this schema.
        """
        ...


def reader_of(schema: Schema) -> ValueReader:
    """What decodes the schema's values.

    Raises:
        UnfitValueError: the schema can't be used.
        ConfigurationError: the layer with the libraries is missing.
    """
    try:
        match schema.format:
            case "AVRO":
                from msk_toolkit.schemas.avro import AvroDecoder

                return AvroDecoder(schema)
            case "JSON":
                from msk_toolkit.schemas.json_schema import JsonSchemaDecoder

                return JsonSchemaDecoder(schema)
            case "PROTOBUF":
                from msk_toolkit.schemas.protobuf import ProtobufDecoder

                return ProtobufDecoder(schema)
    except ImportError as error:
        problem = f"needs the stack's layer of schema libraries, which lacks {error.name}"
        raise ConfigurationError("SCHEMA_REGISTRY", [problem]) from error
