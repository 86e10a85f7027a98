"""The stand-in's resources, seen from a plain client."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.vantiq import VantiqStandIn, batches, running_standin
from local.vantiq.calls import Answer
from tests.unit.standin_client import TOPIC, TYPE, bearer, send

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def vantiq() -> Iterator[VantiqStandIn]:
    with running_standin() as standin:
        standin.define("topics", {"name": "/orders"})
        standin.define("topics", {"name": "/unwound", "autoUnwind": True})
        properties = {"id": {"required": True}, "size": {}}
        standin.define("types", {"name": "Order", "naturalKey": ["id"], "properties": properties})
        yield standin


def test_keeps_events_in_the_order_of_their_arrival(vantiq: VantiqStandIn) -> None:
    for number in range(20):
        assert send(vantiq, TOPIC, {"n": number}).status == 200
    entries = vantiq.journal.entries()
    assert [entry.seq for entry in entries] == list(range(1, 21))
    assert [entry.value()["n"] for entry in entries] == list(range(20))
    assert [entry.time for entry in entries] == sorted(entry.time for entry in entries)


def test_unwinds_a_published_array_only_where_the_topic_says_so(vantiq: VantiqStandIn) -> None:
    send(vantiq, "/api/v1/resources/topics//unwound", [{"n": 1}, {"n": 2}])
    send(vantiq, TOPIC, [{"n": 1}, {"n": 2}])
    assert vantiq.journal.values(name="/unwound") == [{"n": 1}, {"n": 2}]
    assert vantiq.journal.values(name="/orders") == [[{"n": 1}, {"n": 2}]]


def test_keeps_the_body_byte_for_byte(vantiq: VantiqStandIn) -> None:
    body = b'{"big": 12345678901234567890123, "twice": 1.0,  "text": "\xc3\xa9"}'
    send(vantiq, TOPIC, body)
    assert bytes(vantiq.journal.entries()[0].body) == body


def test_an_array_insert_keeps_the_good_records_and_names_the_bad_ones(vantiq: VantiqStandIn) -> None:
    reply = send(vantiq, TYPE, [{"id": 1}, {"size": 2}, {"id": 1}, {"id": 3}, "text"])
    assert reply.status == 200
    assert ["code" in result for result in reply.json()] == [False, True, True, False, True]
    assert reply.json()[2]["code"] == "io.vantiq.resource.duplicate.key"
    assert [value["id"] for value in vantiq.journal.values("custom", "Order")] == [1, 3]


def test_the_elements_of_an_array_insert_can_be_standard_responses() -> None:
    with running_standin(array_results="responses") as other:
        other.define("types", {"name": "Order", "naturalKey": ["id"], "properties": {"id": {"required": True}}})
        first, second, third = send(other, TYPE, [{"id": 1}, {"size": 2}, {"id": 1}]).json()
        assert (first["status"], first["body"]["id"]) == (200, 1)
        assert [element["status"] for element in (second, third)] == [400, 409]
        assert third["body"][0]["code"] == "io.vantiq.resource.duplicate.key"


def test_a_single_bad_record_is_refused_with_400(vantiq: VantiqStandIn) -> None:
    reply = send(vantiq, TYPE, {"size": 2})
    assert reply.status == 400
    assert set(reply.json()[0]) == {"code", "message", "params"}
    assert len(vantiq.journal) == 0


def test_an_upsert_by_natural_key_keeps_one_row(vantiq: VantiqStandIn) -> None:
    for size in (1, 2, 3):
        assert send(vantiq, TYPE + "?upsert=true", [{"id": "a", "size": size}]).status == 200
    rows = send(vantiq, TYPE + "?count=true", method="GET")
    assert rows.headers["X-Total-Count"] == "1"
    assert [(row["size"], row["ars_version"]) for row in rows.json()] == [(3, 3)]
    assert len(vantiq.journal) == 3


@pytest.mark.parametrize("body", [b"{", b"", b"[{]", b"\xff"])
def test_refuses_what_is_not_json(vantiq: VantiqStandIn, body: bytes) -> None:
    for path in (TOPIC, TYPE, "/api/v1/resources/topics//unwound", "/api/v1/batch"):
        assert send(vantiq, path, body).status == 400
    assert len(vantiq.journal) == 0


def test_a_batch_answers_in_the_order_of_its_requests(vantiq: VantiqStandIn) -> None:
    items = [
        {"method": "POST", "uri": "/topics//orders", "headers": {}, "body": {"n": 1}},
        {"method": "POST", "uri": "/custom/Order?upsert=true", "body": {"id": "b"}},
        {"method": "POST", "uri": "/sources/Nowhere", "body": {}},
    ]
    results = send(vantiq, "/api/v1/batch", items).json()
    assert [result["status"] for result in results] == [200, 200, 400]
    assert results[2]["body"][0]["code"] == "io.vantiq.resource.not.found"
    assert len(vantiq.journal) == 2


def test_a_batch_runs_in_any_order() -> None:
    ran: list[str] = []

    def act(item: batches.BatchItem) -> Answer:
        ran.append(item.uri)
        return Answer(200, f'"{item.uri}"'.encode())

    body = b'[{"method":"GET","uri":"a"},{"method":"GET","uri":"b"}]'
    answer = batches.run(body, act, shuffle=lambda order: order.reverse())
    assert ran == ["b", "a"]
    assert answer.body.index(b'"a"') < answer.body.index(b'"b"')


def test_a_source_is_activated_by_a_patch(vantiq: VantiqStandIn) -> None:
    path = "/api/v1/resources/sources"
    send(vantiq, path, {"name": "Kafka", "active": False, "config": {"group.id": "g"}})
    assert send(vantiq, f"{path}/Kafka", {}).status == 400
    patch = [{"op": "replace", "path": "/active", "value": True}]
    assert send(vantiq, f"{path}/Kafka", patch, method="PATCH").status == 200
    assert send(vantiq, f"{path}/Kafka", {}).status == 200
    source = send(vantiq, f"{path}/Kafka", method="GET").json()
    assert (source["active"], source["config"]) == (True, {"group.id": "g"})


def test_a_service_procedure_takes_its_arguments_by_put(vantiq: VantiqStandIn) -> None:
    vantiq.define("procedures", {"name": "shop.Desk.open"})
    vantiq.define("services", {"name": "shop.Desk"})
    reply = send(vantiq, "/api/v1/resources/services/shop.Desk/open", [1, 2], method="PUT")
    assert reply.json() == [1, 2]
    assert vantiq.journal.values("procedures", "shop.Desk.open") == [[1, 2]]


def test_after_a_rotation_only_the_new_token_is_good(vantiq: VantiqStandIn) -> None:
    old = vantiq.token
    new = vantiq.rotate_token()
    assert send(vantiq, TOPIC, {}, headers=bearer(old)).status == 401
    assert send(vantiq, TOPIC, {}, headers=bearer(new)).status == 200


def test_says_which_methods_and_paths_it_does_not_have(vantiq: VantiqStandIn) -> None:
    assert send(vantiq, TYPE, {}, method="PUT").status == 405
    assert send(vantiq, "/api/v1/nothing", {}).status == 404
    assert send(vantiq, TOPIC.removeprefix("/api/v1"), {}).status == 404
    assert send(vantiq, "/api/v1/resources/Order", {}).json()[0]["params"] == ["Order"]


def test_not_found_can_be_a_404(vantiq: VantiqStandIn) -> None:
    with running_standin(not_found_status=404) as other:
        assert send(other, "/api/v1/resources/sources/Nowhere", {}).status == 404


def test_a_publish_to_a_topic_that_nobody_registered_answers_200_and_keeps_nothing(vantiq: VantiqStandIn) -> None:
    answer = send(vantiq, "/api/v1/resources/topics//mistyped", {"a": 1})
    assert (answer.status, answer.body) == (200, b"")
    assert len(vantiq.journal) == 0
    assert vantiq.swallowed == {"/mistyped": 1}


def test_a_journal_on_disk_goes_on_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with running_standin(journal=path) as first:
        first.define("topics", {"name": "/orders"})
        send(first, TOPIC, b'{\n "n": 1\n}')
        assert path.read_bytes().count(b"\n") == 1  # there before the answer was
    with path.open("ab") as file:
        file.write(b'{"seq": 2, "cut o')
    with running_standin(journal=path) as second:
        second.define("topics", {"name": "/orders"})
        send(second, TOPIC, {"n": 2})
        assert [(entry.seq, entry.value()["n"]) for entry in second.journal.entries()] == [(1, 1), (2, 2)]
    assert len(path.read_text().splitlines()) == 2


def test_waiting_for_events_has_an_end(vantiq: VantiqStandIn) -> None:
    send(vantiq, TOPIC, {})
    assert len(vantiq.journal.wait_for(1, 1)) == 1
    with pytest.raises(TimeoutError, match="1 of 2 events"):
        vantiq.journal.wait_for(2, 0.05)
