"""Tombstones (records without a value) that are not forwarded: they are dropped, or delete their row at the target.

A tombstone has nothing but its Kafka key, so the natural key of the row that it deletes comes out of that: with
PAYLOAD=envelope it is made of the envelope's own columns, with PAYLOAD=value the Kafka key names it.

The module is imported only where TOMBSTONES asks for it.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from msk_toolkit.forward.decode import SourceRecord
from msk_toolkit.forward.envelope import NOT_JSON, Document, MakeDocument, envelope
from msk_toolkit.forward.event import EventRecord
from msk_toolkit.forward.record_ids import RecordIds
from msk_toolkit.settings.forwarder import PayloadForm
from msk_toolkit.settings.natural_keys import NUMBERS, TEXT
from msk_toolkit.target_kinds import NaturalKey

_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
# Servers take request lines of 8 kB; the rest is for the path.
_MAX_WHERE = 4_000
_JSON = msgspec.json.Encoder()


class _NoNaturalKeyError(Exception):
    """A Kafka key does not name a row; the text does not quote it."""


def is_tombstone(record: SourceRecord) -> bool:
    """Whether it has no value: Lambda leaves it out, or gives null."""
    return record.content is not None and not isinstance(record.content.value, bytes)


def dropping(make: MakeDocument) -> MakeDocument:
    """Makes documents, but none for tombstones, which are done without being sent."""

    def make_or_drop(record: SourceRecord) -> Document:
        return Document(record, b"", action="drop") if is_tombstone(record) else make(record)

    return make_or_drop


def deleting(make: MakeDocument, ids: RecordIds, payload: PayloadForm, key: NaturalKey) -> MakeDocument:
    """Makes documents, and of each tombstone the ``where`` clause of its row."""

    def make_or_delete(record: SourceRecord) -> Document:
        content = record.content
        if content is None or not is_tombstone(record):
            return make(record)
        try:
            where = _where(record, content, ids, payload, key)
        except _NoNaturalKeyError as error:
            return Document(record, b"", f"a tombstone whose key names no row: {error}")
        if len(quote(where)) > _MAX_WHERE:
            return Document(record, b"", "a tombstone whose key is too long for a request that deletes its row")
        return Document(record, where, action="delete")

    return make_or_delete


def _where(record: SourceRecord, content: EventRecord, ids: RecordIds, payload: PayloadForm, key: NaturalKey) -> bytes:
    """Every property of the natural key with a plain value: nothing less may select rows to delete."""
    if not isinstance(content.key, bytes):
        raise _NoNaturalKeyError("it has none")
    if payload == "envelope":
        return _of_envelope(record, content, ids, key)
    return _of_key(content.key, key)


def _of_envelope(record: SourceRecord, content: EventRecord, ids: RecordIds, key: NaturalKey) -> bytes:
    try:
        columns: Mapping[str, Any] = msgspec.to_builtins(envelope(record, content, ids))
        return _JSON.encode({name: columns[name] for name, _ in key})
    except NOT_JSON:
        raise _NoNaturalKeyError("the record has metadata that JSON does not have") from None


def _of_key(octets: bytes, key: NaturalKey) -> bytes:
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        raise _NoNaturalKeyError("it is binary") from None
    fields = _fields(text)
    if fields is not None:
        return _JSON.encode({name: _plain(fields.get(name), name, kind) for name, kind in key})
    if len(key) > 1:
        raise _NoNaturalKeyError("the natural key has several properties, and it is not a JSON object")
    ((name, kind),) = key
    return _JSON.encode({name: _scalar(text, name, kind)})


def _fields(text: str) -> dict[str, msgspec.Raw] | None:
    """The fields of a key that is a JSON object, as they are written; None for any other."""
    try:
        return msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError):
        return None


def _scalar(text: str, name: str, kind: str) -> msgspec.Raw:
    """A key that is the value itself; a text may be written as JSON writes it."""
    if kind == TEXT and not _is_json_text(text):
        return msgspec.Raw(_JSON.encode(text))
    return _plain(msgspec.Raw(text.strip().encode()), name, kind)


def _is_json_text(text: str) -> bool:
    try:
        return isinstance(msgspec.json.decode(text), str)
    except (msgspec.MsgspecError, RecursionError):
        return False


def _plain(value: msgspec.Raw | None, name: str, kind: str) -> msgspec.Raw:
    """A text or number of the property's type: an object would be an operator, which may select any row."""
    written = bytes(value).decode() if value is not None else ""
    if kind == TEXT and _is_json_text(written):
        return msgspec.Raw(written.encode())
    if kind in NUMBERS and _NUMBER.fullmatch(written):
        return msgspec.Raw(written.encode())
    raise _NoNaturalKeyError(f"it does not hold {name} as {'a text' if kind == TEXT else 'a number'}")
