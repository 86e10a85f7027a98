"""A record -> the JSON document that Vantiq receives."""

import re
from base64 import b64encode
from collections.abc import Callable
from itertools import accumulate
from typing import Literal, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from msk_toolkit.forward.decode import HeaderPair, SourceRecord
from msk_toolkit.forward.event import Envelope, EventRecord, Header
from msk_toolkit.forward.record_ids import RecordIds, is_finite
from msk_toolkit.settings.forwarder import PayloadForm

_JSON = msgspec.json.Encoder()
# Checks JSON without building it; numbers, key order and repeated keys stay as the producer wrote them.
_CHECK = msgspec.json.Decoder(msgspec.Raw)

# Jackson, which most of the JVM reads JSON with, refuses a request nested in more than 1,000 levels, and with it every
# record of the array. The envelope, the array and whatever Vantiq wraps around an event need some of them.
_MAX_LEVELS = 990
# Two octets a level at least, so that hardly any value need be looked at.
_LEAST_DEEP = 2 * _MAX_LEVELS
_MAX_ENCODED_HEADERS = 4_096
_STRING = re.compile(rb'"(?:[^"\\]+|\\.)*"', re.DOTALL)
_STEPS = dict.fromkeys(b"[{", 1) | dict.fromkeys(b"]}", -1)
_NO_BRACKETS = bytes(set(range(256)) - _STEPS.keys())

Text = tuple[Literal["text", "base64"], str]

# What says that something has no JSON: text that is not valid Unicode, a number that is none, too many levels.
NOT_JSON = (ValueError, RecursionError, OverflowError)

# The fault of a document that is not made because the operator sets its record aside.
BY_OPERATOR = "the operator sets it aside: SET_ASIDE"


class SchemaFault(NamedTuple):
    """Why a record can't be decoded, and the id of the schema; see :mod:`msk_toolkit.schemas.errors`."""

    code: str
    schema_id: str


class Document(msgspec.Struct, frozen=True, gc=False):
    """What is posted for a record; without a body where that can't be, for the reason in ``fault``.

    Args:
        action: ``delete`` where the body is the ``where`` clause of a row to delete, ``drop`` where nothing is sent.
    """

    record: SourceRecord
    body: bytes
    fault: str = ""
    action: Literal["", "delete", "drop"] = ""
    schema_fault: SchemaFault | None = None


MakeDocument = Callable[[SourceRecord], Document]


class Documents:
    """Makes the documents of one batch; what the records of a partition share is written once."""

    def __init__(self, ids: RecordIds, payload: PayloadForm) -> None:
        self._ids = ids
        self._has_suffix = ids.form != "position"
        self._payload = payload
        self._shared: dict[tuple[str, int, str | None], tuple[str, str, str]] = {}
        self._encoded_headers = _EncodedHeaders()

    def make(self, record: SourceRecord) -> Document:
        """The document of a record; one that can't be made is marked, not raised."""
        if self._payload == "value" or record.content is None:
            return document(record, self._ids, self._payload)
        try:
            return Document(record, self._envelope(record, record.content))
        except NOT_JSON:
            return document(record, self._ids, self._payload)

    def _envelope(self, record: SourceRecord, content: EventRecord) -> bytes:
        """The same bytes as ``encode(envelope(...))`` makes, in half the time, for the records that most are."""
        if content.key_schema_metadata is not UNSET or content.value_schema_metadata is not UNSET:
            return _JSON.encode(envelope(record, content, self._ids))
        common = (content.topic, content.partition, content.timestamp_type)
        shared = self._shared.get(common)
        if shared is None:
            shared = self._shared[common] = _shared_parts(self._ids.cluster, *common)
        start, place, timestamp_type = shared
        offset, timestamp = content.offset, _NULL if content.timestamp is None else content.timestamp
        key = _ABSENT_KEY if content.key is UNSET else _key_part(content.key)
        suffix = self._ids.suffix(content) if self._has_suffix else ""
        encoding, value = _value(content.value)
        head = (
            f'{{"id":{start}{offset}{suffix}",{place}"offset":{offset},'
            f'"timestamp":{timestamp},"timestampType":{timestamp_type},"keyEncoding":{key},"headers":['
        ).encode()
        headers = b",".join(map(self._encoded_headers.__getitem__, record.headers))
        body = value if isinstance(value, msgspec.Raw) else _JSON.encode(value)
        return b"".join((head, headers, _VALUE_STARTS[encoding], body, b"}"))


