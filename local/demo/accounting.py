"""What was produced against what was delivered: lost, altered, duplicated, reordered. Pure."""

from base64 import b64decode
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec


class Produced(NamedTuple):
    """A record as the demo wrote it, with the place that Kafka gave it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class Account(msgspec.Struct, frozen=True):
    """Counts of records.

    ``lost`` were produced and never arrived, ``altered`` arrived with another content, ``duplicates`` are deliveries
    beyond the first, ``order_violations`` first deliveries with a lower offset than one before them in their partition.
    """

    produced: int
    delivered: int
    lost: int
    altered: int
    duplicates: int
    order_violations: int

    @property
    def clean(self) -> bool:
        """Whether everything arrived unharmed and in order; duplicates are allowed, they carry the same id."""
        return not (self.lost or self.altered or self.order_violations)


def account(produced: Sequence[Produced], delivered: Iterable[dict[str, Any]]) -> Account:
    """Compare the records with the envelopes that Vantiq accepted, in the order in which it did."""
    waiting = {(record.topic, record.partition, record.offset): record for record in produced}
    total = len(waiting)
    seen: set[tuple[str, int, int]] = set()
    last: dict[tuple[str, int], int] = {}
    altered = duplicates = violations = 0
    for envelope in delivered:
        place = (envelope["topic"], envelope["partition"], envelope["offset"])
        if place in seen:
            duplicates += 1
            continue
        record = waiting.pop(place, None)
        if record is None:
            continue  # somebody else's
        seen.add(place)
        altered += not is_unharmed(record, envelope)
        lane = place[:2]
        violations += place[2] < last.get(lane, -1)
        last[lane] = max(place[2], last.get(lane, -1))
    return Account(total, len(seen), len(waiting), altered, duplicates, violations)


class Written(Protocol):
    """What a producer wrote."""

    @property
    def key(self) -> bytes | None:
        """Its key."""

    @property
    def value(self) -> bytes | None:
        """Its value; None in a tombstone."""

    @property
    def headers(self) -> tuple[tuple[str, bytes], ...]:
        """Names and values, in order."""


def is_unharmed(written: Written, envelope: dict[str, Any]) -> bool:
    """Whether an envelope holds what was written."""
    headers = tuple((header["name"], _content(header["encoding"], header["value"])) for header in envelope["headers"])
    return (
        _content(envelope["keyEncoding"], envelope["key"]) == written.key
        and _same_value(written.value, envelope["valueEncoding"], envelope["value"])
        and headers == written.headers
    )


def _same_value(value: bytes | None, encoding: str, delivered: Any) -> bool:
    if encoding == "json":
        return value is not None and bool(msgspec.json.decode(value) == delivered)
    return _content(encoding, delivered) == value


def _content(encoding: str, text: Any) -> bytes | None:
    if encoding == "base64":
        return b64decode(text)
    if text is None:
        return None
    return str(text).encode()
