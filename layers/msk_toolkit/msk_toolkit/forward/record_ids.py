"""Ids of records: the same for every delivery of a record, which makes an upsert idempotent."""

import hashlib
import json
from typing import NamedTuple

import msgspec
from msgspec import UnsetType

from msk_toolkit.forward.event import EventRecord
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
        return f"/{content_digest(content)[:DIGEST_LENGTH]}"


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
    """JSON also of text that is not valid Unicode (a lone surrogate), as only a broken event has it: escaped."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(value)).encode("ascii")


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
