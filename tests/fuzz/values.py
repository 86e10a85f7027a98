"""Samples with something wrong in them: JSON values, texts and bytes, changed in a few places.

Nothing here is made to break a parser: sizes and depths go a little beyond what the toolkit accepts, and no further.
"""

import json
import math
import random
from collections.abc import Callable
from typing import Any, NamedTuple

_SURROGATE = "\ud800"
_TEXTS = (
    *("", " ", "\n", "\x00", "a\nb", _SURROGATE, f"orders{_SURROGATE}", "é", "😀", "null", "{}", "[", "true", "NaN"),
    *("0", "-1", "1e5", "0x10", "٣", "orders-0", "aws:kafka", "../..", "a" * 300, "/" * 40, "dead-letters/", "=" * 5),
)
_NUMBERS = (
    *(0, 1, -1, 255, 2**31 - 1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**400, -(10**320)),
    *(0.5, -0.0, 1e300, math.nan, math.inf, -math.inf),
)
# The parsers refuse more or less of them; Python's own reads some thousands.
_DEPTHS = (2, 19, 22, 120, 990, 1_100)
_MOST_CHANGES = 4
# The chance that a value is changed as a whole, and nothing within it; and that it is one with others below it.
_STOP = 0.06
_DEEPER = 0.75


class _Place(NamedTuple):
    """Where a value is: in ``parent``, under ``key``."""

    parent: Any
    key: Any


def odd_value(chance: random.Random) -> Any:
    """A value that hardly any field expects."""
    dice = chance.randrange(10)
    if dice < 4:
        return chance.choice(_TEXTS)
    if dice < 7:
        return chance.choice(_NUMBERS)
    if dice == 7:
        return nested(chance.choice(_DEPTHS), as_list=chance.random() < 0.5)
    return chance.choice((None, True, False, [], {}, [[]], [None], {"": None}, {"a": []}))


def nested(depth: int, *, as_list: bool) -> Any:
    """So many levels."""
    value: Any = None
    for _ in range(depth):
        value = [value] if as_list else {"a": value}
    return value


def changed(sample: Any, chance: random.Random, *, as_sent: bool = True) -> Any:
    """A copy of a JSON value, changed in up to four places.

    Args:
        as_sent: what JSON's text can't carry is changed as JSON would change it, as for an event of Lambda.
    """
    holder = [json.loads(json.dumps(sample))]
    for _ in range(chance.randint(1, _MOST_CHANGES)):
        _change(_place(holder, chance), chance)
    if as_sent:
        # Lambda reads events with this very reader: NaN, Infinity and lone surrogates pass.
        return json.loads(json.dumps(holder[0]))
    return holder[0]


def changed_octets(sample: bytes, chance: random.Random) -> bytes:
    """A copy with some bytes changed, taken out, doubled, or cut off."""
    octets = bytearray(sample)
    for _ in range(chance.randint(1, _MOST_CHANGES)):
        chance.choice(_OCTET_CHANGES)(octets, chance)
    return bytes(octets)


def changed_text(sample: str, chance: random.Random) -> str:
    """A copy with some characters changed, taken out, doubled, or cut off."""
    return changed_octets(sample.encode("utf-8", "surrogatepass"), chance).decode("utf-8", "replace")


def _place(holder: list[Any], chance: random.Random) -> _Place:
    """A value somewhere below: down from the root, until it is a leaf or chance says so."""
    parent: Any = holder
    key: Any = 0
    while True:
        value = parent[key]
        if not isinstance(value, dict | list) or not value or chance.random() < _STOP:
            return _Place(parent, key)
        parent, key = value, _key(value, chance)


def _key(parent: Any, chance: random.Random) -> Any:
    """A key, of a deeper value if there is one: most of a sample is far below its root."""
    keys = list(parent) if isinstance(parent, dict) else range(len(parent))
    deeper = [key for key in keys if isinstance(parent[key], dict | list)]
    return chance.choice(deeper if deeper and chance.random() < _DEEPER else keys)


def _change(place: _Place, chance: random.Random) -> None:
    chance.choice(_CHANGES)(place, chance)


def _replace(place: _Place, chance: random.Random) -> None:
    place.parent[place.key] = odd_value(chance)


def _remove(place: _Place, chance: random.Random) -> None:
    del place.parent[place.key]
    if isinstance(place.parent, list) and not place.parent:
        place.parent.append(None)


def _rename(place: _Place, chance: random.Random) -> None:
    if isinstance(place.parent, dict):
        place.parent[chance.choice(_TEXTS)] = place.parent.pop(place.key)


def _add(place: _Place, chance: random.Random) -> None:
    value = place.parent[place.key]
    if isinstance(value, dict):
        value[chance.choice(_TEXTS)] = odd_value(chance)
    elif isinstance(value, list):
        value.insert(chance.randint(0, len(value)), odd_value(chance))


def _repeat(place: _Place, chance: random.Random) -> None:
    value = place.parent[place.key]
    if isinstance(value, list) and value:
        value += [json.loads(json.dumps(chance.choice(value)))] * chance.randint(1, 3)


def _as_text(place: _Place, chance: random.Random) -> None:
    place.parent[place.key] = json.dumps(place.parent[place.key])


def _in_list(place: _Place, chance: random.Random) -> None:
    place.parent[place.key] = [place.parent[place.key]]


def _within_text(place: _Place, chance: random.Random) -> None:
    value = place.parent[place.key]
    if isinstance(value, str):
        at = chance.randint(0, len(value))
        place.parent[place.key] = value[:at] + chance.choice(_TEXTS) + value[at:]


def _near_number(place: _Place, chance: random.Random) -> None:
    value = place.parent[place.key]
    if isinstance(value, int | float) and not isinstance(value, bool):
        place.parent[place.key] = chance.choice(
            (-value, value + 1, value - 0.5 if abs(value) < 2**60 else -1, str(value))
        )


_CHANGES: tuple[Callable[[_Place, random.Random], None], ...] = (
    *(_replace, _replace, _remove, _rename, _add, _repeat, _as_text, _in_list, _within_text, _near_number),
)


def _flip(octets: bytearray, chance: random.Random) -> None:
    if octets:
        octets[chance.randrange(len(octets))] = chance.randrange(256)


def _cut(octets: bytearray, chance: random.Random) -> None:
    del octets[chance.randint(0, len(octets)) :]


def _take_out(octets: bytearray, chance: random.Random) -> None:
    at = chance.randint(0, len(octets))
    del octets[at : at + chance.randint(1, 8)]


def _double(octets: bytearray, chance: random.Random) -> None:
    at = chance.randint(0, len(octets))
    octets[at:at] = octets[at : at + chance.randint(1, 40)]


def _insert(octets: bytearray, chance: random.Random) -> None:
    at = chance.randint(0, len(octets))
    octets[at:at] = chance.choice(_TEXTS).encode("utf-8", "surrogatepass")


def _number(octets: bytearray, chance: random.Random) -> None:
    """Another number where one stands."""
    digits = [at for at, octet in enumerate(octets) if chr(octet).isdigit()]
    if digits:
        at = chance.choice(digits)
        number = str(chance.choice(_NUMBERS))
        octets[at : at + 1] = number.encode()


_OCTET_CHANGES: tuple[Callable[[bytearray, random.Random], None], ...] = (
    *(_flip, _flip, _cut, _take_out, _double, _insert, _number),
)
