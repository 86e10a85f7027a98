"""Records in Kafka's message formats 0 and 1, which brokers before 4.0 store where ``message.format.version`` says so.

They have no headers, and format 0 no timestamps. Packed records are a message set inside the value of one message,
the wrapper, whose offset is that of its last record (Kafka documentation, "Old Message Format").
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msk_toolkit.kafka.codecs import LZ4, DamagedError, unpack

NO_TIMESTAMP = -1
_NO_TIMESTAMP_TYPE = -1
_CODEC_BITS, _LOG_APPEND_TIME_BIT = 0b0111, 0b1000
_OFFSET_AND_LENGTH = struct.Struct(">qi")
_LENGTH_OF_BYTES = struct.Struct(">i")
_CRC = 4
_LZ4_FLAGS, _LZ4_CONTENT_SIZE_BIT = 4, 0b1000


class Message(NamedTuple):
    """A message of an old format; ``timestamp_type`` is -1 where the format has none."""

    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None


class _Raw(NamedTuple):
    offset: int
    magic: int
    attributes: int
    timestamp: int
    key: bytes | None
    value: bytes | None

    @property
    def codec(self) -> int:
        return self.attributes & _CODEC_BITS

    @property
    def log_append_time(self) -> bool:
        return bool(self.magic and self.attributes & _LOG_APPEND_TIME_BIT)


def messages(data: bytes, limit: int) -> Iterator[Message]:
    """The records of one whole message, which may be a wrapper.

    Raises:
        DamagedError, TooLargeError: see :func:`msk_toolkit.kafka.codecs.unpack`.
    """
    wrapper, end = _read(data, 0)
    if end != len(data):
        raise DamagedError("a message is shorter than it says")
    if not wrapper.codec:
        yield _message(wrapper, wrapper.offset, wrapper)
        return
    inner = list(_unpacked(wrapper, limit))
    shift = _shift(wrapper, inner)
    for raw in inner:
        if raw.codec:
            raise DamagedError("a packed message holds packed messages")
        yield _message(raw, raw.offset + shift, wrapper)


def _shift(wrapper: _Raw, inner: Sequence[_Raw]) -> int:
    # Format 1 counts inside of a wrapper from 0, or from what compaction has left; format 0 has the offsets themselves.
    if not wrapper.magic or not inner:
        return 0
    return wrapper.offset - inner[-1].offset


def _message(raw: _Raw, offset: int, wrapper: _Raw) -> Message:
    if not wrapper.magic:
        return Message(offset, NO_TIMESTAMP, _NO_TIMESTAMP_TYPE, raw.key, raw.value)
    # The broker stamps the wrapper alone.
    timestamp = wrapper.timestamp if wrapper.log_append_time else raw.timestamp
    return Message(offset, timestamp, int(wrapper.log_append_time), raw.key, raw.value)


def _unpacked(wrapper: _Raw, limit: int) -> Iterator[_Raw]:
    data, at = unpack(wrapper.codec, _packed(wrapper), limit), 0
    while at < len(data):
        raw, at = _read(data, at)
        if raw.magic != wrapper.magic:
            raise DamagedError("a packed message holds messages of another format")
        yield raw


def _packed(wrapper: _Raw) -> bytes:
    if wrapper.value is None:
        raise DamagedError("a packed message has no value")
    if wrapper.codec == LZ4 and not wrapper.magic:
        return _with_right_checksum(wrapper.value)
    return wrapper.value


def _read(data: bytes, at: int) -> tuple[_Raw, int]:
    """The message that begins at ``at``, and where the next one does."""
    try:
        offset, length = _OFFSET_AND_LENGTH.unpack_from(data, at)
        begin = at + _OFFSET_AND_LENGTH.size
        end = begin + length
        crc, magic, attributes = struct.unpack_from(">IBB", data, begin)
        # Inside a packed batch the lengths have not been checked yet.
        if not begin + _CRC < end <= len(data) or zlib.crc32(memoryview(data)[begin + _CRC : end]) != crc:
            raise DamagedError("a message does not fit its checksum")
        place, timestamp = begin + 6, NO_TIMESTAMP
        if magic:
            (timestamp,) = struct.unpack_from(">q", data, place)
            place += 8
        key, place = _bytes(data, place, end)
        value, place = _bytes(data, place, end)
    except struct.error:
        raise DamagedError("a message is cut short") from None
    return _Raw(offset, magic, attributes, timestamp, key, value), end


def _bytes(data: bytes, at: int, end: int) -> tuple[bytes | None, int]:
    (length,) = _LENGTH_OF_BYTES.unpack_from(data, at)
    at += _LENGTH_OF_BYTES.size
    if length == -1:
        return None, at
    if length < 0 or at + length > end:
        raise DamagedError("a message is cut short")
    return data[at : at + length], at + length


def _with_right_checksum(frame: bytes) -> bytes:
    """In format 0 Kafka's LZ4 frames have a checksum over too many bytes of their header (KAFKA-3160)."""
    if len(frame) < 7:
        raise DamagedError("an LZ4 frame is cut short")
    end = 14 if frame[_LZ4_FLAGS] & _LZ4_CONTENT_SIZE_BIT else 6
    checksum = _xxh32_of_few(frame[_LZ4_FLAGS:end]) >> 8 & 0xFF
    return frame[:end] + bytes([checksum]) + frame[end + 1 :]


def _xxh32_of_few(data: bytes) -> int:
    """xxHash's 32-bit hash (seed 0) of fewer than 16 bytes, after its specification."""
    prime1, prime2, prime3, prime4, prime5 = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F, 0x165667B1
    state, whole = prime5 + len(data), len(data) // 4 * 4
    for (lane,) in struct.iter_unpack("<I", data[:whole]):
        state = _rotated(state + lane * prime3, 17) * prime4
    for byte in data[whole:]:
        state = _rotated(state + byte * prime5, 11) * prime1
    state &= 0xFFFFFFFF
    state = (state ^ state >> 15) * prime2 & 0xFFFFFFFF
    state = (state ^ state >> 13) * prime3 & 0xFFFFFFFF
    return state ^ state >> 16


def _rotated(number: int, bits: int) -> int:
    number &= 0xFFFFFFFF
    return (number << bits | number >> (32 - bits)) & 0xFFFFFFFF
