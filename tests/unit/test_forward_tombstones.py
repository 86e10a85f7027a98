"""Records without a value that are not forwarded: dropped and counted, or the deletion of a row, in order."""

from typing import Any

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.forward.telemetry import publish_delivery
from msk_toolkit.settings.forwarder import ForwarderSettings

from tests.fakes.deletions import TEXT_KEY, deleting_from, document, tombstone
from tests.fakes.forwarder_harness import ForwarderHarness, reasons
from tests.fakes.kafka_events import record
from tests.fakes.redrive_harness import RedriveHarness
from tests.fakes.vantiq_fake import refusal
from tests.unit.test_forward_telemetry import Written

pytestmark = pytest.mark.enable_socket


@pytest.mark.parametrize("is_absent", [True, False])
def test_a_dropped_tombstone_is_not_sent_and_is_counted_in_the_log_and_as_a_metric(is_absent: bool) -> None:
    harness = ForwarderHarness(tombstones="drop")
    tombstones = [tombstone(n, b"k", is_absent=is_absent) for n in (1, 2)]
    outcome = harness.forward(record(0), *tombstones, record(3), record(4, b""))
    assert harness.vantiq.offsets() == [0, 3, 4]  # an empty value is a value
    assert (outcome.delivered, outcome.dropped, outcome.to_report) == (3, 2, [])
    said: Any = Written()
    publish_delivery(outcome, said, said)
    assert said.metrics["TombstonesDropped"] == [("Count", 2)]
    assert (said.lines[0]["tombstones_dropped"], said.lines[0]["places"]["orders-0"]["dropped"]) == (2, 2)


def test_a_tombstone_is_not_dropped_before_what_is_in_front_of_it_is_done() -> None:
    harness = ForwarderHarness(lambda *_: refusal(503), tombstones="drop", max_attempts=1)
    outcome = harness.forward(record(0), tombstone(1, b"k"))
    assert (outcome.dropped, outcome.to_report) == (0, [("orders-0", 0), ("orders-0", 1)])


def test_by_default_a_tombstone_is_forwarded_like_any_other_record() -> None:
    harness = ForwarderHarness()
    outcome = harness.forward(tombstone(0, b"k"))
    assert (outcome.delivered, outcome.dropped, outcome.deleted) == (1, 0, 0)
    assert harness.vantiq.taken[0]["valueEncoding"] == "absent"
    said: Any = Written()
    publish_delivery(outcome, said, said)
    assert not [name for name in said.lines[0] if "tombstone" in name]


def test_with_bare_values_a_forwarded_tombstone_is_a_null_which_a_type_refuses() -> None:
    with deleting_from(TEXT_KEY, tombstones="forward") as way:
        outcome = way.forward(document(0, b"a", id="a"), tombstone(1, b"a"))
        assert (outcome.delivered, outcome.dead_lettered, way.rows()) == (1, 1, [{"id": "a"}])


def test_a_tombstone_deletes_the_row_of_its_key_between_the_upserts_before_and_behind_it() -> None:
    with deleting_from(TEXT_KEY) as way:
        outcome = way.forward(
            document(0, b"a", id="a", n=1),
            document(1, b"b", id="b", n=1),
            tombstone(2, b"a"),
            document(3, b"c", id="c", n=1),
            tombstone(4, b"b"),
            document(5, b"b", id="b", n=2),
        )
        assert (outcome.delivered, outcome.deleted, outcome.failures) == (6, 2, [])
        assert way.rows() == [{"id": "c", "n": 1}, {"id": "b", "n": 2}]
        said: Any = Written()
        publish_delivery(outcome, said, said)
        assert said.metrics["TombstonesDeleted"] == [("Count", 2)]


@pytest.mark.parametrize("ordering", ["partition", "key"])
def test_the_last_record_of_a_key_decides_whether_its_row_is_there(ordering: str) -> None:
    with deleting_from(TEXT_KEY, ordering=ordering, max_in_flight=8) as way:
        records = []
        for number in range(40):
            key = f"k{number % 5}"
            is_last = number >= 35
            if (is_last and number % 2) or (not is_last and number % 3 == 0):
                records.append(tombstone(number, key.encode()))
            else:
                records.append(document(number, key.encode(), id=key, n=number))
        assert way.forward(*records).failures == []
        assert sorted(row["n"] for row in way.rows()) == [36, 38]


