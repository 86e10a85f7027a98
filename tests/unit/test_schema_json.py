"""Values with a JSON Schema: checked, and passed on as they were written."""

import json
from typing import Any

import pytest
from msk_toolkit.schemas.errors import UnfitValueError
from msk_toolkit.schemas.json_schema import JsonSchemaDecoder
from msk_toolkit.schemas.schema import Reference, Schema

DRAFT_7 = "http://json-schema.org/draft-07/schema#"
DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"


def decoder(schema: Any, *references: Reference) -> JsonSchemaDecoder:
    return JsonSchemaDecoder(Schema("JSON", json.dumps(schema), references))


@pytest.mark.parametrize("draft", [DRAFT_7, DRAFT_2020])
def test_a_value_that_fits_is_passed_on_byte_for_byte(draft: str) -> None:
    made = decoder({"$schema": draft, "type": "object", "properties": {"n": {"type": "integer"}}})
    value = b'{ "n" : 123456789012345678901234567890, "x": 1.50 }'
    assert made.decode(value) == value


@pytest.mark.parametrize("value", [b'{"n": "text"}', b"[]", b"{", b"\xff", b'{"n": NaN}', b""])
def test_a_value_that_does_not_fit_is_refused(value: bytes) -> None:
    with pytest.raises(UnfitValueError) as error:
        decoder({"type": "object", "properties": {"n": {"type": "integer"}}}).decode(value)
    assert error.value.code == "schema-mismatch"
    assert "text" not in str(error.value)


@pytest.mark.parametrize("levels", [991, 200_000])
def test_a_value_nested_too_deeply_is_refused(levels: int) -> None:
    with pytest.raises(UnfitValueError) as error:
        decoder({"type": "array", "items": {"$ref": "#"}}).decode(b"[" * levels + b"]" * levels)
    assert error.value.code == "schema-limit"


@pytest.mark.parametrize("base", [{}, {"$id": "https://example.com/schemas/sale.json"}])
def test_references_are_found_by_their_names_and_relative_to_the_schema_s_own(base: dict[str, str]) -> None:
    made = decoder({**base, "properties": {"to": {"$ref": "to.json"}}}, Reference("to.json", '{"type": "string"}'))
    assert made.decode(b'{"to": "a"}') == b'{"to": "a"}'
    with pytest.raises(UnfitValueError):
        made.decode(b'{"to": 1}')


@pytest.mark.parametrize("reference", ["http://127.0.0.1:1/x.json", "file:///etc/hostname", "other.json"])
def test_nothing_is_fetched_for_a_reference_that_the_registry_does_not_name(reference: str) -> None:
    with pytest.raises(UnfitValueError) as error:
        decoder({"$ref": reference})
    assert error.value.code == "schema-unsupported"


def test_a_pattern_that_backtracks_without_end_is_given_up() -> None:
    made = decoder({"type": "string", "pattern": "^(?=(a+)+$)(a|aa)+$"})
    with pytest.raises(UnfitValueError):
        made.decode(b'"' + b"a" * 60 + b'b"')
