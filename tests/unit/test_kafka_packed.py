"""Reading what brokers and producers have packed, in every message format."""

import gzip
import json
import struct
import zlib
from base64 import b64decode
from pathlib import Path
from unittest.mock import patch

import cramjam
import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import StageError
from msk_toolkit.kafka import batches, current_format
from msk_toolkit.kafka.codecs import DamagedError
from msk_toolkit.kafka.records import Fetched, fetch, first_records, read_from
from msk_toolkit.stage import Stage

from tests.fakes.clock_fake import FakeClock
from tests.fakes.kafka_batches import (
    GZIP,
    LZ4,
    NONE,
    SNAPPY,
    ZSTD,
    batch,
    control_batch,
    fetched,
    packed_with,
    versions,
)
from tests.fakes.kafka_broker_fake import replies, talking_to

pytestmark = pytest.mark.enable_socket

# Made by MemoryRecords.withRecords of kafka-clients 2.8.2, the last that writes the old formats of all codecs.
FROM_JAVA: dict[str, str] = json.loads(
    (Path(__file__).parents[1] / "data" / "record-batches.kafka-2.8.2.json").read_text(encoding="utf-8")
)
OUT_OF_RANGE = 1
MAGIC_AT, OLD_ATTRIBUTES_AT = 16, 17


def read(data: bytes, start: int = 0) -> Fetched:
    # As in the layer, where kafka-python has no library for them.
    without = patch.multiple("kafka.codec", snappy=None, lz4=None, zstd=None)
    with without, talking_to(replies(versions, fetched({0: data}))) as (connection, deadline):
        return read_from(connection, "orders", {0: start}, deadline=deadline)[0]


def failure(data: bytes) -> StageError:
    with pytest.raises(StageError) as caught:
        read(data)
    return caught.value


def record(place: int = 0, headers: bytes = b"\x00", rest: bytes = b"") -> bytes:
    """A record of format 2 without a key: where it is in its batch, its headers as they are packed, and more bytes."""
    body = bytes([0, 0, 2 * place, 1, 2]) + b"v" + headers + rest
    return bytes([2 * len(body)]) + body


def with_checksum(message: bytes) -> bytes:
    """An old message whose bytes were changed, as its writer would have sent it."""
    return message[:12] + struct.pack(">I", zlib.crc32(message[16:])) + message[16:]


@pytest.mark.parametrize("codec", [NONE, GZIP, SNAPPY, LZ4, ZSTD])
def test_records_are_read_whichever_codec_packed_them(codec: int) -> None:
    values = [b"a", None, b"c" * 5000]
    answer = read(batch(values, codec, offset=7) + batch([b"d"], codec, offset=12), start=8)
    assert [(each.offset, each.timestamp, each.value) for each in answer.records] == [
        (8, 1001, None),
        (9, 1002, b"c" * 5000),
        (12, 1000, b"d"),
    ]
    assert answer.next_offset == 13


@pytest.mark.parametrize("form", FROM_JAVA)
def test_batches_that_kafkas_java_library_packs_are_read(form: str) -> None:
    """Three records from offset 40 on: "a", none, 300 times "c"."""
    answer = read(b64decode(FROM_JAVA[form]), start=41)
    assert [(each.offset, each.key, each.value, each.headers) for each in answer.records] == [
        (41, b"k", None, ()),
        (42, b"k", b"c" * 300, ()),
    ]
    assert answer.next_offset == 43
    times = [(each.timestamp, each.timestamp_type) for each in answer.records]
    assert times == ([(-1, -1), (-1, -1)] if form.startswith("0") else [(1001, 0), (1002, 0)])


@pytest.mark.parametrize("form", FROM_JAVA)
def test_the_checksums_of_kafkas_java_library_fit(form: str) -> None:
    data = b64decode(FROM_JAVA[form])
    answer = batches.read_records(data, 40, batches.Budget(), Deadline(60), with_checksums=True)
    assert len(answer.records) == 3
    altered = data[:-20] + bytes([data[-20] ^ 1]) + data[-19:]
    with pytest.raises(DamagedError):
        batches.read_records(altered, 40, batches.Budget(), Deadline(60), with_checksums=True)


def test_the_look_at_a_checksum_ends_with_its_deadline() -> None:
    clock = FakeClock()
    late = Deadline(1, clock)
    clock.advance(2)
    with pytest.raises(TimeoutError):
        batches.read_records(batch([b"a"]), 0, batches.Budget(), late, with_checksums=True)


def test_a_wrapper_that_the_broker_has_stamped_gives_its_time_to_all_of_its_records() -> None:
    data = bytearray(batch([b"a", b"b"], GZIP, magic=1, offset=5))
    data[OLD_ATTRIBUTES_AT] |= 0b1000
    struct.pack_into(">q", data, OLD_ATTRIBUTES_AT + 1, 77_000)
    answer = read(with_checksum(bytes(data)), start=5)
    assert [(each.offset, each.timestamp, each.timestamp_type) for each in answer.records] == [
        (5, 77_000, 1),
        (6, 77_000, 1),
    ]


def test_a_transactions_marker_is_no_record_and_is_not_read_again() -> None:
    answer = read(batch([b"a"], offset=3) + control_batch(4), start=3)
    assert [each.offset for each in answer.records] == [3]
    assert answer.next_offset == 5
    assert read(control_batch(4), start=4) == Fetched([], 5)


