"""JSON with a schema: checked, and passed on byte for byte as the producer wrote it."""

import json
from typing import Any, NoReturn

import jsonschema_rs

from msk_toolkit.schemas.errors import UnfitValueError
from msk_toolkit.schemas.schema import Schema

# As of a value that is sent as JSON: Vantiq's parser refuses more than 1,000 levels.
_MOST_LEVELS = 990


class JsonSchemaDecoder:
    """Checks the values of one schema.

    Raises:
        UnfitValueError: the schema can't be used.
    """

    def __init__(self, schema: Schema) -> None:
        try:
            references = {reference.name: json.loads(reference.text) for reference in schema.references}
            # Nothing is fetched: a schema may name any address.
            self._validator = jsonschema_rs.validator_for(
                json.loads(schema.text), retriever=_Known(references), base_uri="json-schema:///"
            )
        except (ValueError, RecursionError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError):
            # The error would quote the schema.
            raise UnfitValueError("schema-unsupported", "the registry's text is not a valid JSON Schema") from None

    def decode(self, payload: bytes, _indexes: bytes | None = None) -> bytes:
        """The payload itself.

        Raises:
            UnfitValueError: it is not JSON, or none that the schema allows.
        """
        try:
            value = json.loads(payload.decode(), parse_constant=_refuse)
        except RecursionError:
            raise UnfitValueError("schema-limit", "it is nested too deeply") from None
        except ValueError:  # UnicodeDecodeError and JSONDecodeError, which quote it
            raise UnfitValueError("schema-mismatch", "the payload is not JSON") from None
        if _levels(value) > _MOST_LEVELS:
            raise UnfitValueError("schema-limit", "it is nested too deeply")
        self._check(value)
        return payload

    def _check(self, value: Any) -> None:
        try:
            fits = self._validator.is_valid(value)
        except ValueError:
            fits = False
        if not fits:
            # Not which part: that would quote the record.
            raise UnfitValueError("schema-mismatch", "the schema does not allow the value")


class _Known:
    """The schemas that may be referred to, by the URI that the reference resolves to.

    A relative one resolves to the end of the URI of the schema that it is in.
    """

    def __init__(self, references: dict[str, Any]) -> None:
        self._references = references

    def __call__(self, uri: str) -> Any:
        if uri in self._references:
            return self._references[uri]
        for name, schema in self._references.items():
            if uri.endswith(f"/{name.lstrip('/')}"):
                return schema
        raise ValueError("no such reference")


def _refuse(_: str) -> NoReturn:
    """NaN and Infinity, which Python reads."""
    raise ValueError


def _levels(value: Any) -> int:
    """How deeply a JSON value is nested, without recursion."""
    levels, layer = 0, [value]
    while layer:
        parts: list[Any] = []
        for part in layer:
            if isinstance(part, dict):
                parts += part.values()
            elif isinstance(part, list):
                parts += part
        levels, layer = levels + 1, parts
    return levels
