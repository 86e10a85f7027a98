"""Records that name a schema on their way to Vantiq: decoded, waiting for the registry, or dead-lettered."""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.forward import tombstones
from msk_toolkit.forward.decode import decode
from msk_toolkit.forward.record_ids import RecordIds
from msk_toolkit.forward.telemetry import is_outage
from msk_toolkit.path_causes import PathCause

from tests.fakes.forwarder_harness import ForwarderHarness, reasons
from tests.fakes.kafka_events import event, record
from tests.fakes.redrive_harness import RedriveHarness
from tests.fakes.schema_registry import FakeRegistry
from tests.fakes.schema_world import NUMBER, decoding, number, numbers
from tests.fakes.vantiq_fake import at_offset, refusal

pytestmark = pytest.mark.enable_socket

UNKNOWN = 77
BROKEN = b"\x00\x00\x00\x00\x01\xff"


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with numbers() as running:
        yield running


def line(registry: FakeRegistry, **settings: Any) -> ForwarderHarness:
    parts = {name: settings[name] for name in ("schema_parts", "set_aside", "dead_letter_bucket") if name in settings}
    return ForwarderHarness(decoding=decoding(registry.url, **parts), **settings)


def values(made: ForwarderHarness) -> list[Any]:
    return [document["value"] for document in made.vantiq.taken]


def test_a_value_is_json_with_its_schema_beside_it(registry: FakeRegistry) -> None:
    made = line(registry)
    made.forward(record(0, number(7)))
    (document,) = made.vantiq.taken
    assert document["value"] == {"n": 7}
    assert (document["valueEncoding"], document["keyEncoding"]) == ("json", "absent")
    assert document["valueSchemaMetadata"] == {"dataFormat": "AVRO", "schemaId": "1"}
    assert "keySchemaMetadata" not in document


def test_a_schema_is_asked_for_once(registry: FakeRegistry) -> None:
    made = line(registry)
    for start in (0, 100):
        made.forward(*(record(offset, number(1)) for offset in range(start, start + 100)))
    assert registry.asked == ["GET /schemas/ids/1"]


def test_values_that_name_no_schema_are_sent_as_they_are(registry: FakeRegistry) -> None:
    made, plain = line(registry), ForwarderHarness()
    records = [record(0), record(1, b"text"), record(2, b"\xff"), record(3) | {"value": None}]
    made.forward(*records)
    plain.forward(*records)
    assert made.vantiq.taken == plain.vantiq.taken
    assert registry.asked == []


def test_what_the_mapping_has_decoded_is_not_decoded_again(registry: FakeRegistry) -> None:
    made = line(registry)
    metadata = {"dataFormat": "AVRO", "schemaId": "5"}
    made.forward(record(0, number(7)) | {"valueSchemaMetadata": metadata})
    (document,) = made.vantiq.taken
    assert document["valueSchemaMetadata"] == metadata
    assert registry.asked == []


def test_a_key_is_decoded_where_that_is_set_and_stays_text(registry: FakeRegistry) -> None:
    made = line(registry, schema_parts="key-and-value")
    made.forward(record(0, key=number(3)))
    (document,) = made.vantiq.taken
    assert (document["keyEncoding"], document["key"]) == ("text", '{"n":3}')
    assert document["keySchemaMetadata"] == {"dataFormat": "AVRO", "schemaId": "1"}
    assert line(registry).forward(record(0, key=number(3))).delivered == 1


def test_the_bare_value_is_the_decoded_one(registry: FakeRegistry) -> None:
    made = line(registry, payload="value")
    made.forward(record(0, number(7)))
    assert made.vantiq.taken == [{"n": 7}]


def test_the_id_is_that_of_what_the_producer_wrote(registry: FakeRegistry) -> None:
    made, plain = line(registry, record_ids="content"), ForwarderHarness(record_ids="content")
    made.forward(record(0, number(7)))
    plain.forward(record(0, number(7)))
    assert made.vantiq.taken[0]["id"] == plain.vantiq.taken[0]["id"]


def test_while_the_registry_is_away_records_wait_in_order_and_none_is_dead_lettered(registry: FakeRegistry) -> None:
    made = line(registry)
    made.forward(record(0, number(0)))
    registry.register("letters", {"schema": '"string"'})
    registry.faults += [(503, b"")] * 2
    batch = [record(1, number(1)), record(2, number(0, schema=2)), record(3, number(3))]
    outcome = made.forward(*batch)
    assert (reasons(outcome), outcome.unfinished) == (["outage"], {"orders-0": 2})
    assert outcome.failures[0].cause is PathCause.SCHEMA_REGISTRY_UNAVAILABLE
    assert "orders-0 offset 2 needs schema 2" in outcome.failures[0].reason
    assert is_outage(outcome)
    assert made.letters.letters == {}
    # Another answer than one of a registry says nothing of the schema either.
    assert made.forward(*batch).failures[0].cause is PathCause.SCHEMA_REGISTRY_UNAVAILABLE
    assert made.forward(*batch).failures == []
    assert values(made) == [{"n": 0}, {"n": 1}, "", {"n": 3}]


def test_records_of_other_topics_do_not_wait_for_the_registry(registry: FakeRegistry) -> None:
    made = line(registry)
    registry.faults += [(500, b"")]
    outcome = made.forward(record(0, number(1)), record(0, topic="plain"))
    assert outcome.unfinished == {"orders-0": 0}
    assert [document["topic"] for document in made.vantiq.taken] == ["plain"]


def test_an_invocation_waits_for_the_registry_as_it_does_for_vantiq(registry: FakeRegistry) -> None:
    made = line(registry)
    registry.faults += [(503, b"")] * 3
    patient = ForwarderHarness(decoding=made.forwarder._decoding, patient=True)
    assert patient.forward(record(0, number(1))).failures == []
    assert values(patient) == [{"n": 1}]


