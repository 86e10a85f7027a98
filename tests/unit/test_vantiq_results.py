"""What became of each record of a request, in every form that Vantiq's references and clients know."""

import json
from typing import Any

import pytest
from msk_toolkit.target_kinds import TargetKind
from msk_toolkit.vantiq.responses import Disposition, RequestResults, results_of_request
from msk_toolkit.vantiq.results import error_in, is_plausible

DELIVERED, RETRIABLE, REFUSED, OUTAGE = (
    Disposition.DELIVERED,
    Disposition.RETRIABLE,
    Disposition.REFUSED,
    Disposition.OUTAGE,
)
THERE_ALREADY, UNCLEAR = Disposition.THERE_ALREADY, Disposition.UNCLEAR
INVALID = {"code": "io.vantiq.type.validation", "message": "no", "params": []}
DUPLICATE = {"code": "io.vantiq.resource.duplicate.key", "message": "no", "params": []}
QUOTA = {"code": "io.vantiq.resource.quota.credit.exhausted", "message": "no", "params": []}
MISSING_TARGETS = [
    "io.vantiq.resource.not.found",
    "com.accessg2.ag2rs.type.not.found",
    "io.vantiq.type.system.resource.unknown",
]
ROW = {"_id": "1"}
ENVELOPE = {"id": "c/t/0/1", "topic": "t", "offset": 1, "headers": [], "value": {"status": 400}}


def results_of(
    body: Any, *sent: Any, status: int = 200, kind: TargetKind = "upsert", as_array: bool = True
) -> RequestResults:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    documents = [json.dumps(document).encode() for document in sent]
    return results_of_request(status, raw, kind, len(documents), as_array=as_array, sent=documents)


def of_one(result: Any, sent: Any = ENVELOPE, kind: TargetKind = "upsert") -> Disposition:
    """The disposition of the first of two records whose second one was stored."""
    answer = results_of([result, ROW], sent, ENVELOPE, kind=kind)
    assert not answer.for_all
    assert answer.records[1].disposition is DELIVERED
    return answer.records[0].disposition


def response(status: Any, body: Any = None, form: str = "batch") -> dict[str, Any]:
    if form == "bare":
        return {"status": status}
    more = {"contentType": "application/json"} if form == "web socket" else {}
    return {"status": status, **more, "headers": {}, "body": body}


@pytest.mark.parametrize("form", ["batch", "web socket"])
@pytest.mark.parametrize("kind", ["type", "upsert"])
@pytest.mark.parametrize(
    ("status", "body", "disposition"),
    [
        (200, ROW, DELIVERED),
        (200, [ROW], DELIVERED),
        (200, None, DELIVERED),
        (201, ROW, DELIVERED),
        (204, None, DELIVERED),
        (200, [INVALID], REFUSED),
        (200, {"error": INVALID}, REFUSED),
        (102, None, RETRIABLE),
        (302, None, OUTAGE),
        (400, [INVALID], REFUSED),
        (400, INVALID, REFUSED),
        (400, {"error": INVALID}, REFUSED),
        (400, None, REFUSED),
        (400, [QUOTA], RETRIABLE),
        (401, None, OUTAGE),
        (403, [INVALID], OUTAGE),
        (404, None, OUTAGE),
        (409, [INVALID], REFUSED),
        (413, None, REFUSED),
        (422, None, REFUSED),
        (429, [QUOTA], RETRIABLE),
        (429, None, RETRIABLE),
        (500, [INVALID], RETRIABLE),
        (503, "busy", RETRIABLE),
    ],
)
def test_the_status_of_a_standard_response_decides_on_its_record(
    status: int, body: Any, disposition: Disposition, kind: TargetKind, form: str
) -> None:
    assert of_one(response(status, body, form), kind=kind) is disposition


@pytest.mark.parametrize("status", [400, 409, 429, 500])
def test_a_status_alone_is_a_response_too(status: int) -> None:
    assert of_one(response(status, form="bare")) is (RETRIABLE if status in {429, 500} else REFUSED)


