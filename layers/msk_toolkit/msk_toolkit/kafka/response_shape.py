"""Whether a broker's response has the form of its API, looked at before kafka-python decodes it.

kafka-python makes objects for as long as there are bytes, and takes a text that goes on behind the end for a shorter
one. Here every length is held against the bytes that are there and what would become of them against a limit; nothing
is built. The forms come from Kafka's own message definitions, which kafka-python carries.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from msk_toolkit.deadline import Deadline

# Bytes of a value of fixed size.
_FIXED = {
    "bool": 1,
    "int8": 1,
    "int16": 2,
    "uint16": 2,
    "int32": 4,
    "uint32": 4,
    "bitfield": 4,
    "int64": 8,
    "float64": 8,
    "uuid": 16,
}
# What CPython 3.13 takes for a number, a text, a list and a structure, each with its place in what holds it.
_NUMBER_BYTES, _TEXT_BYTES, _LIST_BYTES, _STRUCTURE_BYTES = 40, 64, 72, 56
_ELEMENTS_BETWEEN_LOOKS = 1000
_LONGEST_NUMBER = 5
# For each structure with tagged fields kafka-python copies the rest of the response. Kafka sends none in what is asked.
_MOST_TAGS = 16
_Bytes = bytes | bytearray


class MalformedResponseError(Exception):
    """The bytes are not a response of that API; the text holds nothing of them."""


class _Look:
    """One look at a response: how many tagged fields it may still have, and until when it lasts."""

    __slots__ = ("_deadline", "_tags")

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._tags = _MOST_TAGS

    def keep_time(self) -> None:
        if self._deadline.expired:
            raise TimeoutError

    def take_tags(self, count: int) -> None:
        self._tags -= count
        if self._tags < 0:
            raise MalformedResponseError("more tagged fields than are accepted")


# Takes the bytes, a position in them, the memory that may become of them, and the look; returns the position behind
# what it goes over.
_Walk = Callable[[_Bytes, int, int, _Look], int]
# The lines that go over a value behind so many bytes of fixed size, which they go over too.
_LinesAfter = Callable[[int], list[str]]


class _Part(NamedTuple):
    """A value: the fewest bytes that it has, its memory once decoded, and its lines where it may have more bytes."""

    least: int
    memory: int
    lines_after: _LinesAfter | None = None


def check_response(data: _Bytes, response_class: Any, version: int, memory: int, deadline: Deadline) -> int:
    """Look through a response, from its correlation id on; returns where its body begins.

    Args:
        response_class: kafka-python's.
        memory: the most bytes of memory that its lists and their elements may take once decoded.

    Raises:
        MalformedResponseError: it is not of that form, has other bytes behind it, or would take more memory.
        TimeoutError: the deadline has passed.
    """
    header, body = _forms(response_class, version)
    look = _Look(deadline)
    try:
        begin = header(data, 0, memory, look)
        end = body(data, begin, memory, look)
    except (struct.error, IndexError):
        raise MalformedResponseError("it is cut short") from None
    if end != len(data):
        raise MalformedResponseError("its lengths do not fit its size")
    look.keep_time()
    return begin


# How to go over a header and a body, by API and version.
_FORMS: dict[tuple[str, int], tuple[_Walk, _Walk]] = {}


def _forms(response_class: Any, version: int) -> tuple[_Walk, _Walk]:
    key = response_class.name, version
    if key not in _FORMS:
        is_flexible = response_class.flexible_version_q(version)
        header = [_Part(_FIXED["int32"], 0), *([_TAGS] if is_flexible else [])]
        body = _parts(response_class.json["fields"], version, is_flexible)
        _FORMS[key] = _compiled(header), _compiled(body)
    return _FORMS[key]


def _compiled(parts: list[_Part]) -> _Walk:
    """One function for a whole form: a call for each value takes three times as long.

    Its text is made of numbers and the constants of this module.
    """
    lines = ["def walk(data, at, memory, look):", "    end = len(data)", "    seen = 0", *_indented(_lines(parts))]
    namespace: dict[str, Any] = {
        "int16": struct.Struct(">h").unpack_from,
        "int32": struct.Struct(">i").unpack_from,
        "number": _number,
        "over_tags": _over_tags,
        "malformed": MalformedResponseError,
    }
    exec(compile("\n".join([*lines, "    return at"]), "<response_shape>", "exec"), namespace)  # noqa: S102 - nothing in it is from outside
    walk: _Walk = namespace["walk"]
    return walk


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _lines(parts: list[_Part]) -> list[str]:
    lines: list[str] = []
    fixed = 0
    for part in parts:
        if part.lines_after:
            lines += part.lines_after(fixed)
            fixed = 0
        else:
            fixed += part.least
    return [*lines, f"at += {fixed}"] if fixed else lines


def _parts(fields: list[Mapping[str, Any]], version: int, is_flexible: bool) -> list[_Part]:
    parts = [
        _value(field, version, is_flexible)
        for field in fields
        if _has(field.get("versions"), version) and not _has(field.get("taggedVersions"), version)
    ]
    return [*parts, _TAGS] if is_flexible else parts


def _value(field: Mapping[str, Any], version: int, is_flexible: bool) -> _Part:
    kind = str(field["type"])
    if kind.startswith("[]"):
        return _list({**field, "type": kind[2:], "nullableVersions": None}, version, is_flexible)
    if "fields" in field:
        raise NotImplementedError(f"{field['name']}: a structure outside of a list")
    if kind in _FIXED:
        return _Part(_FIXED[kind], _NUMBER_BYTES)
    if is_flexible:
        return _Part(1, _TEXT_BYTES, _compact_text)
    if kind == "string":
        return _Part(2, _TEXT_BYTES, lambda before: _text("int16", before, 2))
    return _Part(4, _TEXT_BYTES, lambda before: _text("int32", before, 4))


def _list(element: Mapping[str, Any], version: int, is_flexible: bool) -> _Part:
    fields = element.get("fields")
    parts = _parts(fields, version, is_flexible) if fields else [_value(element, version, is_flexible)]
    memory = sum(part.memory for part in parts)
    if fields:
        memory += _STRUCTURE_BYTES + 8 * len(fields)
    least = sum(part.least for part in parts)
    loop = _fixed_elements(least, memory)
    if any(part.lines_after for part in parts):
        loop = _elements(_lines(parts), least, memory)
    if is_flexible:
        return _Part(1, _LIST_BYTES, lambda before: [f"count, at = number(data, at + {before})", "count -= 1", *loop])
    return _Part(
        4, _LIST_BYTES, lambda before: [f"(count,) = int32(data, at + {before})", f"at += {before + 4}", *loop]
    )


def _elements(lines: list[str], least: int, memory: int) -> list[str]:
    """What goes over ``count`` elements with these lines each; an inner list may use the name ``count`` again."""
    return [
        "if count > 0:",
        f"    if count * {least} > end - at:",
        "        raise malformed('a list is longer than the response')",
        *_indented(_reckoned(memory)),
        "    seen += count",
        f"    if seen > {_ELEMENTS_BETWEEN_LOOKS}:",
        "        look.keep_time()",
        "        seen = 0",
        "    for _ in range(count):",
        *_indented(_indented(lines)),
    ]


def _fixed_elements(size: int, memory: int) -> list[str]:
    # Whether the list is longer than the response shows behind it.
    return ["if count > 0:", *_indented(_reckoned(memory)), f"    at += count * {size}"]


def _reckoned(memory: int) -> list[str]:
    """What refuses ``count`` elements of so much memory each where they are too many.

    This bounds the time of a look as well: of the largest limit are 600,000 empty topics, a tenth of a second.
    """
    return [f"memory -= count * {memory}", "if memory < 0:", "    raise malformed('more elements than are accepted')"]


def _has(versions: str | None, version: int) -> bool:
    """Whether Kafka's range of versions, such as ``1+``, ``2-7``, ``3`` or ``none``, holds this one."""
    if not versions or versions == "none":
        return False
    first, _, last = versions.rstrip("+").partition("-")
    highest = version if versions.endswith("+") else int(last or first)
    return int(first) <= version <= highest


def _text(kind: str, before: int, width: int) -> list[str]:
    behind = before + width
    return [f"(size,) = {kind}(data, at + {before})", f"at += {behind} + size if size > 0 else {behind}"]


def _compact_text(before: int) -> list[str]:
    return [f"size, at = number(data, at + {before})", "at += size - 1 if size > 0 else 0"]


_TAGS = _Part(1, 0, lambda before: [f"at = over_tags(data, at + {before}, look)"])


def _over_tags(data: _Bytes, at: int, look: _Look) -> int:
    count, at = _number(data, at)
    if count:
        look.take_tags(count)
    for _ in range(count):
        _, at = _number(data, at)
        length, at = _number(data, at)
        at += length
    return at


def _number(data: _Bytes, at: int) -> tuple[int, int]:
    """A number of variable length, and the position behind it."""
    number = 0
    for place in range(_LONGEST_NUMBER):
        octet = data[at + place]
        number |= (octet & 0x7F) << 7 * place
        if octet < 0x80:
            return number, at + place + 1
    raise MalformedResponseError("a number without an end")
