"""Avro's logical types as text that loses nothing, whatever the number: the library's dates end in the year 9999.

Sources: the Avro specification 1.12 (logical types), ISO 8601 (a sign precedes a year of more than four digits).
"""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

# As many digits as Python makes of a number without being asked twice; Avro's decimals have a few dozen.
MOST_DIGITS = 4_300
_MOST_DECIMAL_BYTES = 1_785
_DAY_SECONDS = 86_400
_DURATION_BYTES = 12
_DAYS_TO_1970 = 719_468
_ERA_DAYS, _ERA_YEARS = 146_097, 400

# What fastavro calls with a value and its schema, by the type and the logical type.
LogicalReader = Callable[[Any, Any, Any], Any]


def date(days: int, _schema: Any = None, _reader: Any = None) -> str:
    """Days since 1970 as ``2026-11-29``."""
    # Howard Hinnant's civil_from_days: years that begin in March, in eras of 400 years.
    era, day = divmod(days + _DAYS_TO_1970, _ERA_DAYS)
    year = (day - day // 1460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    shifted = (5 * day + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    year += era * _ERA_YEARS + (month <= 2)
    return f"{_year(year)}-{month:02}-{day - (153 * shifted + 2) // 5 + 1:02}"


def decimal(octets: bytes, schema: Mapping[str, Any], _reader: Any = None) -> str:
    """A decimal as its digits, ``-12.50``, with all of its scale.

    Raises:
        ValueError: more digits than there are in any number that people use.
    """
    if len(octets) > _MOST_DECIMAL_BYTES:
        raise ValueError("a decimal of too many digits")
    number, scale = int.from_bytes(octets, signed=True), int(schema.get("scale", 0))
    sign = "-" if number < 0 else ""
    digits = str(abs(number))
    if scale == 0:
        return sign + digits
    digits = digits.zfill(scale + 1)
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}"


def iso_duration(octets: bytes, _schema: Any = None, _reader: Any = None) -> str:
    """Months, days and milliseconds as ISO 8601 has them, such as ``P1M2DT0.003S``."""
    months, days, milliseconds = (int.from_bytes(octets[at : at + 4], "little") for at in range(0, _DURATION_BYTES, 4))
    return f"P{months}M{days}DT{milliseconds // 1000}.{milliseconds % 1000:03}S"


def uuid_of_fixed(octets: bytes, _schema: Any = None, _reader: Any = None) -> str:
    """The 16 bytes of a UUID as its text."""
    return str(uuid.UUID(bytes=octets))


def unchanged(value: Any, _schema: Any = None, _reader: Any = None) -> Any:
    """A UUID that is text already: as it was written, also where it is none."""
    return value


def _year(year: int) -> str:
    if 0 <= year <= 9999:
        return f"{year:04}"
    return f"{year:+07}"


def _time_of_day(digits: int) -> LogicalReader:
    def read(count: int, _schema: Any = None, _reader: Any = None) -> str:
        seconds, fraction = divmod(count, 10**digits)
        if not 0 <= seconds < _DAY_SECONDS:
            raise ValueError("a time of day beyond the day")
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{fraction:0{digits}}"

    return read


def _instant(digits: int, zone: str) -> LogicalReader:
    time_of_day = _time_of_day(digits)

    def read(count: int, _schema: Any = None, _reader: Any = None) -> str:
        days, rest = divmod(count, _DAY_SECONDS * 10**digits)
        return f"{date(days)}T{time_of_day(rest, None, None)}{zone}"

    return read


READERS: Mapping[str, LogicalReader] = {
    "bytes-decimal": decimal,
    "fixed-decimal": decimal,
    "fixed-duration": iso_duration,
    "fixed-uuid": uuid_of_fixed,
    "string-uuid": unchanged,
    "int-date": date,
    "int-time-millis": _time_of_day(3),
    "long-time-micros": _time_of_day(6),
    "long-timestamp-millis": _instant(3, "Z"),
    "long-timestamp-micros": _instant(6, "Z"),
    "long-timestamp-nanos": _instant(9, "Z"),
    "long-local-timestamp-millis": _instant(3, ""),
    "long-local-timestamp-micros": _instant(6, ""),
    "long-local-timestamp-nanos": _instant(9, ""),
}