def test_a_row_that_is_not_there_is_deleted_as_well_once_vantiq_says_that_there_is_none() -> None:
    with deleting_from(TEXT_KEY) as way:
        outcome = way.forward(tombstone(0, b"a"), tombstone(1, b"a"))
        assert (outcome.deleted, outcome.there_already, outcome.to_report, way.letters.letters) == (2, 2, [], {})


def test_that_an_instance_is_missing_does_not_do_while_the_row_is_there() -> None:
    with deleting_from(TEXT_KEY) as way:
        way.forward(document(0, b"a", id="a"))
        way.standin.fail("status", status=404, code="io.vantiq.resource.not.found", method="DELETE")
        outcome = way.forward(tombstone(1, b"a"), document(2, b"b", id="b"))
        assert (outcome.deleted, len(outcome.to_report), reasons(outcome)) == (0, 2, ["retriable"])
        way.standin.faults.clear()
        assert way.forward(tombstone(1, b"a"), document(2, b"b", id="b")).to_report == []
        assert way.rows() == [{"id": "b"}]


@pytest.mark.parametrize("code", ["com.accessg2.ag2rs.type.not.found", "io.vantiq.type.system.resource.unknown"])
def test_a_type_that_is_missing_is_an_outage_and_no_deleted_row(code: str) -> None:
    with deleting_from(TEXT_KEY) as way:
        way.standin.fail("status", status=404, code=code, method="DELETE")
        outcome = way.forward(tombstone(0, b"a"))
        assert (reasons(outcome), way.letters.letters) == (["outage"], {})


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 429}, {"status": 401}, {"status": 403}, {"status": 202}])
def test_a_deletion_that_fails_is_not_done_and_comes_again(fault: dict[str, Any]) -> None:
    with deleting_from(TEXT_KEY) as way:
        way.forward(document(0, b"a", id="a"))
        way.standin.fail("status", method="DELETE", **fault)
        outcome = way.forward(tombstone(1, b"a"))
        assert (outcome.deleted, outcome.to_report, way.letters.letters) == (0, [("orders-0", 1)], {})
        way.standin.faults.clear()
        assert way.forward(tombstone(1, b"a")).deleted == 1
        assert way.rows() == []


def test_a_deletion_that_is_refused_is_dead_lettered_and_replayed_as_a_deletion() -> None:
    with deleting_from(TEXT_KEY) as way:
        way.standin.fail("status", status=400, code="io.vantiq.not.that.one", method="DELETE")
        outcome = way.forward(document(0, b"a", id="a"), tombstone(1, b"a"))
        assert (outcome.delivered, outcome.dead_lettered) == (1, 1)
        (letter,) = way.letters.letters.values()
        assert (letter["refusal"]["reason"], letter["refusal"]["code"]) == ("refused", "io.vantiq.not.that.one")
        way.standin.faults.clear()
        assert way.forwarder.forward(letter["event"], Deadline(20)).deleted == 1
        assert way.rows() == []


def test_the_redrive_drops_and_deletes_as_the_forwarder_does() -> None:
    harness = RedriveHarness(tombstones="drop")
    harness.write(tombstone(0, b"a"), record(1))
    assert harness.replay().done.delivered == 2
    assert [one["offset"] for one in harness.vantiq.taken] == [1]


def problems(**settings: Any) -> list[str]:
    values = {"vantiq_target": "upsert:Order", "tombstones": "delete"} | settings
    return ForwarderSettings(vantiq_url="https://v", vantiq_token_secret_arn="s", **values).problems()


def test_settings_that_no_tombstone_can_delete_with_are_refused_all_at_once() -> None:
    assert problems() == problems(vantiq_routes='{"a": "type:A"}') == []
    assert problems(vantiq_target="topic:/a", tombstones="drop", ordering="none") == []
    found = problems(vantiq_routes='{"a": "topic:/a", "b": "source:S"}', ordering="none", target_check="off")
    assert [problem.partition(" needs ")[2] for problem in found] == [
        "type: or upsert: targets; topic:/a has no rows",
        "type: or upsert: targets; source:S has no rows",
        "an ORDERING, or a row would come back",
        "TARGET_CHECK, which reads natural keys",
    ]
