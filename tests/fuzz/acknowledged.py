"""Whether an answer says beyond doubt that a record was taken, by rules that know nothing of the product's.

They hold for the requests of :mod:`tests.fuzz.vantiq_answers` alone, whose records have no column that is named like a
field of an answer.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

_HEAD_END = re.compile(rb"\n\r?\n")
_SUCCESSES = {200, 201, 204}
_OF_ANSWERS = {"code", "message", "params", "status", "headers", "contentType", "body", "error", "errors"}
_DUPLICATE = "io.vantiq.resource.duplicate.key"


class Request(NamedTuple):
    """What was sent: to this kind of target, as an array or alone."""

    kind: str
    as_array: bool
    documents: Sequence[dict[str, Any]]


class _Final(NamedTuple):
    status: int
    body: bytes


def acknowledged(octets: bytes, request: Request) -> list[bool]:
    """For each record, whether the answer says that it was taken."""
    none = [False] * len(request.documents)
    final = _final(octets)
    if final is None:
        return none
    try:
        content = json.loads(final.body) if final.body.strip() else None
    except (ValueError, RecursionError):
        return none
    each = content if request.as_array and isinstance(content, list) and len(content) == len(none) else None
    if final.status not in _SUCCESSES:
        return _in_a_failure(content, each, request)
    if request.kind == "procedure":
        return [not _is_exact_error(content)] * len(none)
    if each is not None:
        return [
            _is_taken(entry, document, request.kind) for entry, document in zip(each, request.documents, strict=True)
        ]
    if content is None and not (request.as_array and request.kind in {"type", "upsert"}):
        return [True] * len(none)
    alone = content[0] if isinstance(content, list) and len(content) == 1 else content
    return [_is_taken(alone, document, request.kind) for document in request.documents]


def _in_a_failure(content: Any, each: list[Any] | None, request: Request) -> list[bool]:
    """A failure acknowledges nothing, but for results that each say so, and for an insert of what is there already."""
    if each is not None and all(isinstance(entry, dict) and _status_of(entry) for entry in each):
        return [
            _is_taken(entry, document, request.kind) for entry, document in zip(each, request.documents, strict=True)
        ]
    is_known = request.kind == "type" and _DUPLICATE in json.dumps(content)
    return [is_known] * len(request.documents)


def _is_taken(entry: Any, document: dict[str, Any], kind: str) -> bool:
    """Whether a result is that of a record that was stored, or, inserted, was there already."""
    if kind == "type" and _DUPLICATE in json.dumps(entry):
        return True
    if not isinstance(entry, dict):
        return not (isinstance(entry, list) and bool(entry) and all(map(_is_error, entry)))
    if _is_row(entry, document):
        return True
    status = _status_of(entry)
    if status is not None and status not in _SUCCESSES:
        return False
    if _is_error(entry) or _is_error(entry.get("body")):
        return False
    body = entry.get("body")
    return not (isinstance(body, list) and bool(body) and all(map(_is_error, body)))


def _is_row(entry: dict[str, Any], document: dict[str, Any]) -> bool:
    if any(name == "_id" or name.startswith("ars_") for name in entry):
        return True
    return any(name in document and document[name] == entry[name] for name in entry.keys() - _OF_ANSWERS)


def _is_error(value: Any) -> bool:
    if not isinstance(value, dict) or "_id" in value:
        return False
    if value.get("error") or value.get("errors"):
        return True
    return isinstance(value.get("code"), str) and ("message" in value or value.keys() <= {"code", "params"})


def _is_exact_error(content: Any) -> bool:
    entries = content if isinstance(content, list) else [content]
    return bool(entries) and all(
        isinstance(entry, dict)
        and (
            (entry.keys() == {"code", "message", "params"} and isinstance(entry["code"], str))
            or (entry.keys() in ({"error"}, {"errors"}) and all(entry.values()))
        )
        for entry in entries
    )


def _status_of(entry: dict[str, Any]) -> int | None:
    status = entry.get("status")
    return status if type(status) is int and 100 <= status < 600 else None


def _final(octets: bytes) -> _Final | None:
    """The answer behind the informational ones, if it is whole."""
    while True:
        end = _HEAD_END.search(octets)
        if end is None:
            return None
        head, octets = octets[: end.start()], octets[end.end() :]
        match = re.match(rb"HTTP/1\.\d (\d{3})", head)
        if match is None:
            return None
        if int(match[1]) >= 200:
            return _whole(int(match[1]), head, octets)


def _whole(status: int, head: bytes, rest: bytes) -> _Final | None:
    lines = [line.partition(b":") for line in head.lower().split(b"\n")[1:]]
    fields = {name: value.strip() for name, _, value in lines}
    if status in {204, 304}:
        return _Final(status, b"")
    if fields.get(b"transfer-encoding") == b"chunked":
        body = _unchunked(rest)
        return None if body is None else _Final(status, body)
    length = fields.get(b"content-length")
    if length is None:
        return _Final(status, rest)
    if not length.isdigit() or int(length) > len(rest):
        return None
    return _Final(status, rest[: int(length)])


def _unchunked(rest: bytes) -> bytes | None:
    body = b""
    while True:
        line, newline, rest = rest.partition(b"\n")
        match = re.match(rb"[0-9a-f]+", line, re.IGNORECASE)
        if not newline or match is None:
            return None
        size = int(match[0], 16)
        if size == 0:
            return body
        if len(rest) < size:
            return None
        body += rest[:size]
        rest = rest[size:].partition(b"\n")[2]
