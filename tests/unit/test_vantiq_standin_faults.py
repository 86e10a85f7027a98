"""Each fault, seen from a plain client: really a reset, really a half answer, really silence."""

import http.client
import json
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from msk_toolkit.deadline import Deadline
from msk_toolkit.settings.vantiq import VantiqAddress
from msk_toolkit.vantiq.client import VantiqClient
from msk_toolkit.vantiq.connection import VantiqEndpoint

from local.vantiq import Fault, VantiqStandIn, running_standin
from local.vantiq.faults import Faults
from tests.fakes.vantiq_client_fake import FixedToken
from tests.unit.standin_client import TOPIC, TYPE, open_socket, send

pytestmark = pytest.mark.enable_socket

UNWOUND = "/api/v1/resources/topics//unwound"


@pytest.fixture
def vantiq() -> Iterator[VantiqStandIn]:
    with running_standin() as standin:
        standin.define("topics", {"name": "/orders"})
        standin.define("topics", {"name": "/unwound", "autoUnwind": True})
        standin.define("types", {"name": "Order", "naturalKey": ["id"]})
        yield standin


def test_a_status_comes_with_its_documented_error(vantiq: VantiqStandIn) -> None:
    vantiq.fail("status", status=429, times=1)
    reply = send(vantiq, TOPIC, {})
    assert (reply.status, reply.json()[0]["code"]) == (429, "io.vantiq.resource.quota.credit.exhausted")
    assert send(vantiq, TOPIC, {}).status == 200
    assert len(vantiq.journal) == 1


def test_retry_after_comes_in_seconds_or_as_a_date(vantiq: VantiqStandIn) -> None:
    vantiq.fail("status", status=429, retry_after=7, times=1)
    vantiq.fail("status", status=503, retry_after=60, retry_after_date=True, times=1)
    assert send(vantiq, TOPIC, {}).headers["Retry-After"] == "7"
    moment = parsedate_to_datetime(send(vantiq, TOPIC, {}).headers["Retry-After"])
    assert 50 < moment.timestamp() - time.time() < 61


def test_a_fault_is_for_its_method_and_path_and_lasts_until_cleared(vantiq: VantiqStandIn) -> None:
    vantiq.fail("status", status=500, method="POST", path=TOPIC)
    assert [send(vantiq, TOPIC, {}).status for _ in range(3)] == [500, 500, 500]
    assert send(vantiq, TYPE, {"id": 1}).status == 200
    vantiq.faults.clear()
    assert send(vantiq, TOPIC, {}).status == 200


def test_a_fault_can_let_some_requests_pass_first(vantiq: VantiqStandIn) -> None:
    vantiq.fail("status", status=500, skip=2, times=1)
    assert [send(vantiq, TOPIC, {}).status for _ in range(4)] == [200, 200, 500, 200]


def test_one_record_makes_every_request_with_it_fail(vantiq: VantiqStandIn) -> None:
    vantiq.fail("status", status=400, pointer="/value/n", equals=17)
    records = [{"value": {"n": number}} for number in range(15, 20)]
    assert send(vantiq, UNWOUND, records).status == 400
    assert send(vantiq, UNWOUND, records[:2]).status == 200
    assert send(vantiq, UNWOUND, records[2:]).status == 400
    assert send(vantiq, UNWOUND, records[2]).status == 400
    assert send(vantiq, UNWOUND, records[3:]).status == 200
    assert [value["value"]["n"] for value in vantiq.journal.values()] == [15, 16, 18, 19]


def test_a_large_body_can_be_refused(vantiq: VantiqStandIn) -> None:
    vantiq.fail("status", status=413, min_bytes=100)
    assert send(vantiq, TOPIC, {"x": "y" * 200}).status == 413
    assert send(vantiq, TOPIC, {"x": "y"}).status == 200


@pytest.mark.parametrize("path", [UNWOUND, TYPE])
def test_a_200_can_refuse_some_elements(vantiq: VantiqStandIn, path: str) -> None:
    vantiq.fail("index_errors", pointer="/id", equals=2, times=1)
    reply = send(vantiq, path, [{"id": 1}, {"id": 2}, {"id": 3}])
    assert reply.status == 200
    assert ["code" in result for result in reply.json()] == [False, True, False]
    assert [value["id"] for value in vantiq.journal.values()] == [1, 3]


@pytest.mark.parametrize(
    ("form", "refused"),
    [
        ("row", {"code": "x", "message": "m", "params": []}),
        ("errors", [{"code": "x", "message": "m", "params": []}]),
        ("response", {"status": 429, "headers": {}, "body": [{"code": "x", "message": "m", "params": []}]}),
        (
            "socket_response",
            {
                "status": 429,
                "contentType": "application/json",
                "headers": {},
                "body": [{"code": "x", "message": "m", "params": []}],
            },
        ),
    ],
)
def test_elements_are_told_in_every_form_of_the_references(vantiq: VantiqStandIn, form: Any, refused: Any) -> None:
    vantiq.fail("index_errors", indexes=[1], onwards=True, status=429, code="x", message="m", form=form, times=1)
    results = send(vantiq, TYPE, [{"id": 1}, {"id": 2}, {"id": 3}]).json()
    assert results[1:] == [refused] * 2
    row = results[0]["body"] if "response" in form else results[0]
    assert (row["id"], results[0].get("status")) == (1, 200 if "response" in form else None)
    assert [value["id"] for value in vantiq.journal.values()] == [1]


