"""What an answer means, by status and code."""

import json
from typing import Any

import pytest
from msk_toolkit.target_kinds import TargetKind
from msk_toolkit.vantiq.responses import Disposition, error_of, results_of_request

INVALID = {"code": "io.vantiq.type.validation", "message": "no", "params": []}
MISSING = {"code": "io.vantiq.resource.not.found", "message": "no", "params": []}
QUOTA = {"code": "io.vantiq.resource.quota.credit.exhausted", "message": "no", "params": []}
ERROR = {"code": "io.vantiq.x", "message": "no", "params": []}
ROW = {"_id": "1", "code": "x", "message": "y"}


def dispositions(
    status: int, body: Any, kind: TargetKind = "topic", count: int = 1, *, as_array: bool = False
) -> list[Disposition]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return [result.disposition for result in results_of_request(status, raw, kind, count, as_array=as_array).records]


@pytest.mark.parametrize(
    ("status", "body", "disposition"),
    [
        (200, b"", Disposition.DELIVERED),
        (200, b"{}", Disposition.DELIVERED),
        (200, [], Disposition.DELIVERED),
        (204, b"", Disposition.DELIVERED),
        (200, {"value": 1}, Disposition.DELIVERED),
        (200, [INVALID], Disposition.REFUSED),
        (200, INVALID, Disposition.REFUSED),
        (200, {"error": INVALID}, Disposition.REFUSED),
        (200, {"error": [QUOTA]}, Disposition.RETRIABLE),
        (200, [MISSING], Disposition.OUTAGE),
        (200, b"<html>a login</html>", Disposition.OUTAGE),
        (202, b"", Disposition.OUTAGE),
        (206, b"{}", Disposition.OUTAGE),
        (200, b'{"cut', Disposition.RETRIABLE),
        (301, b"", Disposition.OUTAGE),
        (302, b"", Disposition.OUTAGE),
        (304, b"", Disposition.OUTAGE),
        (400, [INVALID], Disposition.REFUSED),
        (400, {"error": INVALID}, Disposition.REFUSED),
        (400, [MISSING], Disposition.OUTAGE),
        (400, [QUOTA], Disposition.RETRIABLE),
        (400, b"<html>a proxy's own</html>", Disposition.OUTAGE),
        (401, b"", Disposition.OUTAGE),
        (403, [INVALID], Disposition.OUTAGE),
        (404, [MISSING], Disposition.OUTAGE),
        (405, b"", Disposition.OUTAGE),
        (407, b"", Disposition.OUTAGE),
        (408, b"", Disposition.RETRIABLE),
        (409, [INVALID], Disposition.REFUSED),
        (410, b"", Disposition.OUTAGE),
        (413, b"<html>", Disposition.REFUSED),
        (418, [INVALID], Disposition.OUTAGE),
        (422, b"", Disposition.REFUSED),
        (425, b"", Disposition.RETRIABLE),
        (429, b"", Disposition.RETRIABLE),
        (429, [QUOTA], Disposition.RETRIABLE),
        (500, [INVALID], Disposition.RETRIABLE),
        (503, b"", Disposition.RETRIABLE),
    ],
)
def test_status_and_code_decide(status: int, body: Any, disposition: Disposition) -> None:
    assert dispositions(status, body) == [disposition]


@pytest.mark.parametrize("kind", ["type", "upsert", "topic"])
def test_an_array_is_read_result_by_result_inside_a_200(kind: TargetKind) -> None:
    results = [ROW, INVALID, {}, QUOTA]
    assert dispositions(200, results, kind, 4, as_array=True) == [
        Disposition.DELIVERED,
        Disposition.REFUSED,
        Disposition.DELIVERED,
        Disposition.RETRIABLE,
    ]


def test_an_inserted_row_that_looks_like_an_error_is_no_error() -> None:
    assert dispositions(200, [ROW], "type", 1, as_array=True) == [Disposition.DELIVERED]


def test_missing_results_leave_the_records_to_do() -> None:
    assert dispositions(200, [ROW], "type", 2, as_array=True) == [Disposition.RETRIABLE] * 2


@pytest.mark.parametrize("kind", ["type", "upsert"])
@pytest.mark.parametrize("body", [b"", b"null", [], {}, ROW, [ROW, ROW, ROW, ROW], {"rows": 3}])
def test_an_array_that_is_stored_is_done_only_with_a_result_for_each_record(kind: TargetKind, body: Any) -> None:
    assert dispositions(200, body, kind, 3, as_array=True) == [Disposition.RETRIABLE] * 3


@pytest.mark.parametrize("result", [None, "failed", 1, []])
def test_a_result_that_is_no_row_leaves_its_record_to_do(result: Any) -> None:
    assert dispositions(200, [ROW, result], "upsert", 2, as_array=True) == [
        Disposition.DELIVERED,
        Disposition.RETRIABLE,
    ]
    # What was published is not stored, and does not come back.
    assert dispositions(200, [None, None], "topic", 2, as_array=True) == [Disposition.DELIVERED] * 2


