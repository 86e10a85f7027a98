"""Which records a mapping's filters let through, as Lambda's developer guide describes it (read on 2026-11-29).

A value that is not UTF-8, or of another form than the pattern (text, JSON), is not compared and passes; so does a null
value, of which the guide says nothing.
"""

import json
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import Any

_VALUE = "value"
_OR = "$or"
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
}


class FilterError(Exception):
    """A pattern is not a JSON object about ``value``."""


class _Number(str):
    """A number as it is written: Lambda compares 300 and 300.0 as texts, which differ."""

    __slots__ = ()


class _Absent:
    """What a field is that is not there."""


_ABSENT = _Absent()


class RecordFilters:
    """The patterns of a mapping; a record passes if one of them matches, or if there is none.

    Raises:
        FilterError: see there.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = [_parsed(pattern) for pattern in patterns]

    def let_through(self, value: bytes | None) -> bool:
        """Whether the record with this value is given to the function."""
        return not self._patterns or any(_passes(pattern, value) for pattern in self._patterns)


def _parsed(pattern: str) -> dict[str, Any]:
    try:
        parsed = _loads(pattern)
    except ValueError as error:
        raise FilterError(f"a filter's pattern is not JSON: {error}") from error
    if not isinstance(parsed, dict) or not all(names <= {_VALUE, _OR} for names in _names(parsed)):
        raise FilterError(
            'a filter\'s pattern must be an object about "value": of a Kafka record nothing else is compared'
        )
    return dict(parsed)


def _names(pattern: dict[str, Any]) -> Iterator[Set[str]]:
    """Of the pattern itself, and of its alternatives."""
    yield pattern.keys()
    yield from (alternative.keys() for alternative in pattern.get(_OR, []))


def _loads(text: str) -> Any:
    return json.loads(text, parse_int=_Number, parse_float=_Number, parse_constant=_Number)


def _passes(pattern: dict[str, Any], value: bytes | None) -> bool:
    if value is None:
        return True
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return True
    document = _document(text)
    if _is_about_text(pattern) == isinstance(document, dict | list):
        return True
    return _matches(pattern, {_VALUE: document})


def _document(text: str) -> Any:
    """JSON's objects and lists as they are; anything else is a text."""
    try:
        document = _loads(text)
    except (ValueError, RecursionError):
        return text
    return document if isinstance(document, dict | list) else text


def _is_about_text(pattern: dict[str, Any]) -> bool:
    if _VALUE in pattern:
        return isinstance(pattern[_VALUE], list)
    return any(map(_is_about_text, pattern.get(_OR, [])))


def _matches(pattern: dict[str, Any], document: Any) -> bool:
    if isinstance(document, list):
        return any(_matches(pattern, element) for element in document if isinstance(element, dict))
    fields = document if isinstance(document, dict) else {}
    return all(_field_matches(name, inner, fields) for name, inner in pattern.items())


def _field_matches(name: str, inner: Any, fields: dict[str, Any]) -> bool:
    if name == _OR:
        return any(_matches(alternative, fields) for alternative in inner)
    if isinstance(inner, dict):
        return _matches(inner, fields.get(name))
    value = fields.get(name, _ABSENT)
    return any(_holds(condition, value) for condition in inner)


def _holds(condition: Any, value: Any) -> bool:
    if isinstance(condition, dict) and "exists" in condition:
        # Only what has no fields of its own counts as there.
        is_there = value is not _ABSENT and not isinstance(value, dict)
        return bool(condition["exists"] == is_there)
    if isinstance(value, list):
        return any(_holds_for(condition, element) for element in value)
    return value is not _ABSENT and _holds_for(condition, value)


def _holds_for(condition: Any, value: Any) -> bool:
    if not isinstance(condition, dict):
        return _equal(condition, value)
    ((name, operand),) = condition.items()
    if name == "anything-but":
        unwanted = operand if isinstance(operand, list) else [operand]
        return not (isinstance(value, dict) or any(_equal(other, value) for other in unwanted))
    if name == "numeric":
        return isinstance(value, _Number) and _in_range(operand, float(value))
    if not isinstance(value, str) or isinstance(value, _Number):
        return False
    match name:
        case "prefix":
            return value.startswith(str(operand))
        case "suffix":
            return value.endswith(str(operand))
        case "equals-ignore-case":
            return value.casefold() == str(operand).casefold()
    return False


def _equal(expected: Any, value: Any) -> bool:
    """A text is never a number, and true is never 1."""
    return type(expected) is type(value) and bool(expected == value)


def _in_range(operand: Sequence[Any], number: float) -> bool:
    pairs = zip(operand[::2], operand[1::2], strict=True)
    return all(_COMPARE[sign](number, float(limit)) for sign, limit in pairs)
