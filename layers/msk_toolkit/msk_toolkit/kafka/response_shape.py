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
_SHORT, _INT = struct.Struct(">h"), struct.Struct(">i")
# For each structure with tagged fields kafka-python copies the rest of the response. Kafka sends none in what is asked.
_MOST_TAGS = 16
_Bytes = bytes | bytearray


class MalformedResponseError(Exception):
    """The bytes are not a response of that API; the text holds nothing of them."""


class _Look:
    """One look at a response: how much memory may still become of it, and until when."""

    __slots__ = ("_deadline", "_tags", "memory")

    def __init__(self, memory: int, deadline: Deadline) -> None:
        self.memory = memory
        self._deadline = deadline
        self._tags = _MOST_TAGS

    def keep_bounds(self) -> None:
        if self.memory < 0:
            raise MalformedResponseError("more elements than are accepted")
        if self._deadline.expired:
            raise TimeoutError

    def take_tags(self, count: int) -> None:
        self._tags -= count
        if self._tags < 0:
            raise MalformedResponseError("more tagged fields than are accepted")


# Takes the bytes, a position in them and the look; returns the position behind what it stands for.
_Step = Callable[[_Bytes, int, _Look], int]


# Makes the step of a value behind so many bytes of fixed size: fewer steps are half the time.
_StepAfter = Callable[[int], _Step]


class _Part(NamedTuple):
    """A value: the fewest bytes that it has, its memory once decoded, and its steps where it may have more bytes."""

    least: int
    memory: int
    steps: tuple[_StepAfter, ...] = ()


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
    look = _Look(memory, deadline)
    try:
        begin = at = _run(header, data, 0, look)
        at = _run(body, data, at, look)
    except (struct.error, IndexError):
        raise MalformedResponseError("it is cut short") from None
    if at != len(data):
        raise MalformedResponseError("its lengths do not fit its size")
    look.keep_bounds()
    return begin


def _run(steps: tuple[_Step, ...], data: _Bytes, at: int, look: _Look) -> int:
    for step in steps:
        at = step(data, at, look)
    return at


class _Elements(NamedTuple):
    """The elements of a list: the steps, the fewest bytes and the memory of each."""

    steps: tuple[_Step, ...]
    least: int
    memory: int

    def run(self, count: int, data: _Bytes, at: int, look: _Look) -> int:
        if count * self.least > len(data) - at:
            raise MalformedResponseError("a list is longer than the response")
        look.memory -= max(0, count) * self.memory
        for number in range(count):
            if number % _ELEMENTS_BETWEEN_LOOKS == 0:
                look.keep_bounds()
            for step in self.steps:
                at = step(data, at, look)
        return at


# The forms of a header and a body, by API and version.
_FORMS: dict[tuple[str, int], tuple[tuple[_Step, ...], tuple[_Step, ...]]] = {}


def _forms(response_class: Any, version: int) -> tuple[tuple[_Step, ...], tuple[_Step, ...]]:
    key = response_class.name, version
    if key not in _FORMS:
        is_flexible = response_class.flexible_version_q(version)
        correlation = _FIXED["int32"]
        header = (_tags(correlation) if is_flexible else _skip(correlation),)
        _FORMS[key] = header, _steps(_parts(response_class.json["fields"], version, is_flexible))
    return _FORMS[key]


def _parts(fields: list[Mapping[str, Any]], version: int, is_flexible: bool) -> list[_Part]:
    parts = [
        _value(field, version, is_flexible)
        for field in fields
        if _has(field.get("versions"), version) and not _has(field.get("taggedVersions"), version)
    ]
    return [*parts, _Part(1, 0, (_tags,))] if is_flexible else parts


def _steps(parts: list[_Part]) -> tuple[_Step, ...]:
    steps: list[_Step] = []
    fixed = 0
    for part in parts:
        if not part.steps:
            fixed += part.least
        for step_after in part.steps:
            steps.append(step_after(fixed))
            fixed = 0
    return (*steps, _skip(fixed)) if fixed else tuple(steps)