@pytest.mark.parametrize("status", [400, 429, 500])
def test_a_failing_status_with_unknown_fields_beside_it_never_counts_as_delivered(status: int) -> None:
    assert of_one({"status": status, "reason": "words"}) is not DELIVERED
    assert of_one({"status": status, "error": "Internal Server Error", "path": "/x"}) is not DELIVERED


@pytest.mark.parametrize("kind", ["topic", "service", "source", "type", "upsert"])
@pytest.mark.parametrize("as_array", [True, False])
def test_an_error_with_a_field_named_like_the_records_but_another_value_is_no_row(
    kind: TargetKind, as_array: bool
) -> None:
    sent = ENVELOPE | {"timestamp": 1_763_800_000_000}
    # As Spring Boot writes it, which a gateway may pass on with 200.
    error = {"timestamp": "2026-11-28T09:00:00Z", "status": 500, "error": "Internal Server Error", "path": "/api"}
    assert results_of(error, sent, kind=kind, as_array=as_array).records[0].disposition is RETRIABLE
    assert results_of([error, error], sent, sent, kind=kind).records[0].disposition is RETRIABLE
    assert (
        results_of({"status": 403, "id": "request-7"}, sent, kind=kind, as_array=as_array).records[0].disposition
        is OUTAGE
    )


@pytest.mark.parametrize("status", ["400", "failed", True, None, 4000, 429.5])
def test_a_status_that_says_nothing_leaves_the_record_to_do(status: Any) -> None:
    assert of_one(response(status)) is RETRIABLE
    assert of_one({"status": status}) is RETRIABLE


@pytest.mark.parametrize("errors", [[INVALID], [INVALID, QUOTA], {"error": [INVALID]}, {"errors": [INVALID]}])
def test_errors_in_the_place_of_a_record_refuse_it_by_the_first(errors: Any) -> None:
    assert of_one(errors) is REFUSED
    assert of_one(response(200) | {"errors": [QUOTA]}) is RETRIABLE


def test_a_long_list_is_looked_at_no_further_than_its_first_entry_that_is_no_error() -> None:
    class Unread(dict[str, Any]):
        def get(self, *_: Any) -> Any:
            raise AssertionError("looked at")

    assert error_in([{}, Unread()]) is None
    assert error_in([INVALID, {}, Unread()]) is None
    assert error_in([INVALID, QUOTA]) == INVALID


@pytest.mark.parametrize("result", [None, "failed", 1, [], [ROW], True])
def test_anything_else_in_its_place_leaves_the_record_to_do(result: Any) -> None:
    assert of_one(result) is RETRIABLE


@pytest.mark.parametrize(
    "row",
    [
        {"_id": "1", "status": 400},
        {"_id": "1", "status": 500, "body": [INVALID], "headers": {}},
        {"status": 404, "ars_version": 2},
        {"status": "ACTIVE"},
        {"status": 404, "path": "/changed/by/vantiq"},
        {"status": 200},
        {"code": "E42", "message": "disk full"},
        {"error": "disk full"},
    ],
)
def test_a_stored_row_with_columns_named_like_a_response_is_delivered(row: Any) -> None:
    sent = {"key": 7, "status": row.get("status", 1), "path": "/x", "code": "E42", "message": "disk full"}
    assert of_one(row, sent | {"error": "disk full"}) is DELIVERED


def test_what_may_be_a_row_or_a_refusal_is_unclear_in_an_array_and_told_by_the_status_alone() -> None:
    sent = {"key": 7, "status": 400}
    assert of_one({"status": 400}, sent) is UNCLEAR
    assert of_one({"status": 429}, sent) is RETRIABLE
    (alone,) = results_of({"status": 400}, sent, as_array=False).records
    assert alone.disposition is DELIVERED
    assert results_of({"status": 400}, ENVELOPE, as_array=False).records[0].disposition is not DELIVERED