def test_a_second_insert_of_a_natural_key_is_409(vantiq: VantiqStandIn) -> None:
    vantiq.define("types", {"name": "Keyed", "naturalKey": ["id"]})
    path = "/api/v1/resources/custom/Keyed"
    assert send(vantiq, path, {"id": 1}).status == 200
    again = send(vantiq, path, {"id": 1})
    assert (again.status, again.json()[0]["code"]) == (409, "io.vantiq.resource.duplicate.key")
    vantiq.fail("index_errors", form="response", times=1)
    assert [result["status"] for result in send(vantiq, path, [{"id": 1}, {"id": 2}]).json()] == [409, 200]


def test_a_login_page_and_early_hints_are_played(vantiq: VantiqStandIn) -> None:
    vantiq.fail("html", times=1)
    page = send(vantiq, TOPIC, {})
    assert (page.status, page.headers["Content-Type"].split(";")[0], len(vantiq.journal)) == (200, "text/html", 0)
    vantiq.fail("early_hints", times=1)
    address = VantiqAddress(False, "127.0.0.1", vantiq.port)
    client = VantiqClient(VantiqEndpoint(address), FixedToken(vantiq.token))
    try:
        assert [client.request("POST", TOPIC, b"{}", Deadline(5)).status for _ in range(2)] == [200, 200]
    finally:
        client.close()


@pytest.mark.parametrize("path", [TOPIC, TYPE])
def test_a_200_can_be_an_error_for_a_single_object(vantiq: VantiqStandIn, path: str) -> None:
    vantiq.fail("index_errors", indexes=[0], times=1)
    reply = send(vantiq, path, {"id": 1})
    assert (reply.status, "code" in reply.json()[0]) == (200, True)
    assert len(vantiq.journal) == 0


def test_a_redirect_points_elsewhere(vantiq: VantiqStandIn) -> None:
    vantiq.fail("redirect", location="http://127.0.0.1:9/login")
    reply = send(vantiq, TOPIC, {})
    assert (reply.status, reply.headers["Location"]) == (302, "http://127.0.0.1:9/login")
    assert len(vantiq.journal) == 0


def test_a_delay_comes_before_a_good_answer(vantiq: VantiqStandIn) -> None:
    vantiq.fail("none", delay_seconds=0.3, times=1)
    before = time.monotonic()
    assert send(vantiq, TOPIC, {}).status == 200
    assert time.monotonic() - before >= 0.3


@pytest.mark.parametrize(("accept", "kept"), [(False, 0), (True, 1)])
def test_a_reset_after_the_body_is_ambiguous(vantiq: VantiqStandIn, accept: bool, kept: int) -> None:
    vantiq.fail("reset", accept=accept, times=1)
    with pytest.raises(ConnectionResetError):
        send(vantiq, TOPIC, {})
    assert len(vantiq.journal) == kept
    assert vantiq.stats.answers["reset"] == 1


def test_a_reset_before_the_body_needs_no_body(vantiq: VantiqStandIn) -> None:
    vantiq.fail("reset", before_body=True, times=1)
    with open_socket(vantiq) as connection:
        connection.sendall(f"POST {TOPIC} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n".encode())
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_a_hang_never_answers(vantiq: VantiqStandIn) -> None:
    vantiq.fail("hang", accept=True, times=1)
    with pytest.raises(TimeoutError):
        send(vantiq, TOPIC, {}, timeout_seconds=0.3)
    assert len(vantiq.journal) == 1
    assert send(vantiq, TOPIC, {}).status == 200


def test_a_half_answer_ends_in_the_middle(vantiq: VantiqStandIn) -> None:
    vantiq.fail("half_answer", times=1)
    with pytest.raises(http.client.IncompleteRead) as broken:
        send(vantiq, TYPE, {"id": 1})
    assert len(broken.value.partial) > 10
    assert (broken.value.expected or 0) > 10
    assert len(vantiq.journal) == 1


def test_a_slow_drip_takes_its_time_and_is_valid(vantiq: VantiqStandIn) -> None:
    vantiq.fail("slow_drip", drip_seconds=0.5, times=1)
    before = time.monotonic()
    reply = send(vantiq, TYPE, {"id": 1}, timeout_seconds=0.4)  # no single wait is as long as the whole
    assert time.monotonic() - before >= 0.5
    assert reply.json()["id"] == 1


def test_invalid_json_comes_with_a_200(vantiq: VantiqStandIn) -> None:
    vantiq.fail("invalid_json", times=1)
    reply = send(vantiq, TOPIC, {})
    assert reply.status == 200
    with pytest.raises(json.JSONDecodeError):
        reply.json()
    assert len(vantiq.journal) == 1


def test_a_broken_answer_can_be_one_that_took_nothing(vantiq: VantiqStandIn) -> None:
    vantiq.fail("invalid_json", accept=False, times=1)
    vantiq.fail("status", status=503, accept=True, times=1)
    send(vantiq, TOPIC, {"n": 1})
    assert send(vantiq, TOPIC, {"n": 2}).status == 503
    assert vantiq.journal.values() == [{"n": 2}]


def test_a_request_in_a_batch_fails_alone(vantiq: VantiqStandIn) -> None:
    vantiq.fail("status", status=400, path=TOPIC, pointer="/n", equals=2)
    items = [{"method": "POST", "uri": "/topics//orders", "body": {"n": n}} for n in (1, 2, 3)]
    results = send(vantiq, "/api/v1/batch", items).json()
    assert [result["status"] for result in results] == [200, 400, 200]


def test_chance_is_repeatable() -> None:
    def outcomes(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.add(Fault("reset", probability=0.5))
        return [faults.take("POST", "/", b"") is not None for _ in range(50)]

    assert outcomes(1) == outcomes(1) != outcomes(2)
    assert 5 < sum(outcomes(1)) < 45


def test_a_fault_before_the_body_cannot_look_into_it() -> None:
    with pytest.raises(ValueError, match="before the body"):
        Fault("reset", before_body=True, pointer="/a")
