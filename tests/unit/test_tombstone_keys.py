"""Which row a tombstone names, by its Kafka key alone; a key that names none deletes nothing."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msk_toolkit.forward.decode import decode
from msk_toolkit.forward.tombstones import deleting
from msk_toolkit.settings.targets import parse_target
from msk_toolkit.vantiq.targets import rows_path

from tests.fakes.deletions import NUMBER_KEY, TEXT_KEY, TWO_KEYS, deleting_from, document, tombstone
from tests.fakes.kafka_events import event, record

pytestmark = pytest.mark.enable_socket


@pytest.mark.parametrize(
    ("definition", "columns", "key"),
    [
        (TEXT_KEY, {"id": "o 1/ä"}, "o 1/ä".encode()),
        (TEXT_KEY, {"id": "o1"}, b'"o1"'),
        (TEXT_KEY, {"id": "o1"}, b'{"id": "o1", "more": [1]}'),
        (TEXT_KEY, {"id": "17"}, b"17"),
        (TEXT_KEY, {"id": '{"$ne": 1}'}, b'{"id": "{\\"$ne\\": 1}"}'),
        (NUMBER_KEY, {"id": 17}, b"17"),
        (NUMBER_KEY, {"id": 17}, b'{"id": 17}'),
        (NUMBER_KEY, {"id": 12345678901234567890}, b"12345678901234567890"),
        (TWO_KEYS, {"shop": "s", "id": 1}, b'{"id": 1, "shop": "s"}'),
    ],
)
def test_the_kafka_key_names_the_row(definition: dict[str, Any], columns: dict[str, Any], key: bytes) -> None:
    with deleting_from(definition) as way:
        other = {**columns, "id": 99 if isinstance(columns["id"], int) else "other"}
        outcome = way.forward(document(0, b"x", **columns), document(1, b"y", **other), tombstone(2, key))
        assert (outcome.deleted, outcome.dead_lettered, way.rows()) == (1, 0, [other])


@pytest.mark.parametrize(
    ("definition", "key"),
    [
        (TEXT_KEY, None),
        (TEXT_KEY, b"\xff"),
        (TEXT_KEY, b'{"id": {"$ne": null}}'),
        (TEXT_KEY, b'{"id": null}'),
        (TEXT_KEY, b'{"id": 17}'),
        (TEXT_KEY, b'{"other": "secret"}'),
        (TEXT_KEY, b"{}"),
        (TEXT_KEY, b"x" * 5000),
        (NUMBER_KEY, b"secret"),
        (NUMBER_KEY, b'"17"'),
        (NUMBER_KEY, b'{"id": {"$gt": 0}}'),
        (NUMBER_KEY, b"true"),
        (NUMBER_KEY, b"NaN"),
        (NUMBER_KEY, b""),
        (TWO_KEYS, b"17"),
        (TWO_KEYS, b'{"id": 1}'),
    ],
)
def test_a_key_that_does_not_name_a_row_deletes_nothing_and_is_dead_lettered(
    definition: dict[str, Any], key: bytes | None
) -> None:
    with deleting_from(definition) as way:
        way.forward(document(0, b"x", shop="s", id="o1" if definition is TEXT_KEY else 1))
        assert len(way.rows()) == 1
        outcome = way.forward(tombstone(1, key))
        assert (outcome.dead_lettered, outcome.deleted, len(way.rows())) == (1, 0, 1)
        (letter,) = way.letters.letters.values()
        assert letter["refusal"]["reason"] == "unsendable"
        assert "secret" not in letter["refusal"]["detail"]


@given(key=st.one_of(st.binary(max_size=30), st.builds(lambda value: json.dumps({"id": value}).encode(), st.one_of(
    st.none(), st.booleans(), st.text(max_size=5), st.integers(), st.floats(), st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from(["$ne", "$gt", "a"]), st.integers(), max_size=2),
))))  # fmt: skip
@pytest.mark.parametrize("kind", ["String", "Integer"])
def test_whatever_a_key_holds_the_clause_names_every_property_with_a_plain_value(kind: str, key: bytes) -> None:
    batch = decode(event([tombstone(0, key)]))
    (decoded,) = batch.partitions["orders-0"]

    def make(_: object) -> Any:
        raise AssertionError("a tombstone was forwarded")

    made = deleting(make, batch.ids, "value", (("id", kind),))(decoded)
    assert bool(made.fault) != (made.action == "delete")
    if made.action:
        where = json.loads(made.body)
        assert where.keys() == {"id"}
        assert isinstance(where["id"], str if kind == "String" else int | float)
        assert not isinstance(where["id"], bool)


def test_with_envelopes_the_row_is_named_by_their_own_columns() -> None:
    columns = {name: {"type": "String"} for name in ("id", "topic", "key", "valueEncoding")}
    definition = {"name": "Order", "properties": columns, "naturalKey": ["topic", "key"]}
    with deleting_from(definition, payload="envelope") as way:
        outcome = way.forward(record(0, key=b"a"), record(1, key=b"b"), record(2, key=b"a"), tombstone(3, b"a"))
        assert (outcome.deleted, [(row["key"], row["offset"]) for row in way.rows()]) == (1, [("b", 1)])


@pytest.mark.parametrize(
    ("definition", "settings", "problem"),
    [
        ({"name": "Order", "properties": {}, "naturalKey": ["id"]}, {}, "a property of type unknown"),
        ({"name": "Order", "properties": {"id": {"type": "DateTime"}}, "naturalKey": ["id"]}, {}, "of type DateTime"),
        (TEXT_KEY, {"payload": "envelope"}, "with PAYLOAD=envelope its natural key must be key"),
        ({"name": "Order", "properties": {}}, {"vantiq_target": "type:Order"}, "its natural key is not known"),
    ],
)
@pytest.mark.parametrize("target_check", ["require", "warn"])
def test_a_type_whose_rows_no_tombstone_can_name_is_an_outage_before_anything_is_sent(
    definition: dict[str, Any], settings: dict[str, str], problem: str, target_check: str
) -> None:
    with deleting_from(definition, target_check=target_check, **settings) as way:
        outcome = way.forward(record(0), tombstone(1, b"a"))
        (failure,) = outcome.failures
        assert (failure.kind, problem in failure.reason) == ("outage", True)
        assert (len(outcome.to_report), way.rows(), way.letters.letters) == (2, [], {})


@pytest.mark.parametrize("where", [b"", b"{}"])
def test_no_path_selects_every_row(where: bytes) -> None:
    with pytest.raises(ValueError, match="every row"):
        rows_path(parse_target("upsert:Order"), where)