def _value(field: Mapping[str, Any], version: int, is_flexible: bool) -> _Part:
    kind = str(field["type"])
    if kind.startswith("[]"):
        return _list({**field, "type": kind[2:], "nullableVersions": None}, version, is_flexible)
    if "fields" in field:
        raise NotImplementedError(f"{field['name']}: a structure outside of a list")
    if kind in _FIXED:
        return _Part(_FIXED[kind], _NUMBER_BYTES)
    if is_flexible:
        return _Part(1, _TEXT_BYTES, (_compact_text,))
    if kind == "string":
        return _Part(2, _TEXT_BYTES, (_text,))
    return _Part(4, _TEXT_BYTES, (_octets,))


def _list(element: Mapping[str, Any], version: int, is_flexible: bool) -> _Part:
    fields = element.get("fields")
    parts = _parts(fields, version, is_flexible) if fields else [_value(element, version, is_flexible)]
    memory = sum(part.memory for part in parts)
    if fields:
        memory += _STRUCTURE_BYTES + 8 * len(fields)
    elements = _Elements(_steps(parts), sum(part.least for part in parts), memory)
    if is_flexible:
        return _Part(1, _LIST_BYTES, (lambda before: _compact_array(before, elements),))
    if any(part.steps for part in parts):
        return _Part(4, _LIST_BYTES, (lambda before: _array(before, elements),))
    return _Part(4, _LIST_BYTES, (lambda before: _fixed_array(before, elements),))


def _has(versions: str | None, version: int) -> bool:
    """Whether Kafka's range of versions, such as ``1+``, ``2-7``, ``3`` or ``none``, holds this one."""
    if not versions or versions == "none":
        return False
    first, _, last = versions.rstrip("+").partition("-")
    highest = version if versions.endswith("+") else int(last or first)
    return int(first) <= version <= highest


def _skip(count: int) -> _Step:
    return lambda _data, at, _look: at + count


def _text(before: int) -> _Step:
    def step(data: _Bytes, at: int, _look: _Look) -> int:
        (length,) = _SHORT.unpack_from(data, at + before)
        return at + behind + length if length > 0 else at + behind

    behind = before + 2
    return step


def _octets(before: int) -> _Step:
    def step(data: _Bytes, at: int, _look: _Look) -> int:
        (length,) = _INT.unpack_from(data, at + before)
        return at + behind + length if length > 0 else at + behind

    behind = before + 4
    return step


def _compact_text(before: int) -> _Step:
    def step(data: _Bytes, at: int, _look: _Look) -> int:
        length, at = _number(data, at + before)
        return at + length - 1 if length > 0 else at

    return step


def _fixed_array(before: int, elements: _Elements) -> _Step:
    def step(data: _Bytes, at: int, look: _Look) -> int:
        (count,) = _INT.unpack_from(data, at + before)
        if count <= 0:
            return at + behind
        # Whether it is longer than the response shows behind it.
        look.memory -= count * memory
        return at + behind + int(count) * size

    behind, size, memory = before + 4, elements.least, elements.memory
    return step


def _array(before: int, elements: _Elements) -> _Step:
    def step(data: _Bytes, at: int, look: _Look) -> int:
        (count,) = _INT.unpack_from(data, at + before)
        return elements.run(count, data, at + behind, look)

    behind = before + 4
    return step


def _compact_array(before: int, elements: _Elements) -> _Step:
    def step(data: _Bytes, at: int, look: _Look) -> int:
        count, at = _number(data, at + before)
        return elements.run(count - 1, data, at, look)

    return step


def _tags(before: int) -> _Step:
    def step(data: _Bytes, at: int, look: _Look) -> int:
        count, at = _number(data, at + before)
        if count:
            look.take_tags(count)
        for _ in range(count):
            _, at = _number(data, at)
            length, at = _number(data, at)
            at += length
        return at

    return step


def _number(data: _Bytes, at: int) -> tuple[int, int]:
    """A number of variable length, and the position behind it."""
    number = 0
    for place in range(_LONGEST_NUMBER):
        octet = data[at + place]
        number |= (octet & 0x7F) << 7 * place
        if octet < 0x80:
            return number, at + place + 1
    raise MalformedResponseError("a number without an end")
