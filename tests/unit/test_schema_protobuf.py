"""Protobuf's messages as JSON."""

import json
from base64 import b64encode
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, struct_pb2, timestamp_pb2
from msk_toolkit.schemas.errors import UnfitValueError
from msk_toolkit.schemas.protobuf import ProtobufDecoder
from msk_toolkit.schemas.schema import Reference, Schema

INT64, STRING, BOOL, MESSAGE, ENUM = 3, 9, 8, 11, 14


def field(name: str, number: int, kind: int, of: str = "", *, repeated: bool = False) -> Any:
    made = descriptor_pb2.FieldDescriptorProto(name=name, number=number, type=kind, label=3 if repeated else 1)
    if of:
        made.type_name = of
    return made


def file(name: str, *messages: Any, dependencies: tuple[str, ...] = ()) -> Any:
    return descriptor_pb2.FileDescriptorProto(
        name=name, package="t", syntax="proto3", message_type=messages, dependency=dependencies
    )


def message(name: str, *fields: Any, nested: tuple[Any, ...] = ()) -> Any:
    return descriptor_pb2.DescriptorProto(name=name, field=fields, nested_type=nested)


def text(made: Any) -> str:
    return b64encode(made.SerializeToString()).decode()


def decoder(made: Any, *references: Reference) -> ProtobufDecoder:
    return ProtobufDecoder(Schema("PROTOBUF", text(made), references))


ORDER = message(
    "Order",
    field("order_id", 1, INT64),
    field("at", 2, MESSAGE, ".google.protobuf.Timestamp"),
    field("lines", 3, MESSAGE, ".t.Order.Line", repeated=True),
    nested=(message("Line", field("text", 1, STRING)),),
)
FILE = file(
    "orders.proto", ORDER, message("Other", field("yes", 1, BOOL)), dependencies=("google/protobuf/timestamp.proto",)
)


def test_a_message_has_the_names_and_forms_of_protobuf_s_json_mapping() -> None:
    at = timestamp_pb2.Timestamp(seconds=1).SerializeToString()
    payload = b"\x00" + b"\x08\x81\x80\x80\x80\x80\x80\x80\x10" + b"\x12" + bytes([len(at)]) + at + b"\x1a\x03\x0a\x01a"
    assert json.loads(decoder(FILE).decode(payload)) == {
        "orderId": "9007199254740993",
        "at": "1970-01-01T00:00:01Z",
        "lines": [{"text": "a"}],
    }


def test_a_default_value_without_presence_is_there_and_an_absent_message_is_not() -> None:
    assert json.loads(decoder(FILE).decode(b"\x00")) == {"orderId": "0", "lines": []}


@pytest.mark.parametrize(
    ("indexes", "expected"), [(b"\x00", "orderId"), (b"\x02\x02", "yes"), (b"\x04\x00\x00", "text")]
)
def test_the_indexes_say_which_message_it_is(indexes: bytes, expected: str) -> None:
    assert expected in json.loads(decoder(FILE).decode(indexes))
    assert expected in json.loads(decoder(FILE).decode(b"", indexes))


@pytest.mark.parametrize(
    "payload",
    [b"", b"\x02\x08", b"\x03", b"\xff\xff\xff\xff\xff\xff", b"\x00\x08", b"\x00\x4a\x01x", b"\x00\x1a\x04\x12\x02ab"],
)
def test_what_is_no_message_of_the_schema_does_not_fit(payload: bytes) -> None:
    with pytest.raises(UnfitValueError) as error:
        decoder(FILE).decode(payload)
    assert error.value.code == "schema-mismatch"


def test_imports_are_taken_from_the_references() -> None:
    common = file("whatever.proto", message("Common", field("text", 1, STRING)))
    made = decoder(
        file("a.proto", message("A", field("c", 1, MESSAGE, ".t.Common")), dependencies=("shared/common.proto",)),
        Reference("shared/common.proto", text(common)),
    )
    assert json.loads(made.decode(b"\x00\x0a\x03\x0a\x01a")) == {"c": {"text": "a"}}


def test_a_descriptor_that_imports_what_nobody_has_can_t_be_used() -> None:
    with pytest.raises(UnfitValueError) as error:
        decoder(file("a.proto", dependencies=("missing.proto",)))
    assert error.value.code == "schema-unsupported"


def test_a_message_nested_beyond_protobuf_s_own_limit_ends_in_a_clear_error() -> None:
    value = struct_pb2.Value(number_value=1).SerializeToString()
    for _ in range(200):
        inner = b"\x0a" + _length(value) + value
        value = b"\x32" + _length(inner) + inner
    made = decoder(
        file(
            "a.proto",
            message("A", field("v", 1, MESSAGE, ".google.protobuf.Value")),
            dependencies=("google/protobuf/struct.proto",),
        )
    )
    with pytest.raises(UnfitValueError):
        made.decode(b"\x00\x0a" + _length(value) + value)


def test_many_empty_messages_with_many_long_names_are_refused_before_they_are_json() -> None:
    wide = message("Wide", *(field(f"{'x' * 200}{number}", number, STRING) for number in range(1, 200)))
    made = decoder(file("a.proto", message("A", field("w", 1, MESSAGE, ".t.Wide", repeated=True)), wide))
    with pytest.raises(UnfitValueError, match="too long for what its schema can make of it"):
        made.decode(b"\x00" + b"\x0a\x00" * 20_000)


def _length(octets: bytes) -> bytes:
    number, made = len(octets), b""
    while number > 0x7F:
        made += bytes([number & 0x7F | 0x80])
        number >>= 7
    return made + bytes([number])