class _EncodedHeaders(dict[HeaderPair, bytes]):
    """The same bytes as the encoded ``Header``; most repeat, as the producer's name does."""

    def __missing__(self, pair: HeaderPair) -> bytes:
        if len(self) >= _MAX_ENCODED_HEADERS:
            self.clear()
        encoded = self[pair] = _JSON.encode(_header(*pair))
        return encoded


_VALUE_STARTS = {
    encoding: b'],"valueEncoding":"%b","value":' % encoding.encode()
    for encoding in ("json", "text", "base64", "null", "absent")
}
_NULL = "null"
_ABSENT_KEY = '"absent","key":null'


def _json(value: object) -> str:
    return _JSON.encode(value).decode()


def _key_part(octets: bytes | UnsetType | None) -> str:
    encoding, key = _key(octets)
    return f'"{encoding}","key":{_json(key)}'


def _shared_parts(cluster: str, topic: str, partition: int, timestamp_type: str | None) -> tuple[str, str, str]:
    """The start of the id, as an open JSON text; the fields up to the offset; and the type."""
    start = _json(f"{cluster}/{topic}/{partition}/")[:-1]
    place = f'"cluster":{_json(cluster)},"topic":{_json(topic)},"partition":{partition},'
    return start, place, _json(timestamp_type)


def document(record: SourceRecord, ids: RecordIds, payload: PayloadForm) -> Document:
    """The document of a record; one that can't be made is marked, not raised."""
    content = record.content
    if content is None:
        return Document(record, b"", f"undecodable: {record.fault}")
    try:
        if payload == "envelope":
            return Document(record, _JSON.encode(envelope(record, content, ids)))
        encoding, value = _value(content.value)
        if encoding == "base64":
            return Document(record, b"", "the value is binary, which PAYLOAD=value cannot represent")
        return Document(record, _JSON.encode(value))
    except NOT_JSON:
        fault = "a header's name or the schema metadata holds text or a number that JSON does not have"
        return Document(record, b"", fault)


def envelope(record: SourceRecord, content: EventRecord, ids: RecordIds) -> Envelope:
    """The record with everything that Kafka says about it.

    Raises:
        ValueError: the schema metadata holds a number that JSON does not have.
    """
    for metadata in (content.key_schema_metadata, content.value_schema_metadata):
        if metadata is not UNSET and not is_finite(metadata):
            raise ValueError("NaN or Infinity")
    key_encoding, key = _key(content.key)
    value_encoding, value = _value(content.value)
    return Envelope(
        id=ids.of(content),
        cluster=ids.cluster,
        topic=content.topic,
        partition=content.partition,
        offset=content.offset,
        timestamp=content.timestamp,
        timestamp_type=content.timestamp_type,
        key_encoding=key_encoding,
        key=key,
        headers=[_header(name, octets) for name, octets in record.headers],
        value_encoding=value_encoding,
        value=value,
        key_schema_metadata=content.key_schema_metadata,
        value_schema_metadata=content.value_schema_metadata,
    )


def _key(key: bytes | UnsetType | None) -> Text | tuple[Literal["null", "absent"], None]:
    # Never as JSON: keys 7 and 007 would become a number and a text.
    if key is UNSET:
        return "absent", None
    if key is None:
        return "null", None
    return _text(key)


def _value(
    value: bytes | UnsetType | None,
) -> Text | tuple[Literal["json"], msgspec.Raw] | tuple[Literal["null", "absent"], None]:
    if value is UNSET:
        return "absent", None
    if value is None:
        return "null", None
    try:
        if not value.isascii():
            value.decode()  # the check below lets broken UTF-8 through
        checked = _CHECK.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _text(value)
    if len(value) > _LEAST_DEEP and _is_deep(value):
        return _text(value)
    return "json", checked


def _is_deep(value: bytes) -> bool:
    """Whether valid JSON is nested more deeply than readers take."""
    if value.count(b"[") + value.count(b"{") <= _MAX_LEVELS:
        return False
    brackets = _STRING.sub(b"", value).translate(None, _NO_BRACKETS)
    return max(accumulate(map(_STEPS.__getitem__, brackets))) > _MAX_LEVELS


def _text(octets: bytes) -> Text:
    try:
        return "text", octets.decode()
    except UnicodeDecodeError:
        return "base64", b64encode(octets).decode()


def _header(name: str, octets: bytes | None) -> Header:
    if octets is None:
        return Header(name=name, encoding="null", value=None)
    encoding, value = _text(octets)
    return Header(name=name, encoding=encoding, value=value)
