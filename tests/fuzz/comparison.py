"""What arrived against what was in the event, by rules of its own: nothing of the product decides here."""

import base64
import json
import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

# Equals nothing that JSON can say.
_NOT_JSON = object()


class Taken:
    """What Vantiq took; each document accounts for one record."""

    def __init__(self, documents: list[Any], *, is_envelope: bool) -> None:
        self._is_envelope = is_envelope
        self._by_place: dict[Any, list[Any]] = defaultdict(list)
        for document in documents:
            place = None
            if is_envelope:
                place = (document["topic"], document["partition"], document["offset"])
            self._by_place[place].append(document)

    def take(self, raw: Any) -> bool:
        """Take a document that says what the record says; False where there is none."""
        place = (raw["topic"], raw["partition"], raw["offset"]) if self._is_envelope else None
        documents = self._by_place[place]
        for number, document in enumerate(documents):
            same = _says(document, raw) if self._is_envelope else _says_value(document, raw)
            if same:
                del documents[number]
                return True
        return False


def _says(envelope: Mapping[str, Any], raw: Mapping[str, Any]) -> bool:
    names = ("timestamp", "timestampType")
    if any(not same_json(envelope.get(name), raw.get(name)) for name in names):
        return False
    names = ("keySchemaMetadata", "valueSchemaMetadata")
    if any(not same_json(envelope.get(name), raw.get(name)) for name in names):
        return False
    key, value = _octets(raw, "key"), _octets(raw, "value")
    return (
        _is_text_of(envelope["keyEncoding"], envelope["key"], key)
        and _is_text_of(envelope["valueEncoding"], envelope["value"], value)
        and _same_headers(envelope["headers"], raw.get("headers"))
    )


def _says_value(document: Any, raw: Mapping[str, Any]) -> bool:
    value = _octets(raw, "value")
    if value is None:
        return document is None
    return same_json(document, _json(value)) or document == value.decode("utf-8", "replace")


def _same_headers(given: list[Any], raw: Any) -> bool:
    pairs: list[tuple[str, bytes | None]] = []
    for entry in raw or ():
        for name, octets in entry.items():
            pairs.append((name, None if octets is None else bytes(octet & 0xFF for octet in octets)))
    if len(pairs) != len(given):
        return False
    return all(
        header["name"] == name and _is_text_of(header["encoding"], header["value"], octets)
        for header, (name, octets) in zip(given, pairs, strict=True)
    )


def _is_text_of(encoding: str, text: Any, octets: bytes | None) -> bool:
    match encoding:
        case "null" | "absent":
            return text is None and octets is None
        case "json":
            return octets is not None and same_json(text, _json(octets))
        case "text":
            return octets is not None and text.encode() == octets
        case _:
            return octets is not None and base64.b64decode(text) == octets


def _octets(raw: Mapping[str, Any], name: str) -> bytes | None:
    if raw.get(name) is None:
        return None
    return base64.b64decode(raw[name])


def _json(octets: bytes) -> Any:
    try:
        return json.loads(octets)
    except (ValueError, RecursionError):
        return _NOT_JSON


def same_json(value: Any, other: Any) -> bool:
    """Whether two JSON values are equal; NaN is the same as NaN."""
    pairs = [(value, other)]
    while pairs:
        first, second = pairs.pop()
        if isinstance(first, dict) and isinstance(second, dict):
            if first.keys() != second.keys():
                return False
            pairs += [(first[key], second[key]) for key in first]
        elif isinstance(first, list) and isinstance(second, list):
            if len(first) != len(second):
                return False
            pairs += list(zip(first, second, strict=True))
        elif isinstance(first, dict | list) or isinstance(second, dict | list) or not _same_scalar(first, second):
            return False
    return True


def _same_scalar(first: Any, second: Any) -> bool:
    if isinstance(first, float) and isinstance(second, float) and math.isnan(first):
        return math.isnan(second)
    return isinstance(first, bool) == isinstance(second, bool) and bool(first == second)
