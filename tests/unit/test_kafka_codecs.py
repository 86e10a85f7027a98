"""Unpacking: what each producer writes is read, and a few bytes never become more than is allowed."""

import gzip
import struct
import subprocess
import sys
from collections.abc import Callable

import cramjam
import lz4.frame
import pytest
import zstandard
from kafka.codec import snappy_encode
from msk_toolkit.kafka import codecs
from msk_toolkit.kafka.codecs import DamagedError, TooLargeError, unpack

GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4
TEXT = b"".join(b"%d, and so on; " % number for number in range(20_000))


def zstd_stream(data: bytes) -> bytes:
    """Without the size of its content in its head, as Java's stream writes it."""
    packer = zstandard.ZstdCompressor().compressobj()
    return bytes(packer.compress(data) + packer.flush())


FORMS: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
    "gzip": (GZIP, gzip.compress),
    "gzip in two members": (GZIP, lambda data: gzip.compress(data[:100]) + gzip.compress(data[100:])),
    "snappy as librdkafka writes it": (SNAPPY, lambda data: bytes(cramjam.snappy.compress_raw(data))),
    "snappy as Java writes it": (SNAPPY, snappy_encode),
    "lz4, independent blocks": (LZ4, lambda data: lz4.frame.compress(data, block_linked=False)),
    "lz4, linked blocks": (LZ4, lambda data: lz4.frame.compress(data, block_linked=True)),
    "lz4 with checksums, its size left out": (
        LZ4,
        lambda data: lz4.frame.compress(data, store_size=False, content_checksum=True, block_checksum=True),
    ),
    "lz4 in blocks of 64 KB": (LZ4, lambda data: lz4.frame.compress(data, block_size=lz4.frame.BLOCKSIZE_MAX64KB)),
    "zstd": (ZSTD, lambda data: zstandard.ZstdCompressor().compress(data)),
    "zstd as a stream": (ZSTD, zstd_stream),
    "zstd in two frames": (ZSTD, lambda data: zstd_stream(data[:100]) + zstd_stream(data[100:])),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_that_producers_write_is_unpacked(form: str) -> None:
    codec, pack = FORMS[form]
    assert unpack(codec, pack(TEXT), len(TEXT)) == TEXT
    assert unpack(codec, pack(b"a"), 1) == b"a"


@pytest.mark.parametrize("form", FORMS)
def test_more_than_is_allowed_is_told_as_that(form: str) -> None:
    codec, pack = FORMS[form]
    with pytest.raises(TooLargeError, match="more than 0 MB"):
        unpack(codec, pack(TEXT), len(TEXT) - 1)


@pytest.mark.parametrize("form", FORMS)
def test_what_is_cut_short_or_altered_is_damaged(form: str) -> None:
    codec, pack = FORMS[form]
    packed = pack(TEXT)
    for damaged in (packed[:-5], packed[: len(packed) // 2], packed[:3], b"\xff" * 40):
        with pytest.raises(DamagedError):
            unpack(codec, damaged, len(TEXT))


@pytest.mark.parametrize("size", [-1, 0, 2**31 - 1])
def test_a_snappy_block_with_an_impossible_size_is_damaged(size: int) -> None:
    packed = snappy_encode(TEXT)[:16] + struct.pack(">i", size) + b"abc"
    with pytest.raises(DamagedError):
        unpack(SNAPPY, packed, len(TEXT))


def test_a_gzip_stream_of_more_members_than_are_accepted_is_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codecs, "MOST_MEMBERS", 2)
    member = gzip.compress(b"a")
    assert unpack(GZIP, member * 2, 10) == b"aa"
    with pytest.raises(DamagedError):
        unpack(GZIP, member * 3, 10)


def test_a_codec_that_kafka_does_not_have_is_damage() -> None:
    with pytest.raises(DamagedError, match="codec 7"):
        unpack(7, b"abc", 10)


# A quarter of a gigabyte; prints by how many MB the process grew while it was refused.
GROWTH = """
import resource, sys
from msk_toolkit.kafka.codecs import TooLargeError, unpack
unpack(int(sys.argv[1]), sys.stdin.buffer.read(int(sys.argv[2])), 1 << 20)
packed = sys.stdin.buffer.read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    unpack(int(sys.argv[1]), packed, 8 << 20)
except TooLargeError:
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.parametrize("form", ["gzip", "snappy as Java writes it", "lz4, linked blocks", "zstd as a stream"])
def test_a_small_packed_batch_takes_no_more_memory_than_the_limit(form: str) -> None:
    codec, pack = FORMS[form]
    small, large = pack(b"a" * 1000), pack(bytes(256 << 20))
    done = subprocess.run(
        [sys.executable, "-c", GROWTH, str(codec), str(len(small))],
        input=small + large,
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert int(done.stdout) < 64, "of 256 MB"


def test_the_library_is_loaded_with_the_first_packed_batch_and_not_before() -> None:
    code = (
        "import sys, msk_toolkit.kafka.records, msk_toolkit.probe.producer; "
        "print(sorted({'cramjam', 'lz4', 'snappy', 'zstandard'} & sys.modules.keys()))"
    )
    # Where kafka-python finds the libraries of its own extras it loads them; the layer has none of these.
    hidden = "import sys; sys.modules.update(dict.fromkeys(('lz4.frame', 'snappy', 'zstandard'))); "
    done = subprocess.run([sys.executable, "-c", hidden + code], capture_output=True, text=True, check=True, timeout=60)
    assert "cramjam" not in done.stdout
