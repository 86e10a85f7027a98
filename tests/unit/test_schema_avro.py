"""Avro's values as JSON: every type, nothing lost, and bounds for what was made to have none."""

import io
import json
import tracemalloc
from typing import Any

import fastavro
import pytest
from msk_toolkit.schemas.avro import MOST_VALUE_BYTES, AvroDecoder
from msk_toolkit.schemas.errors import UnfitValueError
from msk_toolkit.schemas.schema import Reference, Schema

LIST = {"type": "record", "name": "L", "fields": [{"name": "next", "type": ["null", "L"]}]}
NAMED = {"type": "record", "name": "K", "fields": [{"name": "number", "type": "int"}]}


def decoder(schema: Any, *references: Reference) -> AvroDecoder:
    return AvroDecoder(Schema("AVRO", json.dumps(schema), references))


def written(schema: Any, value: Any) -> bytes:
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(schema), value)
    return stream.getvalue()


def decoded(schema: Any, octets: bytes) -> Any:
    return json.loads(decoder(schema).decode(octets))


def logical(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "logicalType": name, **more}


def test_a_number_of_64_bits_keeps_every_digit() -> None:
    assert decoder("long").decode(written("long", 2**63 - 1)) == b"9223372036854775807"
    assert decoder("long").decode(written("long", -(2**63))) == b"-9223372036854775808"


@pytest.mark.parametrize(
    ("schema", "stored", "expected"),
    [
        (logical("int", "date"), 0, "1970-01-01"),
        (logical("int", "date"), -1, "1969-12-31"),
        (logical("int", "date"), 11_016, "2000-02-29"),
        (logical("int", "date"), 2**31 - 1, "+5881580-07-11"),
        (logical("int", "date"), -(2**31), "-5877641-06-23"),
        (logical("int", "time-millis"), 86_399_999, "23:59:59.999"),
        (logical("long", "time-micros"), 1, "00:00:00.000001"),
        (logical("long", "timestamp-millis"), -1, "1969-12-31T23:59:59.999Z"),
        (logical("long", "timestamp-micros"), 253_402_300_800_000_000, "+010000-01-01T00:00:00.000000Z"),
        (logical("long", "timestamp-nanos"), 1, "1970-01-01T00:00:00.000000001Z"),
        (logical("long", "timestamp-millis"), 2**63 - 1, "+292278994-08-17T07:12:55.807Z"),
        (logical("long", "local-timestamp-millis"), 0, "1970-01-01T00:00:00.000"),
        (logical("long", "local-timestamp-nanos"), 0, "1970-01-01T00:00:00.000000000"),
    ],
)
def test_dates_and_times_are_text_whatever_the_number(schema: dict[str, Any], stored: int, expected: str) -> None:
    assert decoded(schema, written(schema["type"], stored)) == expected


@pytest.mark.parametrize(
    ("octets", "scale", "expected"),
    [
        (b"\x04\xe2", 2, "12.50"),
        (b"\xfb\x1e", 2, "-12.50"),
        (b"\x05", 3, "0.005"),
        (b"", 0, "0"),
        ((10**40 + 1).to_bytes(17), 0, str(10**40 + 1)),
    ],
)
def test_a_decimal_keeps_its_digits_and_its_scale(octets: bytes, scale: int, expected: str) -> None:
    schema = logical("bytes", "decimal", precision=50, scale=scale)
    assert decoded(schema, written("bytes", octets)) == expected


def test_fixed_types_are_readable() -> None:
    span = {"type": "fixed", "name": "D", "size": 12, "logicalType": "duration"}
    octets = (1).to_bytes(4, "little") + (2).to_bytes(4, "little") + (3004).to_bytes(4, "little")
    assert decoded(span, octets) == "P1M2DT3.004S"
    identifier = {"type": "fixed", "name": "U", "size": 16, "logicalType": "uuid"}
    assert decoded(identifier, bytes(16)) == "00000000-0000-0000-0000-000000000000"
    assert decoded({"type": "fixed", "name": "F", "size": 2}, b"\x00\xff") == "AP8="