def test_a_failure_can_hold_a_result_for_each_record() -> None:
    answer = results_of([response(200, ROW), response(400, [INVALID]), response(429)], *[ENVELOPE] * 3, status=400)
    assert [result.disposition for result in answer.records] == [DELIVERED, REFUSED, RETRIABLE]
    # The errors of one refusal are about no record in particular.
    assert results_of([INVALID, INVALID], ENVELOPE, ENVELOPE, status=400).for_all


@pytest.mark.parametrize("status", [200, 204])
@pytest.mark.parametrize("body", [b"", b" \n"])
def test_an_empty_success_acknowledges_what_is_published_and_nothing_that_is_stored(status: int, body: bytes) -> None:
    assert results_of(body, ENVELOPE, status=status, kind="topic", as_array=False).records[0].disposition is DELIVERED
    assert results_of(body, ENVELOPE, status=status).records[0].disposition is RETRIABLE


@pytest.mark.parametrize("kind", ["topic", "service", "source", "type", "upsert", "procedure"])
@pytest.mark.parametrize("page", [b"<html>log in</html>", b"\r\n <!DOCTYPE html>"])
def test_a_page_of_html_is_an_outage_whatever_its_status(kind: TargetKind, page: bytes) -> None:
    assert results_of(page, ENVELOPE, kind=kind).records[0].disposition is OUTAGE


@pytest.mark.parametrize("status", [400, 409, 200])
def test_a_duplicate_of_an_insert_is_there_already_and_of_anything_else_refused(status: int) -> None:
    for body in ([DUPLICATE], {"error": DUPLICATE}):
        assert results_of(body, ENVELOPE, status=status, kind="type").records[0].disposition is THERE_ALREADY
        assert results_of(body, ENVELOPE, status=status, kind="upsert").records[0].disposition is REFUSED
    for result in (DUPLICATE, [DUPLICATE], response(409, [DUPLICATE]), response(409, DUPLICATE)):
        assert of_one(result, kind="type") is THERE_ALREADY
        assert of_one(result) is REFUSED


@pytest.mark.parametrize("code", MISSING_TARGETS)
@pytest.mark.parametrize("status", [400, 404, 200])
def test_a_missing_target_is_an_outage(code: str, status: int) -> None:
    error = {"code": code, "message": "no", "params": []}
    for kind in ("topic", "type", "procedure"):
        assert results_of([error], ENVELOPE, status=status, kind=kind, as_array=False).records[0].disposition is OUTAGE
    assert of_one(error) is OUTAGE
    assert of_one(response(400, [error])) is OUTAGE
    # A procedure's own code may end alike.
    own = {"code": "com.shop.customer.not.found", "message": "no", "params": []}
    assert results_of([own], ENVELOPE, status=400, kind="procedure", as_array=False).records[0].disposition is REFUSED


@pytest.mark.parametrize(
    "own",
    [
        {"code": "OK", "message": "stored"},
        {"code": "OK", "message": "stored", "status": 500},
        [{"code": "OK", "message": "stored"}],
        {"status": 429},
        {"code": "OK"},
        {"error": None, "code": "OK", "message": ""},
    ],
)
@pytest.mark.parametrize("as_array", [True, False])
def test_a_procedures_own_answer_is_no_error(own: Any, as_array: bool) -> None:
    assert results_of(own, ENVELOPE, kind="procedure", as_array=as_array).records[0].disposition is DELIVERED


@pytest.mark.parametrize("error", [INVALID, [INVALID], {"error": INVALID}])
def test_the_documented_error_is_one_in_a_procedures_answer_too(error: Any) -> None:
    assert results_of(error, ENVELOPE, kind="procedure").records[0].disposition is REFUSED


@pytest.mark.parametrize("code", ["x" * 300_000, "secret words", "a\nb", "ä"])
def test_a_code_of_another_form_is_never_shown(code: str) -> None:
    (result,) = results_of([{"code": code, "message": "m"}], ENVELOPE, status=400).records
    assert (result.disposition, result.code) == (REFUSED, "unusual-code")


def test_no_value_is_counted_up_to_64_kilobytes() -> None:
    assert is_plausible(b"," * 65_536, [])
    assert not is_plausible(b"," * 65_537, [])
