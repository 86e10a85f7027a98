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
    """Whether a row satisfies a where clause; an operator that is not supported is refused, never taken for a name."""
    return all(_holds(row, name, condition) for name, condition in where.items())


def _holds(row: Row, name: str, condition: Any) -> bool:
    if name == "$and":
        return all(matches(row, clause) for clause in condition)
    if name == "$or":
        return any(matches(row, clause) for clause in condition)
    if name == "$nor":
        return not any(matches(row, clause) for clause in condition)
    if name.startswith("$"):
        raise _not_supported(name)
    return _compare(_value(row, name), condition)


def select(rows: Iterable[Row], query: Query) -> tuple[list[Row], int]:
    """The selected rows, cut to properties and limit, and how many there were before the limit."""
    selected = [row for row in rows if matches(row, query.where)]
    # Sorting is stable, so the last key goes first.
    for name, direction in reversed(query.sort.items()):
        selected.sort(key=lambda row, name=name: _sort_key(row.get(name)), reverse=direction < 0)  # type: ignore[misc]
    total = len(selected)
    if query.limit is not None:
        # The first page is page 1.
        start = (query.page - 1) * query.limit
        selected = selected[start : start + query.limit]
    if query.props:
        selected = [{name: row[name] for name in query.props if name in row} for row in selected]
    return selected, total


def _value(row: Row, name: str) -> Any:
    value: Any = row
    for part in name.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(part)
    return value


def _compare(value: Any, condition: Any) -> bool:
    if not (isinstance(condition, dict) and any(name.startswith("$") for name in condition)):
        return bool(value == condition)
    return all(_satisfies(value, name, operand) for name, operand in condition.items())


def _satisfies(value: Any, operator_name: str, operand: Any) -> bool:
    if operator_name == "$not":
        return not _compare(value, operand)
    comparison = _COMPARISONS.get(operator_name)
    if comparison is None:
        raise _not_supported(operator_name)
    try:
        return comparison(value, operand)
    except TypeError:  # text against a number: no match, as in the document store underneath
        return False


def _not_supported(operator_name: str) -> VantiqError:
    return invalid(f"The stand-in does not support the operator {operator_name}.", operator_name)


def _sort_key(value: Any) -> tuple[str, Any]:
    # Values of different types have an order too, so that a sort never fails.
    if value is None:
        return ("", "")
    if isinstance(value, int | float):
        return ("number", value)
    return (type(value).__name__, str(value))