def test_access_denied_is_an_outage_with_its_own_cause(registry: FakeRegistry) -> None:
    registry.login = "user:password"
    outcome = line(registry).forward(record(0, number(1)))
    assert outcome.failures[0].cause is PathCause.SCHEMA_REGISTRY_DENIED


@pytest.mark.parametrize(
    ("value", "code", "schema_id"),
    [(number(1, schema=UNKNOWN), "schema-unknown", "77"), (BROKEN, "schema-mismatch", "1")],
)
def test_what_its_schema_does_not_fit_is_a_dead_letter_with_the_schema_s_id(
    registry: FakeRegistry, value: bytes, code: str, schema_id: str
) -> None:
    made = line(registry)
    outcome = made.forward(record(0, number(0)), record(1, value), record(2, number(2)))
    assert (outcome.delivered, outcome.dead_lettered, outcome.failures) == (2, 1, [])
    (letter,) = made.letters.letters.values()
    refusal = letter["refusal"]
    assert (refusal["reason"], refusal["code"], refusal["schemaId"]) == ("schema", code, schema_id)
    assert b64decode(letter["event"]["records"]["orders-0"][0]["value"]) == value


def test_what_vantiq_refuses_after_decoding_has_the_letter_of_what_the_producer_wrote(registry: FakeRegistry) -> None:
    refused = at_offset(0, refusal(400))
    made = ForwarderHarness(refused, decoding=decoding(registry.url))
    plain = ForwarderHarness(refused)
    for harness in (made, plain):
        harness.forward(record(0, number(7)))
    assert made.letters.letters == plain.letters.letters
    (letter,) = made.letters.letters.values()
    assert letter["refusal"]["reason"] == "refused"


def test_a_tombstone_deletes_the_row_that_its_decoded_key_names(registry: FakeRegistry) -> None:
    decoder = decoding(registry.url, schema_parts="key-and-value")
    content = decode(event([record(0, key=number(3)) | {"value": None}])).partitions["orders-0"][0]
    decoder.prepare([[content]], Deadline(5))
    make = decoder.decoded(
        tombstones.deleting(lambda _: pytest.fail("it is a tombstone"), RecordIds("c"), "value", (("n", "Integer"),))
    )
    document = make(content)
    assert (document.body, document.action, document.record) == (b'{"n":3}', "delete", content)


def test_a_letter_is_decoded_when_it_is_replayed(registry: FakeRegistry) -> None:
    made = line(registry)
    made.forward(record(0, number(1, schema=2)))
    (name,) = made.letters.letters
    registry.register("numbers", {"schema": NUMBER.replace('"n"', '"m"')})
    redrive = RedriveHarness()
    redrive.s3.put_object(Bucket="letters", Key=name, Body=json.dumps(made.letters.letters[name]).encode())
    redrive.decoding = decoding(registry.url)
    assert redrive.replay().done.delivered == 1
    assert [document["value"] for document in redrive.vantiq.taken] == [{"m": 1}]


def test_a_schema_that_another_node_has_a_moment_later_is_no_reason_for_a_letter(registry: FakeRegistry) -> None:
    registry.late[1] = 1
    made = line(registry)
    assert made.forward(record(0, number(1))).dead_lettered == 0
    assert values(made) == [{"n": 1}]


def test_so_many_unknown_schemas_in_a_row_are_the_registry_s_fault(registry: FakeRegistry) -> None:
    made = line(registry, max_consecutive_refusals=3)
    outcome = made.forward(*(record(offset, number(1, schema=UNKNOWN)) for offset in range(10)))
    assert (outcome.dead_lettered, reasons(outcome)) == (3, ["outage"])
    assert outcome.failures[0].cause is PathCause.SCHEMA_UNFIT


def test_where_refusals_block_a_record_that_does_not_fit_blocks(registry: FakeRegistry) -> None:
    made = ForwarderHarness(decoding=decoding(registry.url), bucket=False)
    outcome = made.forward(record(0, BROKEN), record(1, number(1)))
    assert (reasons(outcome), outcome.failures[0].cause) == (["blocked"], PathCause.SCHEMA_UNFIT)
    assert "schema-mismatch" in outcome.failures[0].reason


def test_a_record_that_the_operator_sets_aside_needs_no_schema(registry: FakeRegistry) -> None:
    made = line(registry, set_aside="orders/0/0", dead_letter_bucket="b")
    registry.faults += [(500, b"")]
    assert made.forward(record(0, number(1, schema=UNKNOWN)), record(1)).failures == []
    assert registry.asked == []


def test_a_batch_that_names_many_schemas_asks_for_some_at_a_time_and_goes_on(registry: FakeRegistry) -> None:
    records = [record(offset, number(1, schema=1000 + offset)) for offset in range(60)]
    made = line(registry, max_consecutive_refusals=0)
    first = made.forward(*records)
    assert (first.dead_lettered, reasons(first)) == (50, ["retriable"])
    assert made.forward(*records).failures == []
    assert len(made.letters.letters) == 60


def test_headers_name_the_schema_where_the_serializer_puts_it_there(registry: FakeRegistry) -> None:
    guid = bytes.fromhex(registry.register("numbers", {"schema": NUMBER})["guid"].replace("-", ""))
    entry = record(0, b"\x0e")
    entry["headers"] = [{"__value_schema_id": list(b"\x01" + guid)}]
    made = line(registry)
    made.forward(entry)
    assert values(made) == [{"n": 7}]
    assert b64encode(b"\x01" + guid).decode() in json.dumps(made.vantiq.taken[0]["headers"])
