"""The forms in which Vantiq says what became of a record: a standard response, an error, or the stored row.

The vendor's API reference gives each record of an array insert "the JSON representation of a standard response":
``{status, headers, body}``, over the web socket with ``contentType`` beside it. Its clients also know an error
``{code, message, params}``, an array of those, ``{"error": ...}``, and the bare row.
"""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

_ERROR_FIELDS = frozenset({"code", "message", "params"})
# A record's own column can't be recognised by these names.
_ANSWER_FIELDS = _ERROR_FIELDS | {"status", "headers", "contentType", "body", "error", "errors"}
# What Vantiq adds to a row that it stores; a response has none of it.
_ROW_ID = "_id"
_ROW_PREFIX = "ars_"
_CODE = re.compile(r"[A-Za-z0-9._-]{1,200}")
_UNUSUAL_CODE = "unusual-code"
_BAD_REQUEST = 400
_CHECK = msgspec.json.Decoder(msgspec.Raw)
# What need not be looked at, and what any response may hold; then for each record: its own values, and its result's.
_PLAUSIBLE_BYTES = 65_536
_PLAUSIBLE_VALUES = 20_000
_RESULT_VALUES = 100


def is_plausible(body: bytes, sent: Sequence[bytes]) -> bool:
    """Whether a response has not many more JSON values than what was sent and the results of so many records.

    As objects, values take up to fifty times the memory of their text: a few megabytes of ``[[],[],...`` are nonsense.

    Args:
        sent: the documents of the request.
    """
    if len(body) <= _PLAUSIBLE_BYTES:
        return True
    return _values_in(body) <= _PLAUSIBLE_VALUES + sum(2 * _values_in(document) + _RESULT_VALUES for document in sent)


def _values_in(text: bytes) -> int:
    """No fewer JSON values than a text holds, brackets in strings included."""
    return 1 + text.count(b",") + text.count(b"[") + text.count(b"{")


def is_json(body: bytes) -> bool:
    """Whether the body is valid JSON, without making objects of it."""
    try:
        if not body.isascii():
            body.decode()  # the check below lets broken UTF-8 through
        _CHECK.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True


def parsed(body: bytes) -> Any:
    """The body's JSON; None where it is empty, ``msgspec.UNSET`` where it is something else."""
    if not body.strip():
        return None
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return msgspec.UNSET


def content_of(body: bytes, sent: Sequence[bytes]) -> Any:
    """The body's JSON, as :func:`parsed`; ``msgspec.UNSET`` also where it is not plausible for what was sent."""
    return parsed(body) if is_plausible(body, sent) else msgspec.UNSET


def response_status(result: Any) -> int | None:
    """The ``status`` of what may be a standard response, from 100 to 599; None for a row and for anything else."""
    if not isinstance(result, dict) or _is_row(result):
        return None
    return _status_from(100, result)


def is_echo(result: Any, record: Any) -> bool:
    """Whether all that the result holds was sent in the record, field for field: the answer to an upsert."""
    if not isinstance(result, dict) or not isinstance(record, dict):
        return False
    return bool(result) and all(name in record and record[name] == result[name] for name in result)


def has_columns_of(result: dict[str, Any], record: Any) -> bool:
    """Whether the result is the record's row: it has a column that no response of Vantiq's has, and that column or the
    status is as it was sent. A name alone proves nothing: a gateway's error may have a ``timestamp`` or an ``id`` too.
    """
    if not isinstance(record, dict):
        return False
    columns = record.keys() & (result.keys() - _ANSWER_FIELDS)
    if not columns:
        return False
    compared = columns | (record.keys() & result.keys() & {"status"})
    return any(record[name] == result[name] for name in compared)


def is_stored(result: Any, record: Any) -> bool:
    """Whether a result without error can be what was stored; a ``status`` that the record has not is none of its."""
    if not isinstance(result, dict):
        return False
    return "status" not in result or _is_row(result) or (isinstance(record, dict) and "status" in record)


def error_in(answer: Any, *, exact: bool = False, anything: bool = False) -> dict[str, Any] | None:
    """The error in an answer of one of the documented shapes: ``[{code, message, params}, ...]``, one of those
    alone, or ``{"error": ...}``. What was inserted comes back with an ``_id``, whatever else it looks like.

    Args:
        exact: only the documented document with all of its fields is an error: the answer is a procedure's own.
        anything: the answer may be an instance of a resource, so that an error is what looks like one and nothing else.
    """
    if not isinstance(answer, list):
        return _error_of_object(answer, exact=exact, anything=anything)
    errors = (_error_of_object(entry, exact=exact, anything=anything) for entry in answer)
    # What is not an error ends it: a response can hold millions of entries.
    first = next(errors, None)
    if first and all(errors):
        return first
    return None


def error_without_status(result: Any, record: Any) -> dict[str, Any] | None:
    """The error in a result that has no status of a response: in itself, or where a response has its body."""
    error = error_in(result)
    if error is not None or not isinstance(result, dict) or _is_row(result) or has_columns_of(result, record):
        return error
    return error_in(result.get("body"))


def error_of_response(answer: Any) -> dict[str, Any] | None:
    """The error in a response or result that is a failure, in whichever field it is."""
    body = answer.get("body") if isinstance(answer, dict) else None
    return error_in(body) or error_in(answer)


def without_body(response: dict[str, Any]) -> dict[str, Any]:
    """A response's own fields."""
    return {name: value for name, value in response.items() if name != "body"}


def status_beside(error: dict[str, Any]) -> int:
    """The status in an error itself, or that of a bad request."""
    return _status_from(300, error) or _BAD_REQUEST


def shown_code(code: str) -> str:
    """An error code that is fit for a log: of the usual form and length, or a placeholder."""
    if code and not _CODE.fullmatch(code):
        return _UNUSUAL_CODE
    return code


def text_of(error: dict[str, Any] | None, name: str) -> str:
    """A field of an error, empty if it is not text."""
    value = (error or {}).get(name)
    if isinstance(value, str):
        return value
    return ""


def _status_from(lowest: int, fields: dict[str, Any]) -> int | None:
    status = fields.get("status")
    if type(status) is int and lowest <= status < 600:
        return status
    return None


def _is_row(result: dict[str, Any]) -> bool:
    return any(name == _ROW_ID or name.startswith(_ROW_PREFIX) for name in result)


def _error_of_object(answer: Any, *, exact: bool, anything: bool) -> dict[str, Any] | None:
    if not isinstance(answer, dict) or _is_row(answer):
        return None
    for name in ("error", "errors"):
        if answer.get(name) and (answer.keys() == {name} or not (exact or anything)):
            return _inner_error(answer, answer[name])
    if _is_error(answer, exact=exact, anything=anything):
        return answer
    return None


def _is_error(answer: dict[str, Any], *, exact: bool, anything: bool) -> bool:
    fields = answer.keys()
    if not isinstance(answer.get("code"), str) or (exact and fields != _ERROR_FIELDS):
        return False
    return fields <= _ERROR_FIELDS or (not anything and "message" in fields)


def _inner_error(answer: dict[str, Any], inner: Any) -> dict[str, Any]:
    """The error inside of ``error``; without a code where it has none, never empty, so that it counts as one."""
    if isinstance(inner, list):
        inner = inner[0]
    error: dict[str, Any] = {}
    if "status" in answer:
        error["status"] = answer["status"]
    if isinstance(inner, dict) and inner:
        return error | inner
    return error | {"code": ""}