def test_what_is_cut_short_at_the_end_of_an_answer_is_read_with_the_next_one() -> None:
    whole = batch([b"a"], offset=3)
    assert read(whole + batch([b"b"], offset=4)[:-1], start=3).next_offset == 4
    assert read(whole[:-1], start=3) == Fetched([], 3)


def test_an_offset_that_the_partition_does_not_reach_to_is_told_apart_from_an_empty_answer() -> None:
    with talking_to(replies(versions, fetched({0: b""}, error_code=OUT_OF_RANGE))) as (connection, deadline):
        answer = read_from(connection, "orders", {0: 5}, deadline=deadline)
    assert answer == {0: Fetched([], 5, out_of_range=True)}
    assert read(b"", start=5) == Fetched([], 5)


def test_the_first_records_time_is_told_of_old_formats_too() -> None:
    answer = fetched({0: batch([b"a", b"b"], GZIP, magic=1, offset=5), 1: batch([b"a"], magic=0)})
    with talking_to(replies(versions, answer)) as (connection, deadline):
        first = first_records(connection, "orders", {0: (6, 7), 1: (0, 1)}, Stage.LAG, deadline)
    assert {partition: (each.holds_record, each.timestamp) for partition, each in first.items()} == {
        0: (True, 1001),
        1: (True, None),
    }


# Whose length leads back to its own beginning.
ENDLESS = gzip.compress(struct.pack(">qi", 0, -12) + bytes(30))
DAMAGED = {
    "offsets that go back": batch([b"a"], offset=3) + batch([b"b"], offset=2),
    "an offset outside of its batch": packed_with(NONE, record(place=9), 1),
    "a record that is longer than its batch": packed_with(NONE, record()[:-1], 1),
    "a record that is shorter than it says": packed_with(NONE, record(rest=b"\x00"), 1),
    "other bytes behind the records": packed_with(NONE, record() + b"\x00", 1),
    "fewer than no headers": packed_with(NONE, record(headers=b"\x01"), 1),
    "a header without a name": packed_with(NONE, record(headers=b"\x02\x01\x01"), 1),
    "a header's name that is no text": packed_with(NONE, record(headers=b"\x02\x02\xff\x01"), 1),
    "a number without an end": packed_with(NONE, b"\xff" * 11, 1),
    "packed data": packed_with(ZSTD, b"\x28\xb5\x2f\xfd" + b"\x00" * 20, 1),
    "fewer records than it says": packed_with(SNAPPY, bytes(cramjam.snappy.compress_raw(b"\x02\x00")), 9),
    "an unknown codec": packed_with(6, b"abc", 1),
    "a length below zero": struct.pack(">qi", 0, -12) + bytes(60),
    "an unknown format": batch([b"a"])[:MAGIC_AT] + b"\x09" + batch([b"a"])[MAGIC_AT + 1 :],
    "an old message's checksum": batch([b"a"], magic=1)[:-1] + b"b",
    "a packed old message without a value": with_checksum(
        struct.pack(">qiibbqii", 0, 22, 0, 1, 1, 0, -1, -1),
    ),
    "a packed old message that ends nowhere": with_checksum(
        struct.pack(">qiibbqii", 0, 22 + len(ENDLESS), 0, 1, 1, 0, -1, len(ENDLESS)) + ENDLESS
    ),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_batch_is_the_stages_failure_under_its_own_cause(kind: str) -> None:
    error = failure(DAMAGED[kind])
    assert (error.stage, error.cause) == ("fetch", "records-damaged")
    assert "orders-0" in error.detail


def test_a_batch_that_unpacks_to_too_much_is_the_stages_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "UNPACKED_BYTES", 1 << 20)
    error = failure(batch([bytes(2 << 20)], ZSTD))
    assert (error.stage, error.cause) == ("fetch", "records-too-large")
    assert error.detail == "can't read the records of orders-0: a batch packed with zstd holds more than 1 MB"


def test_a_record_with_more_headers_than_are_accepted_is_the_stages_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    two_headers = packed_with(NONE, record(headers=b"\x04\x02h\x01\x02h\x021"), 1)
    assert read(two_headers).records[0].headers == (("h", None), ("h", b"1"))
    monkeypatch.setattr(current_format, "MOST_HEADERS", 1)
    error = failure(two_headers)
    assert (error.stage, error.cause) == ("fetch", "records-too-large")
    assert error.detail == "can't read the records of orders-0: a record has 2 headers; at most 1 are accepted"


def test_headers_count_for_what_one_answer_may_become(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "_MOST_BYTES", 100)
    header = b"\x02\x02h\x01"
    answer = read(packed_with(NONE, record(headers=header) + record(place=1, headers=header), 2))
    assert ([record.offset for record in answer.records], answer.next_offset) == ([0], 1)


def test_a_batch_of_very_many_records_is_read_in_several_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "_MOST_RECORDS", 4)
    answer = fetched({0: batch([b"v"] * 10, ZSTD), 1: batch([b"w"])})
    with talking_to(replies(versions, answer, answer)) as (connection, deadline):
        first = read_from(connection, "orders", {0: 0, 1: 0}, deadline=deadline)
        assert ([each.offset for each in first[0].records], first[0].next_offset) == ([0, 1, 2, 3], 4)
        assert first[1] == Fetched([], 0), "left for the next answer, not passed over"
        second = fetch(connection, "orders", {0: 4, 1: 0}, deadline=deadline)
        assert [each.offset for each in second[0]] == [4, 5, 6, 7]
