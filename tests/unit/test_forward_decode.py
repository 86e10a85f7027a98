"""Decoding: nothing lost, nothing altered, no surprise."""

import copy
import json
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msk_toolkit.forward.dead_letters import RecordRefusal, letter, letter_name
from msk_toolkit.forward.decode import MalformedEventError, SourceRecord, decode, time_of
from msk_toolkit.forward.envelope import Documents, document
from msk_toolkit.forward.event import EventRecord
from msk_toolkit.forward.record_ids import RecordIds

from tests.fakes.kafka_events import CLUSTER, event, record

SAMPLE = json.loads((Path(__file__).parents[2] / "events" / "forwarder.json").read_text())


def only(raw: Any) -> SourceRecord:
    (found,) = decode({**event([]), "records": {"orders-0": [raw]}}).partitions["orders-0"]
    return found


def envelope(raw: Any) -> dict[str, Any]:
    found = document(only(raw), RecordIds(CLUSTER), "envelope")
    assert not found.fault
    return dict(json.loads(found.body))


def test_the_sample_event_is_decoded() -> None:
    batch = decode(SAMPLE)
    assert batch.cluster == CLUSTER
    assert batch.size == 6
    documents = [
        json.loads(document(one, batch.ids, "envelope").body)
        for records in batch.partitions.values()
        for one in records
    ]
    assert [(one["valueEncoding"], one["keyEncoding"]) for one in documents] == [
        ("json", "text"),
        ("absent", "text"),
        ("null", "text"),
        ("text", "absent"),
        ("base64", "null"),
        ("text", "text"),
    ]
    assert documents[0]["headers"] == [
        {"name": "trace-id", "encoding": "text", "value": "5f1c"},
        {"name": "note", "encoding": "text", "value": "größer"},
        {"name": "note", "encoding": "text", "value": "second"},
        {"name": "Note", "encoding": "base64", "value": "//4A"},
    ]
    assert documents[0]["id"] == f"{CLUSTER}/sensor-readings/0/4711"
    assert documents[5]["key"] == ""
    assert documents[5]["value"] == ""


def test_records_come_in_offset_order() -> None:
    batch = decode(event([record(3), record(1), record(2)]))
    assert [one.offset for one in batch.partitions["orders-0"]] == [1, 2, 3]


def test_topics_keep_their_dashes_and_dots() -> None:
    batch = decode(event([record(1, topic="a-b.c-0", partition=12)]))
    (found,) = batch.partitions["a-b.c-0-12"]
    assert found.content is not None
    assert (found.content.topic, found.content.partition) == ("a-b.c-0", 12)


@pytest.mark.parametrize("topic", ["", "a/b", "../x", "a\n", "ä", "a" * 250])
def test_a_record_of_no_possible_topic_is_marked_and_its_neighbours_are_not(topic: str) -> None:
    raws = [record(1), {**record(2), "topic": topic}, record(3)]
    found = decode({**event([]), "records": {"orders-0": raws}}).partitions["orders-0"]
    assert [(one.offset, one.content is None) for one in found] == [(1, False), (2, True), (3, False)]
    assert "topic" in found[1].fault


def test_a_self_managed_cluster_is_known_by_its_first_broker() -> None:
    source = {"eventSource": "SelfManagedKafka", "bootstrapServers": "b:9092, a:9092", "records": {}}
    assert decode(source).cluster == "a:9092"


@pytest.mark.parametrize(
    "value", [b"1.10", b"12345678901234567890123", b'{"b":1,"a":2,"a":3}', b"-0", b"1e999", b'"\\u00e9"', b"null"]
)
def test_json_is_passed_on_byte_for_byte(value: bytes) -> None:
    body = document(only(record(1, value)), RecordIds(CLUSTER), "envelope").body
    assert b'"valueEncoding":"json","value":' + value + b"}" in body


