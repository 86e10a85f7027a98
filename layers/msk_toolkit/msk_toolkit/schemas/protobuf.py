"""Protobuf's binary encoding -> JSON, in the JSON mapping that Protobuf itself defines.

The registry compiles the schema: it serves it as a ``FileDescriptorProto``. A .proto text would need a compiler.
"""

import base64
from typing import Any

import msgspec
from google.protobuf import (
    any_pb2,
    api_pb2,
    descriptor_pb2,
    duration_pb2,
    empty_pb2,
    field_mask_pb2,
    json_format,
    message_factory,
    source_context_pb2,
    struct_pb2,
    timestamp_pb2,
    type_pb2,
    wrappers_pb2,
)
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError, Message

from msk_toolkit.schemas.errors import UnfitValueError
from msk_toolkit.schemas.schema import Schema

# Of memory for one value, as for Avro.
_MOST_BYTES = 384 * 1024 * 1024
# Bytes of memory, rounded up: a message with its dictionary, and an entry of it beside its name.
_MESSAGE, _ENTRY, _SCALAR = 400, 110, 70
_MOST_INDEXES = 100
# Files that every compiler brings, which no registry stores.
_WELL_KNOWN = (
    source_context_pb2, any_pb2, type_pb2, api_pb2, descriptor_pb2, duration_pb2, empty_pb2, field_mask_pb2, struct_pb2,
    timestamp_pb2, wrappers_pb2,
)  # fmt: skip


class ProtobufDecoder:
    """Reads the messages of one schema.

    Raises:
        UnfitValueError: the schema can't be used.
    """

    def __init__(self, schema: Schema) -> None:
        self._pool = DescriptorPool()
        for module in _WELL_KNOWN:
            self._pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
        try:
            for reference in schema.references:
                self._add(reference.text, reference.name)
            self._file = self._pool.FindFileByName(self._add(schema.text, ""))
        except (ValueError, TypeError, KeyError, DecodeError, RecursionError):
            detail = "the registry's descriptor can't be used, or imports a file that the registry does not name"
            raise UnfitValueError("schema-unsupported", detail) from None

    def decode(self, payload: bytes, indexes: bytes | None = None) -> bytes:
        """A message as JSON.

        Args:
            indexes: which message of the file it is, where that does not begin the payload.

        Raises:
            UnfitValueError: the payload does not fit this schema.
        """
        path, payload = _path(payload) if indexes is None else (_path(indexes)[0], payload)
        message = message_factory.GetMessageClass(self._descriptor(path))()
        try:
            message.ParseFromString(payload)
        except (DecodeError, RecursionError):
            raise UnfitValueError("schema-mismatch", "the bytes do not fit the schema") from None
        _check_fields(message)
        _check_size(message)
        return self._json(message)

    def _add(self, text: str, name: str) -> str:
        """Take in a file; returns its name."""
        file = descriptor_pb2.FileDescriptorProto.FromString(base64.b64decode(text, validate=True))
        # Those that refer to it know it by this name; nothing refers to the last one.
        file.name = name or "value.proto"
        self._pool.Add(file)
        return str(file.name)

    def _descriptor(self, path: list[int]) -> Descriptor:
        messages = list(self._file.message_types_by_name.values())
        for depth, index in enumerate(path, 1):
            if not 0 <= index < len(messages):
                raise UnfitValueError("schema-mismatch", "the schema has no message with these indexes")
            if depth == len(path):
                return messages[index]
            messages = list(messages[index].nested_types)
        raise AssertionError("a path has one index at least")

    def _json(self, message: Message) -> bytes:
        try:
            # A field that is not there and has no presence has its default value: the reader need not know the schema.
            fields = json_format.MessageToDict(
                message, always_print_fields_with_no_presence=True, descriptor_pool=self._pool
            )
        except (json_format.Error, TypeError, ValueError, RecursionError):
            # A Timestamp beyond the year 9999, an Any of an unknown type.
            raise UnfitValueError("schema-mismatch", "Protobuf has no JSON for the message") from None
        return msgspec.json.encode(fields)


def _path(data: bytes) -> tuple[list[int], bytes]:
    """Confluent's message indexes, and what follows them; a single 0 stands for the first message."""
    count, rest = _number(data)
    if count == 0:
        return [0], rest
    if not 0 < count <= _MOST_INDEXES:
        raise UnfitValueError("schema-mismatch", "the message indexes can't be read")
    path = []
    for _ in range(count):
        index, rest = _number(rest)
        path.append(index)
    return path, rest


def _number(data: bytes) -> tuple[int, bytes]:
    """A zigzag varint, and what follows it."""
    value = 0
    for place, octet in enumerate(data[:5]):
        value |= (octet & 0x7F) << (7 * place)
        if octet < 0x80:
            return (value >> 1) ^ -(value & 1), data[place + 1 :]
    raise UnfitValueError("schema-mismatch", "the message indexes can't be read")


def _check_fields(message: Message) -> None:
    """Fields that the schema does not know would be missing in the JSON."""
    known: Message = message.__class__()
    known.CopyFrom(message)
    known.DiscardUnknownFields()
    if known.ByteSize() != message.ByteSize():
        raise UnfitValueError("schema-mismatch", "the message has fields that the schema does not know")


def _check_size(message: Message) -> None:
    """An empty message is two bytes, and has all of its names in JSON; so is the number of an enum's long name."""
    left, waiting = _MOST_BYTES, [message]
    while waiting:
        part = waiting.pop()
        left -= _MESSAGE + sum(_ENTRY + len(field.json_name) for field in part.DESCRIPTOR.fields)
        for field, value in part.ListFields():
            left -= _bytes_of(field, value)
            waiting += _submessages(field, value)
        if left < 0:
            raise UnfitValueError("schema-limit", "it is too long for what its schema can make of it")


def _bytes_of(field: FieldDescriptor, value: Any) -> int:
    longest = max(map(len, field.enum_type.values_by_name), default=0) if field.enum_type else 0
    return (len(value) if field.is_repeated else 1) * (_SCALAR + longest)


def _submessages(field: FieldDescriptor, value: Any) -> list[Message]:
    if field.message_type is None:
        return []
    if field.message_type.GetOptions().map_entry:
        return [entry for entry in value.values() if isinstance(entry, Message)]
    return list(value) if field.is_repeated else [value]
