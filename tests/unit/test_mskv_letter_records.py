"""A dead letter decoded: as text for a person, as an object for programs, with the record only on request."""

import base64
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msk_toolkit.forward.dead_letters import DeadLetter, RecordRefusal

from mskv.letter_records import as_record, decoded, letter_text

NAME = "dead-letters/demo/uuid/orders/3/00000000000000001042-0a1b.json"


def encoded(octets: bytes | None) -> str | None:
    return None if octets is None else base64.b64encode(octets).decode()


def letter(value: bytes | None = b'{"id": 17}', key: bytes | None = b"k\xc3\xa9y", **record: Any) -> dict[str, Any]:
    """As the forwarder writes it."""
    content = {
        **{"topic": "orders", "partition": 3, "offset": 1042, "timestamp": 1_795_867_200_000},
        **{"key": encoded(key), "value": encoded(value), "headers": [{"trace": [97, -1]}, {"kind": [97, 98]}]},
        **record,
    }
    refusal = RecordRefusal(
        reason="refused", detail="no such field: id", target="topic:/msk/orders", attempts=3, status=400, code="io.x"
    )
    written = DeadLetter(id="1", refusal=refusal, written_at=1_795_867_201_000, event={"records": {"o-3": [content]}})
    built: dict[str, Any] = msgspec.to_builtins(written)
    return built


def test_reason_and_vantiqs_own_message_are_shown_and_the_record_only_with_payload() -> None:
    record = as_record(NAME, letter(), payload=False)
    assert letter_text(record).splitlines() == [
        "orders/3/1042: refused io.x (HTTP 400)",
        "  message   no such field: id",
        "  target    topic:/msk/orders",
        "  attempts  3",
        "  written   2026-11-28T12:00:01.000Z, the record 2026-11-28T12:00:00.000Z",
        f"  letter    {NAME}",
    ]
    assert not {"key", "value", "headers"} & record.keys()


def test_the_record_is_decoded() -> None:
    record = as_record(NAME, letter(), payload=True)
    assert (record["value"], record["valueForm"]) == ({"id": 17}, "json")
    assert (record["key"], record["keyForm"]) == ("kéy", "text")
    assert record["headers"] == [
        {"name": "trace", "value": "Yf8=", "form": "base64"},
        {"name": "kind", "value": "ab", "form": "text"},
    ]
    assert letter_text(record).splitlines()[6:] == [
        "  key       kéy (text)",
        "  value     JSON",
        "    {",
        '      "id": 17',
        "    }",
        "  header    trace: Yf8=",
        "  header    kind: ab",
    ]


@pytest.mark.parametrize(
    ("octets", "form", "content"),
    [
        (None, "none", None),
        (b"", "text", ""),
        (b"\xff\x00", "base64", "/wA="),
        (b"17", "json", 17),
        (b"[" * 100_000, "text", "[" * 100_000),
    ],
)
def test_content_that_is_no_json_is_text_or_base64(octets: bytes | None, form: str, content: Any) -> None:
    assert decoded(octets) == (form, content)


@given(st.binary())
def test_no_content_of_a_record_raises(octets: bytes) -> None:
    record = as_record(NAME, letter(octets, octets), payload=True)
    assert letter_text(record)


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"refusal": 1, "event": {}, "writtenAt": 0},
        letter() | {"event": {"records": {}}},
        letter() | {"event": {"records": {"o-3": ["hush"]}}},
        letter(value=b"x") | {"writtenAt": "hush"},
        letter(headers=[["hush"]]),
        letter(value=None, key=None) | {"refusal": {"detail": "hush"}},
    ],
)
def test_what_is_no_letter_is_said_without_quoting_it(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="is not a letter of a known form") as caught:
        as_record(NAME, broken, payload=True)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("timestamp", [2**63 - 1, -(2**63), 10**400, math.inf, math.nan, 253_402_300_800_000])
def test_a_letter_is_shown_whatever_number_its_record_has_for_a_time(timestamp: float) -> None:
    odd = letter()
    (raw,) = next(iter(odd["event"]["records"].values()))
    raw["timestamp"] = timestamp
    assert as_record(NAME, odd, payload=False)["timestamp"] is None
    assert letter_text(as_record(NAME, odd, payload=True))
