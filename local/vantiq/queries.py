"""``where``, ``props``, ``sort``, ``limit`` and ``page`` of a select, by the API reference.

``$elemMatch`` and the operators on places are not implemented.
"""

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from local.vantiq.errors import VantiqError, invalid

Row = dict[str, Any]

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": operator.eq,
    "$ne": operator.ne,
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
    "$in": lambda value, choices: value in choices,
    "$nin": lambda value, choices: value not in choices,
    "$all": lambda value, choices: all(choice in value for choice in choices),
    "$size": lambda value, count: isinstance(value, list) and len(value) == count,
    "$regex": lambda value, pattern: isinstance(value, str) and re.search(pattern, value) is not None,
}
_MISSING = object()


class Query(msgspec.Struct, frozen=True):
    """A select: which rows, which properties, in which order, how many at most."""

    where: dict[str, Any] = {}
    props: list[str] = []
    sort: dict[str, int] = {}
    limit: Annotated[int, Meta(ge=0)] | None = None
    page: Annotated[int, Meta(ge=1)] = 1


def parse(parameters: Mapping[str, str]) -> Query:
    """The query of a URL's parameters; a value that is not the right JSON is refused with 400."""
    given = {name: parameters[name] for name in ("where", "props", "sort", "limit", "page") if name in parameters}
    try:
        decoded = {name: msgspec.json.decode(text.encode()) for name, text in given.items()}
        return msgspec.convert(decoded, Query)
    except msgspec.MsgspecError as exc:
        raise invalid(f"The query parameters are not valid: {exc}") from exc


def matches(row: Row, where: Mapping[str, Any]) -> bool:
    """Whether a row satisfies a where clause; an operator that is not played is refused, and never taken for a name."""
    for name, wanted in where.items():
        if name == "$and":
            holds = all(matches(row, clause) for clause in wanted)
        elif name == "$or":
            holds = any(matches(row, clause) for clause in wanted)
        elif name == "$nor":
            holds = not any(matches(row, clause) for clause in wanted)
        elif name.startswith("$"):
            raise _not_played(name)
        else:
            holds = _compare(_value(row, name), wanted)
        if not holds:
            return False
    return True


def select(rows: Iterable[Row], query: Query) -> tuple[list[Row], int]:
    """The selected rows, cut to properties and limit, and how many there were before the limit."""
    found = [row for row in rows if matches(row, query.where)]
    # Sorting is stable, so the last key goes first.
    for name, direction in reversed(query.sort.items()):
        found.sort(key=lambda row, name=name: _sort_key(row.get(name)), reverse=direction < 0)  # type: ignore[misc]
    total = len(found)
    if query.limit is not None:
        # The first page is page 1.
        start = (query.page - 1) * query.limit
        found = found[start : start + query.limit]
    if query.props:
        found = [{name: row[name] for name in query.props if name in row} for row in found]
    return found, total


def _value(row: Row, name: str) -> Any:
    value: Any = row
    for part in name.split("."):
        value = value.get(part, _MISSING) if isinstance(value, dict) else _MISSING
    return None if value is _MISSING else value


def _compare(value: Any, wanted: Any) -> bool:
    if not (isinstance(wanted, dict) and any(name.startswith("$") for name in wanted)):
        return bool(value == wanted)
    for name, operand in wanted.items():
        if name == "$not":
            if _compare(value, operand):
                return False
            continue
        comparison = _COMPARISONS.get(name)
        if comparison is None:
            raise _not_played(name)
        try:
            if not comparison(value, operand):
                return False
        except TypeError:  # text against a number: no match, as in the document store underneath
            return False
    return True


def _not_played(operator_name: str) -> VantiqError:
    return invalid(f"The operator {operator_name} is not played by this stand-in.", operator_name)


def _sort_key(value: Any) -> tuple[str, Any]:
    # Values of different types have an order too, so that a sort never fails.
    if value is None:
        return ("", "")
    if isinstance(value, int | float):
        return ("number", value)
    return (type(value).__name__, value if isinstance(value, str) else str(value))
