"""A dead letter with its record decoded, as docs/schemas/redrive.letter.schema.json describes it."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

# Milliseconds from year 1 to year 9999: a producer may write any 64 bits.
_FIRST, _BEYOND = -62_135_596_800_000, 253_402_300_800_000

type Json = dict[str, Any]


class Content(NamedTuple):
    """A key, value or header: as JSON, as text, or in base64 where it is neither; None where there is none."""

    form: str
    content: Any


def decoded(octets: bytes | None) -> Content:
    """Bytes of a record as a person can read them."""
    if octets is None:
        return Content("none", None)
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        return Content("base64", base64.b64encode(octets).decode())
    try:
        return Content("json", json.loads(text))
    except (ValueError, RecursionError):
        return Content("text", text)


def as_record(name: str, letter: Mapping[str, Any], *, payload: bool) -> Json:
    """The letter's reason and place, Vantiq's own message, and with ``payload`` key, value and headers decoded.

    Args:
        name: the letter's object.

    Raises:
        ValueError: it is not a letter.
    """
    try:
        refusal, record = letter["refusal"], _only_record(letter["event"])
        content: Json = {
            "name": name,
            "topic": record.get("topic", ""),
            "partition": record.get("partition"),
            "offset": record.get("offset"),
            "timestamp": _time(record.get("timestamp")),
            "reason": refusal["reason"],
            "message": refusal.get("detail", ""),
            "target": refusal["target"],
            "status": refusal.get("status", 0),
            "code": refusal.get("code", ""),
            "attempts": refusal.get("attempts", 0),
            "writtenAt": _time(letter["writtenAt"]),
        }
        if payload:
            content |= _payload(record)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        # Not chained into the message: it may quote the record.
        raise ValueError(f"{name} is not a letter of a known form ({type(error).__name__})") from None
    return content


def letter_text(record: Json) -> str:
    """The record of a letter as lines for a person."""
    cause = " ".join(str(part) for part in (record["reason"], record["code"]) if part)
    if record["status"]:
        cause += f" (HTTP {record['status']})"
    lines = [
        f"{record['topic']}/{record['partition']}/{record['offset']}: {cause}",
        f"  message   {record['message'] or '-'}",
        f"  target    {record['target'] or '-'}",
        f"  attempts  {record['attempts']}",
        f"  written   {record['writtenAt']}, the record {record['timestamp'] or '-'}",
        f"  letter    {record['name']}",
    ]
    for field in ("key", "value"):
        if field in record:
            lines += _content_lines(field, record[field], record[f"{field}Form"])
    lines += [f"  header    {header['name']}: {_short(header['value'])}" for header in record.get("headers", ())]
    return "\n".join(lines)


def _content_lines(field: str, content: Any, form: str) -> list[str]:
    if form == "json" and isinstance(content, dict | list):
        text = json.dumps(content, indent=2, ensure_ascii=False)
        return [f"  {field:9} JSON", *[f"    {line}" for line in text.splitlines()]]
    return [f"  {field:9} {_short(content)} ({form})"]


def _short(content: Any) -> str:
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)


def _only_record(event: Any) -> Json:
    (records,) = event["records"].values()
    (record,) = records
    if not isinstance(record, dict):
        raise TypeError
    return record


def _payload(record: Json) -> Json:
    key, value = decoded(_octets(record.get("key"))), decoded(_octets(record.get("value")))
    headers = []
    for header in record.get("headers") or ():
        for name, octets in header.items():
            # Lambda gives a header's bytes as numbers from -128 to 127.
            form, content = decoded(bytes(octet & 0xFF for octet in octets))
            headers.append({"name": name, "value": content, "form": form})
    return {
        "keyForm": key.form,
        "key": key.content,
        "valueForm": value.form,
        "value": value.content,
        "headers": headers,
    }


def _octets(text: str | None) -> bytes | None:
    if text is None:
        return None
    return base64.b64decode(text, validate=True)


def _time(milliseconds: int | None) -> str | None:
    """The time in ISO 8601; None where there is none, and for a number that no calendar has a day for."""
    if milliseconds is None or not _FIRST <= milliseconds < _BEYOND:
        return None
    instant = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")
