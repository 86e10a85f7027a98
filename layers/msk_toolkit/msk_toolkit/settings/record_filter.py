"""The syntax of ``RecordFilter``: one pattern of a mapping's ``FilterCriteria``.

Source: AWS Lambda's developer guide, "Filter rule syntax" and "Filtering events from Amazon MSK and self-managed Apache
Kafka event sources", read on 2026-11-29: of a Kafka record only ``value`` can be filtered by.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

# Lambda's limit of a pattern, and CloudFormation's of a parameter.
MAX_BYTES = 4096
_VALUE = "value"
_OR = "$or"
_COMPARISONS = frozenset({"<", "<=", "=", ">", ">="})
_MOST_COMPARISONS = 2
_OPERATORS = ("prefix", "suffix", "equals-ignore-case", "anything-but", "numeric", "exists")
_TEXT_OPERATORS = frozenset({"prefix", "suffix", "equals-ignore-case"})
_EXAMPLE = '{"value": {"status": ["paid"]}}'
# JSON takes a name twice; Lambda would see one of them.
_NAME = re.compile(r"^[^\x00-\x1f]+$")


def record_filter_problems(text: str) -> list[str]:
    """What is wrong with a pattern, each with its place; empty for one that Lambda's guide describes.

    Args:
        text: JSON; empty for no filter.
    """
    if not text.strip():
        return []
    if len(text.encode()) > MAX_BYTES:
        return [f"has {len(text.encode())} bytes: Lambda accepts {MAX_BYTES}"]
    try:
        pattern = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
        return [f"must be a JSON object such as {_EXAMPLE}"]
    if not isinstance(pattern, dict) or not pattern:
        return [f"must be a JSON object such as {_EXAMPLE}"]
    problems = list(_of_record(pattern))
    if not problems and len(set(_forms(pattern))) > 1:
        problems.append(
            'compares "value" as a text in one alternative and as JSON in another: what Lambda makes of that is not '
            "documented"
        )
    return problems


def _of_record(pattern: dict[str, Any]) -> Iterator[str]:
    """The problems of a pattern of records: ``value``, or alternatives of it."""
    for name, inner in pattern.items():
        if name == _OR:
            yield from _alternatives(inner, _OR, _of_record)
        elif name != _VALUE:
            yield f'names "{name}": only "value" of a Kafka record can be filtered by, no key, header or topic'
        elif isinstance(inner, dict):
            yield from _of_fields(inner, _VALUE)
        else:
            yield from _conditions(inner, _VALUE)


def _of_fields(pattern: dict[str, Any], place: str = _VALUE) -> Iterator[str]:
    if not pattern:
        yield f"{place}: must name a field"
    for name, inner in pattern.items():
        at = f"{place}.{name}"
        if name == _OR:
            yield from _alternatives(inner, at, _of_fields)
        elif not _NAME.match(name):
            yield f"{place}: a field's name is empty or has control characters"
        elif isinstance(inner, dict):
            yield from _of_fields(inner, at)
        else:
            yield from _conditions(inner, at)


def _alternatives(given: Any, place: str, check: Any) -> Iterator[str]:
    if not isinstance(given, list) or len(given) < 2 or not all(isinstance(inner, dict) and inner for inner in given):
        yield f"{place}: must be a list of two or more objects"
        return
    for inner in given:
        yield from check(inner)


def _conditions(given: Any, place: str) -> Iterator[str]:
    if not isinstance(given, list) or not given:
        yield f"{place}: must be an object, or a list of conditions such as {_shown(given)}"
        return
    for condition in given:
        if isinstance(condition, dict):
            yield from _operator(condition, place)
        elif isinstance(condition, list):
            yield f"{place}: a condition is a value or an operator, not a list"


def _shown(given: Any) -> str:
    """The list that was probably meant."""
    return msgspec.json.encode([given if isinstance(given, str | int | float) else "paid"]).decode()[:80]


def _operator(condition: dict[str, Any], place: str) -> Iterator[str]:
    if len(condition) != 1:
        yield f"{place}: an operator is an object with one name"
        return
    ((name, operand),) = condition.items()
    if name not in _OPERATORS:
        yield f'{place}: "{name}" is not an operator of Lambda\'s guide; known are {", ".join(_OPERATORS)}'
    elif problem := _operand_problem(name, operand):
        yield f"{place}: {name} {problem}"


def _operand_problem(name: str, operand: Any) -> str:
    if name in _TEXT_OPERATORS and not isinstance(operand, str):
        return "needs a text"
    if name == "exists" and not isinstance(operand, bool):
        return "needs true or false"
    if name == "anything-but":
        values = operand if isinstance(operand, list) and operand else [operand]
        if not all(isinstance(value, str | int | float) and not isinstance(value, bool) for value in values):
            return "needs texts or numbers"
    if name == "numeric" and not _is_range(operand):
        return 'needs comparisons and numbers, such as [">", 0, "<=", 5]'
    return ""


def _is_range(operand: Any) -> bool:
    if not isinstance(operand, list) or len(operand) not in range(2, 2 * _MOST_COMPARISONS + 1, 2):
        return False
    signs, numbers = operand[::2], operand[1::2]
    are_numbers = all(isinstance(number, int | float) and not isinstance(number, bool) for number in numbers)
    return are_numbers and all(isinstance(sign, str) and sign in _COMPARISONS for sign in signs)


def _forms(pattern: dict[str, Any]) -> Iterator[str]:
    """What each comparison takes the value for: conditions on all of it are about a text."""
    for name, inner in pattern.items():
        if name == _OR:
            for alternative in inner:
                yield from _forms(alternative)
        else:
            yield "text" if isinstance(inner, list) else "JSON"
