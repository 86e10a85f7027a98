"""A request to ``/api/v1`` and its answer, and how JSON bodies are taken apart."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from local.vantiq.errors import VantiqError, invalid
from local.vantiq.queries import Row
from local.vantiq.store import Namespace

JSON = {"Content-Type": "application/json"}

_elements = msgspec.json.Decoder(list[msgspec.Raw])
_record = msgspec.json.Decoder(dict[str, Any])
_patch = msgspec.json.Decoder(list[dict[str, Any]])


class Call(msgspec.Struct, frozen=True):
    """One request: ``path`` follows ``/api/v1/`` and is decoded, ``refused`` are array indexes to refuse."""

    method: str
    path: str
    query: Mapping[str, str]
    body: bytes
    namespace: Namespace
    refused: Mapping[int, VantiqError] = {}


class Answer(msgspec.Struct, frozen=True):
    """Status, JSON body (or none) and headers."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = {}


def answer_with(value: Any, headers: Mapping[str, str] = {}) -> Answer:
    """A success that carries a value."""
    return Answer(200, msgspec.json.encode(value), {**JSON, **headers})


def is_array(body: bytes) -> bool:
    """Whether a body is an array, judged by its first character."""
    return body.lstrip().startswith(b"[")


def split(body: bytes) -> list[msgspec.Raw]:
    """The elements of an array, or the one value, without decoding what is inside; 400 for broken JSON."""
    if not is_array(body):
        return [checked(body)]
    try:
        return _elements.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise invalid("The body is not valid JSON.") from exc


def checked(body: bytes) -> msgspec.Raw:
    """The body as it came; 400 for broken JSON."""
    try:
        return msgspec.json.decode(body, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise invalid("The body is not valid JSON.") from exc


def record(body: bytes | msgspec.Raw) -> Row:
    """The body as an object; 400 for anything else."""
    try:
        return _record.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise invalid("A record must be a JSON object.") from exc


def patched(body: bytes) -> Row:
    """What a JSON patch changes at the top level of an instance; nested paths are not supported."""
    changes: Row = {}
    try:
        steps = _patch.decode(body)
    except msgspec.MsgspecError as exc:
        raise invalid("A patch is a JSON array of operations.") from exc
    for step in steps:
        name = str(step.get("path", ""))[1:]
        if not name or "/" in name or step.get("op") not in ("add", "replace", "remove"):
            raise invalid("The stand-in does not support this patch operation.", str(step.get("op")), name)
        changes[name] = step.get("value")
        if step["op"] == "remove":
            changes[name] = None
    return changes


def timestamp() -> str:
    """Now, as Vantiq writes it: ISO 8601 with milliseconds and Z."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
