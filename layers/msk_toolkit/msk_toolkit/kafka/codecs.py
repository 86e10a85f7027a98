"""Unpacking what a batch of records is packed with, never into more memory than its caller allows.

A few packed bytes can stand for gigabytes, so no library call may choose the size of its output. The library for
snappy, lz4 and zstd is loaded when the first such batch comes: most functions never see one.
"""

import mmap
import struct
import zlib

GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4
_NAMES = {GZIP: "gzip", SNAPPY: "snappy", LZ4: "lz4", ZSTD: "zstd"}
# What Java's snappy library writes before its blocks; its two version numbers follow, in either byte order.
_XERIAL = b"\x82SNAPPY\x00"
_XERIAL_HEADER = 16
# What Rust says when more is written to a buffer than it holds; the library has no error of its own for it.
_NO_ROOM = "failed to write whole buffer"
# Of a gzip stream. Producers write one; what is behind each is copied, which many tiny ones would make quadratic.
MOST_MEMBERS = 100
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


class UnreadableError(Exception):
    """Records that can't be read; its text holds nothing of them."""


class DamagedError(UnreadableError):
    """The bytes are not what they say they are."""


class TooLargeError(UnreadableError):
    """Unpacking would take more memory than is allowed."""


def unpack(codec: int, packed: bytes, limit: int) -> bytes:
    """The bytes that ``packed`` stands for, ``limit`` of them at most.

    Args:
        codec: Kafka's number, 1 to 4 (Kafka protocol guide, record batch attributes).

    Raises:
        DamagedError: not packed with that codec, cut short, or the codec is unknown.
        TooLargeError: there are more than ``limit``.
    """
    match codec:
        case 1:
            return _unpack_gzip(packed, limit)
        case 2:
            return _unpack_snappy(packed, limit)
        case 3 | 4:
            return _unpack_frame(codec, packed, limit)
    raise DamagedError(f"the batch names codec {codec}, which Kafka does not have")


def _unpack_gzip(packed: bytes, limit: int) -> bytes:
    unpacked = bytearray()
    members = 0
    while packed:
        members += 1
        if members > MOST_MEMBERS:
            raise _damaged(GZIP)
        stream = zlib.decompressobj(_GZIP_WINDOW)
        try:
            # One more than may be: that is how too much shows.
            unpacked += stream.decompress(packed, limit + 1 - len(unpacked))
        except zlib.error:
            raise _damaged(GZIP) from None
        if len(unpacked) > limit:
            raise _too_large(GZIP, limit)
        if not stream.eof:
            raise _damaged(GZIP)
        packed = stream.unused_data
    return bytes(unpacked)


def _unpack_snappy(packed: bytes, limit: int) -> bytes:
    """Blocks behind a header, as Java's library writes them, or one block alone, as librdkafka does."""
    if not packed.startswith(_XERIAL):
        return _unpack_snappy_block(packed, limit)
    blocks: list[bytes] = []
    room, at = limit, _XERIAL_HEADER
    while at < len(packed):
        block = _snappy_block(packed, at)
        blocks.append(_unpack_snappy_block(block, room))
        room -= len(blocks[-1])
        at += 4 + len(block)
    return b"".join(blocks)


def _snappy_block(packed: bytes, at: int) -> bytes:
    """The block behind its size, which is at ``at``."""
    if at + 4 > len(packed):
        raise _damaged(SNAPPY)
    (size,) = struct.unpack_from(">i", packed, at)
    block = packed[at + 4 : at + 4 + max(size, 0)]
    if not block or len(block) != size:
        raise _damaged(SNAPPY)
    return block


def _unpack_snappy_block(packed: bytes, limit: int) -> bytes:
    import cramjam

    try:
        # A block begins with the size of its content.
        if cramjam.snappy.decompress_raw_len(packed) > limit:
            raise _too_large(SNAPPY, limit)
        return bytes(cramjam.snappy.decompress_raw(packed))
    except cramjam.DecompressionError:
        raise _damaged(SNAPPY) from None


def _unpack_frame(codec: int, packed: bytes, limit: int) -> bytes:
    import cramjam

    into = cramjam.zstd.decompress_into
    if codec == LZ4:
        into = cramjam.lz4.decompress_into
    # Of this memory only what is written to is taken from the machine.
    with mmap.mmap(-1, limit + 1) as room:
        try:
            size = into(packed, room)
        except cramjam.DecompressionError as error:
            if _NO_ROOM in str(error):
                raise _too_large(codec, limit) from None
            raise _damaged(codec) from None
        if size > limit:
            raise _too_large(codec, limit)
        return room[:size]


def _damaged(codec: int) -> DamagedError:
    return DamagedError(f"the batch says that it is packed with {_NAMES[codec]}, and can't be unpacked")


def _too_large(codec: int, limit: int) -> TooLargeError:
    return TooLargeError(f"a batch packed with {_NAMES[codec]} holds more than {limit >> 20} MB")
