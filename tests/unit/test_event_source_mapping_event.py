"""The event that is made of records."""

import base64
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.event_source_mapping.event import (
    Partition,
    Record,
    Source,
    Tombstones,
    batch_info,
    encoded_size,
    event_of,
)

SOURCE = Source("arn:cluster", "b-1:9096,b-2:9096")
ORDERS = Partition("orders", 0)

records = st.builds(
    Record,
    partition=st.builds(Partition, st.text(max_size=40), st.integers(0, 9999)),
    offset=st.integers(0, 2**63 - 1),
    timestamp=st.integers(-1, 2**53),
    value=st.none() | st.binary(),
    key=st.none() | st.binary(),
    headers=st.lists(st.tuples(st.text(), st.none() | st.binary())).map(tuple),
)


def entry(record: Record, tombstones: Tombstones = Tombstones.ABSENT) -> dict[str, Any]:
    event = event_of(Source(SOURCE.arn, SOURCE.bootstrap_servers, tombstones), [record])
    (only,) = event["records"][str(record.partition)]
    return dict(only)


def test_has_the_documented_shape() -> None:
    record = Record(ORDERS, 15, 1_545_084_650_987, b"Hello", key=b"k", headers=(("trace", b"\x00\x7f\x80\xff"),))
    assert event_of(SOURCE, [record]) == {
        "eventSource": "aws:kafka",
        "eventSourceArn": "arn:cluster",
        "bootstrapServers": "b-1:9096,b-2:9096",
        "records": {
            "orders-0": [
                {
                    "topic": "orders",
                    "partition": 0,
                    "offset": 15,
                    "timestamp": 1_545_084_650_987,
                    "timestampType": "CREATE_TIME",
                    "key": "aw==",
                    "value": "SGVsbG8=",
                    "headers": [{"trace": [0, 127, -128, -1]}],
                }
            ]
        },
    }


def test_keeps_repeated_headers_in_their_order() -> None:
    record = Record(ORDERS, 1, 0, b"", headers=(("a", b"1"), ("A", b"2"), ("a", b"3")))
    assert entry(record)["headers"] == [{"a": [49]}, {"A": [50]}, {"a": [51]}]


@pytest.mark.parametrize(("tombstones", "expected"), [(Tombstones.ABSENT, {}), (Tombstones.NULL, {"value": None})])
def test_a_tombstone_is_absent_or_null(tombstones: Tombstones, expected: dict[str, None]) -> None:
    made = entry(Record(ORDERS, 1, 0, None), tombstones)
    assert {name: made[name] for name in made if name == "value"} == expected


def test_empty_is_not_a_tombstone() -> None:
    assert entry(Record(ORDERS, 1, 0, b""))["value"] == ""


def test_groups_by_partition_and_keeps_each_order() -> None:
    other = Partition("orders", 1)
    event = event_of(SOURCE, [Record(at, offset, 0, b"") for offset in (7, 8) for at in (ORDERS, other)])
    offsets = {name: [item["offset"] for item in items] for name, items in event["records"].items()}
    assert offsets == {"orders-0": [7, 8], "orders-1": [7, 8]}


@given(records)
def test_no_byte_of_a_record_is_lost(record: Record) -> None:
    made = msgspec.json.decode(msgspec.json.encode(entry(record)))
    assert "value" not in made if record.value is None else base64.b64decode(made["value"]) == record.value
    assert "key" not in made if record.key is None else base64.b64decode(made["key"]) == record.key
    read = [
        (name, None if value is None else bytes(number & 0xFF for number in value))
        for header in made["headers"]
        for name, value in header.items()
    ]
    assert read == list(record.headers)


@given(records)
def test_the_size_is_never_underestimated(record: Record) -> None:
    assert len(msgspec.json.encode(entry(record))) <= encoded_size(record)


def test_batch_info_tells_the_first_and_last_record_of_each_partition() -> None:
    info = batch_info(SOURCE, [Record(ORDERS, offset, offset * 1000, b"") for offset in (5, 6, 9)], 123)
    assert info == {
        "batchSize": 3,
        "eventSourceArn": "arn:cluster",
        "bootstrapServers": "b-1:9096,b-2:9096",
        "payloadSize": 123,
        "recordInfo": {
            "orders-0": {
                "firstRecordOffset": "5",
                "firstRecordTimestamp": "1970-01-01T00:00:05.000Z",
                "lastRecordOffset": "9",
                "lastRecordTimestamp": "1970-01-01T00:00:09.000Z",
            }
        },
    }
