"""Avro's binary encoding -> JSON, by the schema that it was written with."""

import io
import json
from collections.abc import Mapping
from typing import Any

import fastavro
import fastavro._read as compiled
import fastavro._read_py as plain
import msgspec

from msk_toolkit.schemas.avro_bounds import survey
from msk_toolkit.schemas.avro_text import READERS
from msk_toolkit.schemas.errors import UnfitValueError
from msk_toolkit.schemas.numbers import finite_json
from msk_toolkit.schemas.schema import Schema

# Of memory for one value, of the forwarder's 1 GB: a value of 1 MB, Kafka's own default limit, passes with any schema.
MOST_VALUE_BYTES = 384 * 1024 * 1024
_JSON = msgspec.json.Encoder()

# fastavro's own make dates of them, which end in the year 9999, and numbers that a JSON parser would round.
for _readers in (compiled.LOGICAL_READERS, plain.LOGICAL_READERS):  # type: ignore[attr-defined]  # its stubs lack both
    _readers.clear()
    _readers.update(READERS)


class AvroDecoder:
    """Reads the values of one schema.

    Raises:
        UnfitValueError: the schema can't be used.
    """

    def __init__(self, schema: Schema) -> None:
        names: dict[str, Any] = {}
        try:
            for reference in schema.references:
                fastavro.parse_schema(json.loads(reference.text), named_schemas=names)
            self._schema = fastavro.parse_schema(json.loads(schema.text), named_schemas=names)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, fastavro.schema.SchemaParseException):
            # The error would quote the schema.
            raise UnfitValueError("schema-unsupported", "the registry's text is not a valid Avro schema") from None
        self._survey = survey(self._schema, names)
        # The compiled reader's depth is bounded by nothing: a type that contains itself is left to Python's, whose is.
        self._read = plain.schemaless_reader if self._survey.is_recursive else compiled.schemaless_reader

    def decode(self, payload: bytes, _indexes: bytes | None = None) -> bytes:
        """A value as JSON.

        Raises:
            UnfitValueError: the payload does not fit this schema.
        """
        if len(payload) * self._survey.growth > MOST_VALUE_BYTES:
            raise UnfitValueError("schema-limit", "it is too long for what its schema can make of it")
        stream = io.BytesIO(payload)
        value = self._value(stream)
        if stream.tell() != len(payload):
            raise UnfitValueError("schema-mismatch", "bytes are left over behind the value")
        if self._survey.names_branches:
            value = _with_names(value)
        return finite_json(value, _JSON)

    def _value(self, stream: io.BytesIO) -> Any:
        try:
            return self._read(stream, self._schema, None, True, True)
        except RecursionError:
            raise UnfitValueError("schema-limit", "it is nested too deeply") from None
        except Exception as error:  # noqa: BLE001 - whatever fastavro makes of bytes that are none of the schema's
            detail = f"the bytes do not fit the schema ({type(error).__name__})"
            raise UnfitValueError("schema-mismatch", detail) from None


def _with_names(value: Any) -> Any:
    """A union's record, which the reader gives as a pair with its name, as ``{name: record}``."""
    if isinstance(value, tuple):
        name, content = value
        return {name: _with_names(content)}
    if isinstance(value, Mapping):
        return {key: _with_names(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_with_names(part) for part in value]
    return value
