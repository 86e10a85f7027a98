"""Configuration values as a person writes and reads them: ``7d`` for milliseconds, ``512MiB`` for bytes.

Which unit a key has, its name says: Kafka ends them with ``.ms`` and ``.bytes``. Everything else passes unchanged.
"""

import math
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from msk_toolkit.settings.plain import shown_name

_MILLISECONDS = {"w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
_BYTES = {"TiB": 1 << 40, "GiB": 1 << 30, "MiB": 1 << 20, "KiB": 1 << 10, "B": 1}
_DECIMAL_BYTES = {"TB": 10**12, "GB": 10**9, "MB": 10**6, "kB": 1000, "KB": 1000}
_UNLIMITED = "unlimited"
# For all other keys -1 is not a value, or means something else.
_WITHOUT_LIMIT = frozenset({"retention.ms", "retention.bytes", "local.retention.ms", "local.retention.bytes"})
_WHOLE = re.compile(r"-?[0-9]+")
_PART = re.compile(r"([0-9]+)([A-Za-z]+)")
_QUANTITY = re.compile(r"(?:[0-9]+[A-Za-z]+)+")
# The digits of the largest number that Kafka has; Python makes no number of more than 4,300.
_MOST_DIGITS = 19
# Weeks are read but not written: 7d is what people write.
_WRITTEN = {unit: size for unit, size in _MILLISECONDS.items() if unit != "w"}
# Longer means never to Kafka, and no number of days says it better.
_LONGEST_WRITTEN = 100 * 365 * _MILLISECONDS["d"]


class UnitError(ValueError):
    """A value that begins like a quantity and is not."""


def to_kafka(key: str, text: str) -> str:
    """A declared value as Kafka accepts it; what is not a quantity is left to the cluster to check.

    Raises:
        UnitError: a number with a unit that the key does not have.
    """
    units = _units_of(key)
    if units is None or _WHOLE.fullmatch(text):
        return text
    if text == _UNLIMITED:
        return _without_limit(key)
    if not text[:1].isdigit():
        return text
    return str(_quantity(text, units))


def _without_limit(key: str) -> str:
    if key in _WITHOUT_LIMIT:
        return "-1"
    accepting = ", ".join(sorted(_WITHOUT_LIMIT))
    raise UnitError(f"{key} does not accept {_UNLIMITED}: give a number; {_UNLIMITED} is for {accepting}")


def _quantity(text: str, units: Mapping[str, int]) -> int:
    compact = text.replace(" ", "")
    parts = _PART.findall(compact)
    has_its_units = {unit for _, unit in parts} <= units.keys()
    if not has_its_units or not _QUANTITY.fullmatch(compact):
        shown, examples = shown_name(text), _examples(units)
        raise UnitError(f"{shown!r} is not a quantity such as {examples} or {_UNLIMITED}; units: {', '.join(units)}")
    if any(len(number) > _MOST_DIGITS for number, _ in parts):
        raise UnitError(f"has a number of more than {_MOST_DIGITS} digits, which Kafka does not have")
    return sum(int(number) * units[unit] for number, unit in parts)


def _examples(units: Mapping[str, int]) -> str:
    if units is _MILLISECONDS:
        return "7d, 1d12h, 30s"
    return "512MiB, 1GiB, 100kB"


def to_whole(text: str | None) -> int | None:
    """A whole number that is not negative; None for anything else."""
    if text and len(text) <= _MOST_DIGITS and text.isascii() and text.isdigit():
        return int(text)
    return None


def to_number(text: str | None) -> float:
    """The number; NaN, which is neither above nor below any other, where there is none."""
    number = to_whole(text)
    if number is None:
        return math.nan
    return float(number)


def to_limit(text: str | None) -> float:
    """A number of which -1 means that there is no limit; see :func:`to_number`."""
    if text == "-1":
        return math.inf
    return to_number(text)


def to_person(key: str, value: str) -> str:
    """A value of Kafka's as a person reads it; :func:`to_kafka` leads back to it."""
    units = _units_of(key)
    if units is None or len(value) > _MOST_DIGITS or not _WHOLE.fullmatch(value):
        return value
    return _with_units(key, int(value), units) or value


def _with_units(key: str, number: int, units: Mapping[str, int]) -> str | None:
    """The number in a person's units; None where it is best left as it is."""
    if number == -1 and key in _WITHOUT_LIMIT:
        return _UNLIMITED
    if number <= 0:
        return None
    if units is _MILLISECONDS:
        return _duration(number)
    return _size(number)


def _size(number: int) -> str | None:
    unit, size = next((unit, size) for unit, size in _BYTES.items() if number % size == 0)
    if unit == "B":
        return None
    return f"{number // size}{unit}"


def _duration(milliseconds: int) -> str | None:
    if milliseconds > _LONGEST_WRITTEN:
        return None
    parts = []
    for unit, size in _WRITTEN.items():
        count, milliseconds = divmod(milliseconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)


def same(value: str, other: str) -> bool:
    """Whether two values mean the same: ``FALSE`` and ``false``, ``0.50`` and ``0.5``, lists in any order."""
    return value == other or _meaning(value) == _meaning(other)


def _meaning(value: str) -> object:
    stripped = value.strip()
    number = _decimal(stripped)
    if number is not None:
        return number
    if stripped.lower() in {"true", "false"}:
        return stripped.lower()
    # Kafka's lists (cleanup.policy, throttled replicas) are sets.
    return frozenset(part.strip() for part in stripped.split(","))


def _decimal(text: str) -> Decimal | None:
    """The number; None also for NaN, which can't be compared."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if number.is_finite():
        return number
    return None


def _units_of(key: str) -> Mapping[str, int] | None:
    if key.endswith(".ms"):
        return _MILLISECONDS
    if key.endswith(".bytes"):
        return _BYTES | _DECIMAL_BYTES
    return None
