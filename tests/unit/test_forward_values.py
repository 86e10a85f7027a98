"""Values and times that readers disagree on: what is sent of them, and that they disturb nothing else."""

import json
from typing import Any

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.forward.batch_response import DeliveryIncompleteError, batch_response
from msk_toolkit.forward.decode import decode
from msk_toolkit.forward.envelope import document
from msk_toolkit.forward.record_ids import RecordIds
from msk_toolkit.forward.rows import row_document

from tests.fakes.forwarder_harness import ForwarderHarness
from tests.fakes.kafka_events import CLUSTER, event, record
from tests.fakes.vantiq_fake import answer


def sent(value: bytes, payload: Any = "envelope") -> bytes:
    (made,) = decode(event([record(0, value)])).partitions["orders-0"]
    return document(made, RecordIds(CLUSTER), payload).body


@pytest.mark.parametrize("number", [b"1e999", b"-1e999", b"[1E+400]", b'{"a":1e-999}', b"1" * 400, b"0.1" + b"9" * 400])
def test_a_number_travels_as_it_was_written_whatever_a_reader_makes_of_it(number: bytes) -> None:
    assert sent(number).endswith(b'"valueEncoding":"json","value":' + number + b"}")
    assert sent(number, "value") == number


def nested(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


@pytest.mark.parametrize("levels", [1, 500, 990])
@pytest.mark.parametrize("text", [b"", b'"[[[[{{{{", '])
def test_json_that_every_reader_takes_travels_as_json(levels: int, text: bytes) -> None:
    value = b"[" + text + nested(levels - 1) + b"]" if text and levels > 1 else nested(levels)
    assert b'"valueEncoding":"json"' in sent(value)


@pytest.mark.parametrize(
    "value",
    [
        nested(991),
        b'{"a":' * 991 + b"1" + b"}" * 991,
        b"[" + b"[]," * 600 + nested(990) + b"]",
        nested(1001),
        nested(50_000),
    ],
)
def test_json_nested_more_deeply_travels_as_the_text_that_it_is(value: bytes) -> None:
    found = json.loads(sent(value))
    assert (found["valueEncoding"], found["value"].encode()) == ("text", value)
    assert json.loads(sent(value, "value")).encode() == value


def test_many_brackets_that_are_not_nested_or_stand_in_text_are_json() -> None:
    for value in (b"[" + b",".join([b"[{}]"] * 3000) + b"]", b'["' + b'[\\"{' * 3000 + b'"]'):
        assert b'"valueEncoding":"json"' in sent(value)


def with_surrogate(field: str) -> dict[str, Any]:
    raw: dict[str, Any] = json.loads(json.dumps(record(1) | {field: "PLACE"}).replace("PLACE", "\\ud800"))
    return raw


@pytest.mark.parametrize("field", ["value", "key", "timestampType"])
def test_a_lone_surrogate_in_a_record_is_that_records_fault_alone(field: str) -> None:
    odd, harness = with_surrogate(field), ForwarderHarness()
    outcome = harness.forward(record(0), odd, record(2), record(0, partition=1))
    assert batch_response(outcome, "on-demand") == {"batchItemFailures": []}
    assert [harness.vantiq.offsets(p) for p in range(2)] == [[0, 2], [0]]
    (kept,) = harness.letters.letters.values()
    assert kept["refusal"]["reason"] == "unsendable"
    assert kept["event"]["records"] == {"orders-0": [odd]}


def test_a_lone_surrogate_in_a_topics_name_marks_its_record() -> None:
    raws = [record(0), with_surrogate("topic"), record(2)]
    decoded = decode({**event([]), "records": {"orders-0": raws}}).partitions["orders-0"]
    assert [each.fault != "" for each in decoded] == [False, True, False]


@pytest.mark.parametrize(
    ("timestamp", "lag"), [(1_763_800_000, None), (0, None), (-1, None), (1_763_800_000_000, 60.0)]
)
def test_a_time_in_seconds_says_nothing_of_how_long_a_record_has_waited(timestamp: int, lag: float | None) -> None:
    harness = ForwarderHarness(heartbeat_topic="orders", heartbeat_target="topic:/beat")
    outcome = harness.forward(record(1) | {"timestamp": timestamp})
    assert outcome.lag_seconds == lag
    assert [list(lane.ages) for lane in outcome.lanes] == [[] if lag is None else [60.0]]
    # The record itself is passed on as it is.
    assert harness.vantiq.taken[0]["timestamp"] == timestamp
    # A clock that is ahead makes no record younger than now.
    ahead = harness.forward(record(1) | {"timestamp": 1_763_800_061_000})
    assert (ahead.lag_seconds, [list(lane.ages) for lane in ahead.lanes]) == (0.0, [[0.0]])
    # One such record does not hide the age of another.
    assert ForwarderHarness().forward(record(1) | {"timestamp": timestamp}, record(0)).lag_seconds == 60.0


@pytest.mark.parametrize("timestamp", [2**63 - 1, -(2**63)])
def test_every_time_that_kafka_can_hold_is_passed_on(timestamp: int) -> None:
    harness = ForwarderHarness()
    harness.forward(record(0) | {"timestamp": timestamp})
    assert harness.vantiq.taken[0]["timestamp"] == timestamp


@pytest.mark.parametrize("timestamp", [2**63, -(2**63) - 1, 10**400, float("inf")], ids=range(4))
def test_a_time_that_kafka_can_not_hold_is_that_records_fault_alone(timestamp: float) -> None:
    odd, harness = record(1) | {"timestamp": timestamp}, ForwarderHarness()
    outcome = harness.forward(record(0), odd)
    assert (harness.vantiq.offsets(), outcome.dead_lettered, outcome.to_report) == ([0], 1, [])


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf"), 2**64, 10**400], ids=range(5))
def test_a_number_that_json_does_not_have_is_in_its_records_letter_as_it_was(number: float) -> None:
    harness = ForwarderHarness()
    harness.forward(record(0) | {"value": number})
    (kept,) = harness.letters.letters.values()
    assert repr(kept["event"]["records"]["orders-0"][0]["value"]) == repr(number)


def test_records_that_differ_in_such_a_number_alone_have_a_letter_each() -> None:
    harness = ForwarderHarness()
    for value in (None, float("nan"), float("inf")):
        harness.forward(record(0) | {"headers": value, "partition": -1})
    assert len(harness.letters.letters) == 3


@pytest.mark.parametrize("name", ["keySchemaMetadata", "valueSchemaMetadata"])
def test_schema_metadata_travels_with_its_record(name: str) -> None:
    metadata = {"dataFormat": "AVRO", "schemaId": "7"}
    harness = ForwarderHarness()
    harness.forward(record(0) | {name: metadata}, record(1))
    assert [one.get(name) for one in harness.vantiq.taken] == [metadata, None]


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_schema_metadata_that_json_can_not_say_is_dead_lettered_instead_of_altered(number: float) -> None:
    harness = ForwarderHarness()
    harness.forward(record(0) | {"keySchemaMetadata": {"schemaId": [number]}})
    assert (len(harness.vantiq.taken), len(harness.letters.letters)) == (0, 1)


def test_a_partition_that_no_response_can_name_fails_the_batch() -> None:
    harness = ForwarderHarness(lambda path, documents: answer(503), max_attempts=1)
    given = event([]) | {"records": {"orders-\ud800": [record(0)]}}
    outcome = harness.forwarder.forward(given, Deadline(60, harness.clock))
    with pytest.raises(DeliveryIncompleteError, match="1 of 1 records"):
        batch_response(outcome, "provisioned")


@pytest.mark.parametrize(("octet", "is_byte"), [(-129, False), (-128, True), (255, True), (256, False)])
def test_a_header_of_numbers_that_are_not_bytes_is_dead_lettered_instead_of_altered(octet: int, is_byte: bool) -> None:
    harness = ForwarderHarness()
    harness.forward(record(0) | {"headers": [{"h": [octet]}]})
    assert (len(harness.vantiq.taken), len(harness.letters.letters)) == ((1, 0) if is_byte else (0, 1))


@pytest.mark.parametrize(
    ("place", "value", "is_valid"),
    [
        ("partition", -1, False),
        ("partition", 2**31 - 1, True),
        ("partition", 2**31, False),
        ("offset", -1, False),
        ("offset", 0, True),
        ("offset", 2**63 - 1, True),
        ("offset", 2**63, False),
    ],
)
def test_a_record_at_a_place_that_kafka_does_not_have_is_never_delivered(
    place: str, value: int, is_valid: bool
) -> None:
    harness = ForwarderHarness()
    harness.forward(record(0) | {place: value})
    assert (len(harness.vantiq.taken), len(harness.letters.letters)) == ((1, 0) if is_valid else (0, 1))


@pytest.mark.parametrize(
    "odd", [{"offset": 0, "topic": "orders", "partition": 0, "value": "not base64"}, with_surrogate("timestampType")]
)
def test_a_record_that_has_no_row_is_marked_like_one_that_has_no_envelope(odd: dict[str, Any]) -> None:
    (content,) = decode({**event([]), "records": {"orders-0": [odd]}}).partitions["orders-0"]
    assert row_document(content, RecordIds("c")) == document(content, RecordIds("c"), "envelope")
    assert row_document(content, RecordIds("c")).fault
