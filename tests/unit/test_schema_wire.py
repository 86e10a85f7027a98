"""The wire forms of serialized values, taken apart."""

import uuid
import zlib

import pytest
from msk_toolkit.schemas.errors import UnfitValueError
from msk_toolkit.schemas.wire import SchemaId, confluent_frame, glue_frame

GUID = uuid.UUID("6357e0b2-0e6a-4b86-a0b4-70df934c2e31")


def test_confluent_s_prefix_names_the_schema_by_number() -> None:
    framed = confluent_frame(b"\x00\x00\x01\x00\x02payload", "value", ())
    assert framed is not None
    assert (framed.schema, framed.payload, framed.indexes) == (SchemaId("id", "65538"), b"payload", None)


@pytest.mark.parametrize("data", [b"", b"\x00\x00\x00\x00", b'{"a": 1}', b"\x01" + GUID.bytes + b"x"])
def test_what_names_no_schema_is_left_alone(data: bytes) -> None:
    assert confluent_frame(data, "value", ()) is None


def test_a_header_names_the_schema_by_its_guid_and_protobuf_s_message() -> None:
    headers = [("__value_schema_id", b"\x01" + GUID.bytes + b"\x02\x04")]
    framed = confluent_frame(b"payload", "value", headers)
    assert framed is not None
    assert framed == (SchemaId("guid", str(GUID)), b"payload", b"\x02\x04", False)
    assert confluent_frame(b"payload", "key", headers) is None


def test_the_last_header_of_a_name_counts_and_a_broken_one_names_nothing() -> None:
    other = uuid.uuid4()
    framed = confluent_frame(b"p", "key", [(("__key_schema_id"), b"\x01" + u.bytes) for u in (other, GUID)])
    assert framed is not None
    assert framed.schema.text == str(GUID)
    assert confluent_frame(b"p", "key", [("__key_schema_id", b"\x01short"), ("__key_schema_id", None)]) is None


def test_glue_names_a_schema_version_and_may_compress() -> None:
    plain = glue_frame(b"\x03\x00" + GUID.bytes + b"payload")
    packed = glue_frame(b"\x03\x05" + GUID.bytes + zlib.compress(b"payload"))
    assert plain is not None
    assert packed is not None
    assert plain.schema == packed.schema == SchemaId("version", str(GUID))
    assert plain.unpacked() == packed.unpacked() == b"payload"


@pytest.mark.parametrize("data", [b"\x03\x00short", b"\x03\x07" + bytes(20), b"\x00" * 20])
def test_what_is_not_in_glue_s_form_is_left_alone(data: bytes) -> None:
    assert glue_frame(data) is None


def test_what_decompresses_to_too_much_is_refused_without_the_memory_for_it() -> None:
    packing = zlib.compressobj(9)
    bomb = b"".join([*(packing.compress(bytes(1 << 20)) for _ in range(64)), packing.flush()])
    framed = glue_frame(b"\x03\x05" + GUID.bytes + bomb)
    assert framed is not None
    with pytest.raises(UnfitValueError, match="decompresses to more than") as error:
        framed.unpacked()
    assert (error.value.code, error.value.schema_id) == ("schema-limit", str(GUID))


@pytest.mark.parametrize("data", [b"no zlib", zlib.compress(b"payload")[:-3], zlib.compress(b"payload") + b"more"])
def test_what_does_not_decompress_fits_no_schema(data: bytes) -> None:
    framed = glue_frame(b"\x03\x05" + GUID.bytes + data)
    assert framed is not None
    with pytest.raises(UnfitValueError) as error:
        framed.unpacked()
    assert error.value.code == "schema-mismatch"