def test_numbers_that_json_does_not_have_are_their_names_and_null_stays_null() -> None:
    schema = {"type": "array", "items": ["null", "double"]}
    values = [float("nan"), float("inf"), float("-inf"), None, 0.1]
    assert decoded(schema, written(schema, values)) == ["NaN", "Infinity", "-Infinity", None, 0.1]


def test_a_union_names_its_branch_where_several_records_could_be_meant() -> None:
    other = {"type": "record", "name": "ns.M", "fields": [{"name": "number", "type": "int"}]}
    schema = ["null", NAMED, other, "string"]
    assert decoded(schema, b"\x02\x02") == {"K": {"number": 1}}
    assert decoded(schema, b"\x04\x02") == {"ns.M": {"number": 1}}
    assert decoded(schema, b"\x06\x02a") == "a"
    assert decoded(["null", NAMED], b"\x02\x02") == {"number": 1}


def test_references_bring_the_types_that_the_schema_names() -> None:
    order = {"type": "record", "name": "O", "fields": [{"name": "k", "type": "K"}]}
    made = decoder(order, Reference("K", json.dumps(NAMED)))
    assert made.decode(b"\x02") == b'{"k":{"number":1}}'


@pytest.mark.parametrize("octets", [b"", b"\x02\x02", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"])
def test_bytes_of_another_schema_do_not_fit(octets: bytes) -> None:
    with pytest.raises(UnfitValueError) as error:
        decoder(NAMED).decode(octets)
    assert error.value.code == "schema-mismatch"


@pytest.mark.parametrize(
    "schema", ["string", "bytes", {"type": "array", "items": "int"}, {"type": "map", "values": "int"}]
)
def test_an_announced_length_allocates_nothing(schema: Any) -> None:
    made = decoder(schema)
    tracemalloc.start()
    with pytest.raises(UnfitValueError):
        made.decode(b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01aa")
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_a_type_that_contains_itself_ends_in_a_limit_however_deep_the_value_is() -> None:
    made = decoder(LIST)
    assert made.decode(b"\x02\x00") == b'{"next":{"next":null}}'
    with pytest.raises(UnfitValueError, match="nested too deeply") as error:
        made.decode(b"\x02" * 1_000_000 + b"\x00")
    assert error.value.code == "schema-limit"


def test_a_short_value_that_would_fill_the_memory_is_refused_and_one_of_a_megabyte_is_not() -> None:
    made = decoder({"type": "array", "items": NAMED})
    count = 1_000_000
    with pytest.raises(UnfitValueError, match="too long for what its schema can make of it"):
        made.decode(written("long", 4 * count) + bytes(4 * count + 1))
    octets = written("long", count) + bytes(count + 1)
    assert len(octets) < MOST_VALUE_BYTES
    assert len(json.loads(made.decode(octets))) == count


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": "null"},
        {"type": "array", "items": {"type": "record", "name": "E", "fields": []}},
        {"type": "bytes", "logicalType": "decimal", "precision": 10**9, "scale": 10**9},
        {"type": "nonsense"},
        {"type": "record", "name": "R", "fields": [{"name": "a", "type": "Unknown"}]},
    ],
)
def test_a_schema_that_can_t_be_used_says_so_and_quotes_nothing(schema: Any) -> None:
    with pytest.raises(UnfitValueError) as error:
        decoder(schema)
    assert error.value.code == "schema-unsupported"
    assert "Unknown" not in str(error.value)


def test_a_schema_nested_beyond_reason_ends_in_a_clear_error() -> None:
    text = '{"type": "array", "items": ' * 20_000 + '"int"' + "}" * 20_000
    with pytest.raises(UnfitValueError) as error:
        AvroDecoder(Schema("AVRO", text))
    assert error.value.code == "schema-unsupported"