@pytest.mark.parametrize(
    "value", [b"NaN", b"01", b"{'a': 1}", b'"a\nb"', b"[1,]", b"{} {}", b"[" * 100_000, b"\xef\xbb\xbf{}"]
)
def test_what_is_nearly_json_is_text(value: bytes) -> None:
    found = envelope(record(1, value))
    assert found["valueEncoding"] == "text"
    assert found["value"].encode() == value


@pytest.mark.parametrize("value", [b"\xff\xfe", b'"\xff"', b'{"a":"\xed\xa0\x80"}', b"\x00\xff"])
def test_what_is_no_utf_8_is_base64(value: bytes) -> None:
    found = envelope(record(1, value))
    assert found["valueEncoding"] == "base64"
    assert b64decode(found["value"]) == value


def test_a_key_is_never_a_number() -> None:
    assert envelope(record(1, key=b"007"))["key"] == "007"
    assert envelope(record(1, key=b"7"))["key"] == "7"


def test_schema_metadata_travels_only_where_it_is() -> None:
    metadata = {"dataFormat": "AVRO", "schemaId": "1"}
    assert envelope(record(1) | {"valueSchemaMetadata": metadata})["valueSchemaMetadata"] == metadata
    assert "valueSchemaMetadata" not in envelope(record(1))


def test_the_value_form_sends_the_value_alone() -> None:
    def value(raw: dict[str, Any]) -> tuple[bytes, bool]:
        found = document(only(raw), RecordIds(CLUSTER), "value")
        return found.body, bool(found.fault)

    assert value(record(1, b' {"a": 1.0}')) == (b'{"a": 1.0}', False)
    assert value(record(1, b"text")) == (b'"text"', False)
    assert value(record(1) | {"value": None}) == (b"null", False)
    assert value(record(1, b"\xff")) == (b"", True)


@pytest.mark.parametrize(
    "change",
    [{"value": "no base64!"}, {"value": 5}, {"offset": "1"}, {"offset": -1}, {"topic": "a b"}, {"topic": None},
     {"headers": [{"a": [300]}]}, {"headers": [{"a": "b"}]}, {"headers": "x"}, {"timestamp": "now"},
     {"partition": 1.5}],
)  # fmt: skip
def test_a_record_that_cannot_be_decoded_stays_in_its_place(change: dict[str, Any]) -> None:
    broken = record(2) | change
    batch = decode({**event([]), "records": {"orders-0": [record(1), broken, record(3)]}})
    (marked,) = [one for one in batch.partitions["orders-0"] if one.content is None]
    assert marked.raw is broken
    assert marked.fault
    assert batch.size == 3


@pytest.mark.parametrize("raw", [None, 5, "text", [], {}])
def test_a_record_of_no_shape_is_kept_as_it_is(raw: Any) -> None:
    assert only(raw).content is None
    assert only(raw).raw == raw


@pytest.mark.parametrize(
    "bad", [None, [], {}, {"records": {}}, {"eventSource": "aws:kinesis", "records": {}}, {"eventSource": "aws:kafka"},
            {"eventSource": "aws:kafka", "records": []}, {"eventSource": "aws:kafka", "records": {"a-0": {}}}],
)  # fmt: skip
def test_another_event_is_one_clear_error(bad: Any) -> None:
    with pytest.raises(MalformedEventError, match="not one of a Kafka event source mapping"):
        decode(bad)


TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
BYTES = st.binary(max_size=40) | TEXTS.map(str.encode)
SIGNED = st.binary(max_size=20).map(lambda raw: [octet - 256 if octet > 127 else octet for octet in raw])
RECORDS = st.fixed_dictionaries(
    {
        "topic": st.sampled_from(["orders", "a-b.c", "x_1-2"]),
        "partition": st.integers(0, 3),
        "offset": st.integers(0, 2**63 - 1),
        "timestamp": st.integers(-1, 2**53),
        "timestampType": st.sampled_from(["CREATE_TIME", "LOG_APPEND_TIME", "NO_TIMESTAMP_TYPE"]),
        "headers": st.lists(st.dictionaries(TEXTS, SIGNED, max_size=2), max_size=4),
    },
    optional={
        "key": st.none() | BYTES.map(lambda raw: b64encode(raw).decode()),
        "value": st.none() | BYTES.map(lambda raw: b64encode(raw).decode()),
    },
)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def read(encoding: str, value: Any, raw: dict[str, Any], name: str) -> None:
    """Check that the bytes of the record can be had back from the envelope."""
    if encoding == "absent":
        assert name not in raw
    elif encoding == "null":
        assert raw[name] is None
    elif encoding == "base64":
        assert value == raw[name]
    elif encoding == "text":
        assert value.encode() == b64decode(raw[name])
    else:
        assert value == b64decode(raw[name]).strip(b" \t\r\n")


@given(RECORDS)
def test_every_record_can_be_had_back_from_its_envelope(raw: dict[str, Any]) -> None:
    body = document(only(raw), RecordIds(CLUSTER), "envelope").body
    found = json.loads(body)
    value = found["value"]
    if found["valueEncoding"] == "json":
        value = bytes(msgspec.json.decode(body, type=dict[str, msgspec.Raw])["value"]).strip(b" \t\r\n")
    read(found["valueEncoding"], value, raw, "value")
    read(found["keyEncoding"], found["key"], raw, "key")
    headers = [(name, bytes(b & 0xFF for b in octets)) for header in raw["headers"] for name, octets in header.items()]
    assert headers == [
        (one["name"], b64decode(one["value"]) if one["encoding"] == "base64" else one["value"].encode())
        for one in found["headers"]
    ]
    assert [found[name] for name in ("topic", "partition", "offset", "timestamp", "timestampType")] == [
        raw[name] for name in ("topic", "partition", "offset", "timestamp", "timestampType")
    ]


@given(st.lists(RECORDS, min_size=1, max_size=5), st.data())
def test_documents_made_together_are_those_made_one_by_one(raws: list[dict[str, Any]], data: st.DataObject) -> None:
    payload: Any = data.draw(st.sampled_from(["envelope", "value"]))
    ids = RecordIds(CLUSTER, data.draw(st.sampled_from(["position", "content"])))
    together = Documents(ids, payload)
    for raw in raws:
        one = only(raw)
        assert together.make(one) == document(one, ids, payload)


@given(st.lists(RECORDS, max_size=5), st.data())
def test_a_mutated_event_is_decoded_marked_or_refused_as_a_whole(
    raws: list[dict[str, Any]], data: st.DataObject
) -> None:
    mutated = copy.deepcopy(event(raws))
    for records in mutated["records"].values():
        for index in range(len(records)):
            if data.draw(st.booleans()):
                if data.draw(st.booleans()):
                    records[index] = data.draw(JUNK)
                else:
                    records[index][data.draw(st.sampled_from(sorted(records[index])))] = data.draw(JUNK)
    batch = decode(mutated)
    assert batch.size == sum(map(len, mutated["records"].values()))
    refusal = RecordRefusal(reason="unsendable", detail="", target="")
    for place, records in batch.partitions.items():
        assert {id(one.raw) for one in records} == {id(raw) for raw in mutated["records"][place]}
        for one in records:
            # Each record becomes a document, or a letter from which it can be had back.
            made = document(one, batch.ids, "envelope")
            if made.fault:
                kept = json.loads(letter(one, batch, refusal, 0.0))["event"]["records"][place]
                assert kept == [one.raw]
                assert letter_name(one, batch.cluster).startswith("dead-letters/demo/")
            else:
                assert isinstance(one.content, EventRecord)


@pytest.mark.parametrize(("timestamp", "time"), [(99_999_999_999, None), (100_000_000_000, 100_000_000_000)])
def test_a_time_in_seconds_is_not_taken_for_one_in_milliseconds(timestamp: int, time: int | None) -> None:
    (decoded,) = decode(event([record(0) | {"timestamp": timestamp}])).partitions["orders-0"]
    assert time_of(decoded) == time