@pytest.mark.parametrize("more", [{"status": 400}, {"requestId": "r"}])
def test_an_error_with_more_beside_it_is_an_error(more: dict[str, Any]) -> None:
    assert dispositions(200, [INVALID | more]) == [Disposition.REFUSED]
    assert dispositions(200, {"error": INVALID} | more) == [Disposition.REFUSED]
    assert dispositions(200, [ROW, INVALID | more], "type", 2, as_array=True) == [
        Disposition.DELIVERED,
        Disposition.REFUSED,
    ]
    # A procedure may return such a thing.
    assert dispositions(200, INVALID | more, "procedure") == [Disposition.DELIVERED]


def test_one_error_for_a_whole_array_says_not_which_record() -> None:
    results = results_of_request(400, json.dumps([INVALID]).encode(), "type", 3, as_array=True)
    assert results.for_all
    assert [result.disposition for result in results.records] == [Disposition.REFUSED] * 3


def test_what_a_procedure_returns_is_no_list_of_results() -> None:
    assert dispositions(200, [1, 2], "procedure", 1, as_array=True) == [Disposition.DELIVERED]
    assert dispositions(200, [{"code": 3}, None], "procedure", 5, as_array=True) == [Disposition.DELIVERED] * 5


def test_a_deep_answer_is_unreadable_and_nothing_worse() -> None:
    assert dispositions(200, b"[" * 100_000) == [Disposition.RETRIABLE]


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {"name": "orders"}, (0, "")),
        (204, None, (0, "")),
        (299, {}, (0, "")),
        # What was looked up, created or changed is not there: connect and the target check must not take it for done.
        (200, ERROR, (400, "io.vantiq.x")),
        (299, ERROR, (400, "io.vantiq.x")),
        (300, None, (300, "")),
        (199, {}, (199, "")),
        (404, ERROR, (404, "io.vantiq.x")),
        (500, None, (500, "")),
    ],
)
def test_a_request_about_a_resource_succeeds_only_with_a_success_whose_body_is_not_an_error(
    status: int, body: Any, expected: tuple[int, str]
) -> None:
    assert error_of(status, body) == expected


@pytest.mark.parametrize("kind", ["topic", "type", "upsert", "service", "source"])
def test_a_single_record_whose_result_comes_in_a_list_is_not_done_before_that_says_so(kind: TargetKind) -> None:
    assert dispositions(200, [{"status": 503, "headers": {}}], kind) == [Disposition.RETRIABLE]
    assert dispositions(200, [{"status": 200, "headers": {}}], kind) == [Disposition.DELIVERED]


@pytest.mark.parametrize("results", [1, 3])
def test_a_list_of_more_or_fewer_results_than_records_acknowledges_none_of_them(results: int) -> None:
    assert dispositions(200, [{}] * results, "topic", 2, as_array=True) == [Disposition.RETRIABLE] * 2


def test_an_error_field_beside_others_is_content_of_a_procedure_or_a_resource() -> None:
    assert dispositions(200, {"error": "none", "rows": 1}, "procedure") == [Disposition.DELIVERED]
    assert error_of(200, {"error": "none", "name": "orders"}) == (0, "")


def test_a_refusal_with_the_status_of_a_column_of_the_record_is_not_taken_for_its_row() -> None:
    sent, result = b'{"status": 400, "id": "a"}', b'[{"status": 400, "code": "io.vantiq.x"}]'
    results = results_of_request(200, result, "upsert", 1, as_array=True, sent=[sent])
    assert [entry.disposition for entry in results.records] == [Disposition.REFUSED]


@pytest.mark.parametrize(("status", "expected"), [(299, Disposition.REFUSED), (300, Disposition.OUTAGE)])
def test_the_status_inside_of_an_error_counts_from_a_redirect_on(status: int, expected: Disposition) -> None:
    errors = [{"code": "c", "message": "m", "status": status}] * 2
    assert dispositions(200, errors, "topic") == [expected]


@pytest.mark.parametrize("kind", ["topic", "type", "upsert", "service", "source"])
@pytest.mark.parametrize(
    "status", [{}, {"status": 0}, {"status": 999}, {"status": None}, {"status": "400"}, {"status": 4e2}]
)
def test_an_error_where_a_response_has_its_body_is_one_whatever_stands_for_the_status(
    kind: TargetKind, status: dict[str, Any]
) -> None:
    result = status | {"headers": {}, "body": [INVALID]}
    assert dispositions(200, [result], kind, as_array=True) == [Disposition.REFUSED]
    assert dispositions(200, result, "topic") == [Disposition.REFUSED]


def test_a_row_with_a_column_body_that_holds_an_error_is_a_row() -> None:
    sent = json.dumps({"id": "a", "body": [INVALID]}).encode()
    for row in ({"_id": "1", "body": [INVALID]}, {"id": "a", "body": [INVALID], "n": None}):
        results = results_of_request(200, json.dumps([row]).encode(), "type", 1, as_array=True, sent=[sent])
        assert [entry.disposition for entry in results.records] == [Disposition.DELIVERED]


@pytest.mark.parametrize(
    "body", [b'{"error": {"code": "io.vantiq.\xff", "message": "m"}}', b'["\xc3"]', b'{"\xed\xa0\x80": 1}']
)
@pytest.mark.parametrize("kind", ["topic", "procedure", "upsert"])
def test_a_body_that_is_not_utf_8_acknowledges_nothing(kind: TargetKind, body: bytes) -> None:
    assert dispositions(200, body, kind) == [Disposition.RETRIABLE]
    assert dispositions(200, '{"n": "é"}'.encode(), "procedure") == [Disposition.DELIVERED]
