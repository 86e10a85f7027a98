"""What an answer means, by status and code."""

import json
from typing import Any

import pytest
from msk_toolkit.settings.targets import TargetKind
from msk_toolkit.vantiq.answers import Verdict, judge

INVALID = {"code": "io.vantiq.type.validation", "message": "no", "params": []}
MISSING = {"code": "io.vantiq.resource.not.found", "message": "no", "params": []}
QUOTA = {"code": "io.vantiq.resource.quota.credit.exhausted", "message": "no", "params": []}
ROW = {"_id": "1", "code": "x", "message": "y"}


def verdicts(
    status: int, body: Any, kind: TargetKind = "topic", count: int = 1, *, as_array: bool = False
) -> list[Verdict]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return [one.verdict for one in judge(status, raw, kind, count, as_array=as_array).each]


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (200, b"", Verdict.DELIVERED),
        (200, b"{}", Verdict.DELIVERED),
        (200, [], Verdict.DELIVERED),
        (204, b"", Verdict.DELIVERED),
        (200, {"value": 1}, Verdict.DELIVERED),
        (200, [INVALID], Verdict.REFUSED),
        (200, INVALID, Verdict.REFUSED),
        (200, {"error": INVALID}, Verdict.REFUSED),
        (200, {"error": [QUOTA]}, Verdict.RETRIABLE),
        (200, [MISSING], Verdict.OUTAGE),
        (200, b"<html>a login</html>", Verdict.OUTAGE),
        (202, b"", Verdict.OUTAGE),
        (206, b"{}", Verdict.OUTAGE),
        (200, b'{"cut', Verdict.RETRIABLE),
        (301, b"", Verdict.OUTAGE),
        (302, b"", Verdict.OUTAGE),
        (304, b"", Verdict.OUTAGE),
        (400, [INVALID], Verdict.REFUSED),
        (400, {"error": INVALID}, Verdict.REFUSED),
        (400, [MISSING], Verdict.OUTAGE),
        (400, [QUOTA], Verdict.RETRIABLE),
        (400, b"<html>a proxy's own</html>", Verdict.OUTAGE),
        (401, b"", Verdict.OUTAGE),
        (403, [INVALID], Verdict.OUTAGE),
        (404, [MISSING], Verdict.OUTAGE),
        (405, b"", Verdict.OUTAGE),
        (407, b"", Verdict.OUTAGE),
        (408, b"", Verdict.RETRIABLE),
        (409, [INVALID], Verdict.REFUSED),
        (410, b"", Verdict.OUTAGE),
        (413, b"<html>", Verdict.REFUSED),
        (418, [INVALID], Verdict.OUTAGE),
        (422, b"", Verdict.REFUSED),
        (425, b"", Verdict.RETRIABLE),
        (429, b"", Verdict.RETRIABLE),
        (429, [QUOTA], Verdict.RETRIABLE),
        (500, [INVALID], Verdict.RETRIABLE),
        (503, b"", Verdict.RETRIABLE),
    ],
)
def test_status_and_code_decide(status: int, body: Any, verdict: Verdict) -> None:
    assert verdicts(status, body) == [verdict]


@pytest.mark.parametrize("kind", ["type", "upsert", "topic"])
def test_an_array_is_judged_result_by_result_inside_a_200(kind: TargetKind) -> None:
    results = [ROW, INVALID, {}, QUOTA]
    assert verdicts(200, results, kind, 4, as_array=True) == [
        Verdict.DELIVERED,
        Verdict.REFUSED,
        Verdict.DELIVERED,
        Verdict.RETRIABLE,
    ]


def test_an_inserted_row_that_looks_like_an_error_is_no_error() -> None:
    assert verdicts(200, [ROW], "type", 1, as_array=True) == [Verdict.DELIVERED]


def test_missing_results_leave_the_records_to_do() -> None:
    assert verdicts(200, [ROW], "type", 2, as_array=True) == [Verdict.RETRIABLE] * 2


@pytest.mark.parametrize("kind", ["type", "upsert"])
@pytest.mark.parametrize("body", [b"", b"null", [], {}, ROW, [ROW, ROW, ROW, ROW], {"rows": 3}])
def test_an_array_that_is_stored_is_done_only_with_a_result_for_each_record(kind: TargetKind, body: Any) -> None:
    assert verdicts(200, body, kind, 3, as_array=True) == [Verdict.RETRIABLE] * 3


@pytest.mark.parametrize("result", [None, "failed", 1, []])
def test_a_result_that_is_no_row_leaves_its_record_to_do(result: Any) -> None:
    assert verdicts(200, [ROW, result], "upsert", 2, as_array=True) == [Verdict.DELIVERED, Verdict.RETRIABLE]
    # What was published is not stored, and does not come back.
    assert verdicts(200, [None, None], "topic", 2, as_array=True) == [Verdict.DELIVERED] * 2


@pytest.mark.parametrize("more", [{"status": 400}, {"requestId": "r"}])
def test_an_error_with_more_beside_it_is_an_error(more: dict[str, Any]) -> None:
    assert verdicts(200, [INVALID | more]) == [Verdict.REFUSED]
    assert verdicts(200, {"error": INVALID} | more) == [Verdict.REFUSED]
    assert verdicts(200, [ROW, INVALID | more], "type", 2, as_array=True) == [Verdict.DELIVERED, Verdict.REFUSED]
    # A procedure may return such a thing.
    assert verdicts(200, INVALID | more, "procedure") == [Verdict.DELIVERED]


def test_one_error_for_a_whole_array_says_not_which_record() -> None:
    judged = judge(400, json.dumps([INVALID]).encode(), "type", 3, as_array=True)
    assert judged.for_all
    assert [one.verdict for one in judged.each] == [Verdict.REFUSED] * 3


def test_what_a_procedure_returns_is_no_list_of_results() -> None:
    assert verdicts(200, [1, 2], "procedure", 1, as_array=True) == [Verdict.DELIVERED]
    assert verdicts(200, [{"code": 3}, None], "procedure", 5, as_array=True) == [Verdict.DELIVERED] * 5


def test_a_deep_answer_is_unreadable_and_nothing_worse() -> None:
    assert verdicts(200, b"[" * 100_000) == [Verdict.RETRIABLE]
