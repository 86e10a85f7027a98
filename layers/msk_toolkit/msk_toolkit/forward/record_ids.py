"""Ids of records: the same for every delivery of a record, which makes an upsert idempotent."""

import hashlib
import json
import math
from typing import NamedTuple

import msgspec
from msgspec import UnsetType

from msk_toolkit.forward.event import DecodedRecord, EventRecord
from msk_toolkit.settings.forwarder import RecordIdForm

# 64 bits: among the records that ever had one offset of one partition no two share them.
DIGEST_LENGTH = 16


class RecordIds(NamedTuple):
    """Makes the ids of a cluster's records.

    Args:
        cluster: its name, which every id begins with.
        form: ``position``: ``cluster/topic/partition/offset``; a topic that is deleted and created again counts its
            offsets from 0, and its records have the ids of the old ones. ``content``: the same, followed by ``/`` and
            the beginning of :func:`content_digest`. The topic's own id would not do: an event does not hold it, and the
            topic that the cluster has now need not be the one that the event was read from.
    """

    cluster: str
    form: RecordIdForm = "position"

    def of(self, content: EventRecord) -> str:
        """The id of a record."""
        position = f"{self.cluster}/{content.topic}/{content.partition}/{content.offset}"
        return position + self.suffix(content)

    def suffix(self, content: EventRecord) -> str:
        """What follows the position."""
        if self.form == "position":
            return ""
        written = content.written if isinstance(content, DecodedRecord) else content
        return f"/{content_digest(written)[:DIGEST_LENGTH]}"


def content_digest(content: EventRecord) -> str:
    """SHA-256 of timestamp, key, value and headers, as hexadecimal digits.

    Of what the producer wrote, not of how an event spells it: a record is the same out of Kafka and out of the mapping.
    """
    key, value = _octets(content.key), _octets(content.value)
    headers: list[tuple[str, list[int] | None]] = []
    for header in content.headers or ():
        headers += [(name, _unsigned(octets)) for name, octets in header.items()]
    return hashlib.sha256(tolerant_json((content.timestamp, key, value, headers))).hexdigest()


def tolerant_json(value: object) -> bytes:
    """JSON that reads back as what it was made of, also where that is not quite JSON, as only a broken event is."""
    plain = msgspec.to_builtins(value)
    try:
        encoded = msgspec.json.encode(plain)
    except UnicodeEncodeError:
        # Text that is not valid Unicode (a lone surrogate): escaped, it survives.
        return json.dumps(plain).encode("ascii")
    if b"null" in encoded and not is_finite(plain):
        # NaN and Infinity, which Lambda's runtime reads out of an event, would be null.
        return json.dumps(plain).encode("ascii")
    return encoded


def is_finite(plain: object) -> bool:
    """Whether no number in a JSON value is NaN or infinite; msgspec writes those as null."""
    waiting = [plain]
    while waiting:
        value = waiting.pop()
        if isinstance(value, float) and not math.isfinite(value):
            return False
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list | tuple):
            waiting += value
    return True


def _octets(content: bytes | UnsetType | None) -> bytes | None:
    """A key or value; whether a missing one is null or absent makes no other record."""
    if isinstance(content, bytes):
        return content
    return None


def _unsigned(octets: list[int] | None) -> list[int] | None:
    """Java's signed bytes and unsigned ones as the same numbers."""
    if octets is None:
        return None
    return [octet & 0xFF for octet in octets]
