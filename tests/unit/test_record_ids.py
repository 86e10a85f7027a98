"""Ids of records: the same for every delivery, and in ``content`` form never those of another record."""

from typing import Any

import pytest
from msk_toolkit.forward.decode import decode
from msk_toolkit.forward.record_ids import RecordIds
from msk_toolkit.settings.forwarder import RecordIdForm

from local.event_source_mapping.event import event_of
from tests.fakes.forwarder_harness import ForwarderHarness
from tests.fakes.kafka_events import CLUSTER, event, record
from tests.fakes.redrive_harness import RECORDS, SOURCE, RedriveHarness, as_fetched, failure, put
from tests.fakes.vantiq_fake import answer, refusal

POSITION = f"{CLUSTER}/orders/0/7"
OLD = record(7, b'{"n": 1}')
# What has the same position in a topic that was deleted and created again: one part of each differs.
NEW: list[dict[str, Any]] = [
    record(7, b'{"n": 2}'),
    OLD | {"value": None},
    OLD | {"timestamp": OLD["timestamp"] + 1},
    OLD | {"key": "Zg=="},
    OLD | {"headers": [{"h": [1]}]},
]
DUPLICATE = {"code": "io.vantiq.resource.duplicate.key", "message": "", "params": []}


def id_of(raw: dict[str, Any], form: RecordIdForm = "content") -> str:
    batch = decode(event([raw]), form)
    (made,) = batch.partitions["orders-0"]
    assert made.content is not None
    return batch.ids.of(made.content)


@pytest.mark.parametrize("new", NEW)
def test_a_record_of_a_topic_made_anew_has_an_id_of_its_own(new: dict[str, Any]) -> None:
    assert id_of(OLD) != id_of(new)
    assert id_of(OLD).startswith(f"{POSITION}/")
    assert id_of(OLD, "position") == id_of(new, "position") == POSITION


@pytest.mark.parametrize(
    ("raw", "again"),
    [
        (OLD, dict(reversed(OLD.items()))),
        (OLD | {"value": None}, {name: part for name, part in OLD.items() if name != "value"}),
        (OLD | {"headers": [{"h": [-1]}]}, OLD | {"headers": [{"h": [255]}]}),
        (OLD, OLD | {"headers": None}),
    ],
)
def test_a_record_has_one_id_however_an_event_spells_it(raw: dict[str, Any], again: dict[str, Any]) -> None:
    assert id_of(raw) == id_of(again)


def test_ids_are_those_of_earlier_versions_unless_chosen_otherwise() -> None:
    assert RecordIds(CLUSTER).form == ForwarderHarness().settings.record_ids == "position"


@pytest.mark.parametrize("form", ["position", "content"])
def test_a_type_with_the_id_as_its_key_keeps_the_rows_of_both_topics_only_by_content(form: RecordIdForm) -> None:
    rows: dict[str, Any] = {}

    def insert(path: str, documents: list[Any]) -> Any:
        if any(document["id"] in rows for document in documents):
            return answer(409, [DUPLICATE])
        rows.update({document["id"]: document["value"] for document in documents})
        return None

    for topic_generation in ([record(n) for n in range(3)], [record(n, b'"new"') for n in range(3)]):
        harness = ForwarderHarness(insert, vantiq_target="type:Order", record_ids=form)
        assert harness.forward(*topic_generation).failures == []
    assert len(rows) == (6 if form == "content" else 3)


@pytest.mark.parametrize("form", ["position", "content"])
def test_a_dead_letter_has_the_id_that_its_record_is_sent_with(form: RecordIdForm) -> None:
    harness = ForwarderHarness(lambda path, documents: refusal(400), record_ids=form)
    harness.forward(OLD)
    (kept,) = harness.letters.letters.values()
    assert kept["id"] == id_of(OLD, form)
    accepting = ForwarderHarness(record_ids=form)
    accepting.forward(OLD)
    assert [document["id"] for document in accepting.vantiq.taken] == [kept["id"]]


def test_a_letter_in_the_bucket_is_named_by_the_digest_in_its_id() -> None:
    harness = ForwarderHarness(lambda path, documents: refusal(400), record_ids="content")
    harness.forward(OLD)
    ((name, kept),) = harness.letters.letters.items()
    assert name.removesuffix(".json").endswith(f"-{kept['id'].rpartition('/')[2]}")


def test_a_record_that_the_mapping_discarded_is_replayed_with_the_id_of_its_delivery() -> None:
    delivered = ForwarderHarness(record_ids="content")
    by_mapping = event_of(SOURCE, RECORDS)["records"]
    delivered.forward(*[raw for records in by_mapping.values() for raw in records])
    harness = RedriveHarness(record_ids="content")
    put(harness, failure())
    harness.replay()
    ids = [document["id"] for document in harness.vantiq.taken]
    assert sorted(ids) == sorted(document["id"] for document in delivered.vantiq.taken)
    fetched = ForwarderHarness(record_ids="content")
    fetched.forward(*as_fetched(RECORDS))
    assert sorted(document["id"] for document in fetched.vantiq.taken) == sorted(ids)
