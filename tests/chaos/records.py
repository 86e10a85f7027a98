"""The records of a run: which there are follows from the seed alone, so that each can be compared with what arrived."""

import json
import random
from typing import Literal, NamedTuple

ID_HEADER = "chaos-id"
CODECS = ("gzip", "snappy", "lz4", "zstd")
# Records of one transaction, or of one producer in a row.
BLOCK = 40
_KEYS = 24
# Kafka's limit of a record batch is 1,048,588 bytes by default; headers, key and the batch itself need some of it.
LARGEST_VALUE = 1_046_000

type Mode = Literal["plain", "committed", "aborted"]


class Outgoing(NamedTuple):
    """A record to write; ``refused`` is whether Vantiq refuses it for good while the faults last."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    refused: bool


class Block(NamedTuple):
    """How the records of a block are written."""

    codec: str
    mode: Mode


def block_of(seed: int, number: int) -> Block:
    """How the block with a number is written: every codec in every mode, one of twenty-four blocks in vain."""
    mode: Mode = "plain"
    if number % 6 == 5:
        mode = "committed"
    elif number % 24 == 8:
        mode = "aborted"
    return Block(CODECS[(seed + number // 24 + number) % len(CODECS)], mode)


def identity(seed: int, number: int) -> str:
    """The id that a record carries in a header."""
    return f"{seed}/{number}"


def record(seed: int, number: int, *, large: bool = True) -> Outgoing:
    """The record with a number.

    Args:
        large: some are as large as Kafka takes them.
    """
    chance = random.Random(seed * 1_000_003 + number)  # noqa: S311 - a reproducible choice, not a secret
    key = None
    if chance.random() < 0.8:
        key = b"key-%d" % chance.randrange(_KEYS)
        if chance.random() < 0.02:
            key = b"\xff\x00" + key
    headers: tuple[tuple[str, bytes], ...] = ((ID_HEADER, identity(seed, number).encode()),)
    if chance.random() < 0.1:
        headers += (("trace", b"\x80\xff\x00"), ("trace", b"again"), ("Trace", b""))
    refused = chance.random() < 0.002
    value = _value(chance, number, refused=refused, large=large)
    return Outgoing(key, value, headers, refused)


def _value(chance: random.Random, number: int, *, refused: bool, large: bool) -> bytes | None:
    kind = chance.random()
    if refused:
        return json.dumps({"number": number, "refused": True}).encode()
    if large and kind < 0.0002:
        return b'"' + b"x" * (LARGEST_VALUE - chance.randrange(200_000)) + b'"'
    if kind < 0.02:
        return None
    if kind < 0.04:
        return b"\xff\xfe\x00" + chance.randbytes(40)
    if kind < 0.05:
        return b""
    if kind < 0.07:
        return "plain text, größer".encode()
    if kind < 0.08:
        return b'{"cut": [1, 2'
    pad = "x" * chance.choice([10, 60, 200])
    return json.dumps({"number": number, "refused": False, "fraction": chance.random(), "pad": pad}).encode()
